"""What vocabulary statements mean: properties, kinds, named values, units, countries, schemes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TypeVar

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, Term, Triple
from kgservice.model.terms import KG, RDF, RDFS, SKOS
from kgservice.model.vocabulary import (
    Country,
    Membership,
    PropertyInfo,
    Unit,
    ValueKind,
    Vocabulary,
)

_T = TypeVar("_T")
_HIDDEN_LABEL = Iri(SKOS.NS + "hiddenLabel")
_IMPORTED = frozenset({KG.LifecycleStatus, KG.PriceType})
"""Classes of named values that catalogues state although no request can ask for them."""


class Statements:
    """Statements, indexed by subject and predicate and by class."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Index the statements."""
        self._values: defaultdict[tuple[Term, Iri], list[Term]] = defaultdict(list)
        self._pairs: defaultdict[Iri, list[tuple[Term, Term]]] = defaultdict(list)
        for subject, predicate, value in triples:
            self._values[subject, predicate].append(value)
            self._pairs[predicate].append((subject, value))

    def pairs(self, predicate: Iri) -> list[tuple[Iri, Term]]:
        """Give subject and object of a predicate's statements, for subjects that are IRIs."""
        return sorted((s, o) for s, o in self._pairs[predicate] if isinstance(s, Iri))

    def instances(self, kind: Iri) -> list[Iri]:
        """Give the instances of a class, in IRI order."""
        return [subject for subject, value in self.pairs(RDF.type) if value == kind]

    def iri(self, subject: Term, predicate: Iri) -> Iri | None:
        """Give one IRI value, the lowest, or None."""
        found = [v for v in self._values.get((subject, predicate), ()) if isinstance(v, Iri)]
        return min(found, default=None)

    def texts(self, subject: Term, *predicates: Iri) -> tuple[str, ...]:
        """Give the lexical forms of the literal values, each once, in the order stated."""
        found = (
            value.value
            for predicate in predicates
            for value in self._values.get((subject, predicate), ())
            if isinstance(value, Literal)
        )
        return tuple(dict.fromkeys(found))

    def text(self, subject: Term, predicate: Iri, default: str = "") -> str:
        """Give one lexical form or the default."""
        return next(iter(self.texts(subject, predicate)), default)


def read_vocabulary(triples: Iterable[Triple]) -> Vocabulary:
    """Make the value.

    Raises:
        InputError: two units or named values share a name (`vocabulary-ambiguous`).
    """
    graph = Statements(triples)
    properties = {info.name: info for info in _properties(graph)}
    return Vocabulary(
        properties=properties,
        names_by_iri={info.iri.value: info.name for info in properties.values()},
        classes=_named(graph, _kinds(graph)),
        individuals=_named(graph, _individuals(graph)),
        units=_units(graph),
        countries=_countries(graph),
        named_sets=_named_sets(graph),
        level_order=_level_order(graph),
        labels=_labels(graph),
        of_evidence={info.name: info for info in _properties(graph, KG.evidenceKind)},
    )


def _labels(graph: Statements) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for predicate in (SKOS.prefLabel, RDFS.label):
        for subject, value in graph.pairs(predicate):
            if isinstance(value, Literal) and value.language:
                found.setdefault(subject.value, {})[value.language] = value.value
    return found


def _properties(graph: Statements, kinds: Iri = KG.valueKind) -> Iterator[PropertyInfo]:
    for iri, kind in graph.pairs(kinds):
        if not isinstance(kind, Iri):
            continue
        value_type = graph.iri(iri, KG.valueType)
        type_iri = value_type.value if value_type else XSD + "string"
        is_data = type_iri.startswith(XSD)
        yield PropertyInfo(
            iri=iri,
            name=graph.text(iri, KG.requestName, _local(iri)),
            kind=ValueKind(_local(kind)),
            datatype=type_iri if is_data else "",
            range_class="" if is_data else type_iri,
            unit=graph.text(iri, KG.storedUnit),
            is_money=graph.text(iri, KG.isMoney) == "true",
            is_derived=graph.text(iri, KG.isDerived) == "true",
            ends=end.value if (end := graph.iri(iri, KG.measuredAlong)) else "",
        )


