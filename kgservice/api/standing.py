"""`/mpli/v1/requests/…/standing` and `/mpli/v1/changes`: standing requests and their feed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, request

from kgservice.api.auth import require
from kgservice.api.jobs_view import last_known_event
from kgservice.api.waiting import Places
from kgservice.mpli import standing_requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application

STREAM_SECONDS = 25.0
"""A stream ends after this and the client comes back with Last-Event-ID: each holds a thread."""
_EVENTS = "application/cloudevents-batch+json"


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("standing", __name__, url_prefix="/mpli/v1")
    _add_standing(routes, application)
    streams = Places(24, 4)

    @routes.get("/changes")
    def changes() -> Response:
        caller = require(application, "use-services")
        after, name = last_known_event(), request.args.get("request", "")
        if "text/event-stream" not in request.headers.get("Accept", ""):
            found = standing_requests.changes(application, caller, after, name)
            return Response(json.dumps(found, ensure_ascii=False), content_type=_EVENTS)
        if name:
            standing_requests.show_standing(application, caller, name)  # or there is none
        streams.take(caller.id)
        response = Response(_stream(application, caller, after, name), mimetype="text/event-stream")
        response.call_on_close(lambda: streams.give_back(caller.id))
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes


def _add_standing(routes: Blueprint, application: Application) -> None:
    @routes.get("/requests/<identity>/standing")
    def show(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(standing_requests.show_standing(application, caller, identity))

    @routes.put("/requests/<identity>/standing")
    def stand(identity: str) -> Response:
        caller = require(application, "use-services")
        return jsonify(standing_requests.let_stand(application, caller, identity))

    @routes.delete("/requests/<identity>/standing")
    def rest(identity: str) -> Response:
        caller = require(application, "use-services")
        standing_requests.let_rest(application, caller, identity)
        return Response(status=204)


def _stream(application: Application, caller: Caller, after: int, name: str) -> Iterator[str]:
    waiting = standing_requests.waiting_changes(application, caller, after, name, STREAM_SECONDS)
    for events in waiting:
        for event in events:
            data = json.dumps(event, ensure_ascii=False)
            yield f"id: {event['id']}\nevent: {event['type']}\ndata: {data}\n\n"
        if not events:
            yield ": waiting\n\n"
