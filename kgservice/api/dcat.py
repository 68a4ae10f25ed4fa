"""`/dcat`: the federated offerings as a DCAT catalogue, in the syntaxes of RDF, page by page."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kgservice.api.auth import require
from kgservice.api.published import Answer, answer, rdf_form, refuse_unknown, root
from kgservice.model.errors import InputError, NotFound
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_dcat import OFFERINGS, Page, statements
from kgservice.store.results import choose_graph_format

USUAL, MOST = 100, 1000
"""Offerings of a page."""


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("dcat", __name__)
    publisher = Publisher(application.store, application.base_iri)

    @routes.get("/dcat")
    def catalog() -> Response:
        require(application, "read-shared")
        refuse_unknown("page", "limit", "format")
        form = rdf_form()
        number, size = _number("page", 1), min(_number("limit", USUAL), MOST)
        address = root(application)
        with publisher.edition() as edition:
            rest = f"&format={request.args['format']}" if "format" in request.args else ""
            page = Page(address, number, size, len(edition.ids(OFFERINGS)), rest)
            if number > page.last:
                raise NotFound(
                    f"There is no page {number}; the last one is {page.last}.",
                    code="page-unknown",
                    at="?page",
                )

            def make() -> Answer:
                body, media_type = choose_graph_format(statements(edition, page), form)
                names = {"previous": "prev"}
                links = ", ".join(
                    f'<{to}>; rel="{names.get(name, name)}"' for name, to in page.links().items()
                )
                return Answer(body, media_type, headers={"Link": links})

            return answer(edition, f"{address} {form}", make)

    return routes


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise InputError(
            f"{name} is no whole number of 1 or more: {text[:40]!r}.",
            code="filter-invalid",
            at=f"?{name}",
        )
    return int(text)
