"""Turn characteristics into facts of an offering, by what the vocabulary says of each property."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal, Term, is_valid_iri
from kgservice.model.terms import KG, RDF
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice_importers.tmf620.characteristics import Characteristic, Value, is_token
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.kept import keep
from kgservice_importers.tmf620.mapping import folded, spaced
from kgservice_importers.tmf620.names import Names, Standard
from kgservice_importers.tmf620.parties import ROLES, PartyReader
from kgservice_importers.tmf620.records import Minter
from kgservice_importers.tmf620.values import Finding, ValueReader

_PLACE_ROLES: Final = frozenset({"location", "country", "region", "city", "zone"})
_GPU: Final = re.compile(r"(\d{1,3})\s*[x\u00d7]\s*(.{2,80})")
_LONGEST: Final = 4000
_WIDEST_CHOICE: Final = 100

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
        self._none = folded(names.mapping.words("nothing"))

    def key(self, name: str) -> str:
        """Give what characteristics that state the same have in common."""
        if not self._names.role_of(name):
            info = self._names.property_of(name)
            if info is not None:
                return info.iri.value
        return spaced(name)

    def write(
        self, characteristics: list[list[Characteristic]], provider: Iri | None, draft: Draft
    ) -> Places:
        """State every characteristic that is understood; give those about places, by role."""
        places: Places = {}
        for items in characteristics:
            item = items[0]
            role = self._names.role_of(item.name, item.value_type)
            if role in _PLACE_ROLES:
                for one in items:
                    places.setdefault(role, []).extend(one.values)
                    draft.tell(one.path, one.name, is_mapped=True)
            elif role:
                for one in items:
                    self._special(role, one, provider, draft)
            else:
                self._ordinary(items, draft)
        return places

    def _special(self, role: str, item: Characteristic, provider: Iri | None, draft: Draft) -> None:
        is_mapped = True
        if role in ("configuration", "identifier"):
            keep(item, self._minter, draft)
        elif role in ROLES:
            before = len(draft.problems)
            for value in item.values if provider is not None else ():
                self._parties.state_role(provider, role, value, draft)  # type: ignore[arg-type]
            is_mapped = provider is not None and len(draft.problems) == before
        elif role == "credential":
            is_mapped = self._credential(item, draft)
        else:
            for value in item.values:
                for part in _split("" if value.is_structure else value.text):
                    is_mapped = self._special_part(role, part, value.at, draft) and is_mapped
        draft.tell(item.path, item.name, is_mapped=is_mapped)

    def _credential(self, item: Characteristic, draft: Draft) -> bool:
        """Credentials become documents of their own (`credentials`); what is none is kept."""
        is_one = all(is_token(value.text) for value in item.values)
        if not is_one:
            detail = f"{item.name[:80]!r} holds no credential in JWT form"
            draft.find(Finding("credential-not-read", detail), item.at, "It is kept as it is.")
            keep(item, self._minter, draft)
        return is_one

    def _special_part(self, role: str, text: str, at: str, draft: Draft) -> bool:
        found: Iri | None = None
        if role == "kind":
            found = self._names.class_of(text)
            predicate = RDF.type
            draft.has_kind = draft.has_kind or found is not None
        elif role == "complete":
            info = self._names.property_of(text)
            found = info.iri if info else _PLACE_PROPERTY.get(self._names.role_of(text))
            predicate = KG.completeFor
        else:
            standard = self._names.certificate_of(text)
            if standard is not None:
                self._certificate(standard, draft)
                return True
        if found is not None:
            draft.add(predicate, found)
            return True
        detail = f"{text[:80]!r} is no known {_MEANING.get(role, role)}"
        draft.find(Finding(code="value-unmapped", detail=detail), at)
        return False

    def _ordinary(self, items: list[Characteristic], draft: Draft) -> None:
        item = items[0]
        info = self._names.property_of(item.name)
        if info is not None:
            is_mapped = self._property(info, items, draft)
            for one in items:
                draft.tell(one.path, one.name, is_mapped=is_mapped)
            return
        for one in items:
            standard = self._names.certificate_of(one.name)
            draft.tell(one.path, one.name, is_mapped=standard is not None)
            if standard is None:
                self._unknown(one, draft)
            elif not any(self._values.is_no(value.text) for value in one.values):
                self._certificate(standard, draft)

    def _unknown(self, item: Characteristic, draft: Draft) -> None:
        detail = f"the characteristic {item.name[:80]!r} has no term in the vocabulary"
        finding = Finding(code="characteristic-unmapped", detail=detail, severity=Severity.INFO)
        draft.find(finding, item.at, "It is kept under its own name.")
        keep(item, self._minter, draft)

    def _certificate(self, standard: Standard, draft: Draft) -> None:
        """State a certificate that is merely claimed: no proof comes with a characteristic."""
        node = self._minter.node(draft.subject.value, "certificate", spaced(standard.written))
        draft.add(KG.certificate, node)
        draft.node(node, KG.Certificate, standard=standard.standard)
        draft.title(node, standard.written)
        draft.state(node, KG.scope, draft.subject)
        draft.state(node, KG.evidence, KG.SelfDeclared)

    def _property(self, info: PropertyInfo, items: list[Characteristic], draft: Draft) -> bool:
        """State what characteristics say of one property; whether anything came of it."""
        terms: dict[Term, None] = {}
        is_empty = False
        for value in self._counted(info, items, draft):
            if value.is_structure:
                shown = f"a structure is no value of {info.name}"
                draft.find(Finding(code="value-unmapped", detail=shown), value.at)
            elif info.kind is ValueKind.EXPOSURE and spaced(value.text) in self._none:
                draft.add(KG.completeFor, info.iri)
                is_empty = True
            else:
                self._value(info, value, draft, terms)
        if info.kind is ValueKind.SINGLE and len(terms) > 1:
            several = f"{len(terms)} different values of {info.name}, which can have one only"
            draft.find(Finding(code="value-conflict", detail=several), items[0].at)
            terms = {}
        for term in terms:
            draft.add(info.iri, term)
        if not terms and not is_empty:
            for item in items:
                keep(item, self._minter, draft)
        return bool(terms) or is_empty

    def _counted(
        self, info: PropertyInfo, items: list[Characteristic], draft: Draft
    ) -> tuple[Value, ...]:
        """Of several values of a property that can have one only, take the default's."""
        values = tuple(value for item in items for value in item.values)
        if info.kind is not ValueKind.SINGLE or len(values) < 2:
            return values
        defaults = tuple(value for value in values if value.is_default)
        if len(defaults) != 1:
            return values
        detail = f"{len(values)} values of {info.name}, of which one is the default"
        finding = Finding(code="default-taken", detail=detail, severity=Severity.INFO)
        draft.find(finding, items[0].at, "The default was taken; the others are not facts.")
        return defaults

    def _value(
        self, info: PropertyInfo, value: Value, draft: Draft, terms: dict[Term, None]
    ) -> None:
        if value.is_range:
            self._range(info, value, draft, terms)
            return
        if info.range_class:
            nodes = self._nodes(info, value.text, draft)
            if nodes is not None:
                terms.update(dict.fromkeys(nodes))
                return
        reading = self._values.read(info, value.text, value.unit)
        for finding in reading.findings:
            draft.find(finding, value.at)
        terms.update(dict.fromkeys(reading.terms))

    def _range(
        self, info: PropertyInfo, value: Value, draft: Draft, terms: dict[Term, None]
    ) -> None:
        """A choice of whole numbers has all that are in the range; else its upper end counts."""
        if not value.text:
            detail = f"{value.start!r} is the least of {info.name}; the most is not given"
            draft.find(Finding(code="value-unmapped", detail=detail), value.at)
            return
        upper = self._values.read(info, value.text, value.unit)
        for finding in upper.findings:
            draft.find(finding, value.at)
        if info.kind is ValueKind.CHOICE and info.datatype == XSD + "integer" and value.start:
            lower = self._values.read(info, value.start, value.unit)
            ends = [int(t.value) for t in (*lower.terms, *upper.terms) if isinstance(t, Literal)]
            if len(ends) == 2 and 0 <= ends[1] - ends[0] < _WIDEST_CHOICE:
                numbers = range(ends[0], ends[1] + 1)
                terms.update({Literal(str(number), info.datatype): None for number in numbers})
                return
        terms.update(dict.fromkeys(upper.terms))
        if upper.terms:
            detail = f"the upper end of a range was taken as {info.name}"
            finding = Finding(code="range-reduced", detail=detail, severity=Severity.INFO)
            draft.find(finding, value.at, "It is the most that can be had.")

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


_PLACE_PROPERTY: Final = {"location": KG.location, "owner": KG.owner}
_MEANING: Final = {
    "kind": "kind of service",
    "complete": "property to be complete for",
    "certificates": "certificate",
}


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;]", text[:_LONGEST]) if part.strip()]
