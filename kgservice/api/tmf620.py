"""`/tmf-api`: the federated offerings as TMF620 v4 and their parties as TMF632 v4, to read.

Paging, filters, fields and order are those of TM Forum TMF630; errors are RFC 9457 problems.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.published import Answer, answer, refuse_unknown, root
from kgservice.api.waiting import Places
from kgservice.model.errors import InputError
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_filters import Selection, read_fields, read_selection
from kgservice.mpli.publish_json import Json
from kgservice.mpli.publish_tmf620 import Resource, Tmf620, attribute_kinds, resources

MEDIA_TYPE = "application/json"
MOST_SEARCHES, MOST_SEARCHES_EACH = 8, 4
"""Filters and orders that may be worked out at once: each may read every object."""


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("tmf620", __name__)
    publisher = Publisher(application.store, application.base_iri)
    searching = Places(MOST_SEARCHES, MOST_SEARCHES_EACH)
    for resource in resources().values():
        routes.add_url_rule(
            resource.path,
            endpoint=f"{resource.name}-list",
            view_func=_list(application, publisher, resource, searching),
        )
        routes.add_url_rule(
            f"{resource.path}/<path:identity>",
            endpoint=resource.name,
            view_func=_one(application, publisher, resource),
        )
    return routes


def _list(
    application: Application, publisher: Publisher, resource: Resource, searching: Places
) -> Callable[[], Response]:
    kinds = attribute_kinds(resource.members)

    def show() -> Response:
        caller = require(application, "read-shared")
        _require_json()
        asked = read_selection(list(request.args.items(multi=True)), kinds)
        address = root(application)

        def make() -> Answer:
            total, items = Tmf620(edition, application.base_iri, address).select(resource, asked)
            status = HTTPStatus.OK if len(items) == total else HTTPStatus.PARTIAL_CONTENT
            headers = {"X-Total-Count": str(total), "X-Result-Count": str(len(items))}
            links = _links(asked, total)
            if links:
                headers["Link"] = links
            if not items:
                status = HTTPStatus.OK  # nothing of it is left out: there is no more
            return Answer(_json(items), MEDIA_TYPE, status, headers)

        with publisher.edition() as edition:
            if asked.paths:
                with searching.place(caller.id):
                    return answer(edition, address, make)
            return answer(edition, address, make)

    return show


def _one(
    application: Application, publisher: Publisher, resource: Resource
) -> Callable[[str], Response]:
    kinds = attribute_kinds(resource.members)

    def show(identity: str) -> Response:
        require(application, "read-shared")
        _require_json()
        refuse_unknown("fields")
        fields = read_fields(request.args.get("fields"), kinds)
        address = root(application)
        with publisher.edition() as edition:
            return answer(
                edition,
                address,
                lambda: Answer(
                    _json(
                        Tmf620(edition, application.base_iri, address).one(
                            resource, identity, fields
                        )
                    ),
                    MEDIA_TYPE,
                ),
            )

    return show


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _require_json() -> None:
    """Refuse a caller that does not take JSON (RFC 9110 §15.5.7)."""
    if request.accept_mimetypes and not request.accept_mimetypes[MEDIA_TYPE]:
        raise InputError(
            "This answer can only be sent as JSON.",
            code="not-acceptable",
            hint=f"Accept {MEDIA_TYPE}.",
            status=HTTPStatus.NOT_ACCEPTABLE,
        )


def _links(asked: Selection, total: int) -> str:
    """Give the Link header (RFC 8288) of a page: first, prev, next, last."""
    last = (total - 1) // asked.limit * asked.limit if total else 0
    offsets = {"first": 0, "last": last}
    if asked.offset:
        offsets["prev"] = max(0, asked.offset - asked.limit)
    if asked.offset + asked.limit < total:
        offsets["next"] = asked.offset + asked.limit
    rest = [(n, v) for n, v in request.args.items(multi=True) if n not in ("offset", "limit")]
    return ", ".join(
        f"<{request.path}?{urlencode([*rest, ('offset', offset), ('limit', asked.limit)])}>;"
        f' rel="{name}"'
        for name, offset in sorted(offsets.items())
    )
