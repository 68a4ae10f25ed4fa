"""Requests as documents: YAML, Turtle and JSON-LD in, RDF and YAML out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

import pyoxigraph as ox

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD_STRING, Blank, Iri, Literal, Subject, Term, Triple
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.from_rdf import request_from_triples
from kgservice.resolution.linting import lint
from kgservice.resolution.request import Request
from kgservice.resolution.to_rdf import request_triples
from kgservice.resolution.yaml_request import read_request
from kgservice.resolution.yaml_writer import write_request

__all__ = ["CONTEXT", "check_request", "request_triples", "request_yaml"]

CONTEXT = "https://w3id.org/kgservice/context.jsonld"
"""The one JSON-LD context that requests may name; it is never fetched."""

MAX_CHARACTERS = 500_000
MAX_DEPTH = 100
MAX_DIGITS = 100
_BASE = "urn:kgservice:request"
_UNKNOWN_KEYS = {"@vocab": KG.NS}
"""A key that no context defines becomes a term of ours, and is refused as one that nobody knows."""
_YAML = frozenset(
    {"application/yaml", "application/x-yaml", "text/yaml", "application/json", "text/plain"}
)


def check_request(
    text: str,
    media_type: str,
    vocabulary: Vocabulary,
    *,
    iri: str = "",
    today: date | None = None,
    name: str = "request",
) -> Request:
    """Read a request document; its day becomes `today` when it names none.

    `name` is what errors call the document (`name:line` in YAML, `name:line:column` in Turtle).

    Raises:
        InputError: it is not well written, or says what the vocabulary does not know; an unknown
            media type is `media-type-unknown`.
        NotSupported: it asks for what this version cannot do.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"A request has at most {MAX_CHARACTERS:,} characters.", code="request-too-long"
        )
    request = _read(text, media_type.partition(";")[0].strip().lower(), vocabulary, iri, name)
    _check_needs(request, name)
    _check_day(request, name)
    named = replace(request, iri=iri) if iri else request
    dated = named if named.as_of or today is None else replace(named, as_of=today)
    return replace(dated, notes=(*dated.notes, *lint(dated, vocabulary, name)))


def _check_day(request: Request, name: str) -> None:
    """Durations are added to the day, and must not come to the end of the calendar."""
    if request.as_of is not None and not 1900 <= request.as_of.year < 3000:
        raise InputError(
            f"A request cannot hold on {request.as_of}.",
            code="value-invalid",
            at=f"{name} as-of",
            hint="Give a day between 1900 and 2999.",
        )


def _check_needs(request: Request, name: str) -> None:
    waiting = {component.name: set(component.needs) for component in request.components}
    while free := [one for one, needs in waiting.items() if not needs & waiting.keys()]:
        for one in free:
            del waiting[one]
    if waiting:
        first = next(c for c in request.components if c.name in waiting)
        raise InputError(
            f"These components need each other in a circle: {', '.join(waiting)}.",
            code="needs-circular",
            at=f"{name}:{first.line}" if first.line else first.name,
            hint="Nothing could be made first; leave one `needs` away.",
        )


def request_yaml(request: Request, vocabulary: Vocabulary) -> str:
    """Write a request as YAML."""
    return write_request(request, vocabulary)


def _read(text: str, kind: str, vocabulary: Vocabulary, iri: str, name: str) -> Request:
    if kind in _YAML:
        return read_request(text, vocabulary, name)
    if kind == "text/turtle":
        return _from_rdf(_turtle(text, iri or _BASE, name), vocabulary, iri)
    if kind == "application/ld+json":
        return _from_rdf(_json_ld(text, iri or _BASE, name), vocabulary, iri)
    raise InputError(
        f"A request cannot come as {kind}.",
        code="media-type-unknown",
        hint="Use application/yaml, text/turtle or application/ld+json.",
    )


def _from_rdf(triples: list[Triple], vocabulary: Vocabulary, iri: str) -> Request:
    for triple in triples:
        if isinstance(triple.object, Literal):
            _require_short(triple.object)
    request = request_from_triples(triples, vocabulary, iri or _BASE)
    return request if iri else replace(request, iri="")


