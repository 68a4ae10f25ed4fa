"""Turn one product offering, with all it links to, into statements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice_importers.tmf620.categories import CategoryReader
from kgservice_importers.tmf620.characteristics import CharacteristicReader, merge, read_terms
from kgservice_importers.tmf620.conditions import TermReader
from kgservice_importers.tmf620.draft import Draft, schema
from kgservice_importers.tmf620.facts import FactWriter, Places
from kgservice_importers.tmf620.finished import Finisher
from kgservice_importers.tmf620.json_tree import Object, as_object, member_text, objects
from kgservice_importers.tmf620.linked import Joined, Joiner
from kgservice_importers.tmf620.mapping import mapping_of, spaced
from kgservice_importers.tmf620.members import MemberReader
from kgservice_importers.tmf620.moments import date_time, is_past
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.parties import PartyReader
from kgservice_importers.tmf620.places import PlaceReader
from kgservice_importers.tmf620.prices import PriceReader
from kgservice_importers.tmf620.records import Index, Minter, Record, reference_id
from kgservice_importers.tmf620.roles import ProviderFinder
from kgservice_importers.tmf620.signed import signed_document
from kgservice_importers.tmf620.values import Finding, ValueReader

_MOST: Final = 300
HAS_PART: Final = Iri(DCTERMS.NS + "hasPart")
"""A bundle's offerings (DCMI Metadata Terms)."""


