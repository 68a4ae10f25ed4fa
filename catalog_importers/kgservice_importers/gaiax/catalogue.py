"""Read a federated catalogue: XFSC `/self-descriptions`, since 2026 `/assets`, page by page.

The list gives a hash for each description, so that only those that changed are fetched. With the
option `changes-only` the catalogue is asked for what changed since the last one that is kept
(`statusTimerange`), and everything else counts as unchanged; what the catalogue deleted without a
status is noticed by a reading without it only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from kgservice.model.documents import ImportItem
from kgservice.model.errors import InputError, Unavailable
from kgservice.net.fetch import Fetcher
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.pages import body_of, page_of, with_parameters
from kgservice_importers.gaiax.reading import Reading, fingerprint_of
from kgservice_importers.jsonld.contexts import Json

PAGE: Final = 100
MAX_PAGES: Final = 10_000
_GONE: Final = frozenset({"revoked", "eol", "deprecated"})


@dataclass(frozen=True, slots=True)
class CataloguePages:
    """A catalogue's list, and how to fetch it."""

    source: str
    fetcher: Fetcher


@dataclass(frozen=True, slots=True)
class _Entry:
    """One description as the list tells of it.

    `name` is what it is fetched by: the hash at `/self-descriptions`, the id at `/assets`.
    `content` is empty where it is not in the list.
    """

    hash: str
    id: str
    name: str
    status: str
    changed: str
    content: str


def is_catalogue_page(page: Json) -> bool:
    """Recognise a page of the list of a federated catalogue (`Assets`, `SelfDescriptions`)."""
    return isinstance(page, dict) and isinstance(page.get("items"), list) and "totalCount" in page


def read_catalogue(pages: CataloguePages, reading: Reading, reader: Reader) -> Iterator[ImportItem]:
    """Read all active descriptions.

    Raises:
        Unavailable: a page gives no usable answer; then nothing of the source is taken over.
    """
    mark = fingerprint_of(b"", reader)[:16]
    is_partial = reader.context.options.get("changes-only") == "true" and not reader.context.only
    since = reading.newest(mark)[0] if is_partial else ""
    for entry in _entries(pages, since, with_content=not reading.keeps_any):
        fingerprint = f"{mark} {entry.changed} {entry.hash}"
        if entry.status.lower() in _GONE:
            yield from reading.taken_back(entry.hash) if since else ()
        elif reading.has(fingerprint):
            yield from reading.unchanged(fingerprint)
        else:
            yield from _read_entry(entry, pages, reading, reader, fingerprint)
    if since:
        yield from reading.others(pages.source)


def _read_entry(
    entry: _Entry, pages: CataloguePages, reading: Reading, reader: Reader, fingerprint: str
) -> Iterator[ImportItem]:
    address = f"{pages.source.partition('?')[0].rstrip('/')}/{quote(entry.name, safe='')}"
    content = entry.content.encode("utf-8", "replace")
    if not content:
        try:
            content = body_of(address, pages.fetcher)
        except (Unavailable, InputError) as error:
            yield error.problem()
            return
    yield from reading.read(content, address, reader, fingerprint)


def _entries(pages: CataloguePages, since: str, *, with_content: bool) -> Iterator[_Entry]:
    """Walk the list to its end: an empty page, or one that shows nothing new.

    The count that a catalogue tells is not believed: some tell that of the page.
    """
    fixed = {"withMeta": "true", "withContent": str(with_content).lower()}
    if since:
        until = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        fixed |= {"statusTimerange": f"{since}/{until}"}
        fixed |= {"statuses": "ACTIVE,EOL,DEPRECATED,REVOKED"}
    seen: set[tuple[str, str]] = set()
    offset = 0
    for _ in range(MAX_PAGES):
        parameters = {**fixed, "offset": str(offset), "limit": str(PAGE)}
        page = page_of(with_parameters(pages.source, parameters), pages.fetcher)
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            raise _broken(pages.source)
        fresh = [e for e in map(_entry, items) if (e.hash, e.id) not in seen]
        if not fresh:
            return
        seen |= {(entry.hash, entry.id) for entry in fresh}
        yield from fresh
        offset += len(items)


def _broken(source: str) -> Unavailable:
    return Unavailable(
        f"{source} gave a page without items.",
        code="source-unreachable",
        at=source,
        hint="The last good version of the catalogue is kept.",
    )


def _entry(item: Json) -> _Entry:
    meta: Mapping[str, Json] = {}
    content: Json = ""
    if isinstance(item, dict):
        meta = item["meta"] if isinstance(item.get("meta"), dict) else item
        content = item.get("content") or ""
    if isinstance(content, dict):
        content = json.dumps(content, ensure_ascii=False)
    found, identifier = _text(meta.get("assetHash", meta.get("sdHash"))), _text(meta.get("id"))
    return _Entry(
        hash=found,
        id=identifier,
        name=(identifier if "assetHash" in meta else found) or found or identifier,
        status=_text(meta.get("status")) or "active",
        changed=_text(meta.get("statusDatetime", meta.get("uploadDatetime"))),
        content=_text(content),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