def _kinds(graph: Statements) -> list[Iri]:
    """Give kg:Offering and every class below it: what a component can be."""
    narrower: defaultdict[Term, list[Iri]] = defaultdict(list)
    for child, parent in graph.pairs(RDFS.subClassOf):
        narrower[parent].append(child)
    found, queue = {KG.Offering}, [KG.Offering]
    while queue:
        fresh = [kind for kind in narrower[queue.pop()] if kind not in found]
        found.update(fresh)
        queue.extend(fresh)
    return sorted(found)


def _individuals(graph: Statements) -> list[Iri]:
    """Give the named values of the properties that can be asked for, countries apart."""
    asked = (graph.iri(subject, KG.valueType) for subject, _ in graph.pairs(KG.valueKind))
    classes = {*asked, *_IMPORTED} - {KG.Country}
    return [subject for subject, kind in graph.pairs(RDF.type) if kind in classes]


def _named(graph: Statements, things: list[Iri]) -> dict[str, Iri]:
    """Index things by local name, then by notation and other labels where those are still free."""
    found: dict[str, Iri] = {}
    for thing in things:
        _put(found, _local(thing), thing, "named value")
    aliases: dict[str, Iri] = {}
    for thing in things:
        for name in graph.texts(thing, SKOS.notation, SKOS.altLabel):
            if name not in found:
                _put(aliases, name, thing, "named value")
    return found | aliases


def _units(graph: Statements) -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for iri in graph.instances(KG.Unit):
        code = graph.text(iri, KG.unitCode)
        aliases = tuple(a for a in graph.texts(iri, KG.unitAlias) if a != code)
        factor = format(Decimal(graph.text(iri, KG.unitFactor, "1")).normalize(), "f")
        unit = Unit(code, graph.text(iri, KG.unitDimension), factor, aliases)
        for name in (code, *aliases):
            _put(found, name, unit, "unit")
    return found


def _countries(graph: Statements) -> dict[str, Country]:
    found: dict[str, Country] = {}
    for iri in graph.instances(KG.Country):
        names = graph.texts(iri, SKOS.prefLabel, SKOS.altLabel, _HIDDEN_LABEL)
        country = Country(iri, graph.text(iri, KG.alpha2), graph.text(iri, KG.alpha3), names)
        found[iri.value] = country
        for key in (country.alpha2, country.alpha3, *names):
            if key:
                _put(found, key.lower(), country, "country")
    return found


def _named_sets(graph: Statements) -> dict[str, tuple[Membership, ...]]:
    found: dict[str, list[Membership]] = {_local(iri): [] for iri in graph.instances(KG.NamedSet)}
    for named_set, node in graph.pairs(KG.member):
        country = graph.iri(node, KG.memberCountry)
        if country is not None:
            since, until = (_day(graph.text(node, p)) for p in (KG.since, KG.until))
            found.setdefault(_local(named_set), []).append(Membership(country, since, until))
    return {name: tuple(members) for name, members in found.items()}


def _level_order(graph: Statements) -> dict[str, tuple[Iri, ...]]:
    ranked: defaultdict[str, list[tuple[int, Iri]]] = defaultdict(list)
    for level in graph.instances(KG.LabelLevel):
        scheme = graph.iri(level, KG.scheme)
        if scheme is not None:
            ranked[scheme.value].append((int(graph.text(level, KG.levelOrder, "0")), level))
    return {scheme: tuple(level for _, level in sorted(ranked[scheme])) for scheme in ranked}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _local(iri: Iri) -> str:
    return iri.value.rpartition("#")[2].rpartition("/")[2]


def _put(table: dict[str, _T], name: str, value: _T, what: str) -> None:
    if table.setdefault(name, value) != value:
        raise InputError(
            f"Two entries share the name {name!r} as a {what}.",
            code="vocabulary-ambiguous",
            hint="Give one of them another name or alias.",
        )
