"""`/credentials-events`: what happened to self-descriptions, as CloudEvents 1.0 with a cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.gaia_x_parameters import require_json, whole
from kgservice.api.published import Answer, answer, refuse_unknown, root
from kgservice.api.waiting import Places
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_events import RETIRED, Event, EventLog
from kgservice.mpli.publish_gaia_x import Description, Descriptions

JSON: Final = "application/json"
USUAL, MOST = 20, 100
"""Events of a page."""
_JWT: Final = ("application/vc+jwt", "application/vp+jwt")


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("credential_events", __name__)
    publisher = Publisher(application.store, application.base_iri)
    log = EventLog(application.folder)
    reading = Places(8, 4)

    @routes.get("/credentials-events")
    def events() -> Response:
        caller = require(application, "read-shared")
        refuse_unknown("lastReceivedID", "page", "size", "type")
        require_json()
        last = request.args.get("lastReceivedID", "")
        page, size = whole("page", 0, 0), min(whole("size", USUAL, 1), MOST)
        address = root(application)
        with publisher.edition() as edition, reading.place(caller.id):
            found = Descriptions(edition, application.contents, application.now())

            def make() -> Answer:
                told = log.after(found, edition.generation, last, page, size)
                return Answer(_json(_cloud_events(found, told, address)), JSON)

            return answer(edition, address, make)

    @routes.get("/credentials-events/<identity>")
    def event(identity: str) -> Response:
        require(application, "read-shared")
        refuse_unknown()
        require_json()
        address = root(application)
        with publisher.edition() as edition:
            found = Descriptions(edition, application.contents, application.now())

            def make() -> Answer:
                told = log.one(found, edition.generation, identity)
                return Answer(_json(_cloud_events(found, [told], address)[0]), JSON)

            return answer(edition, address, make)

    return routes


def _cloud_events(
    found: Descriptions, events: Sequence[Event], address: str
) -> list[dict[str, object]]:
    """Write events as CloudEvents 1.0; the extension `change` says what happened."""
    entries = found.listed({event.document for event in events})
    described = {one.entry.document: one for one in found.described(entries)}
    retired = {event.document for event in events if event.change == RETIRED}
    there = [one for name, one in described.items() if name not in retired]
    data = {
        one.entry.document: _data(one, content)
        for one, content in zip(there, found.contents(there), strict=True)
    }
    return [
        _cloud_event(described.get(e.document), e, data.get(e.document), address) for e in events
    ]


def _cloud_event(
    one: Description | None, event: Event, data: object, address: str
) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "type": "eu.gaia-x.credential",
        "source": f"{address}self-descriptions",
        "subject": one.source_id if one else event.document,
        "id": event.id,
        "time": event.at,
        "cesreceiveddate": event.at,
        "change": event.change,
        "datacontenttype": JSON,
        "data": data,
    }


def _data(one: Description, content: bytes) -> object:
    """Give a description as JSON: a JWT in the envelope that VC Data Model 2.0 §4.13 has for it."""
    if one.media_type in _JWT:
        kind = "Credential" if one.media_type == _JWT[0] else "Presentation"
        return {
            "@context": "https://www.w3.org/ns/credentials/v2",
            "id": f"data:{one.media_type},{content.decode()}",
            "type": f"EnvelopedVerifiable{kind}",
        }
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