def _require_short(literal: Literal) -> None:
    """Refuse a number that would be endless when written out, such as `1e999999999`."""
    if literal.datatype == XSD_STRING:
        return
    try:
        number = Decimal(literal.value[: MAX_DIGITS + 1])
    except InvalidOperation:
        return
    is_long = len(literal.value) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS
    if is_long and number.is_finite():
        raise InputError(f"{literal.value[:40]!r} is no usable number.", code="value-invalid")


def _turtle(text: str, base: str, name: str) -> list[Triple]:
    depth = 0
    for character in text:
        depth += (character in "[(") - (character in "])")
        if depth > MAX_DEPTH:
            raise InputError("Nested too deeply.", code="turtle-invalid", at=name)
    try:
        quads = list(ox.parse(text.encode(), format=ox.RdfFormat.TURTLE, base_iri=base))
    except SyntaxError as error:
        at = f"{name}:{error.lineno or 1}:{error.offset or 1}"
        raise InputError(
            f"This is not Turtle: {error.msg}.", code="turtle-invalid", at=at
        ) from None
    return [_triple(quad) for quad in quads]


def _triple(quad: ox.Quad) -> Triple:
    subject, value = _term(quad.subject), _term(quad.object)
    if isinstance(subject, Literal):  # pragma: no cover - the parser forbids it
        raise InputError("A literal is no subject.", code="turtle-invalid")
    return Triple(subject, Iri(quad.predicate.value), value)


def _term(node: object) -> Term:
    if isinstance(node, ox.NamedNode):
        return Iri(node.value)
    if isinstance(node, ox.BlankNode):
        return Blank(node.value)
    if isinstance(node, ox.Literal):
        return Literal(node.value, node.datatype.value, node.language or "")
    raise InputError("Statements about statements are not used.", code="turtle-invalid")


@cache
def _context() -> Mapping[str, Any]:
    text = files("kgservice_vocab").joinpath("context.jsonld").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded


def _json_ld(text: str, base: str, name: str) -> list[Triple]:
    """Expand with our own pinned context; no other context is loaded from anywhere."""
    from pyld import jsonld  # a fifth of a second, for what few requests are written in

    try:
        document = json.loads(text)
        options = {"base": base, "documentLoader": _load, "expandContext": _UNKNOWN_KEYS}
        dataset = jsonld.to_rdf(document, options)
    except json.JSONDecodeError as error:
        raise InputError(
            f"This is not JSON: {error.msg}.",
            code="json-ld-invalid",
            at=f"{name}:{error.lineno}:{error.colno}",
        ) from None
    except (jsonld.JsonLdError, RecursionError) as error:
        refusal = _refusal(error)
        if refusal is not None:
            raise refusal from None
        raise InputError(
            f"This is not JSON-LD: {error!s:.200}", code="json-ld-invalid", at=name
        ) from None
    return [
        Triple(_subject(item["subject"]), Iri(item["predicate"]["value"]), _node(item["object"]))
        for items in dataset.values()
        for item in items
    ]


def _refusal(error: BaseException | None) -> InputError | None:
    """Find our own refusal among the causes of PyLD's error."""
    for _ in range(10):
        if error is None or isinstance(error, InputError):
            return error
        error = getattr(error, "cause", None) or error.__cause__ or error.__context__
    return None


def _load(url: str, _options: object) -> dict[str, Any]:
    if url != CONTEXT:
        _refuse_context(url)
    return {
        "contextUrl": None,
        "documentUrl": url,
        "contentType": "application/ld+json",
        "document": _context(),
    }


def _refuse_context(url: str) -> NoReturn:
    raise InputError(
        f"The context {url} is not known; contexts are never fetched.",
        code="context-unknown",
        hint=f"Use {CONTEXT}.",
    )


def _subject(item: Mapping[str, str]) -> Subject:
    if item["type"] == "blank node":
        return Blank(item["value"].removeprefix("_:"))
    return Iri(item["value"])


def _node(item: Mapping[str, str] | None) -> Term:
    if item is None:  # PyLD gives this for a value that is no term
        raise InputError("A value cannot be read as RDF.", code="json-ld-invalid")
    if item["type"] == "literal":
        return Literal(item["value"], item["datatype"], item.get("language", ""))
    return _subject(item)
