"""`/tmf-api/productCatalogManagement/v4/hub`: registrations for notices of changed offerings."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kgservice.api.auth import require
from kgservice.api.bodies import HubBody, read_body
from kgservice.model.errors import Unavailable
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.hub_book import HubBook
from kgservice.mpli.hub_values import Registration, unknown
from kgservice.mpli.publish_hub import Hub

PATH = "/tmf-api/productCatalogManagement/v4/hub"


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("tmf620-hub", __name__)

    @routes.post(PATH)
    def register() -> tuple[Response, int, dict[str, str]]:
        caller = require(application, "subscribe")
        body = read_body(HubBody)
        made = _hub(application).register(body.callback, body.query, caller.name)
        shown = {"id": made.id, "callback": made.callback, "query": made.query}
        return jsonify(shown), 201, {"Location": f"{PATH}/{made.id}"}

    @routes.get(PATH)
    def list_all() -> Response:
        caller = require(application, "subscribe")
        book = _hub(application).book
        return jsonify([_shown(book, one) for one in book.registrations() if _may(caller, one)])

    @routes.get(f"{PATH}/<identity>")
    def show(identity: str) -> Response:
        caller = require(application, "subscribe")
        book = _hub(application).book
        one = _find(book, caller, identity)
        dead = [
            {"eventId": notice.id, "eventType": notice.type, "problem": notice.problem}
            for notice in book.dead(one.id)
        ]
        return jsonify({**_shown(book, one), "deadLetters": dead})

    @routes.delete(f"{PATH}/<identity>")
    def remove(identity: str) -> tuple[str, int]:
        caller = require(application, "subscribe")
        book = _hub(application).book
        book.remove(_find(book, caller, identity).id)
        return "", 204

    return routes


def _hub(application: Application) -> Hub:
    if application.hub is None:
        raise Unavailable(
            "This needs a running service.",
            code="service-not-running",
            hint="Start it with `kg serve`.",
        )
    return application.hub


def _may(caller: Caller, registration: Registration) -> bool:
    return caller.may("see-all") or registration.owner == caller.name


def _find(book: HubBook, caller: Caller, identity: str) -> Registration:
    for one in book.registrations():
        if one.id == identity and _may(caller, one):
            return one
    raise unknown(identity)


def _shown(book: HubBook, one: Registration) -> dict[str, object]:
    counts = book.counts(one.id)
    return {
        "id": one.id,
        "callback": one.callback,
        "query": one.query,
        "owner": one.owner,
        "created": one.created,
        "sent": one.sent,
        "waiting": counts["waiting"],
        "dead": counts["dead"],
        "failures": one.failures,
        "problem": one.problem,
    }
