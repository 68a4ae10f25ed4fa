"""The vocabulary as a value: what a property means, read from `vocab/` by a room that may read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from kgservice.model.rdf import Iri, Triple


class ValueKind(Enum):
    """How many values a property has for one service, and what that means (REQUESTS: meaning)."""

    SINGLE = "Single"
    CHOICE = "Choice"
    FEATURE = "Feature"
    EXPOSURE = "Exposure"


@dataclass(frozen=True, slots=True)
class PropertyInfo:
    """What the vocabulary says of one property.

    Attributes:
        iri: The property.
        name: Its name in YAML requests, such as `monthlyPrice`.
        kind: How its values are to be read.
        datatype: XSD datatype IRI of its values, or empty when they are nodes.
        range_class: Class IRI of its values when they are nodes, else empty.
        unit: Unit code that its numbers are stored in (`GiB`, `ms`, `%`), else empty.
        is_money: Its values are amounts of money.
        is_derived: It is computed when a request is resolved, never imported.
        ends: IRI of the property that leads to the ends between which it is measured, or empty.
        follows: Of a chain (`parent+`): the property that is followed once or more.
        states: Of what is stated with some evidence: the property itself; `iri` is then its own.
        evidence: How strong that evidence is at least, else empty.
    """

    iri: Iri
    name: str
    kind: ValueKind
    datatype: str = ""
    range_class: str = ""
    unit: str = ""
    is_money: bool = False
    is_derived: bool = False
    ends: str = ""
    follows: PropertyInfo | None = None
    states: Iri | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `factor` of the base unit of its `dimension` (GiB: 1073741824 of `By`)."""

    code: str
    dimension: str
    factor: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Country:
    """A country of the EU authority table, with the codes and names people write."""

    iri: Iri
    alpha2: str
    alpha3: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A country's membership of a named set, such as the EEA, from `since` until before `until`."""

    country: Iri
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that `vocab/` defines, in the form that code needs.

    Attributes:
        properties: By request name; `names_by_iri` is the way back.
        classes: Local or given name to class IRI (`PostgreSQL` to `kg:PostgreSQL`).
        individuals: Local name to IRI of named values (formats, extensions, support levels).
        units: By code and by every alias.
        countries: By alpha-2, alpha-3, name (all lower case) and IRI.
        named_sets: Name (`EEA`) to its dated members.
        level_order: Label scheme IRI to its levels, lowest first.
        labels: IRI to language tag to what people call it.
        of_evidence: Properties of evidence, by name, which requests ask of certificates.
        recipes: What recipe files say, as statements.
        shapes: Statements with the node shapes that requests may name.
    """

    properties: Mapping[str, PropertyInfo]
    names_by_iri: Mapping[str, str]
    classes: Mapping[str, Iri]
    individuals: Mapping[str, Iri]
    units: Mapping[str, Unit]
    countries: Mapping[str, Country]
    named_sets: Mapping[str, tuple[Membership, ...]]
    level_order: Mapping[str, tuple[Iri, ...]]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    of_evidence: Mapping[str, PropertyInfo] = field(default_factory=dict)
    recipes: tuple[Triple, ...] = ()
    shapes: tuple[Triple, ...] = ()

    def asked(self, name: str) -> PropertyInfo | None:
        """Give the property that a request calls so, or None."""
        return self.properties.get(name) or self.of_evidence.get(name)

    def asked_iri(self, iri: str) -> PropertyInfo | None:
        """Give the property with an IRI, or None."""
        name = self.names_by_iri.get(iri)
        if name is not None:
            return self.properties[name]
        return next((one for one in self.of_evidence.values() if one.iri.value == iri), None)

    def members(self, set_name: str, on: date) -> tuple[Iri, ...]:
        """Give the countries that belong to a named set on a day, in IRI order.

        Raises:
            KeyError: there is no such set.
        """
        return tuple(
            sorted(
                member.country
                for member in self.named_sets[set_name]
                if (member.since is None or member.since <= on)
                and (member.until is None or on < member.until)
            )
        )
