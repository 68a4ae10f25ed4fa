"""`/.well-known/void`: what is published, in VoID."""

from __future__ import annotations

from flask import Blueprint, Response

from kgservice.api.auth import require
from kgservice.api.published import Answer, answer, rdf_form, refuse_unknown, root
from kgservice.api.waiting import Places
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_void import statements
from kgservice.store.results import choose_graph_format

MOST_COUNTS, MOST_COUNTS_EACH = 4, 2
"""Descriptions that may be made at once: one counts every statement."""


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("void", __name__)
    publisher = Publisher(application.store, application.base_iri)
    counting = Places(MOST_COUNTS, MOST_COUNTS_EACH)

    @routes.get("/.well-known/void")
    def description() -> Response:
        caller = require(application, "read-shared")
        refuse_unknown("format")
        form, address = rdf_form(), root(application)
        with counting.place(caller.id), publisher.edition() as edition:
            return answer(
                edition,
                f"{address} {form}",
                lambda: Answer(*choose_graph_format(statements(edition, address), form)),
            )

    return routes
