"""The query page: YASGUI at `/sparql` for browsers, with the saved queries as examples.

Everything comes from the service itself. Scripts come from files only; YASGUI makes its styles at
run time, so this page, and no other, allows styles in the document (decision 0024).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from flask import Blueprint, Response, request

from kgservice.api.pages import page_of
from kgservice.model.errors import NotFound
from kgservice.mpli import saved_queries
from kgservice.mpli.application import Application

ASSETS = {
    "yasgui.min.js": ("vendored/yasgui.min.js", "text/javascript"),
    "yasgui.min.css": ("vendored/yasgui.min.css", "text/css"),
    "query_page.js": ("query_page.js", "text/javascript"),
    "query_page.css": ("query_page.css", "text/css"),
    "licenses.txt": ("vendored/LICENSES.txt", "text/plain"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_GRAPHS = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")


def blueprint(_application: Application) -> Blueprint:
    """Make the route of the page's files."""
    routes = Blueprint("query_page", __name__)

    @routes.get("/assets/<path:rest>")
    def asset(rest: str) -> Response:
        if rest not in ASSETS:
            raise NotFound("There is no such file.")
        name, media_type = ASSETS[rest]
        body = files("kgservice.api").joinpath(name).read_bytes()
        response = Response(body, content_type=f"{media_type}; charset=utf-8")
        response.add_etag()
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response.make_conditional(request)  # type: ignore[return-value]

    return routes


def is_wanted() -> bool:
    """Say whether the present call is a browser's that asks for no query."""
    if request.method not in ("GET", "HEAD") or "query" in request.args:
        return False
    return request.accept_mimetypes.best_match([*_GRAPHS, "text/html"]) == "text/html"


def page(application: Application) -> Response:
    """Make the page; anyone may see it, since a token is typed in there.

    An operator's own queries are listed only where anyone may read.
    """
    response = page_of("SPARQL", _body(application), head=_HEAD, kind="wide")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


_HEAD = (
    '<link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="/assets/yasgui.min.css">'
    '<link rel="stylesheet" href="/assets/query_page.css">'
    '<script src="/assets/yasgui.min.js" defer></script>'
    '<script src="/assets/query_page.js" defer></script>'
)


def _body(application: Application) -> str:
    template = files("kgservice.api").joinpath("query_page.html").read_text(encoding="utf-8")
    return template.replace("<!-- examples -->", "".join(_examples(application)))


def _examples(application: Application) -> Iterator[str]:
    for one in saved_queries.library(application).queries.values():
        if one.is_own and not application.settings.public_read:
            continue
        text = escape(saved_queries.example_of(application, one))
        needs = " Needs a customer's or operator's token." if one.header.right else ""
        purpose = escape(one.header.purpose[:1].upper() + one.header.purpose[1:])
        yield (
            f'<li><button type="button" data-name="{one.name}" data-query="{text}">'
            f"{escape(one.header.title)}</button><span>{purpose}{needs}</span>"
        )
