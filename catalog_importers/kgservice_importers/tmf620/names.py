"""What the names in a TMF620 catalogue mean: the mapping files bound to the vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice_importers.tmf620.mapping import Line, MappingTable, spaced, squeezed

_REMEMBERED: Final = 8192


class Standard(NamedTuple):
    """A standard that a bare characteristic claims, and its name as the catalogue writes it."""

    standard: str
    written: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    match: re.Pattern[str]
    line: Line


class Names:
    """Looks up characteristic, role, class and individual names; every answer is remembered."""

    def __init__(self, mapping: MappingTable, vocabulary: Vocabulary) -> None:
        """Bind the mapping to a vocabulary; a line whose property is not there is left out."""
        self.mapping = mapping
        self._properties = {squeezed(name): info for name, info in vocabulary.properties.items()}
        self._patterns = mapping.patterns("properties")
        self._roles = mapping.patterns("roles")
        self._terms = mapping.patterns("patterns")
        self._certificates = _compiled(mapping, "certificate")
        self._licences = _compiled(mapping, "licence")
        self._types = mapping.inverse("value-types")
        self._classes = _offering_classes(vocabulary)
        self._individuals = {squeezed(name): iri for name, iri in vocabulary.individuals.items()}
        self._individuals |= {spaced(name): iri for name, iri in vocabulary.individuals.items()}
        self.property_of = lru_cache(maxsize=_REMEMBERED)(self._property_of)
        self.role_of = lru_cache(maxsize=_REMEMBERED)(self._role_of)
        self.certificate_of = lru_cache(maxsize=_REMEMBERED)(self._certificate_of)
        self.class_of = lru_cache(maxsize=_REMEMBERED)(self._class_of)
        self.licence_of = lru_cache(maxsize=_REMEMBERED)(self._licence_of)

    def _property_of(self, name: str) -> PropertyInfo | None:
        """Find the property that a characteristic of this name states."""
        folded = spaced(name)
        for pattern, ours in self._patterns:
            if pattern.fullmatch(folded):
                return self._properties.get(squeezed(ours))
        info = self._properties.get(squeezed(folded)) if folded else None
        return info if info is not None and not info.is_derived else None

    def _role_of(self, name: str, value_type: str = "") -> str:
        """Find what else a characteristic of this name is about; empty when nothing special."""
        folded = spaced(name)
        found = next((role for pattern, role in self._roles if pattern.fullmatch(folded)), "")
        return found or (self._types.get(spaced(value_type), "") if value_type else "")

    def _certificate_of(self, name: str) -> Standard | None:
        """Read a name such as `ISO/IEC 27001:2022` as the claim to hold a certificate."""
        folded = spaced(name)
        for pattern in self._certificates:
            match = pattern.match.fullmatch(folded)
            if match:
                number = match.groupdict().get("number") or ""
                standard = str(pattern.line["standard"]).replace("{number}", number)
                is_plain = number and number in pattern.line.get("plain-iso", ())
                return Standard(standard.replace("/IEC", "") if is_plain else standard, name)
        return None

    def _licence_of(self, name: str) -> str | None:
        """Give the IRI of the licence that a term's name is; empty when it is an unknown one."""
        folded = spaced(name)
        for pattern in self._licences:
            if pattern.match.fullmatch(folded):
                return str(pattern.line.get("iri", ""))
        return None

    def is_terms_document(self, name: str) -> bool:
        """Say whether an attached document of this name holds terms."""
        folded = spaced(name)
        return any(pattern.fullmatch(folded) for pattern, _ in self._terms)

    def _class_of(self, name: str) -> Iri | None:
        """Find the class of offerings that a service type or category names."""
        folded = spaced(name)
        ours = self.mapping.meaning("kinds", folded) or folded
        return self._classes.get(squeezed(ours))

    def individual_of(self, text: str) -> Iri | None:
        """Find a named value, such as a format, by its name however it is punctuated."""
        return self._individuals.get(spaced(text)) or self._individuals.get(squeezed(text))


def _compiled(mapping: MappingTable, section: str) -> list[_Pattern]:
    found = mapping.lines.get(section, ())
    return [_Pattern(re.compile(str(line["pattern"])), line) for line in found if "pattern" in line]


def _offering_classes(vocabulary: Vocabulary) -> dict[str, Iri]:
    """Leave out the classes that are the values of a property: those are no kinds of offering."""
    values = {info.range_class for info in vocabulary.properties.values()}
    found = {squeezed(name): iri for name, iri in vocabulary.classes.items()}
    return {
        name: iri for name, iri in found.items() if iri.value not in values and iri != KG.Offering
    }
