"""Turn characteristics into facts of an offering, by what the vocabulary says of each property."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal, Term, is_valid_iri
from kgservice.model.terms import KG, RDF
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice_importers.tmf620.characteristics import Characteristic, Value
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.names import Names, Standard, spaced, words
from kgservice_importers.tmf620.parties import PartyReader
from kgservice_importers.tmf620.records import Minter
from kgservice_importers.tmf620.values import Finding, ValueReader

_PLACE_ROLES: Final = frozenset({"location", "country", "region", "city", "zone"})
_PARTY_ROLES: Final = frozenset({"headquarters", "parent", "owner"})
_GPU: Final = re.compile(r"(\d{1,3})\s*[x\u00d7]\s*(.{2,80})")
_LONGEST: Final = 4000

Places: TypeAlias = dict[str, list[Value]]


class FactWriter:
    """Writes the facts of offerings."""

    def __init__(
        self, names: Names, values: ValueReader, parties: PartyReader, minter: Minter
    ) -> None:
        """Bind to the readers."""
        self._names = names
        self._values = values
        self._parties = parties
        self._minter = minter
        self._none = frozenset(words("none"))

    def write(
        self, characteristics: list[Characteristic], provider: Iri | None, draft: Draft
    ) -> Places:
        """State every characteristic that is understood; give those about places, by role."""
        places: Places = {}
        for item in characteristics:
            role = self._names.role_of(item.name)
            if role in _PLACE_ROLES:
                places.setdefault(role, []).extend(item.values)
            elif role in _PARTY_ROLES:
                for value in item.values:
                    if provider is not None:
                        self._parties.state_role(provider, role, value, draft)
            elif role:
                self._special(role, item, draft)
            else:
                self._ordinary(item, draft)
        return places

    def _special(self, role: str, item: Characteristic, draft: Draft) -> None:
        if role == "credential":
            draft.find(
                Finding(
                    code="credential-not-read",
                    detail=f"{item.name[:80]!r} holds a credential, kept unread",
                    severity=Severity.INFO,
                ),
                item.at,
                "It stays in the document's bytes.",
            )
            return
        for value in item.values:
            for part in _split(value.text):
                self._special_part(role, part, value.at, draft)

    def _special_part(self, role: str, text: str, at: str, draft: Draft) -> None:
        found: Iri | None = None
        if role == "kind":
            found = self._names.class_of(text)
            predicate = RDF.type
        elif role == "complete":
            info = self._names.property_of(text)
            found = info.iri if info else _PLACE_PROPERTY.get(self._names.role_of(text))
            predicate = KG.completeFor
        else:
            standard = self._names.certificate_of(text)
            if standard is not None:
                self._certificate(standard, draft)
                return
        if found is not None:
            draft.add(predicate, found)
            return
        detail = f"{text[:80]!r} is no known {_MEANING[role]}"
        draft.find(Finding(code="value-unmapped", detail=detail), at)

    def _ordinary(self, item: Characteristic, draft: Draft) -> None:
        info = self._names.property_of(item.name)
        if info is not None:
            self._property(info, item, draft)
            return
        standard = self._names.certificate_of(item.name)
        if standard is not None:
            if not any(self._values.is_no(value.text) for value in item.values):
                self._certificate(standard, draft)
            return
        detail = f"the characteristic {item.name[:80]!r} has no term in the vocabulary"
        finding = Finding(code="characteristic-unmapped", detail=detail, severity=Severity.INFO)
        draft.find(finding, item.at, "It stays in the document's bytes.")

    def _certificate(self, standard: Standard, draft: Draft) -> None:
        """State a certificate that is merely claimed: no proof comes with a characteristic."""
        node = self._minter.node(draft.subject.value, "certificate", spaced(standard.written))
        draft.add(KG.certificate, node)
        draft.node(node, KG.Certificate, standard=standard.standard)
        draft.title(node, standard.written)
        draft.state(node, KG.scope, draft.subject)
        draft.state(node, KG.evidence, KG.SelfDeclared)

    def _property(self, info: PropertyInfo, item: Characteristic, draft: Draft) -> None:
        terms: dict[Term, None] = {}
        for value in self._counted(info, item, draft):
            if value.is_structure or value.text == "":
                shown = f"a structure is no value of {info.name}"
                draft.find(Finding(code="value-unmapped", detail=shown), value.at)
            elif info.kind is ValueKind.EXPOSURE and spaced(value.text) in self._none:
                draft.add(KG.completeFor, info.iri)
            else:
                self._value(info, value, draft, terms)
        if info.kind is ValueKind.SINGLE and len(terms) > 1:
            several = f"{len(terms)} different values of {info.name}, which can have one only"
            draft.find(Finding(code="value-conflict", detail=several), item.at)
            return
        for term in terms:
            draft.add(info.iri, term)

    def _counted(self, info: PropertyInfo, item: Characteristic, draft: Draft) -> tuple[Value, ...]:
        """Of several values of a property that can have one only, take the default's."""
        if info.kind is not ValueKind.SINGLE or len(item.values) < 2:
            return item.values
        defaults = tuple(value for value in item.values if value.is_default)
        if len(defaults) != 1:
            return item.values
        detail = f"{len(item.values)} values of {info.name}, of which one is the default"
        finding = Finding(code="default-taken", detail=detail, severity=Severity.INFO)
        draft.find(finding, item.at, "The default was taken; the others are not facts.")
        return defaults

    def _value(
        self, info: PropertyInfo, value: Value, draft: Draft, terms: dict[Term, None]
    ) -> None:
        if info.range_class:
            nodes = self._nodes(info, value.text, draft)
            if nodes is not None:
                terms.update(dict.fromkeys(nodes))
                return
        reading = self._values.read(info, value.text, value.unit)
        for finding in reading.findings:
            draft.find(finding, value.at)
        terms.update(dict.fromkeys(reading.terms))
        if value.upto and reading.terms:
            detail = f"the upper end of a range was taken as {info.name}"
            draft.find(
                Finding(code="range-reduced", detail=detail, severity=Severity.INFO),
                value.at,
                _UPPER,
            )

    def _nodes(self, info: PropertyInfo, text: str, draft: Draft) -> list[Iri] | None:
        """Give the nodes of a value that names parties, offerings or graphics processors."""
        if info.range_class == KG.Provider.value:
            return self._parties.listed(text, draft)
        if info.range_class == KG.Offering.value:
            return [
                Iri(part) for part in _split(text) if part.startswith("urn:") and is_valid_iri(part)
            ]
        if info.range_class == KG.Gpu.value:
            match = _GPU.fullmatch(text)
            if match:
                node = self._minter.node(draft.subject.value, "gpu", spaced(text))
                draft.node(node, KG.Gpu, model=match.group(2))
                count = str(int(match.group(1)))
                draft.state(node, KG.count, Literal(count, XSD + "integer"))
                return [node]
        return None


_UPPER: Final = "It is the most that can be had."
_PLACE_PROPERTY: Final = {"location": KG.location, "owner": KG.owner}
_MEANING: Final = {
    "kind": "kind of service",
    "complete": "property to be complete for",
    "certificates": "certificate",
}


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;]", text[:_LONGEST]) if part.strip()]
