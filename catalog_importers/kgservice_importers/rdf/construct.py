"""Add statements in our terms by CONSTRUCT queries over one document at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from importlib.resources.abc import Traversable
from typing import Final

import pyoxigraph as ox

from kgservice.model.rdf import XSD, Iri, Literal, Term, Triple
from kgservice.model.vocabulary import Vocabulary

_KG: Final = "https://w3id.org/kgservice/ns#"
_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_GIVEN_NAME: Final = "urn:kgservice:importer:givenName"
_OFFERED: Final = ox.NamedNode("urn:kgservice:importer:OfferingClass")
_REFERENCE: Final = ox.NamedNode("urn:kgservice:reference")
_DOCUMENT: Final = ox.NamedNode("urn:kgservice:document")
_MOST_USES: Final = 50
_ONLY_WITH: Final = re.compile(r"^# Only with: (.*)$", re.M)
_PREFIX: Final = re.compile(r"^PREFIX (\S*?): *<([^>]*)>", re.M)


def _as_it_is(iri: str) -> str:
    return iri


class ConstructMap:
    """The queries of one folder (`*.rq`), beside what the vocabulary knows.

    In the store a query finds the document, and about the vocabulary: countries with `kg:alpha2`
    and `kg:alpha3`, units with `kg:unitAlias` and `kg:unitFactor`, named values with
    `urn:kgservice:importer:givenName` (in lower case), kinds of offerings as
    `urn:kgservice:importer:OfferingClass`.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        folder: Traversable,
        read_as: Callable[[str], str] = _as_it_is,
        facts: Iterable[Triple] = (),
    ) -> None:
        """Load the vocabulary and `facts` into a store in memory.

        Args:
            vocabulary: Countries, units, named values and kinds of offerings.
            folder: Where the queries are.
            read_as: Under which IRI queries see an IRI of the document: releases of a vocabulary
                that differ in their namespace only need one query.
            facts: Further tables that the queries read.
        """
        self._read_as = read_as
        self._queries = tuple(_Query(text) for text in read_queries(folder))
        self._reference = [
            ox.Quad(ox.NamedNode(s), ox.NamedNode(p), o, _REFERENCE)
            for s, p, o in _reference(vocabulary)
        ]
        self._reference += [_quad(triple, _as_it_is, _REFERENCE) for triple in facts]
        self._store = ox.Store()
        self._uses = 0

    def added(self, triples: Iterable[Triple]) -> tuple[Triple, ...]:
        """Give the statements that the queries add to a document without blank nodes.

        About 0.2 ms a query that has something to look for, and 0.02 ms a statement.
        """
        quads = [_quad(triple, self._read_as) for triple in triples]
        used = {quad.predicate.value for quad in quads}
        queries = [query.text for query in self._queries if query.has_work(used)]
        found: dict[Triple, None] = {}
        if queries:
            self._load(quads)
        for text in queries:
            answer = self._store.query(text, use_default_graph_as_union=True)
            if isinstance(answer, ox.QueryTriples):
                for result in answer:
                    found[_triple(result)] = None
        return tuple(sorted(found))

    def _load(self, quads: list[ox.Quad]) -> None:
        """Put a document in the place of the one before.

        A store in memory keeps what was removed until it ends, and walks over it in every query:
        with 2,000 documents one took 12 ms instead of 5. So it is made anew now and then.
        """
        if self._uses % _MOST_USES == 0:
            self._store = ox.Store()
            self._store.extend(self._reference)
        self._uses += 1
        self._store.remove_graph(_DOCUMENT)
        self._store.extend(quads)


class _Query:
    """A query, and the predicates without which it has nothing to look for.

    Those are in its header: `# Only with: odrl:constraint dcterms:type`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        prefixes = dict(_PREFIX.findall(text))
        header = _ONLY_WITH.search(text)
        names = (name.partition(":") for name in (header.group(1).split() if header else ()))
        self._only_with = frozenset(prefixes[prefix] + local for prefix, _, local in names)

    def has_work(self, used: set[str]) -> bool:
        return not self._only_with or not self._only_with.isdisjoint(used)


def read_queries(folder: Traversable) -> tuple[str, ...]:
    """Read the queries of a folder, in the order of their names."""
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".rq")), key=lambda f: f.name)
    return tuple(f.read_text(encoding="utf-8") for f in files)


def can_be_stored(triple: Triple) -> bool:
    """Say whether an engine takes the statement: RFC 3987 and BCP 47 ask more than JSON-LD does."""
    try:
        _quad(triple, _as_it_is)
        for term in triple:
            for text in term:
                text.encode()
    except ValueError:
        return False
    return True


def _reference(
    vocabulary: Vocabulary,
) -> Iterator[tuple[str, str, ox.Literal | ox.NamedNode]]:
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
    for iri in vocabulary.classes.values():
        yield iri.value, _TYPE, _OFFERED


def _quad(
    triple: Triple, read_as: Callable[[str], str], graph: ox.NamedNode = _DOCUMENT
) -> ox.Quad:
    subject, predicate, value = triple
    return ox.Quad(
        _resource(subject, read_as),
        ox.NamedNode(read_as(predicate.value)),
        _ox(value, read_as),
        graph,
    )


def _resource(term: Term, read_as: Callable[[str], str]) -> ox.NamedNode:
    if not isinstance(term, Iri):
        raise TypeError("blank nodes are skolemised before the structure is mapped")
    return ox.NamedNode(read_as(term.value))


def _ox(term: Term, read_as: Callable[[str], str]) -> ox.NamedNode | ox.Literal:
    if not isinstance(term, Literal):
        return _resource(term, read_as)
    if term.language:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))


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