class OfferingReader:
    """Reads offerings, organizations and categories of one source."""

    def __init__(self, context: ImportContext, index: Index, now: datetime | None = None) -> None:
        """Bind the mapping to the vocabulary, and to the objects of the source.

        Raises:
            InputError: a mapping file of the catalogue cannot be used (`mapping-invalid`).
        """
        self.mapping = mapping_of(context)
        self._minter = Minter(context.base_iri, context.catalog)
        names = Names(self.mapping, context.vocabulary)
        values = ValueReader(names, context.vocabulary)
        self._names = names
        self._lifecycles = self.mapping.inverse("lifecycle")
        self._relations = self.mapping.inverse("relations")
        self._joiner = Joiner(index, self.mapping)
        self._members = MemberReader(self.mapping)
        self._characteristics = CharacteristicReader(self.mapping)
        self._parties = PartyReader(names, values, self._minter)
        self._now = now or datetime.now(UTC)
        self._prices = PriceReader(names, values, self._minter, self._now)
        self._facts = FactWriter(names, values, self._parties, self._minter)
        self._places = PlaceReader(values, self._minter)
        self._terms = TermReader(names, self._places, self._minter)
        self._categories = CategoryReader(names, self._minter)
        owner = context.options.get("owner", "")
        self._provider = ProviderFinder(self.mapping, index, self._minter, owner)
        self._finisher = Finisher(self.mapping)

    def organization(self, identifier: str, record: Record) -> SourceDocument:
        """Give the document of an organization."""
        draft = Draft(self._minter.iri("organization", identifier))
        self._parties.describe(record, draft)
        return self._finisher.single(record, draft)

    def category(self, identifier: str, record: Record) -> SourceDocument:
        """Give the document of a category."""
        draft = Draft(self._minter.iri("category", identifier))
        self._categories.describe(record, draft)
        return self._finisher.single(record, draft)

    def offering(self, identifier: str, record: Record) -> SourceDocument:
        """Give the document of an offering: its facts, and every object that they come from."""
        draft = Draft(self._minter.iri("productOffering", identifier))
        joined = self._joiner.join(record)
        body = record.body
        draft.add(RDF.type, KG.Offering)
        draft.title(draft.subject, member_text(body, "name"))
        draft.describe(member_text(body, "description"))
        version = member_text(body, "version")
        if version:
            draft.add(KG.offeringVersion, Literal(version))
        self._lifecycle(record, draft)
        self._validity(body, draft)
        self._related(body, draft)
        self._specification(joined, draft)
        provider = self._provider.find(joined, draft)
        rest = self._characterise(joined, provider, draft)
        self._categories.read(joined, draft)
        self._places.state(rest, body.get("place"), record.at, draft)
        self._terms.read(joined, draft)
        self._prices.read(joined.prices, f"{record.at}/productOfferingPrice", draft)
        document = self._finisher.offering(joined, draft)
        return document if record.signed is None else signed_document(document, record.signed)

    def _lifecycle(self, record: Record, draft: Draft) -> None:
        """State the status; what is not sold by itself, or has another status, is not on offer."""
        reason = self._withdrawn(record.body)
        if reason is not None:
            member, finding = reason
            draft.add(KG.lifecycleStatus, KG.NotOnOffer)
            draft.find(finding, f"{record.at}/{member}", "It is known, but not on offer.")
            return
        written = member_text(record.body, "lifecycleStatus")
        if not written:
            return
        known = self._lifecycles.get(spaced(written)) or written
        status = self._names.individual_of(known)
        draft.add(KG.lifecycleStatus, status or KG.NotOnOffer)
        if status is None:
            finding = Finding("value-unmapped", f"{written[:40]!r} is no known lifecycle")
            at = f"{record.at}/lifecycleStatus"
            draft.find(finding, at, "It is known, but not on offer.")

    def _withdrawn(self, body: Object) -> tuple[str, Finding] | None:
        if member_text(body, "isSellable").casefold() == "false":
            return "isSellable", Finding("not-sold-alone", "isSellable is false", Severity.INFO)
        end = member_text(as_object(body.get("validFor")), "endDateTime")
        if is_past(end, self._now):
            detail = f"the offering ended on {end[:10]}"
            return "validFor", Finding("offering-ended", detail, Severity.INFO)
        return None

    def _validity(self, body: Object, draft: Draft) -> None:
        period = as_object(body.get("validFor"))
        for name, predicate in (("startDateTime", KG.validFrom), ("endDateTime", KG.validUntil)):
            moment = date_time(member_text(period, name))
            if moment:
                draft.add(predicate, Literal(moment, XSD + "dateTime"))

    def _related(self, body: Object, draft: Draft) -> None:
        """State the parts of a bundle, and what else the offering is related to."""
        for _, item in objects(body.get("bundledProductOffering"))[:_MOST]:
            identifier = reference_id(item)
            if identifier:
                draft.add(RDF.type, KG.Bundle)
                draft.add(HAS_PART, self._minter.iri("productOffering", identifier))
        for _, item in objects(body.get("productOfferingRelationship"))[:_MOST]:
            identifier = reference_id(item)
            written = spaced(member_text(item, "relationshipType", "role"))
            predicate = self._relations.get(written, DCTERMS.NS + "relation")
            if identifier:
                draft.add(Iri(predicate), self._minter.iri("productOffering", identifier))

    def _specification(self, joined: Joined, draft: Draft) -> None:
        """State what the offering offers: labels are given to specifications (DOME)."""
        reference = joined.offering.body.get("productSpecification")
        if reference is None:
            return
        identifier = reference_id(as_object(reference))
        if identifier:
            specification = self._minter.iri("productSpecification", identifier)
            draft.add(schema("itemOffered"), specification)
            if joined.specification is not None:
                draft.title(specification, member_text(joined.specification.body, "name"))
        if joined.specification is None:
            name = identifier[:80] or member_text(as_object(reference), "name")[:80]
            finding = Finding("link-missing", f"the specification {name!r} is not in the source")
            at = f"{joined.offering.at}/productSpecification"
            hint = "The offering is kept; what the specification says is unknown."
            draft.find(finding, at, hint)

    def _characterise(self, joined: Joined, provider: Iri | None, draft: Draft) -> Places:
        offering, specification = joined.offering, joined.specification
        read = self._characteristics.read
        layers = [
            read(offering.body, offering.at),
            read_terms(offering.body, offering.at),
            self._members.read("productOffering", offering, "", draft),
        ]
        if specification is not None:
            below = "productSpecification"
            layers.append(read(specification.body, specification.at, below))
            layers.append(self._members.read(below, specification, below, draft))
        for part in joined.parts:
            layers.append(read(part.body, part.at, f"productSpecification/{part.resource}"))
        return self._facts.write(merge(self._facts.key, *layers), provider, draft)
