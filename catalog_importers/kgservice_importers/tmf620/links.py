"""Follow what an object's statements are made from, and tell whether any of it changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias, cast

from kgservice.model.documents import ImportContext
from kgservice_importers.tmf620.inventory import Inventory
from kgservice_importers.tmf620.json_tree import Json, Object, as_list, scalar_text
from kgservice_importers.tmf620.mapping import mapping_of
from kgservice_importers.tmf620.pieces import Piece, Text, parse_json
from kgservice_importers.tmf620.records import SIGNED, canonical, recognise, reference_id

_ID: Final = re.compile(rb'"id"\s*:\s*"([!#-\[\]-~]+)"')
_HREF: Final = re.compile(rb'"href"\s*:\s*"([!#-\[\]-~]*)"')
_OBJECT: Final = re.compile(rb'"object"\s*:\s*"([!#-\[\]-~]*)"')
_END: Final = re.compile(rb'"endDateTime"\s*:\s*"([^"\\]*)"')
_ESCAPED_LETTER: Final = b"\\u006"
_DEEPEST: Final = 20

_Key: TypeAlias = tuple[str, str]
"""Resource and id."""


@lru_cache(maxsize=1)
def _data() -> Mapping[str, object]:
    text = files("kgservice_importers.tmf620").joinpath("links.json").read_text("utf-8")
    return cast("Mapping[str, object]", json.loads(text))


def _follows(resource: str) -> Mapping[str, str]:
    return cast("Mapping[str, Mapping[str, str]]", _data()["follows"]).get(
        resource.removeprefix(SIGNED), {}
    )


def everywhere() -> tuple[str, ...]:
    """Name the resources of which every object counts for every offering."""
    return tuple(cast("list[str]", _data()["everywhere"]))


def links_of(resource: str, body: Object) -> Iterator[tuple[str, str]]:
    """Give resource and id of each object that the statements of this one are made from."""
    for member, target in _follows(resource).items():
        value = body.get(member)
        for item in as_list(value):
            if isinstance(item, dict | list):
                for identifier in _ids_in(item, 0):
                    yield target, identifier
            elif scalar_text(item):
                yield target, scalar_text(item)


def _ids_in(tree: Json, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(tree, dict):
        identifier = reference_id(tree)
        if identifier:
            yield identifier
    inner = tree.values() if isinstance(tree, dict) else tree
    for item in inner if isinstance(tree, dict | list) else ():  # type: ignore[attr-defined]
        if isinstance(item, dict | list):
            yield from _ids_in(item, depth + 1)


@lru_cache(maxsize=64)
def _targets_of(resource: str) -> frozenset[str]:
    return frozenset(_follows(resource).values())


class Fingerprints:
    """Hashes of all that a document was made from.

    The ids in a text are found by a scan, about 10 µs an offering; to follow one link too many
    costs a needless reading some day, so everything that looks like a link counts.
    """

    def __init__(self, inventory: Inventory, context: ImportContext, now: datetime) -> None:
        """Take the objects, and what the reading of each depends on: a price may have ended."""
        self._inventory = inventory
        self._now = now.astimezone(UTC).isoformat().encode()
        self._left_out = cast("Mapping[str, list[str]]", _data()["leftOut"])
        self._digests: dict[_Key, bytes] = {}
        self._direct: dict[_Key, tuple[_Key, ...]] = {}
        self._linkable = self._targets()
        base = hashlib.sha256(_context_digest(context))
        for resource in everywhere():
            for identifier in sorted(inventory.pieces(resource)):
                base.update(self._digest((resource, identifier)))
        self._base = base.digest()

    def of(self, piece: Piece) -> str:
        """Give the fingerprint of the document that is about an object."""
        whole = hashlib.sha256(self._own(piece))
        whole.update(self._base)
        for key in self._reached(piece):
            whole.update(self._digest(key))
        return whole.hexdigest()

    def _targets(self) -> dict[bytes, list[_Key]]:
        """Give the objects that have an id; offerings are never followed."""
        found: dict[bytes, list[_Key]] = {}
        for resource in self._inventory.resources():
            if resource != "productOffering":
                for identifier in self._inventory.pieces(resource):
                    found.setdefault(identifier.encode(), []).append((resource, identifier))
        return found

    def _reached(self, piece: Piece) -> list[_Key]:
        """Give the objects that are linked to, over any number of links, in a fixed order."""
        waiting = list(self._links(piece))
        reached: set[_Key] = set()
        while waiting:
            key = waiting.pop()
            if key in reached:
                continue
            reached.add(key)
            if key not in self._direct:
                self._direct[key] = self._links(self._inventory.pieces(key[0])[key[1]])
            waiting += self._direct[key]
        return sorted(reached)

    def _links(self, piece: Piece) -> tuple[_Key, ...]:
        targets = _targets_of(piece.resource)
        return tuple(
            key
            for identifier in self._ids(piece)
            for key in self._linkable.get(identifier, ())
            if key[0] in targets
        )

    def _digest(self, key: _Key) -> bytes:
        known = self._digests.get(key)
        if known is None:
            piece = self._inventory.pieces(key[0])[key[1]]
            whole = hashlib.sha256(f"{key[0]} {key[1]} ".encode())
            whole.update(self._own(piece))
            known = self._digests[key] = whole.digest()
        return known

    def _own(self, piece: Piece) -> Text:
        """Give what of an object counts: its text, and how many of its ends are still to come."""
        text = bytes(piece.text)
        unwanted = self._left_out.get(piece.resource)
        if unwanted:
            body = _read(text)
            text = canonical({name: body[name] for name in body if name not in unwanted})
        if b'"endDateTime"' not in text:
            return text
        return b"%d " % sum(end > self._now for end in _END.findall(text)) + text

    def _ids(self, piece: Piece) -> set[bytes]:
        text = bytes(piece.text)
        if piece.resource not in self._left_out and _ESCAPED_LETTER not in text:
            found = set[bytes]()
            if all(_scan(text, name, pattern, found) for name, pattern in _SCANS):
                return found
        record = recognise(_read(text), "", piece.resource)
        links = links_of(piece.resource, record.body) if record else ()
        return {identifier.encode() for _, identifier in links}


_SCANS: Final = ((b'"id"', _ID), (b'"href"', _HREF), (b'"object"', _OBJECT))
"""Members that name an object: its id, its address, and a relationship of NGSI-LD."""


def _scan(text: bytes, name: bytes, pattern: re.Pattern[bytes], found: set[bytes]) -> bool:
    """Add what a member names; say whether every one of its kind could be read in this way."""
    number = text.count(name)
    values = pattern.findall(text) if number else ()
    found.update(values)
    if pattern is _HREF:
        found.update(value.rstrip(b"/").rpartition(b"/")[2] for value in values if b"/" in value)
    return len(values) == number  # else there are numbers, escapes or blanks


def _read(text: Text) -> Object:
    try:
        tree = parse_json(text)
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _context_digest(context: ImportContext) -> bytes:
    """Hash what beside the source decides: this package, the vocabulary, names and options."""
    whole = hashlib.sha256(_package_digest())
    words = context.vocabulary
    tables: Iterable[Mapping[str, object]] = (
        words.properties, words.classes, words.individuals, words.units, words.countries,
        context.options,
    )  # fmt: skip
    for table in tables:
        whole.update(repr(sorted(table.items(), key=lambda pair: pair[0])).encode())
    whole.update(f"{context.base_iri} {context.catalog} {mapping_of(context).digest}".encode())
    return whole.digest()


@lru_cache(maxsize=1)
def _package_digest() -> bytes:
    """Hash the mapping and the code that reads it: after an upgrade everything is read again."""
    here = Path(__file__).parent
    whole = hashlib.sha256()
    for path in sorted(here.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            whole.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.digest()
