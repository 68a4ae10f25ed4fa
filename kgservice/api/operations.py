"""`/metrics`, the queries under way, and backups."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, jsonify

from kgservice.api.auth import authenticate, require
from kgservice.api.bodies import BackupBody, read_body
from kgservice.model.errors import InputError, Unauthenticated
from kgservice.mpli import backup, metrics, running
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

    @routes.post("/backups")
    def back_up() -> tuple[Response, int]:
        require(application, "administer")
        folder = read_body(BackupBody).folder
        if not folder.startswith("/") or "\0" in folder:
            raise InputError(
                "The folder must be an absolute path.", code="backup-folder-unfit", at="/folder"
            )
        made = backup.make_backup(application, Path(folder))
        told = {
            "folder": str(made.folder),
            "files": made.files,
            "bytes": made.size,
            "pauseSeconds": made.pause_s,
        }
        return jsonify(told), 201

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
