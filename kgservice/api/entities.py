"""Every IRI that the service mints answers with its own description."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.mpli import describe
from kgservice.mpli.application import Application

_PATHS = (
    "/catalog/<path:rest>",
    "/graph/<path:rest>",
    "/profile/<path:rest>",
    "/worker/<path:rest>",
    "/request/<path:rest>",
    "/plan/<path:rest>",
    "/service/<path:rest>",
    "/job/<path:rest>",
)


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("entities", __name__)

    def show(rest: str) -> Response:
        del rest  # the whole path is the name
        iri = application.base_iri + request.full_path.lstrip("/").rstrip("?")
        caller = require(application, "read-shared")
        body, media_type = describe.describe(
            application, caller, iri, request.headers.get("Accept", "*/*")
        )
        return Response(body, content_type=media_type)

    for path in _PATHS:
        routes.add_url_rule(path, view_func=show, methods=["GET"], endpoint=path.split("/")[1])
    return routes
