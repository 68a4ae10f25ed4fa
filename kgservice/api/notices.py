"""`/catalogs/{name}/hub/{secret}`: where sources give notice of changes."""

from __future__ import annotations

from flask import Blueprint, request

from kgservice.model.errors import InputError
from kgservice.mpli.application import Application
from kgservice.mpli.notices import take_notice

_LARGEST = 1024 * 1024


def blueprint(application: Application) -> Blueprint:
    """Make the routes; who knows the secret needs no token."""
    routes = Blueprint("notices", __name__)

    @routes.post("/catalogs/<name>/hub/<secret>/listener/<event>")
    def hear(name: str, secret: str, event: str) -> tuple[str, int]:
        take_notice(application, name, secret, event, _body())
        return "", 204

    @routes.post("/catalogs/<name>/hub/<secret>")
    def hear_any(name: str, secret: str) -> tuple[str, int]:
        take_notice(application, name, secret, "", _body())
        return "", 204

    return routes


def _body() -> bytes:
    if (request.content_length or 0) > _LARGEST:
        raise InputError(
            "This is no notice that can be used: it is too large.",
            code="notice-invalid",
            hint="Nothing was changed. The object's id is enough.",
        )
    return request.get_data()
