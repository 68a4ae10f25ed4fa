"""What the names in a TMF620 catalogue mean: `mapping.json` bound to the vocabulary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple, cast

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary

_BLANKS: Final = re.compile(r"[\s._\-]+")
_NOT_ALNUM: Final = re.compile(r"[^0-9a-z]+")
_LONGEST_NAME: Final = 120


class Standard(NamedTuple):
    """A standard that a bare characteristic claims, and its name as the catalogue writes it."""

    standard: str
    written: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    match: re.Pattern[str]
    line: Mapping[str, object]


@lru_cache(maxsize=1)
def mapping_data() -> Mapping[str, object]:
    """Read `mapping.json` once."""
    text = files("kgservice_importers.tmf620").joinpath("mapping.json").read_text("utf-8")
    return cast("Mapping[str, object]", json.loads(text))


def words(key: str) -> tuple[str, ...]:
    """Give one list of words of the mapping."""
    return tuple(cast("list[str]", mapping_data()[key]))


def table(key: str) -> Mapping[str, str]:
    """Give one text-to-text table of the mapping."""
    return cast("Mapping[str, str]", mapping_data()[key])


def lines(key: str) -> tuple[Mapping[str, object], ...]:
    """Give one list of objects of the mapping."""
    return tuple(cast("list[Mapping[str, object]]", mapping_data()[key]))


@lru_cache(maxsize=8192)
def spaced(name: str) -> str:
    """Fold a name: lower case, blanks for runs of blanks, dots, dashes and underscores."""
    return _BLANKS.sub(" ", name[:_LONGEST_NAME].casefold()).strip()


def squeezed(name: str) -> str:
    """Fold a name to its ASCII letters and digits, in lower case."""
    return _NOT_ALNUM.sub("", name.casefold())


class Names:
    """Looks up characteristic, role, class and individual names; every answer is remembered."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Bind the mapping to a vocabulary; a line whose property is not there is left out."""
        self._properties = {squeezed(name): info for name, info in vocabulary.properties.items()}
        self._patterns = [
            _Pattern(re.compile(str(line["pattern"])), line) for line in lines("characteristics")
        ]
        self._roles = [(re.compile(text), role) for role, text in table("roles").items()]
        self._certificates = [
            _Pattern(re.compile(str(line["pattern"])), line) for line in lines("certificates")
        ]
        self._classes = _offering_classes(vocabulary)
        self._individuals = {squeezed(name): iri for name, iri in vocabulary.individuals.items()}
        self._individuals |= {spaced(name): iri for name, iri in vocabulary.individuals.items()}
        self.property_of = lru_cache(maxsize=8192)(self._property_of)
        self.role_of = lru_cache(maxsize=8192)(self._role_of)
        self.certificate_of = lru_cache(maxsize=8192)(self._certificate_of)
        self.class_of = lru_cache(maxsize=8192)(self._class_of)

    def _property_of(self, name: str) -> PropertyInfo | None:
        """Find the property that a characteristic of this name states."""
        folded = spaced(name)
        for pattern in self._patterns:
            if pattern.match.fullmatch(folded):
                return self._properties.get(squeezed(str(pattern.line["property"])))
        info = self._properties.get(squeezed(folded)) if folded else None
        return info if info is not None and not info.is_derived else None

    def _role_of(self, name: str) -> str:
        """Find what else a characteristic of this name is about; empty when nothing special."""
        folded = spaced(name)
        return next((role for pattern, role in self._roles if pattern.fullmatch(folded)), "")

    def _certificate_of(self, name: str) -> Standard | None:
        """Read a name such as `ISO/IEC 27001:2022` as the claim to hold a certificate."""
        folded = spaced(name)
        for pattern in self._certificates:
            match = pattern.match.fullmatch(folded)
            if match:
                number = match.groupdict().get("number", "")
                standard = str(pattern.line["standard"]).format(number=number)
                plain = cast("list[str]", pattern.line.get("iso", []))
                return Standard(standard.replace("/IEC", "") if number in plain else standard, name)
        return None

    def _class_of(self, name: str) -> Iri | None:
        """Find the class of offerings that a service type or category names."""
        folded = spaced(name)
        return self._classes.get(squeezed(table("kinds").get(folded, folded)))

    def individual_of(self, text: str) -> Iri | None:
        """Find a named value, such as a format, by its name however it is punctuated."""
        return self._individuals.get(spaced(text)) or self._individuals.get(squeezed(text))


def _offering_classes(vocabulary: Vocabulary) -> dict[str, Iri]:
    """Leave out the classes that are the values of a property: those are no kinds of offering."""
    values = {info.range_class for info in vocabulary.properties.values()}
    found = {squeezed(name): iri for name, iri in vocabulary.classes.items()}
    return {
        name: iri for name, iri in found.items() if iri.value not in values and iri != KG.Offering
    }
