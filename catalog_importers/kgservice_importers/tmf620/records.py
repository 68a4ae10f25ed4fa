"""Tell what each object of a source is, give it an identity, and find the objects it links to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast
from urllib.parse import quote

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, is_valid_iri
from kgservice_importers.tmf620.json_tree import Json, Object, as_list, as_object, member_text
from kgservice_importers.tmf620.names import lines, squeezed, table

_URN_SEGMENT: Final = re.compile(r"urn:(?:ngsi-ld:)?([A-Za-z-]{3,40}):")
_HREF_SEGMENT: Final = re.compile(r"/([A-Za-z]{3,40})/[^/]+/?$")
_KEPT_SCHEMES: Final = ("urn:", "did:")
_REFERENCE_ONLY: Final = frozenset(
    {"id", "href", "name", "version", "role", "@type", "@referredType", "@baseType",
     "@schemaLocation", "atReferredType", "type"}
)  # fmt: skip
_LONGEST_ID: Final = 500


@dataclass(frozen=True, slots=True)
class Record:
    """An object of the source.

    Attributes:
        resource: Which TMF resource it is.
        body: Its members.
        at: Where it is: `file#/pointer`.
        content: Its canonical bytes; empty for a copy embedded in another object.
    """

    resource: str
    body: Object
    at: str
    content: bytes = b""


def resource_named(name: str) -> str:
    """Give the resource that a list, a folder or an endpoint of this name holds, or nothing."""
    return table("resources").get(squeezed(name), "")


def classify(body: Object, endpoint: str = "") -> str:
    """Tell the resource: by endpoint, then URN, `@type`, `href`, and the members at last.

    In live catalogues `@type` is mostly missing.
    """
    if endpoint:
        return endpoint
    urn = _URN_SEGMENT.match(member_text(body, "id", "href"))
    path = _HREF_SEGMENT.search(member_text(body, "href").partition("?")[0])
    candidates = (
        urn.group(1) if urn else "",
        member_text(body, "@type"),
        member_text(body, "type"),
        member_text(body, "@baseType"),
        path.group(1) if path else "",
    )
    named = (resource_named(name) for name in candidates if name)
    return next((name for name in named if name), "") or _by_members(body)


def _by_members(body: Object) -> str:
    for line in lines("shapes"):
        wanted = cast("list[str]", line["anyOf"])
        unwanted = cast("list[str]", line.get("noneOf", []))
        if any(name in body for name in wanted) and not any(name in body for name in unwanted):
            return str(line["resource"])
    return ""


def unpack(tree: Json, at: str, endpoint: str = "") -> Iterator[Record | Problem]:
    """Find the objects of a file or an answer: one object, a list, or an object of lists."""
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _one(item, f"{at}/{index}", endpoint)
        return
    body = as_object(tree)
    lists = [
        (name, resource_named(name)) for name, value in body.items() if isinstance(value, list)
    ]
    named = [(name, resource) for name, resource in lists if resource]
    if named and not endpoint and not classify(body):
        for name, resource in named:
            yield from unpack(body[name], f"{at}/{name}", resource)
        return
    if named and not endpoint and "id" not in body and "name" not in body:
        for name, resource in named:
            yield from unpack(body[name], f"{at}/{name}", resource)
        return
    yield from _one(tree, at, endpoint)


def _one(item: Json, at: str, endpoint: str) -> Iterator[Record | Problem]:
    resource = classify(item, endpoint) if isinstance(item, dict) else ""
    if isinstance(item, dict) and resource:
        try:
            yield Record(resource, item, at, canonical(item))
        except RecursionError:
            yield Problem("json-invalid", "This is nested too deeply.", at, "It was left out.")
        return
    yield Problem(
        "resource-unknown",
        "This is no product offering, specification, price, category or organization.",
        at,
        "It was left out.",
        Severity.INFO,
    )


class Minter:
    """Gives IRIs to objects of one catalogue."""

    def __init__(self, base_iri: str, catalog: str) -> None:
        """Mint below `{base}catalog/{catalog}/` and `{base}.well-known/genid/`."""
        self._own = f"{base_iri}catalog/{quote(catalog, safe='')}/"
        self._genid = f"{base_iri}.well-known/genid/"
        self.iri = lru_cache(maxsize=65_536)(self._iri)

    def _iri(self, resource: str, identifier: str) -> Iri:
        """Keep a URN or DID, mint an IRI of the catalogue for every other id."""
        if identifier.startswith(_KEPT_SCHEMES) and is_valid_iri(identifier):
            return Iri(identifier)
        return Iri(f"{self._own}{resource}/{quote(identifier[:_LONGEST_ID], safe='')}")

    def node(self, *parts: str) -> Iri:
        """Name a node that has no id by a hash of what it belongs to and says."""
        return Iri(self._genid + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32])


def identifier_of(record: Record) -> str:
    """Give the object's id; for a create body its product number, its name or a hash."""
    found = member_text(record.body, "id", "productNumber", "name")
    return found or hashlib.sha256(record.content).hexdigest()[:16]


def canonical(tree: Json) -> bytes:
    """Write JSON so that equal trees give equal bytes (keys sorted, ASCII, no blanks)."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode("ascii")


class Index:
    """All objects of a source by resource and id; the newest of several versions counts."""

    def __init__(self, records: Iterable[Record | Problem]) -> None:
        """Take in every record; findings on the way are kept in `problems`."""
        self.problems: list[Problem] = []
        self._found: dict[str, dict[str, Record]] = {}
        for record in records:
            if isinstance(record, Problem):
                self.problems.append(record)
            else:
                self._add(record)

    def _add(self, record: Record) -> None:
        same = self._found.setdefault(record.resource, {})
        identifier = identifier_of(record)
        known = same.get(identifier)
        if known is None:
            same[identifier] = record
            return
        if known.content == record.content:
            return
        kept = max((known, record), key=recency)
        same[identifier] = kept
        self.problems.append(
            Problem(
                "duplicate-id",
                f"The {record.resource} {identifier[:80]!r} comes twice with different content.",
                record.at,
                f"The one at {kept.at} was used.",
            )
        )

    def all(self, resource: str) -> list[tuple[str, Record]]:
        """Give the records of a resource with their ids, in the order found."""
        return list(self._found.get(resource, {}).items())

    def get(self, resource: str, identifier: str) -> Record | None:
        """Find a record by id."""
        return self._found.get(resource, {}).get(identifier)

    def follow(self, resource: str, reference: Json, at: str) -> Record | None:
        """Find what a reference means: the object of the source, else a copy embedded in it."""
        link = as_object(reference)
        identifier = member_text(link, "id")
        known = self.get(resource, identifier) if identifier else None
        if known is not None:
            return known
        return Record(resource, link, at) if link.keys() - _REFERENCE_ONLY else None


def recency(record: Record) -> tuple[str, tuple[int, ...]]:
    """Give what later versions of an object have more of: last update, then version number."""
    version = re.findall(r"\d{1,9}", member_text(record.body, "version")[:40])
    return member_text(record.body, "lastUpdate"), tuple(int(part) for part in version)


def parties(record: Record) -> list[Object]:
    """Give the related parties of an object."""
    return [as_object(item) for item in as_list(record.body.get("relatedParty"))]
