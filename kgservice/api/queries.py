"""`/queries`: saved queries by name, with typed parameters; they run as any query of the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, jsonify, request

from kgservice.api.asked import accepted
from kgservice.api.auth import require
from kgservice.api.problems import problem_as_json
from kgservice.mpli import saved_queries
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.query import QueryCall
from kgservice.mpli.query_header import RESERVED


def add_routes(
    routes: Blueprint, application: Application, answer: Callable[[Caller, QueryCall], Response]
) -> None:
    """Add the routes beside `/sparql`; `answer` runs a query as `/sparql` does."""

    @routes.get("/queries")
    def list_queries() -> Response:
        require(application, "read-shared")
        found = saved_queries.library(application)
        listed = {
            "queries": [saved_queries.as_json(one) for one in found.queries.values()],
            "problems": [problem_as_json(problem) for problem in found.problems],
        }
        return jsonify(listed)

    @routes.get("/queries/<name>")
    def run_query(name: str) -> Response:
        caller = require(application, "read-shared")
        given = {key: values for key, values in request.args.lists() if key not in RESERVED}
        call = saved_queries.call_of(application, caller, name, given, accepted())
        return answer(caller, replace(call, address=request.remote_addr or ""))

    @routes.get("/queries/<name>/text")
    def show_text(name: str) -> Response:
        require(application, "read-shared")
        one = saved_queries.find(application, name)
        return Response(one.text, content_type="application/sparql-query; charset=utf-8")
