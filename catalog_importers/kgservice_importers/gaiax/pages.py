"""Fetch what a source's addresses give, and put parameters into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from kgservice.model.errors import Unavailable
from kgservice.net.fetch import Fetcher
from kgservice_importers.gaiax.decoding import decoded
from kgservice_importers.jsonld.contexts import Json

_CREDENTIALS: Final = "application/vc+jwt, application/vp+jwt;q=0.95, application/ld+json;q=0.9"


def body_of(address: str, fetcher: Fetcher, accept: str = "") -> bytes:
    """Fetch an address.

    Raises:
        Unavailable: it gives no usable answer (`source-unreachable`), or says that there is nothing
            any more (`document-gone`).
        InputError: its host may not be contacted (`host-not-allowed`).
    """
    wanted = accept or f"{_CREDENTIALS}, application/json;q=0.8, */*;q=0.1"
    answer = fetcher.get(address, {"Accept": wanted})
    if answer.status in (404, 410):
        raise Unavailable(
            f"{address} answered {answer.status}: there is nothing any more.",
            code="document-gone",
            at=address,
            hint="Whoever lists the address should take it out.",
        )
    if answer.status != 200:
        raise Unavailable(
            f"{address} answered {answer.status}.",
            code="source-unreachable",
            at=address,
            hint="The last good version of the catalogue is kept.",
        )
    return answer.body


def page_of(address: str, fetcher: Fetcher) -> Json:
    """Fetch an address that gives JSON.

    Raises:
        Unavailable: it does not; a page that cannot be read breaks the whole source.
        InputError: its host may not be contacted.
    """
    content = body_of(address, fetcher, "application/json")
    try:
        return json.loads(decoded(content))
    except (ValueError, RecursionError) as error:
        raise Unavailable(
            f"{address} gave no JSON: {error}.",
            code="source-unreachable",
            at=address,
            hint="The last good version of the catalogue is kept.",
        ) from None


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """Put query parameters into an address; those that are there already are replaced."""
    parts = urlsplit(address)
    given = [pair for pair in parse_qsl(parts.query) if pair[0] not in parameters]
    query = urlencode([*given, *parameters.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
