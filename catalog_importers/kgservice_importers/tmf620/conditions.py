"""Read the terms of an offering: licences, terms of service, restrictions by region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kgservice.model.rdf import Iri, Literal, is_valid_iri
from kgservice.model.terms import DCTERMS, KG, ODRL, RDF
from kgservice_importers.tmf620.draft import Draft, schema
from kgservice_importers.tmf620.json_tree import Object, member_text, objects
from kgservice_importers.tmf620.linked import Joined
from kgservice_importers.tmf620.mapping import Line
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.places import PlaceReader
from kgservice_importers.tmf620.records import Minter
from kgservice_importers.tmf620.values import Finding

_LONGEST: Final = 8000
_MOST: Final = 300
_URL: Final = ("https://", "http://")
HAS_POLICY: Final = Iri(ODRL.NS + "hasPolicy")
_PAGE: Final = Iri("http://xmlns.com/foaf/0.1/page")


def _odrl(name: str) -> Iri:
    return Iri(ODRL.NS + name)


class TermReader:
    """Reads contract terms and attached documents."""

    def __init__(self, names: Names, places: PlaceReader, minter: Minter) -> None:
        """Bind to the mapping; restrictions are the lines of its section `term`."""
        self._names = names
        self._places = places
        self._minter = minter
        self._restrictions = {
            str(line["type"]): line
            for line in names.mapping.lines.get("term", ())
            if "type" in line
        }

    def read(self, joined: Joined, draft: Draft) -> None:
        """State the terms of an offering."""
        for position, item in objects(joined.offering.body.get("productOfferingTerm"))[:_MOST]:
            at = f"{joined.offering.at}/productOfferingTerm/{position}"
            line = self._restriction(item)
            if line is not None:
                self._restrict(item, line, at, draft)
            elif "duration" not in item:
                self._worded(item, draft)
        for layer in (joined.offering, joined.specification):
            if layer is not None:
                self._attached(layer.body, draft)

    def _restriction(self, item: Object) -> Line | None:
        return self._restrictions.get(member_text(item, "@type", "type"))

    def _worded(self, item: Object, draft: Draft) -> None:
        """A term that has a name, and perhaps words: a licence, or terms of service."""
        name = member_text(item, "name")
        licence = self._names.licence_of(name) if name else None
        text = member_text(item, "description")
        if licence:
            draft.add(DCTERMS.license, Iri(licence))
        elif licence is not None:
            draft.add(Iri(DCTERMS.NS + "rights"), Literal(name[:_LONGEST]))
        elif name:
            whole = f"{name}: {text}" if text else name
            draft.add(schema("termsOfService"), Literal(whole[:_LONGEST]))
            return
        if text:
            draft.add(schema("termsOfService"), Literal(text[:_LONGEST]))

    def _attached(self, body: Object, draft: Draft) -> None:
        for _, item in objects(body.get("attachment"))[:_MOST]:
            url = member_text(item, "url")
            if url.startswith(_URL) and len(url) < _LONGEST and is_valid_iri(url):
                is_terms = self._names.is_terms_document(member_text(item, "name"))
                draft.add(KG.termsDocument if is_terms else _PAGE, Iri(url))

    def _restrict(self, item: Object, line: Line, at: str, draft: Draft) -> None:
        """State a restriction as an ODRL offer: who, or which countries, may and may not."""
        policy = self._minter.node(draft.subject.value, "term", at.partition("#")[2])
        rules = 0
        for rule, key in (("permission", "permitted"), ("prohibition", "prohibited")):
            countries = list(self._countries(item, line.get(key, ()), at, draft))
            parties = list(self._parties(item, line.get(f"{key}-party", ())))
            for operand, values in (("spatial", countries), ("recipient", parties)):
                if values:
                    rules += 1
                    node = self._minter.node(policy.value, rule, operand)
                    draft.state(policy, _odrl(rule), node)
                    self._rule(node, str(line["action"]), operand, values, draft)
        if rules:
            draft.add(HAS_POLICY, policy)
            draft.state(policy, RDF.type, ODRL.Offer)
            draft.state(policy, ODRL.target, draft.subject)

    def _rule(
        self, node: Iri, action: str, operand: str, values: Iterable[Iri], draft: Draft
    ) -> None:
        constraint = self._minter.node(node.value, "constraint")
        draft.state(node, _odrl("action"), Iri(action))
        draft.state(node, _odrl("constraint"), constraint)
        draft.state(constraint, _odrl("leftOperand"), _odrl(operand))
        draft.state(constraint, _odrl("operator"), _odrl("isAnyOf"))
        for value in values:
            draft.state(constraint, _odrl("rightOperand"), value)

    def _countries(
        self, item: Object, members: Iterable[str], at: str, draft: Draft
    ) -> Iterator[Iri]:
        for member in members:
            for position, place in objects(item.get(member))[:_MOST]:
                country = self._places.country_of(place)
                if country is not None:
                    yield country
                    continue
                shown = member_text(place, "id", "href", "country", "name")[:80]
                finding = Finding("value-unmapped", f"{shown!r} is no known country")
                draft.find(finding, f"{at}/{member}/{position}", "This region was left out.")

    def _parties(self, item: Object, members: Iterable[str]) -> Iterator[Iri]:
        for member in members:
            for _, party in objects(item.get(member))[:_MOST]:
                identifier = member_text(party, "id")
                if identifier:
                    yield self._minter.iri("organization", identifier)
