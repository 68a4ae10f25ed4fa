"""`/sparql`: SPARQL 1.1 Protocol, query operation (§2.1), read-only."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import query
from kgservice.mpli.application import Application

MOST_QUERIES, MOST_QUERIES_EACH = 24, 16
"""Queries that may run or wait for a reader at once: each holds a thread."""

_FORM = "application/x-www-form-urlencoded"
_DIRECT = "application/sparql-query"


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("sparql", __name__)
    working = Places(MOST_QUERIES, MOST_QUERIES_EACH)

    @routes.route("/sparql", methods=["GET", "POST"])
    def endpoint() -> Response:
        caller = require(application, "read-shared")
        if request.method == "GET" and "query" not in request.args:
            body, media_type = query.service_description(application, _accept())
            return Response(body, mimetype=media_type)
        call = query.QueryCall(
            text=_query_text(),
            accept=_accept(),
            default_graphs=_values("default-graph-uri"),
            named_graphs=_values("named-graph-uri"),
        )
        with working.place(caller.id):
            answer = query.run(application, caller, call)
        response = Response(answer.body, content_type=answer.media_type)
        response.headers["Kg-Generation"] = str(answer.generation)
        return response

    return routes


def _accept() -> str:
    return request.headers.get("Accept", "*/*")


def _values(name: str) -> tuple[str, ...]:
    """Collect a repeated parameter from the query string and, for a form, from the body."""
    values = request.args.getlist(name)
    if request.method == "POST" and request.mimetype == _FORM:
        values = values + request.form.getlist(name)
    return tuple(values)


def _query_text() -> str:
    if request.method == "POST" and request.mimetype == _DIRECT:
        try:
            return request.get_data().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("The query is not UTF-8.", code="query-syntax") from None
    if request.method == "POST" and request.mimetype != _FORM:
        error = InputError(
            f"A query cannot come as {request.mimetype or 'nothing'}.",
            code="unsupported-media-type",
            hint=f"Send {_DIRECT}, or the parameter `query` as {_FORM}.",
        )
        error.status = 415
        raise error
    values = _values("query")
    if len(values) != 1:
        raise InputError(
            f"Exactly one `query` is needed; there are {len(values)}.",
            code="parameter-missing",
            at="?query",
        )
    if request.args.get("update") or request.form.get("update"):
        raise InputError("This endpoint only reads.", code="query-is-update")
    return values[0]
