"""Read credentials from addresses: one, a list of them, a federated catalogue, or a feed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kgservice.model.documents import ImportItem
from kgservice.model.errors import InputError, Problem, Severity, Unavailable
from kgservice.net.fetch import Fetcher
from kgservice_importers.gaiax.catalogue import CataloguePages, is_catalogue_page, read_catalogue
from kgservice_importers.gaiax.decoding import decoded
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.events import is_event_page, read_events
from kgservice_importers.gaiax.listing import MAX_LISTED, addresses
from kgservice_importers.gaiax.pages import body_of
from kgservice_importers.gaiax.reading import Reading, fingerprint_of
from kgservice_importers.jsonld.contexts import Json


def read_remote(
    source: str, fetcher: Fetcher, reading: Reading, reader: Reader
) -> Iterator[ImportItem]:
    """Read what an address gives; what it is shows in the answer.

    Raises:
        Unavailable: the source gives no usable answer, or breaks half-way.
        InputError: its host may not be contacted.
    """
    content = body_of(source, fetcher)
    page = _parsed(content)
    if is_catalogue_page(page):
        yield from read_catalogue(CataloguePages(source, fetcher), reading, reader)
    elif is_event_page(page):
        yield from read_events(source, fetcher, reading, reader)
    elif listed := addresses(content, source):
        yield from _read_listed(source, listed, fetcher, reading, reader)
    else:
        yield from read_one(content, source, reading, reader)


def read_one(content: bytes, name: str, reading: Reading, reader: Reader) -> Iterator[ImportItem]:
    """Read one file's bytes unless they are as they were."""
    fingerprint = fingerprint_of(content, reader)
    if reading.has(fingerprint):
        yield from reading.unchanged(fingerprint)
    else:
        yield from reading.read(content, name, reader, fingerprint)


def _read_listed(
    source: str, listed: list[str], fetcher: Fetcher, reading: Reading, reader: Reader
) -> Iterator[ImportItem]:
    """Read the members of a list; one that cannot be fetched is a problem, the others are read."""
    if len(listed) > MAX_LISTED:
        detail = f"the list names {len(listed)} addresses, more than {MAX_LISTED}"
        hint = "The first ones were read; split the list."
        yield Problem("list-too-long", detail, source, hint, Severity.ERROR)
    for address in listed[:MAX_LISTED]:
        try:
            content = body_of(address, fetcher)
        except (Unavailable, InputError) as error:
            yield error.problem()
            continue
        yield from read_one(content, address, reading, reader)


def _parsed(content: bytes) -> Json:
    text = decoded(content).strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
