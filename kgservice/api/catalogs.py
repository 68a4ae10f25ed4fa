"""`/catalogs`: the sources that are mapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.api.bodies import CatalogBody, read_body
from kgservice.api.jobs_view import accepted
from kgservice.api.published import refuse_unknown
from kgservice.model.errors import AccessDenied
from kgservice.mpli import catalog_history, catalogs
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

    _add_history(routes, application)
    return routes


def _add_history(routes: Blueprint, application: Application) -> None:
    @routes.get("/catalogs/<name>/report")
    def report(name: str) -> Response:
        require(application, "read-shared")
        refuse_unknown("at")
        return _tagged(catalog_history.report(application, name, request.args.get("at", "")))

    @routes.get("/catalogs/<name>/history")
    def history(name: str) -> Response:
        require(application, "read-shared")
        refuse_unknown()
        return _tagged(catalog_history.attempts(application, name))

    @routes.get("/catalogs/<name>/diff")
    def diff(name: str) -> Response:
        require(application, "read-shared")
        refuse_unknown("from", "to")
        older, newer = request.args.get("from", ""), request.args.get("to", "")
        return _tagged(catalog_history.difference(application, name, older, newer))


def _tagged(told: Mapping[str, object]) -> Response:
    """Answer with an entity tag, or 304 to who has it; the tag does not follow the clock."""
    lasting = {name: value for name, value in told.items() if name != "ageSeconds"}
    response = jsonify(told)
    response.set_etag(hashlib.sha256(json.dumps(lasting).encode()).hexdigest()[:32], weak=True)
    return response.make_conditional(request)  # type: ignore[return-value]


def _require_place(caller: Caller, source: str) -> None:
    """Let only operators name files: the service reads them as its own user."""
    if not source.startswith(("http://", "https://")) and not caller.may("administer"):
        raise AccessDenied(
            "Only an operator may add a catalogue that is a file or folder.",
            code="source-needs-operator",
            at="/source",
            hint="Give an http or https address whose host is in KG_ALLOW_HOSTS.",
        )
