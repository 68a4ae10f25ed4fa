"""`/contexts`: JSON-LD contexts that an operator added for importers."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.mpli.application import Application
from kgservice.mpli.contexts import add_context, list_contexts


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("contexts", __name__)

    @routes.get("/contexts")
    def list_all() -> Response:
        require(application, "read-shared")
        return jsonify({"contexts": list_contexts(application.folder)})

    @routes.post("/contexts")
    def add() -> tuple[Response, int]:
        require(application, "administer")
        made = add_context(
            application.folder,
            request.get_data(),
            request.args.get("sha256", ""),
            request.args.get("iri", ""),
        )
        return jsonify(made), 201

    return routes
