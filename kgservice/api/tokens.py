"""`/tokens`: who may call; `/labels`, `/why`: what is concluded, and from what."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.api.bodies import TokenBody, read_body
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import catalogs, why
from kgservice.mpli.application import Application


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("tokens", __name__)
    explaining = Places(8, 4)

    @routes.get("/labels")
    def labels() -> Response:
        require(application, "read-shared")
        subject = request.args.get("subject", "")
        if not subject:
            raise InputError(
                "Which subject?", code="parameter-missing", at="?subject", hint="Give its IRI."
            )
        return jsonify(catalogs.label_of(application, subject))

    @routes.get("/why")
    def explanation() -> Response:
        caller = require(application, "read-shared")
        names = ("subject", "property", "value")
        absent = [name for name in names if not request.args.get(name)]
        if absent:
            raise InputError(
                f"Which {absent[0]}?",
                code="parameter-missing",
                at=f"?{absent[0]}",
                hint="Give subject, property and value of a statement.",
            )
        with explaining.place(caller.id):
            return jsonify(why.why(application, *(request.args[name] for name in names)))

    @routes.get("/tokens")
    def tokens() -> Response:
        require(application, "administer")
        fields = ("id", "role", "name", "worker_type", "provider", "created", "revoked")
        return jsonify(
            {
                "tokens": [
                    {field: getattr(token, field) for field in fields}
                    for token in application.tokens.tokens()
                ]
            }
        )

    @routes.post("/tokens")
    def make_token() -> tuple[Response, int]:
        require(application, "administer")
        body = read_body(TokenBody)
        token = application.tokens.create(
            body.role, name=body.name, worker_type=body.type, provider=body.provider
        )
        return jsonify({"token": token}), 201

    @routes.delete("/tokens/<identity>")
    def revoke(identity: str) -> tuple[str, int]:
        require(application, "administer")
        application.tokens.revoke(identity)
        return "", 204

    return routes
