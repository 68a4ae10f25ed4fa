"""Answers that are published: with an entity tag, remembered for as long as nothing changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from flask import Response, request

from kgservice.model.errors import InputError
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Edition
from kgservice.store.results import negotiate, not_acceptable


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer."""

    body: bytes
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Hash of what a caller gets; another commit that changes nothing of it leaves it."""
        parts = (self.media_type, *self.headers.values(), "")
        return hashlib.sha256("\n".join(parts).encode() + self.body).hexdigest()[:32]


def answer(edition: Edition, form: str, make: Callable[[], Answer]) -> Response:
    """Give what `make` makes for this request, or 304 when the caller has it (RFC 9110 §13.1.2).

    `form` is what was negotiated: with the address it names the answer in this state.
    """
    key = (request.url, form)
    made = edition.remember(key, make, lambda one: len(one.body) + 1000)
    response = Response(made.body, made.status, content_type=made.media_type)
    response.headers.update(made.headers)
    response.set_etag(made.etag)
    if not request.headers.get("Authorization"):
        response.headers["Cache-Control"] = "public, no-cache"
    return response.make_conditional(request)  # type: ignore[return-value]


def refuse_unknown(*known: str) -> None:
    """Refuse a parameter that is not known here.

    Raises:
        InputError: there is one (`filter-unknown`).
    """
    unknown = sorted(set(request.args) - set(known))
    if unknown:
        raise InputError(
            f"There is no parameter {unknown[0][:60]!r} here.",
            code="filter-unknown",
            at=f"?{unknown[0][:60]}",
            hint=f"Use {', '.join(sorted(known))}.",
        )


def rdf_form() -> str:
    """Give the media type of the RDF syntax that `format` names or the Accept header likes best.

    Raises:
        InputError: there is none of that name (`filter-invalid`), or the header takes none of ours
            (`not-acceptable`).
    """
    name = request.args.get("format")
    if name is not None:
        known = FORMATS.get(name.lower()) or (name if name in FORMATS.values() else None)
        if known is None:
            raise InputError(
                f"There is no format {name[:40]!r}.",
                code="filter-invalid",
                at="?format",
                hint=f"Use one of {', '.join(sorted(FORMATS))}.",
            )
        return known
    accept = request.headers.get("Accept", "*/*")
    return negotiate(accept, "graph") or _refuse(accept)


def _refuse(accept: str) -> NoReturn:
    raise not_acceptable(accept, "graph")


FORMATS: Final[Mapping[str, str]] = {
    "turtle": "text/turtle",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "json-ld": "application/ld+json",
    "rdfxml": "application/rdf+xml",
    "rdf": "application/rdf+xml",
    "xml": "application/rdf+xml",
    "nt": "application/n-triples",
    "ntriples": "application/n-triples",
}
"""Short names of RDF syntaxes."""


def root(application: Application) -> str:
    """Give the address that links begin with, ending in a slash.

    It is KG_BASE_IRI where that was set; else the one by which the caller came.
    """
    settings = application.settings
    origin = next(one.origin for one in settings.origins if one.name == "KG_BASE_IRI")
    return settings.base_iri if origin != "default" else request.url_root
