"""Read a feed of the credential event service: CloudEvents with a cursor (`lastReceivedID`).

Each event holds a credential. A compliance credential names the credentials that it is about; those
are fetched from where they are. An event that is kept already is not read again. With the option
`changes-only` the newest one that is kept is the cursor: only what came after it is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
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
    is_partial = reader.context.options.get("changes-only") == "true" and not reader.context.only
    cursor = reading.newest(mark)[1] if is_partial else ""
    try:
        last = _latest(_events(source, fetcher, cursor))
    except Unavailable:
        if not cursor:
            raise
        cursor, last = "", _latest(_events(source, fetcher, ""))  # the service forgot our event
    fetched: set[str] = set()
    for event in last.values():
        if event.change == RETIRED:
            yield from reading.taken_back(event.key) if cursor else ()
            continue
        yield from _read_event(source, event, reading, reader, mark)
        for address in _named(event.data):
            if address not in fetched:
                fetched.add(address)
                yield from _read_named(address, fetcher, reading, reader, mark)
    if cursor:
        yield from reading.others(source)


def _read_event(
    source: str, event: _Event, reading: Reading, reader: Reader, mark: str
) -> Iterator[ImportItem]:
    fingerprint = f"{mark} {event.received} {event.id}"
    if reading.has(fingerprint):
        yield from reading.unchanged(fingerprint)
    else:
        name = f"{source.partition('?')[0]}/{event.id}"
        yield from reading.read(_bytes(event.data), name, reader, fingerprint)


def _read_named(
    address: str, fetcher: Fetcher, reading: Reading, reader: Reader, mark: str
) -> Iterator[ImportItem]:
    try:
        content = body_of(address, fetcher)
    except (Unavailable, InputError) as error:
        yield error.problem()
        return
    fingerprint = f"{mark} - {hashlib.sha256(content).hexdigest()}"
    if reading.has(fingerprint):
        yield from reading.unchanged(fingerprint)
    else:
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


def _latest(events: Iterable[_Event]) -> dict[str, _Event]:
    """Keep the last event of each credential, in the order of these last ones."""
    last: dict[str, _Event] = {}
    for event in events:
        last.pop(event.key, None)
        last[event.key] = event
    return last


def _bytes(data: Json) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _events(source: str, fetcher: Fetcher, cursor: str) -> Iterator[_Event]:
    """Walk the feed to its end, by its cursor: pages shift when a later event replaces one.

    A service that does not know the cursor gives the same page again; then pages are counted.
    """
    seen: set[str] = set()
    last, number, follows = cursor, 0, True
    for _ in range(MAX_PAGES):
        parameters = {"page": str(number), "size": str(PAGE)}
        if last:
            parameters["lastReceivedID"] = last
        items = _items(page_of(with_parameters(source, parameters), fetcher))
        fresh = [e for item in items if (e := _event(item)) and e.id not in seen]
        if not fresh and not (items and follows and seen):
            return
        if not fresh:
            last, number, follows = cursor, 1, False
            continue
        seen |= {event.id for event in fresh}
        yield from fresh
        last, number = (fresh[-1].id, 0) if follows else (cursor, number + 1)


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
