"""`/sparql`: SPARQL 1.1 Protocol, query operation (§2.1), read-only.

Beside GET and POST there is HTTP's QUERY method (draft-ietf-httpbis-safe-method-w-body): a query
in the body that is safe, and so can be remembered.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from kgservice.api import queries, query_page
from kgservice.api.asked import FORM, accepted, direct_text, unsupported, values_of
from kgservice.api.auth import require
from kgservice.api.front import IS_GONE
from kgservice.api.published import root
from kgservice.api.query_hints import QueryHints
from kgservice.api.spooled import SpooledBody
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import query
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.service_description import service_description
from kgservice.store.results import choose_graph_format, content_type
from kgservice.store.spool import QueryAnswer

MOST_QUERIES, MOST_QUERIES_EACH = 56, 36
"""Queries that may run or wait for a reader at once: each holds a thread."""

DIRECT = "application/sparql-query"
_REMEMBERED = ("GET", "HEAD", "QUERY")


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("sparql", __name__)
    working = Places(MOST_QUERIES, MOST_QUERIES_EACH)
    hints = QueryHints(application)

    def answer(caller: Caller, call: query.QueryCall) -> Response:
        known = request.if_none_match
        is_asked = request.method in _REMEMBERED and bool(known)
        with working.place(caller.id):
            call = replace(call, is_gone=request.environ.get(IS_GONE))
            found = query.run_unless(
                application, caller, call, known.contains if is_asked else None
            )
        response = Response(status=304) if found.answer is None else respond(found.answer)
        if found.tag and request.method in _REMEMBERED:
            response.set_etag(found.tag)
            if "Authorization" not in request.headers:
                response.headers["Cache-Control"] = "public, no-cache"
        return hints.add(response, call.text)

    @routes.route("/sparql", methods=["GET", "POST", "QUERY"])
    def endpoint() -> Response:
        if query_page.is_wanted():
            return query_page.page(application)
        caller = require(application, "read-shared")
        if request.method in ("GET", "HEAD") and "query" not in request.args:
            turtle = service_description(application, caller, root(application))
            body, media_type = choose_graph_format(turtle, accepted())
            return Response(body, content_type=content_type(media_type))
        call = query.QueryCall(
            text=_query_text(),
            accept=accepted(),
            default_graphs=values_of("default-graph-uri"),
            named_graphs=values_of("named-graph-uri"),
            address=request.remote_addr or "",
        )
        return answer(caller, call)

    queries.add_routes(routes, application, answer)
    return routes


def respond(answer: QueryAnswer) -> Response:
    """Send an answer, from memory or from its file."""
    if isinstance(answer.content, bytes):
        response = Response(answer.content)
    else:
        response = SpooledBody(answer.content).response()
    response.headers["Content-Type"] = content_type(answer.media_type)
    response.headers["Kg-Generation"] = str(answer.generation)
    return response


def _query_text() -> str:
    if request.method in ("POST", "QUERY"):
        if request.mimetype == DIRECT:
            return _direct_text()
        if request.method == "QUERY" or request.mimetype != FORM:
            raise unsupported(request.mimetype, DIRECT, "query")
    values = values_of("query")
    if len(values) != 1:
        raise InputError(
            f"Exactly one `query` is needed; there are {len(values)}.",
            code="parameter-missing",
            at="?query",
        )
    if request.args.get("update") or request.form.get("update"):
        raise InputError("This endpoint only reads.", code="query-is-update")
    return values[0]


def _direct_text() -> str:
    if "query" in request.args:
        raise InputError(
            "The query is in the body; the address has one too.",
            code="parameter-missing",
            at="?query",
            hint="Give exactly one query.",
        )
    return direct_text(DIRECT, "query")
