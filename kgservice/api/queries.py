"""`/queries`: saved queries by name, with typed parameters; they run as any query of the caller."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.api.problems import problem_as_json
from kgservice.api.waiting import Places
from kgservice.mpli import query, saved_queries
from kgservice.mpli.application import Application

MOST_QUERIES, MOST_QUERIES_EACH = 24, 16


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("queries", __name__)
    working = Places(MOST_QUERIES, MOST_QUERIES_EACH)

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
        given = {
            key: values for key, values in request.args.lists() if key not in ("format", "output")
        }
        accept = request.headers.get("Accept", "*/*")
        call = saved_queries.call_of(application, caller, name, given, accept)
        with working.place(caller.id):
            answer = query.run(application, caller, call)
        response = Response(answer.body, content_type=answer.media_type)
        response.headers["Kg-Generation"] = str(answer.generation)
        return response

    @routes.get("/queries/<name>/text")
    def show_text(name: str) -> Response:
        require(application, "read-shared")
        one = saved_queries.find(application, name)
        return Response(one.text, content_type="application/sparql-query; charset=utf-8")

    return routes
