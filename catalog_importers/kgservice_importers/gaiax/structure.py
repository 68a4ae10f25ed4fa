"""Add statements in our terms where a Gaia-X document's structure differs from ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import Final

import pyoxigraph as ox

from kgservice.model.rdf import XSD, Iri, Literal, Term, Triple
from kgservice.model.vocabulary import Vocabulary

_KG: Final = "https://w3id.org/kgservice/ns#"
_GIVEN_NAME: Final = "urn:kgservice:importer:givenName"
_CANONICAL: Final = "https://w3id.org/gaia-x/2511#"
_RELEASES: Final = (
    "https://w3id.org/gaia-x/development#",
    "https://registry.lab.gaia-x.eu/development/api/trusted-shape-registry/v1/shapes/jsonld/"
    "trustframework#",
)
_REFERENCE: Final = ox.NamedNode("urn:kgservice:reference")
_DOCUMENT: Final = ox.NamedNode("urn:kgservice:document")


@cache
def _queries() -> tuple[str, ...]:
    folder = resources.files(__package__) / "mapping"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".rq")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


class StructureMap:
    """The mapping queries over one document at a time, beside what the vocabulary knows."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load countries, units and named values into a store in memory."""
        self._store = ox.Store()
        self._store.extend(
            ox.Quad(ox.NamedNode(s), ox.NamedNode(p), o, _REFERENCE)
            for s, p, o in _reference(vocabulary)
        )

    def added(self, triples: Iterable[Triple]) -> tuple[Triple, ...]:
        """Give the statements that the mapping adds to a document without blank nodes."""
        self._store.remove_graph(_DOCUMENT)
        self._store.extend(_quad(triple) for triple in triples)
        found: dict[Triple, None] = {}
        for text in _queries():
            answer = self._store.query(text, use_default_graph_as_union=True)
            if isinstance(answer, ox.QueryTriples):
                for result in answer:
                    found[_triple(result)] = None
        return tuple(sorted(found))


def can_be_stored(triple: Triple) -> bool:
    """Say whether an engine takes the statement: RFC 3987 and BCP 47 ask more than JSON-LD does."""
    try:
        _quad(triple)
    except ValueError:
        return False
    return True


def _reference(vocabulary: Vocabulary) -> Iterator[tuple[str, str, ox.Literal]]:
    for country in {c.iri.value: c for c in vocabulary.countries.values()}.values():
        yield country.iri.value, _KG + "alpha2", ox.Literal(country.alpha2.upper())
        yield country.iri.value, _KG + "alpha3", ox.Literal(country.alpha3.upper())
    for unit in {u.code: u for u in vocabulary.units.values()}.values():
        node = "urn:kgservice:unit:" + unit.code.encode().hex()
        try:
            factor = format(Decimal(unit.factor), "f")
        except InvalidOperation:
            continue
        yield node, _KG + "unitFactor", ox.Literal(factor, datatype=ox.NamedNode(XSD + "decimal"))
        for alias in {unit.code, *unit.aliases}:
            yield node, _KG + "unitAlias", ox.Literal(alias)
    for name, iri in vocabulary.individuals.items():
        yield iri.value, _GIVEN_NAME, ox.Literal(name.lower())


def _quad(triple: Triple) -> ox.Quad:
    subject, predicate, value = triple
    return ox.Quad(
        _resource(subject), ox.NamedNode(_read_as(predicate.value)), _ox(value), _DOCUMENT
    )


def _resource(term: Term) -> ox.NamedNode:
    if not isinstance(term, Iri):
        raise TypeError("blank nodes are skolemised before the structure is mapped")
    return ox.NamedNode(_read_as(term.value))


def _ox(term: Term) -> ox.NamedNode | ox.Literal:
    if not isinstance(term, Literal):
        return _resource(term)
    if term.language:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))


def _read_as(iri: str) -> str:
    for release in _RELEASES:
        if iri.startswith(release):
            return _CANONICAL + iri.removeprefix(release)
    return iri


def _triple(found: ox.Triple) -> Triple:
    subject, value = found.subject, found.object
    if not isinstance(subject, ox.NamedNode):
        raise TypeError("a mapping query makes IRIs only")
    return Triple(Iri(subject.value), Iri(found.predicate.value), _term(value))


def _term(value: object) -> Term:
    if isinstance(value, ox.NamedNode):
        return Iri(value.value)
    if isinstance(value, ox.Literal):
        return Literal(value.value, value.datatype.value, value.language or "")
    raise TypeError("a mapping query makes IRIs and literals only")
