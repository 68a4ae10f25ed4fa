"""Tell what each object of a source is, give it an identity, and find the objects it links to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import msgspec

from kgservice.model.documents import SetAside
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, is_valid_iri
from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text, objects
from kgservice_importers.tmf620.mapping import Line, packaged, squeezed
from kgservice_importers.tmf620.ngsi import is_wrapped, unwrapped

_URN_SEGMENT: Final = re.compile(r"urn:(?:ngsi-ld:)?([A-Za-z-]{3,40}):")
_HREF_SEGMENT: Final = re.compile(r"/([A-Za-z]{3,40})/[^/]+/?$")
_LAST_SEGMENT: Final = re.compile(r"/([^/?#]{1,200})/?$")
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
        resource: Which TMF resource it is; empty for something that is set aside.
        body: Its members.
        at: Where it is: `file#/pointer`.
        content: Its canonical bytes; empty for a copy embedded in another object.
        dialect: Which mapping file tells of it; empty when its members have to tell.
        kind: What it was recognised as when it is set aside.
        signed: The credential whose subject this object is.
    """

    resource: str
    body: Object
    at: str
    content: bytes = b""
    dialect: str = ""
    kind: str = ""
    signed: Object | None = None


def resource_named(name: str) -> str:
    """Give the resource that a list, a folder or an endpoint of this name holds, or nothing."""
    return _named("resources").get(squeezed(name), "")


@lru_cache(maxsize=4)
def _named(section: str) -> dict[str, str]:
    lines = packaged().lists[section]
    return {squeezed(text): ours for ours, texts in lines.items() for text in texts}


def classify(body: Object, endpoint: str = "") -> str:
    """Tell the resource: by endpoint, then URN, `@type`, `href`, and the members at last.

    In live catalogues `@type` is mostly missing. What another TM Forum interface serves is told
    by its kind, which has a slash (`tmf637/product`).
    """
    return endpoint or _by_name(body) or _by_members(body)


def _by_name(body: Object) -> str:
    urn = _URN_SEGMENT.match(member_text(body, "id", "href"))
    path = _HREF_SEGMENT.search(member_text(body, "href").partition("?")[0])
    candidates = (
        urn.group(1) if urn else "",
        member_text(body, "@type"),
        member_text(body, "type"),
        member_text(body, "@baseType"),
        path.group(1) if path else "",
    )
    resources, others = _named("resources"), _named("others")
    named = (
        resources.get(squeezed(name)) or others.get(squeezed(name)) for name in candidates if name
    )
    return next((name for name in named if name), "")


def _by_members(body: Object) -> str:
    found = (str(line["resource"]) for line in packaged().lines["shape"] if _has(body, line))
    return next(found, "")


def _has(body: Object, line: Line) -> bool:
    """Say whether an object has the members that a line of the mapping asks for."""
    only = line.get("only")
    return (
        any(name in body for name in line.get("any-of", body))
        and all(name in body for name in line.get("all-of", ()))
        and not any(name in body for name in line.get("none-of", ()))
        and (only is None or body.keys() <= set(only))
    )


def recognise(item: Object, at: str, endpoint: str = "") -> Record | None:
    """Make a record of an object of a source; nothing when nobody knows what it is.

    A credential gives the object that it is about, an entity of a context broker the plain object.
    What is no object of a catalogue has no resource, and a kind.

    Raises:
        RecursionError: it is nested too deeply.
    """
    signed = _signed(item, at)
    if signed is not None:
        return signed
    is_entity = is_wrapped(item, packaged())
    body = unwrapped(item, packaged()) if is_entity else item
    resource = endpoint or _by_name(body)
    if not resource:
        asides = (str(line["kind"]) for line in packaged().lines["aside"] if _has(body, line))
        kind = next(asides, "")
        if kind:
            return Record("", body, at, kind=kind)
        resource = _by_members(body)
    if "/" in resource:
        return Record("", body, at, kind=resource)
    dialect = "ngsi-ld" if is_entity else ""
    return Record(resource, body, at, canonical(item), dialect) if resource else None


def _signed(item: Object, at: str) -> Record | None:
    """Find the TM Forum object that a credential is about (DOME: SignedOffering)."""
    if "credentialSubject" not in item:
        return None
    subjects = objects(item["credentialSubject"])
    if len(subjects) != 1:
        return None
    subject = subjects[0][1]
    resource = classify(subject)
    if resource != "productOffering":
        return None
    here = f"{at}/credentialSubject"
    return Record(resource, subject, here, canonical(item), "dome", signed=item)


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


def reference_id(link: Object) -> str:
    """Give the id that a reference names: `id`, else a URN in `href`, else its last segment.

    A context broker's JSON-LD writes `@id`.
    """
    found = member_text(link, "id", "@id")
    if found:
        return found
    href = member_text(link, "href")
    if href.startswith(_KEPT_SCHEMES):
        return href
    segment = _LAST_SEGMENT.search(href)
    return segment.group(1) if segment else ""


def identifier_of(record: Record) -> str:
    """Give the object's id; for a create body its product number, its name or a hash."""
    found = reference_id(record.body) or member_text(record.body, "productNumber", "name")
    return found or hashlib.sha256(record.content).hexdigest()[:16]


def canonical(tree: Json) -> bytes:
    """Write JSON so that equal trees give equal bytes (keys sorted, no blanks)."""
    try:
        return msgspec.json.encode(tree, order="sorted")
    except (msgspec.MsgspecError, UnicodeEncodeError, OverflowError, TypeError):
        # Numbers of more than 64 bits and lone surrogates.
        return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode("ascii")


class Index:
    """All objects of a source by resource and id; the newest of several versions counts."""

    def __init__(self, records: Iterable[Record | Problem]) -> None:
        """Take in every record; findings on the way are kept in `problems`."""
        self.problems: list[Problem] = []
        self.set_aside: list[SetAside] = []
        self._found: dict[str, dict[str, Record]] = {}
        for record in records:
            if isinstance(record, Problem):
                self.problems.append(record)
            elif record.resource:
                self._add(record)
            else:
                self.set_aside.append(SetAside(record.at, record.kind))

    def _add(self, record: Record) -> None:
        same = self._found.setdefault(index_of(record), {})
        identifier = identifier_of(record)
        known = same.setdefault(identifier, record)
        if known is record or known.content == record.content:
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
        identifier = reference_id(link)
        known = self.get(resource, identifier) if identifier else None
        if known is not None:
            return known
        return Record(resource, link, at) if link.keys() - _REFERENCE_ONLY else None


SIGNED: Final = "signed "
"""Before the resource of objects that are the subject of a credential."""


def index_of(record: Record) -> str:
    """Name the part of an index that an object belongs to: an object may come signed too."""
    return SIGNED + record.resource if record.signed is not None else record.resource


def recency(record: Record) -> tuple[str, tuple[int, ...]]:
    """Give what later versions of an object have more of: last update, then version number."""
    version = re.findall(r"\d{1,9}", member_text(record.body, "version")[:40])
    return member_text(record.body, "lastUpdate"), tuple(int(part) for part in version)
