"""`/metrics`, and the queries under way."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kgservice.api.auth import authenticate, require
from kgservice.model.errors import Unauthenticated
from kgservice.mpli import metrics, running
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("operations", __name__)

    @routes.get("/metrics")
    def numbers() -> Response:
        content = metrics.metrics(application, authenticate(application))
        return Response(content, content_type=metrics.MEDIA_TYPE)

    @routes.get("/sparql/queries")
    def under_way() -> Response:
        return jsonify({"queries": running.running_queries(application, _somebody(application))})

    @routes.delete("/sparql/queries/<int:number>")
    def cancel(number: int) -> tuple[str, int]:
        running.cancel_query(application, _somebody(application), number)
        return "", 204

    return routes


def _somebody(application: Application) -> Caller:
    """Give a caller with a token: without one, nobody owns a query."""
    caller = require(application, "read-shared")
    if caller.role == "anonymous":
        raise Unauthenticated(
            "Whose queries? This needs a token.",
            hint="Send `Authorization: Bearer TOKEN`, or set KG_TOKEN.",
        )
    return caller
