"""The Flask application: routes of every part, authentication, headers."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask, Response, request

from kgservice.api import (
    catalogs,
    compression,
    contexts,
    credential_events,
    cross_origin,
    dcat,
    entities,
    gaia_x,
    graphs,
    mpli,
    notices,
    operations,
    pages,
    problems,
    query_page,
    sparql,
    standing,
    status,
    tmf620,
    tmf620_hub,
    tokens,
    update,
    void,
)
from kgservice.api.auth import authenticate
from kgservice.api.workers import worker_blueprint
from kgservice.jobs import WorkerIdentity
from kgservice.model.errors import NotFound
from kgservice.model.rdf import is_valid_iri
from kgservice.mpli.application import Application

MAX_BODY_BYTES = 16 * 1024 * 1024
_IN_NO_PATH = re.compile(
    r"%(?![0-9A-Fa-f]{2})|[\[\]\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff"
    r"\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""What RFC 3987 §2.2 keeps out of paths and the store refuses, beside what N-Triples forbids."""
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Vary": "Accept, Accept-Encoding, Authorization",
}


def create_app(application: Application) -> Flask:
    """Make the WSGI application over an opened data folder."""
    app = Flask("kgservice")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    problems.install(app, application.base_iri)
    parts = (
        status, operations, pages, catalogs, contexts, tokens, sparql, query_page, update, graphs,
        mpli, standing, tmf620, tmf620_hub, dcat, void, gaia_x, credential_events, notices,
        entities,
    )  # fmt: skip
    for part in parts:
        app.register_blueprint(part.blueprint(application))
    if application.jobs is not None:
        app.register_blueprint(
            worker_blueprint(application.jobs, _worker_authentication(application))
        )
    compression.install(app)
    cross_origin.install(app)
    app.before_request(_require_printable)
    app.after_request(_add_headers)
    return app


def _worker_authentication(application: Application) -> Callable[[], WorkerIdentity]:
    def identify() -> WorkerIdentity:
        caller = authenticate(application)
        caller.require("work")
        return caller

    return identify


def _require_printable() -> None:
    """Answer 404 for a path that could be part of no IRI: names in paths become IRIs."""
    path = request.path
    ends_plane = any(ord(char) & 0xFFFE == 0xFFFE for char in path)
    if ends_plane or _IN_NO_PATH.search(path) or not is_valid_iri(f"http:/{path}"):
        raise NotFound("There is nothing of this name.", code="not-found")


def _add_headers(response: Response) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.headers.get("Authorization"):
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
