"""Pages for people: the start page, the contract as a list, the errors; no scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response

from kgservice.api.status import load_contract
from kgservice.mpli import catalogs
from kgservice.mpli.application import Application

_METHODS = ("get", "post", "patch", "put", "delete")


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("pages", __name__)
    contract = load_contract()
    errors = _text("errors.md")

    @routes.get("/")
    def start() -> Response:
        page = page_of("kgservice", _start(application))
        page.headers["Link"] = '</.well-known/void>; rel="describedby", </dcat>; rel="alternate"'
        return page

    @routes.get("/docs")
    def docs() -> Response:
        return page_of("The contract", "".join(_operations(contract)))

    @routes.get("/docs/errors")
    def errorspage_of() -> Response:
        return page_of("Errors and findings", "".join(_from_markdown(errors)))

    @routes.get("/style.css")
    def style() -> Response:
        return Response(_text("style.css"), mimetype="text/css")

    return routes


def _text(name: str) -> str:
    return files("kgservice.api").joinpath(name).read_text(encoding="utf-8")


def page_of(title: str, body: str, head: str = "", kind: str = "") -> Response:
    """Make a page in the common dress; `head` goes into its head, `kind` is a class of `main`."""
    start = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<link rel="stylesheet" href="/style.css">{head}<main class="{kind}">'
    )
    return Response(f"{start}<h1>{escape(title)}</h1>{body}</main></html>\n", mimetype="text/html")


def _start(application: Application) -> str:
    counts = ""
    if application.settings.public_read:
        known = catalogs.list_catalogs(application)
        rows = "".join(
            f"<li><a href='/catalogs/{escape(str(item['name']))}'>{escape(str(item['name']))}</a>"
            for item in known
        )
        counts = f"<h2>Catalogues: {len(known)}</h2><ul>{rows}</ul>"
    return (
        "<p>Describe the cloud services you want; see whether and how it is possible;"
        f" have it done.</p>{counts}"
        "<h2>Ways in</h2><ul><li><a href='/mpli/v1/offerings'>Offerings</a>"
        "<li>The same for federations:"
        " <a href='/tmf-api/productCatalogManagement/v4/productOffering'>TMF620</a>,"
        " <a href='/dcat'>DCAT</a>, <a href='/self-descriptions'>Gaia-X</a>"
        " (<a href='/credentials-events'>events</a>), <a href='/.well-known/void'>VoID</a>"
        "<li><a href='/sparql'>SPARQL</a>, for people and programs, with"
        " <a href='/queries'>questions</a> by name<li><a href='/docs'>The contract</a>"
        " (<a href='/openapi.json'>OpenAPI 3.1</a>)<li><a href='/docs/errors'>Errors</a></ul>"
    )


def _operations(contract: dict[str, Any]) -> Iterator[str]:
    for path, item in contract["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
                yield f"<p>{escape(item[method]['summary'])}</p>"


def _from_markdown(text: str) -> Iterator[str]:
    """Render the little Markdown that the page of errors uses; the title is left out."""
    for block in text.split("\n\n")[1:]:
        if block.startswith("### "):
            code = escape(block.removeprefix("### ").strip())
            yield f'<h3 id="{code}"><code>{code}</code></h3>'
        elif block.startswith("|"):
            yield f"<table>{''.join(_rows(block))}</table>"
        else:
            yield f"<p>{_spans(block)}</p>"


def _rows(block: str) -> Iterator[str]:
    for line in block.strip().splitlines():
        if not line.startswith("|--"):
            cells = (f"<td>{_spans(cell.strip())}</td>" for cell in line.strip("|").split("|"))
            yield f"<tr>{''.join(cells)}</tr>"


def _spans(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
