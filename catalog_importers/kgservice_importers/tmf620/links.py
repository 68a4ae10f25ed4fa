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

_NAMING: Final = re.compile(rb'"(?:id|href|object)"\s*:\s*("[!#-\[\]-~]*")?')
"""Members that name an object: its id, its address, and a relationship of NGSI-LD. What is more
than plain ASCII text, such as a number or an escape, gives nothing, and the text is read."""
_END: Final = re.compile(rb'"(?:start|end)DateTime"\s*:\s*"([^"\\]*)"')
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
        self.linked: set[_Key] = set()
        """Every object that a document was made from, beside the one that it is about."""
        self._now = now.astimezone(UTC).isoformat().encode()
        self._left_out = cast("Mapping[str, list[str]]", _data()["leftOut"])
        self._digests: dict[_Key, bytes] = {}
        self._closures: dict[_Key, frozenset[_Key]] = {}
        self._beside: dict[frozenset[_Key], bytes] = {}
        self._linkable = self._targets()
        base = hashlib.sha256(_context_digest(context))
        for resource in everywhere():
            for identifier in sorted(inventory.pieces(resource)):
                base.update(self._digest((resource, identifier)))
        self._base = base.digest()

    def of(self, piece: Piece) -> str:
        """Give the fingerprint of the document that is about an object."""
        text = bytes(piece.text)
        whole = hashlib.sha256(self._own(piece.resource, text))
        whole.update(self._joined(frozenset(self._links(piece.resource, text))))
        return whole.hexdigest()

    def _joined(self, links: frozenset[_Key]) -> bytes:
        """Give what counts beside an object's own text; many have the same links."""
        known = self._beside.get(links)
        if known is None:
            reached = set[_Key]().union(*map(self._reached, links))
            self.linked.update(reached)
            known = self._base + b"".join(map(self._digest, sorted(reached)))
            self._beside[links] = known
        return known

    def _targets(self) -> dict[bytes, list[_Key]]:
        """Give the objects that have an id; offerings are never followed."""
        found: dict[bytes, list[_Key]] = {}
        for resource in self._inventory.resources():
            if resource != "productOffering":
                for identifier in self._inventory.pieces(resource):
                    found.setdefault(_quoted(identifier), []).append((resource, identifier))
        return found

    def _reached(self, key: _Key) -> frozenset[_Key]:
        """Give an object and those that it leads to, over any number of links."""
        known = self._closures.get(key)
        if known is None:
            waiting, reached = [key], {key}
            while waiting:
                piece = self._piece(waiting.pop())
                new = set(self._links(piece.resource, bytes(piece.text))) - reached
                reached |= new
                waiting += new
            known = self._closures[key] = frozenset(reached)
        return known

    def _links(self, resource: str, text: bytes) -> list[_Key]:
        linkable = self._linkable
        named = linkable.keys() & self._ids(resource, text)
        if not named:
            return []
        targets = _targets_of(resource)
        return [key for name in named for key in linkable[name] if key[0] in targets]

    def _piece(self, key: _Key) -> Piece:
        return self._inventory.pieces(key[0])[key[1]]

    def _digest(self, key: _Key) -> bytes:
        known = self._digests.get(key)
        if known is None:
            whole = hashlib.sha256(f"{key[0]} {key[1]} ".encode())
            whole.update(self._own(key[0], bytes(self._piece(key).text)))
            known = self._digests[key] = whole.digest()
        return known

    def _own(self, resource: str, text: bytes) -> bytes:
        """Give what of an object counts: its text, and how many of its dates are still to come."""
        unwanted = self._left_out.get(resource)
        if unwanted:
            body = _read(text)
            text = canonical({name: body[name] for name in body if name not in unwanted})
        if b'DateTime"' not in text:
            return text
        return b"%d " % sum(end > self._now for end in _END.findall(text)) + text

    def _ids(self, resource: str, text: bytes) -> set[bytes]:
        if resource not in self._left_out and not _hides_names(text):
            found = set(_NAMING.findall(text))
            if b"" not in found:
                return found | {_last_segment(one) for one in found if b"/" in one}
        record = recognise(_read(text), "", resource)
        links = links_of(resource, record.body) if record else ()
        return {_quoted(identifier) for _, identifier in links}


def _hides_names(text: bytes) -> bool:
    """Whether a member's name may be written with escapes."""
    return b"\\" in text and _ESCAPED_LETTER in text


def _quoted(identifier: str) -> bytes:
    return b'"%s"' % identifier.encode()


def _last_segment(quoted: bytes) -> bytes:
    return b'"%s"' % quoted[1:-1].rstrip(b"/").rpartition(b"/")[2]


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
