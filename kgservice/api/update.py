"""`/sparql/update`: SPARQL 1.1 Protocol, update operation (§2.2)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kgservice.api.asked import FORM, direct_text, unsupported, values_of
from kgservice.api.auth import require
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli import updating
from kgservice.mpli.application import Application
from kgservice.store.written import WriteResult

MOST_WRITES, MOST_WRITES_EACH = 16, 12
"""Writes that may wait for their turn at once: each holds a thread."""

DIRECT = "application/sparql-update"
LONGEST_KEY = 200


def blueprint(application: Application) -> Blueprint:
    """Make the route."""
    routes = Blueprint("update", __name__)
    working = Places(MOST_WRITES, MOST_WRITES_EACH)

    @routes.post("/sparql/update")
    def endpoint() -> Response:
        caller = require(application, "write-graphs")
        call = updating.UpdateCall(
            text=_text(),
            using_graphs=values_of("using-graph-uri"),
            using_named_graphs=values_of("using-named-graph-uri"),
            key=idempotency_key(),
        )
        with working.place(caller.id):
            result = updating.run(application, caller, call)
        return written(Response(status=204), result)

    return routes


def written(response: Response, result: WriteResult) -> Response:
    """Say in an answer which write it was, and whether it was done before."""
    response.headers["Kg-Write"] = str(result.number)
    if result.is_repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def idempotency_key() -> str:
    """Give what the caller calls this write; empty when nothing.

    Raises:
        InputError: it is too long (`idempotency-key-invalid`).
    """
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise InputError(
            f"An Idempotency-Key has at most {LONGEST_KEY} characters.",
            code="idempotency-key-invalid",
            at="Idempotency-Key",
        )
    return key


def _text() -> str:
    if request.mimetype == FORM:
        values = request.form.getlist("update")
        if len(values) == 1 and "update" not in request.args:
            return values[0]
        raise _not_one(len(values))
    if request.mimetype != DIRECT:
        raise unsupported(request.mimetype, DIRECT, "update")
    if "update" in request.args:
        raise _not_one(2)
    return direct_text(DIRECT, "update")


def _not_one(number: int) -> InputError:
    return InputError(
        f"Exactly one `update` is needed in the body; there are {number}.",
        code="parameter-missing",
        at="update",
    )
