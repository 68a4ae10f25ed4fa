"""`/self-descriptions`: the federation as the XFSC federated catalogue lists it."""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.gaia_x_parameters import (
    LIST,
    boolean,
    read_wanted,
    require_json,
    whole,
)
from kgservice.api.published import Answer, answer, refuse_unknown
from kgservice.api.waiting import Places
from kgservice.model.rdf import to_ntriples
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_gaia_x import Description, Descriptions
from kgservice.store.results import choose_graph_format, negotiate

JSON: Final = "application/json"
USUAL, MOST = 100, 1000
"""Descriptions of a page."""


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("gaia_x", __name__)
    publisher = Publisher(application.store, application.base_iri)
    listing = Places(8, 4)

    @routes.get("/self-descriptions")
    def list_all() -> Response:
        caller = require(application, "read-shared")
        refuse_unknown(*LIST)
        require_json()
        wanted = read_wanted()
        offset, limit = whole("offset", 0, 0), min(whole("limit", USUAL, 1), MOST)
        has_meta = boolean("withMeta", default=True)
        has_content = boolean("withContent", default=False)
        with publisher.edition() as edition, listing.place(caller.id):
            found = Descriptions(edition, application.contents, application.now())

            def make() -> Answer:
                entries = found.entries(wanted)
                page = found.described(entries[offset : offset + limit])
                contents = found.contents(page) if has_content else [b""] * len(page)
                items = [
                    (_meta(one) if has_meta else {}) | (_content(text) if has_content else {})
                    for one, text in zip(page, contents, strict=True)
                ]
                return Answer(_json({"totalCount": len(entries), "items": items}), JSON)

            return answer(edition, f"{JSON} {found.era()}", make)

    @routes.get("/self-descriptions/<hash>")
    def one(hash: str) -> Response:
        require(application, "read-shared")
        refuse_unknown()
        accept = request.headers.get("Accept", "*/*")
        with publisher.edition() as edition:
            found = Descriptions(edition, application.contents, application.now())
            form = f"{accept} {found.era()}"
            return answer(edition, form, lambda: _one(found, hash, accept))

    return routes


def _meta(one: Description) -> dict[str, object]:
    return {
        "meta": {
            "sdHash": one.entry.hash,
            "id": one.id,
            "status": one.entry.status,
            "issuer": one.issuer,
            "validatorDids": [],
            "uploadDatetime": one.imported,
            "statusDatetime": one.entry.changed,
            "contentType": one.media_type,
        }
    }


def _content(content: bytes) -> dict[str, object]:
    return {"content": content.decode("utf-8", "replace")}


def _one(found: Descriptions, name: str, accept: str) -> Answer:
    """Give a description as it is, or its statements in the RDF syntax that is liked better."""
    one = found.one(name)
    wanted = request.accept_mimetypes
    takes_it = not wanted or bool(wanted[one.media_type])
    likes = negotiate(accept, "graph") if wanted and not takes_it else None
    if takes_it or (likes is None and wanted["application/json"]):
        return Answer(found.contents([one])[0], one.media_type)
    statements = found.statements([one])[one.entry.document]
    body, media_type = choose_graph_format(to_ntriples(sorted(set(statements))).encode(), accept)
    return Answer(body, media_type)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
