"""Turn one product offering, with all it links to, into statements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.errors import Severity
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice_importers.tmf620.characteristics import merge, read_characteristics, read_terms
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.facts import FactWriter, Places
from kgservice_importers.tmf620.json_tree import Object, as_object, member_text, objects
from kgservice_importers.tmf620.names import Names, spaced, table, words
from kgservice_importers.tmf620.parties import PartyReader
from kgservice_importers.tmf620.places import PlaceReader
from kgservice_importers.tmf620.prices import PriceReader
from kgservice_importers.tmf620.records import Index, Minter, Record, parties
from kgservice_importers.tmf620.values import Finding, ValueReader

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)?")
_MOST_SPECIFICATIONS: Final = 50
_MEDIA_TYPE: Final = "application/json"
HAS_PART: Final = Iri(DCTERMS.NS + "hasPart")
"""A bundle's offerings (DCMI Metadata Terms)."""


@dataclass(frozen=True, slots=True)
class _Joined:
    """The objects that an offering's facts come from."""

    offering: Record
    specification: Record | None
    parts: tuple[Record, ...]
    catalogs: tuple[Record, ...]
    categories: tuple[Record, ...]


class OfferingReader:
    """Reads offerings and organizations of one source."""

    def __init__(self, context: ImportContext, index: Index) -> None:
        """Bind the mapping to the vocabulary, and to the objects of the source."""
        self._index = index
        self._minter = Minter(context.base_iri, context.catalog)
        names = Names(context.vocabulary)
        values = ValueReader(names, context.vocabulary)
        self._names = names
        self._parties = PartyReader(names, values, self._minter)
        self._prices = PriceReader(names, values, index, self._minter)
        self._facts = FactWriter(names, values, self._parties, self._minter)
        self._places = PlaceReader(values, self._minter)
        self._owner = _catalogue_owner(index)

    def organization(self, identifier: str, record: Record) -> SourceDocument:
        """Give the document of an organization."""
        draft = Draft(self._minter.iri("organization", identifier))
        self._parties.describe(record, draft)
        return _document(draft, record.content, record.body)

    def offering(self, identifier: str, record: Record) -> SourceDocument:
        """Give the document of an offering: its facts, and every object that they come from."""
        draft = Draft(self._minter.iri("productOffering", identifier))
        joined = self._join(record, draft)
        body = record.body
        draft.add(RDF.type, KG.Offering)
        draft.title(draft.subject, member_text(body, "name"))
        draft.describe(member_text(body, "description"))
        version = member_text(body, "version")
        if version:
            draft.add(KG.offeringVersion, Literal(version))
        self._lifecycle(record, draft)
        self._parts_of_bundle(body, draft)
        provider = self._provider(joined, draft)
        rest = self._characteristics(joined, provider, draft)
        self._categories(joined, draft)
        self._places.state(rest, body.get("place"), record.at, draft)
        prices = self._prices.read(record, draft)
        return _document(draft, _content(joined, prices), body)

    def _join(self, record: Record, draft: Draft) -> _Joined:
        reference = record.body.get("productSpecification")
        at = f"{record.at}/productSpecification"
        specification = None
        if reference is not None:
            specification = self._index.follow("productSpecification", reference, at)
            if specification is None:
                name = member_text(as_object(reference), "id", "name")[:80]
                draft.find(
                    Finding(
                        code="link-missing",
                        detail=f"the specification {name!r} is not in the source",
                    ),
                    at,
                    "The offering is kept; what the specification says is unknown.",
                )
        parts = self._follow_all(specification, words("specifications"))
        categories = self._follow_all(record, ("category",))
        catalogs = () if self._owner is None else (self._owner,)
        return _Joined(record, specification, parts, catalogs, categories)

    def _follow_all(self, record: Record | None, members: tuple[str, ...]) -> tuple[Record, ...]:
        if record is None:
            return ()
        followed = (
            self._index.follow(name, item, f"{record.at}/{name}/{position}")
            for name in members
            for position, item in objects(record.body.get(name))[:_MOST_SPECIFICATIONS]
        )
        return tuple(found for found in followed if found is not None)

    def _lifecycle(self, record: Record, draft: Draft) -> None:
        written = member_text(record.body, "lifecycleStatus")
        known = table("lifecycle").get(spaced(written))
        status = self._names.individual_of(known or written) if written else None
        if status is not None:
            draft.add(KG.lifecycleStatus, status)
        elif written:
            draft.find(
                Finding(code="value-unmapped", detail=f"{written[:40]!r} is no known lifecycle"),
                f"{record.at}/lifecycleStatus",
            )

    def _parts_of_bundle(self, body: Object, draft: Draft) -> None:
        for _, item in objects(body.get("bundledProductOffering")):
            identifier = member_text(item, "id")
            if identifier:
                draft.add(HAS_PART, self._minter.iri("productOffering", identifier))

    def _provider(self, joined: _Joined, draft: Draft) -> Iri | None:
        """Find the seller, else the owner: of specification, offering, catalogue in this order."""
        layers = [joined.specification, joined.offering, *joined.catalogs]
        for role in words("providerRoles"):
            for layer in layers:
                if layer is None:
                    continue
                for party in parties(layer):
                    identifier = member_text(party, "id", "name")
                    if identifier and spaced(member_text(party, "role")) == role:
                        return self._state_provider(identifier, party, draft)
        draft.find(
            Finding(code="provider-unknown", detail="no related party is seller or owner"),
            joined.offering.at,
            "The offering is kept; its provider is unknown.",
        )
        return None

    def _state_provider(self, identifier: str, party: Object, draft: Draft) -> Iri:
        provider = self._minter.iri("organization", identifier)
        draft.add(KG.provider, provider)
        if self._index.get("organization", identifier) is None:
            draft.state(provider, RDF.type, KG.Provider)
            draft.title(provider, member_text(party, "name"))
        return provider

    def _characteristics(self, joined: _Joined, provider: Iri | None, draft: Draft) -> Places:
        offering = joined.offering
        layers = [
            read_characteristics(offering.body, offering.at),
            read_terms(offering.body, offering.at),
        ]
        for layer in (joined.specification, *joined.parts):
            if layer is not None:
                layers.append(read_characteristics(layer.body, layer.at))
        return self._facts.write(merge(*layers), provider, draft)

    def _categories(self, joined: _Joined, draft: Draft) -> None:
        """A category names the kind when no service type did."""
        if draft.count(RDF.type) > 1:
            return
        names = [
            member_text(item, "name") for _, item in objects(joined.offering.body.get("category"))
        ]
        names += [member_text(category.body, "name") for category in joined.categories]
        kinds = {self._names.class_of(name) for name in names if name} - {None}
        for kind in kinds:
            if kind is not None:
                draft.add(RDF.type, kind)
        if not kinds:
            draft.find(
                Finding(
                    code="offering-kind-unknown",
                    detail="no service type or category names a kind of service",
                    severity=Severity.INFO,
                ),
                joined.offering.at,
                "It is an offering of unknown kind.",
            )


