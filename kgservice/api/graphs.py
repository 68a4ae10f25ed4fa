"""`/graphs`: SPARQL 1.1 Graph Store HTTP Protocol.

A graph is named by `?graph=IRI` or `?default`, or by its own address under `/graphs/` (direct
identification, §4.1).
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.sparql import respond
from kgservice.api.update import MOST_WRITES, MOST_WRITES_EACH, idempotency_key, written
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import graph_store
from kgservice.mpli.application import Application
from kgservice.mpli.updating import graphs_iri, require_iri
from kgservice.store.contents import Content, inflated
from kgservice.store.written import WRITTEN_DEFAULT, Precondition

MOST_READS, MOST_READS_EACH = 16, 12
_IN_PATHS = "/:@!$&'()*+,;=~-._"
_MULTIPART = "multipart/form-data"
_METHODS = ["GET", "PUT", "POST", "DELETE"]


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("graphs", __name__)
    graphs = _Graphs(application)

    @routes.route("/graphs", methods=_METHODS)
    def indirect() -> Response:
        if request.method == "POST" and not request.args:
            graph = graph_store.new_graph(application)
            response = graphs.answer(graph)
            response.headers["Location"] = graph
            return response
        return graphs.answer(_named())

    @routes.route("/graphs/<path:name>", methods=_METHODS)
    def direct(name: str) -> Response:
        if request.args:
            raise _not_one_graph()
        return graphs.answer(graphs_iri(application) + quote(name, safe=_IN_PATHS))

    return routes


class _Graphs:
    """Answers calls on one graph."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._reading = Places(MOST_READS, MOST_READS_EACH)
        self._writing = Places(MOST_WRITES, MOST_WRITES_EACH)

    def answer(self, graph: str) -> Response:
        if request.method in ("GET", "HEAD"):
            return self._read(graph)
        caller = require(self._application, "write-graphs")
        contents = _contents() if request.method != "DELETE" else ()
        call = graph_store.GraphCall(graph, contents, _condition(), idempotency_key())
        with self._writing.place(caller.id):
            if request.method == "DELETE":
                result = graph_store.delete(self._application, caller, call)
                return written(Response(status=204), result)
            how = graph_store.REPLACE if request.method == "PUT" else graph_store.ADD
            result = graph_store.write(self._application, caller, call, how)
        return written(Response(status=201 if result.created else 204), result)

    def _read(self, graph: str) -> Response:
        caller = require(self._application, "read-shared")
        accept = request.headers.get("Accept", "*/*")
        with self._reading.place(caller.id):
            found = graph_store.read(self._application, caller, graph, accept)
        response = respond(found.answer)
        response.set_etag(found.tag)
        return response.make_conditional(request)  # type: ignore[return-value]


def _named() -> str:
    graphs = request.args.getlist("graph")
    if ("default" in request.args) + len(graphs) != 1:
        raise _not_one_graph()
    if not graphs:
        return WRITTEN_DEFAULT
    require_iri(graphs[0], "?graph")
    return graphs[0]


def _not_one_graph() -> InputError:
    return InputError(
        "Exactly one graph is needed.",
        code="parameter-missing",
        at="?graph",
        hint="Give `?graph=IRI` or `?default`; POST with neither makes a graph.",
    )


def _condition() -> Precondition:
    """Read If-Match and If-None-Match (RFC 9110 §13.1)."""
    asked, refused = request.if_match, request.if_none_match
    is_asked = "If-Match" in request.headers
    exists = True if asked.star_tag else False if refused.star_tag else None
    return Precondition(
        versions=graph_store.versions_of(asked.as_set())
        if is_asked and not asked.star_tag
        else None,
        not_versions=graph_store.versions_of(refused.as_set(include_weak=True)),
        exists=exists,
    )


def _contents() -> tuple[Content, ...]:
    if "Content-Range" in request.headers:
        raise InputError(
            "A part of a graph cannot be written.",
            code="content-coding-invalid",
            at="Content-Range",
        )
    if request.mimetype == _MULTIPART:
        files = [file for _, file in request.files.items(multi=True)]
        found = tuple(Content(f.read(), f.mimetype, f.filename or "") for f in files)
        if not found:
            raise InputError(
                "The form has no file.",
                code="parameter-missing",
                hint="Each part is a file with its own Content-Type.",
            )
        return found
    return (Content(_body(), request.mimetype),)


def _body() -> bytes:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("gzip", "x-gzip"):
        return inflated(request.get_data())
    if coding in ("identity", ""):
        return request.get_data()
    raise InputError(
        f"Content cannot come coded as {coding[:40]}.",
        code="content-coding-invalid",
        at="Content-Encoding",
        hint="Send it as it is, or with gzip.",
        status=415,
    )
