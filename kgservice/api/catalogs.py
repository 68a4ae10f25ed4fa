"""`/catalogs`: the sources that are mapped."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kgservice.api.auth import require
from kgservice.api.bodies import CatalogBody, read_body
from kgservice.api.jobs_view import accepted
from kgservice.model.errors import AccessDenied
from kgservice.mpli import catalogs
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("catalogs", __name__)

    @routes.get("/catalogs")
    def list_all() -> Response:
        require(application, "read-shared")
        return jsonify({"catalogs": catalogs.list_catalogs(application)})

    @routes.post("/catalogs")
    def add() -> tuple[Response, int, dict[str, str]]:
        caller = require(application, "edit-catalogs")
        body = read_body(CatalogBody)
        _require_place(caller, body.source)
        made = catalogs.add_catalog(application, body.name, body.type, body.source, body.options)
        return jsonify(made), 201, {"Location": f"/catalogs/{body.name}"}

    @routes.get("/catalogs/<name>")
    def show(name: str) -> Response:
        require(application, "read-shared")
        return jsonify(catalogs.show_catalog(application, name))

    @routes.delete("/catalogs/<name>")
    def remove(name: str) -> tuple[str, int]:
        require(application, "edit-catalogs")
        catalogs.remove_catalog(application, name)
        return "", 204

    @routes.post("/catalogs/<name>/sync")
    def sync(name: str) -> Response | tuple[Response, int, dict[str, str]]:
        caller = require(application, "edit-catalogs")
        if application.jobs is None:  # a command on a folder that no service holds
            return jsonify(catalogs.sync_now(application, name))
        return accepted(application, catalogs.start_sync(application, name, caller.name))

    @routes.get("/catalogs/<name>/report")
    def report(name: str) -> Response:
        require(application, "read-shared")
        return jsonify(catalogs.last_report(application, name))

    return routes


def _require_place(caller: Caller, source: str) -> None:
    """Let only operators name files: the service reads them as its own user."""
    if not source.startswith(("http://", "https://")) and not caller.may("administer"):
        raise AccessDenied(
            "Only an operator may add a catalogue that is a file or folder.",
            code="source-needs-operator",
            at="/source",
            hint="Give an http or https address whose host is in KG_ALLOW_HOSTS.",
        )