def _catalogue_owner(index: Index) -> Record | None:
    """The catalogue of the source when there is one only: its owner provides by default."""
    catalogs = index.all("catalog")
    return catalogs[0][1] if len(catalogs) == 1 else None


def _content(joined: _Joined, prices: list[Record]) -> bytes:
    """Write the offering with all that its statements come from, so that the hash covers it."""
    specification = (joined.specification,) if joined.specification is not None else ()
    members = (
        ("catalog", joined.catalogs),
        ("category", joined.categories),
        ("productOffering", (joined.offering,)),
        ("productOfferingPrice", prices),
        ("productSpecification", specification),
        ("specification", joined.parts),
    )
    written = (
        b'"%s":[%s]' % (name.encode(), b",".join(record.content for record in records))
        for name, records in ((name, [r for r in found if r.content]) for name, found in members)
        if records
    )
    return b"{" + b",".join(written) + b"}"


def _document(draft: Draft, content: bytes, body: Object) -> SourceDocument:
    modified = member_text(body, "lastUpdate")
    return SourceDocument(
        source_id=draft.subject.value,
        media_type=_MEDIA_TYPE,
        content=content,
        primary=draft.subject,
        own_subjects=frozenset(draft.own),
        triples=tuple(draft.triples),
        problems=tuple(draft.problems),
        modified=modified if _DATE_TIME.fullmatch(modified) else "",
    )
