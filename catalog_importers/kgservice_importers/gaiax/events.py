"""Read a feed of the credential event service: CloudEvents with a cursor (`lastReceivedID`).

Each event holds a credential. A compliance credential names the credentials that it is about; those
are fetched from where they are. The newest event that is kept is the cursor of the next reading:
everything older counts as unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kgservice.model.documents import ImportItem
from kgservice.model.errors import InputError, Unavailable
from kgservice.net.fetch import Fetcher
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.pages import body_of, page_of, with_parameters
from kgservice_importers.gaiax.reading import Reading, fingerprint_of
from kgservice_importers.jsonld.contexts import Json

PAGE: Final = 100
MAX_PAGES: Final = 10_000
RETIRED: Final = "retired"
_DIGESTS: Final = ("gx:integrity", "gx:digestSRI", "digestSRI", "integrity")


@dataclass(frozen=True, slots=True)
class _Event:
    """A notice (CloudEvents 1.0): what about, when the service received it, and the credential."""

    id: str
    key: str
    received: str
    change: str
    data: Json


def is_event_page(page: Json) -> bool:
    """Recognise a page of a feed: a list of CloudEvents, bare or as `items`."""
    items = _items(page)
    return bool(items) and all(
        isinstance(item, dict) and "specversion" in item and "data" in item for item in items
    )


def read_events(
    source: str, fetcher: Fetcher, reading: Reading, reader: Reader
) -> Iterator[ImportItem]:
    """Read what happened since the newest event that is kept, or all of the feed.

    Raises:
        Unavailable: a page gives no usable answer; then nothing of the source is taken over.
    """
    mark = fingerprint_of(b"", reader)[:16]
    cursor = reading.newest(mark)[1] if not reader.context.only else ""
    last: dict[str, _Event] = {}
    for event in _events(source, fetcher, cursor):
        last.pop(event.key, None)
        last[event.key] = event
    fetched: set[str] = set()
    for event in last.values():
        if event.change == RETIRED:
            reading.drop(event.key)
            continue
        mine = f"{mark} {event.received} {event.id}"
        content = json.dumps(event.data, ensure_ascii=False).encode("utf-8", "replace")
        if isinstance(event.data, str):
            content = event.data.encode("utf-8", "replace")
        yield from reading.read(content, f"{source.partition('?')[0]}/{event.id}", reader, mine)
        for address in _named(event.data):
            if address not in fetched:
                fetched.add(address)
                yield from _read_named(address, fetcher, reading, reader, mine)
    if cursor:
        yield from reading.others()


def _read_named(
    address: str, fetcher: Fetcher, reading: Reading, reader: Reader, fingerprint: str
) -> Iterator[ImportItem]:
    try:
        content = body_of(address, fetcher)
    except (Unavailable, InputError) as error:
        yield error.problem()
        return
    yield from reading.read(content, address, reader, fingerprint)


def _named(data: Json) -> Iterator[str]:
    """Find the addresses of the credentials that a compliance credential is about."""
    stack = [data.get("credentialSubject")] if isinstance(data, dict) else []
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            name = _text(item.get("id", item.get("@id")))
            is_named = name.startswith(("http://", "https://"))
            if is_named and any(digest in item for digest in _DIGESTS):
                yield name.partition("#")[0]
            stack.extend(v for v in item.values() if isinstance(v, dict | list))


def _events(source: str, fetcher: Fetcher, cursor: str) -> Iterator[_Event]:
    """Walk the feed to its end: an empty page, or one that shows nothing new."""
    seen: set[str] = set()
    for number in range(MAX_PAGES):
        parameters = {"page": str(number), "size": str(PAGE)}
        if cursor:
            parameters["lastReceivedID"] = cursor
        page = page_of(with_parameters(source, parameters), fetcher)
        fresh = [e for item in _items(page) if (e := _event(item)) and e.id not in seen]
        if not fresh:
            return
        seen |= {event.id for event in fresh}
        yield from fresh


def _items(page: Json) -> list[Json]:
    found = page.get("items", page.get("content")) if isinstance(page, dict) else page
    return found if isinstance(found, list) else []


def _event(item: Json) -> _Event | None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    data = item.get("data")
    inner: Mapping[str, Json] = data if isinstance(data, dict) else {}
    keys = (item.get("subject"), inner.get("id"), inner.get("@id"), item["id"])
    return _Event(
        id=item["id"],
        key=next(key for key in keys if isinstance(key, str) and key),
        received=_text(item.get("cesreceiveddate", item.get("time"))).replace(" ", "T") or "-",
        change=_text(item.get("change")),
        data=data,
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
