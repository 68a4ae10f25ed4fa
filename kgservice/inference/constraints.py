"""The whitelisted constraint components of SHACL, each compiled to a test of values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from kgservice.inference.literals import can_compare, compare, is_well_formed, knows_datatype
from kgservice.model.rdf import RDF_LANG_STRING, Blank, Iri, Literal, Term, Triple
from kgservice.model.terms import RDF, SH

_KINDS: Mapping[str, tuple[type, ...]] = {
    SH.NS + "IRI": (Iri,),
    SH.NS + "BlankNode": (Blank,),
    SH.NS + "Literal": (Literal,),
    SH.NS + "BlankNodeOrIRI": (Blank, Iri),
    SH.NS + "BlankNodeOrLiteral": (Blank, Literal),
    SH.NS + "IRIOrLiteral": (Iri, Literal),
}
Index: TypeAlias = Mapping[Term, Mapping[str, list[Term]]]
Classes: TypeAlias = Callable[[Term], frozenset[Term] | set[Term]]


class Unsupported(Exception):
    """A shape is outside the whitelist; never leaves this room."""


@dataclass(slots=True)
class ShapesGraph:
    """Statements of a shapes graph by subject and predicate."""

    triples: tuple[Triple, ...]
    values: defaultdict[Term, defaultdict[str, list[Term]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def __post_init__(self) -> None:
        """Index the statements."""
        for s, p, o in self.triples:
            self.values[s][p.value].append(o)

    def all(self, node: Term, name: str) -> list[Term]:
        """Give the values of a `sh:` property."""
        return self.words(node).get(SH.NS + name, [])

    def words(self, node: Term) -> Mapping[str, list[Term]]:
        """Give a node's values by predicate."""
        return self.values.get(node, {})

    def one(self, node: Term, name: str) -> Term | None:
        """Give the only value of a `sh:` property, or None."""
        found = self.all(node, name)
        return found[0] if found else None

    def items(self, head: Term) -> list[Term]:
        """Read an RDF list."""
        found: list[Term] = []
        while head != RDF.nil and len(found) < 10_000:
            found += self.words(head).get(RDF.first.value, [])
            head = self.words(head).get(RDF.rest.value, [RDF.nil])[0]
        return found


Test: TypeAlias = Callable[[list[Term], Classes], list[Term | None]]


def _each(is_bad: Callable[[Term], bool]) -> Test:
    return lambda values, _classes: [value for value in values if is_bad(value)]


def _number(value: Term) -> int:
    if isinstance(value, Literal) and value.value.isdigit():
        return int(value.value)
    raise Unsupported("a count that is no number")


def _min_count(_graph: ShapesGraph, _node: Term, value: Term) -> Test:
    least = _number(value)
    return lambda values, _classes: [None] if len(values) < least else []


def _max_count(_graph: ShapesGraph, _node: Term, value: Term) -> Test:
    most = _number(value)
    return lambda values, _classes: [None] if len(values) > most else []


def _datatype(_graph: ShapesGraph, _node: Term, value: Term) -> Test:
    if not isinstance(value, Iri) or not knows_datatype(value.value):
        raise Unsupported(f"sh:datatype {value}")
    wanted = value.value

    def is_bad(term: Term) -> bool:
        if not isinstance(term, Literal):
            return True
        datatype = RDF_LANG_STRING if term.language else term.datatype
        return datatype != wanted or not is_well_formed(term)

    return _each(is_bad)


def _class(_graph: ShapesGraph, _node: Term, wanted: Term) -> Test:
    def test(values: list[Term], classes: Classes) -> list[Term | None]:
        return [v for v in values if isinstance(v, Literal) or wanted not in classes(v)]

    return test


def _node_kind(_graph: ShapesGraph, _node: Term, value: Term) -> Test:
    kinds = _KINDS.get(str(value))
    if kinds is None:
        raise Unsupported(f"sh:nodeKind {value}")
    return _each(lambda term: not isinstance(term, kinds))


def _in(graph: ShapesGraph, _node: Term, value: Term) -> Test:
    allowed = frozenset(graph.items(value))
    return _each(lambda term: term not in allowed)


def _has_value(_graph: ShapesGraph, _node: Term, wanted: Term) -> Test:
    return lambda values, _classes: [] if wanted in values else [None]


def _bound(word: str, _graph: ShapesGraph, _node: Term, bound: Term) -> Test:
    if not isinstance(bound, Literal) or not can_compare(bound):
        raise Unsupported(f"sh:{word} {bound}")
    return _each(lambda term: not compare(word, term, bound))


def _length(word: str, _graph: ShapesGraph, _node: Term, value: Term) -> Test:
    count = _number(value)

    def is_bad(term: Term) -> bool:
        if isinstance(term, Blank):
            return True
        size = len(term.value)
        return size < count if word == "minLength" else size > count

    return _each(is_bad)


def _pattern(graph: ShapesGraph, node: Term, value: Term) -> Test:
    flags = graph.one(node, "flags")
    letters = flags.value if isinstance(flags, Literal) else ""
    if not isinstance(value, Literal) or set(letters) - set("i"):
        raise Unsupported("sh:flags")
    pattern = re.compile(value.value, re.IGNORECASE if "i" in letters else 0)
    return _each(lambda term: isinstance(term, Blank) or not pattern.search(term.value))


MAKERS: Mapping[str, Callable[[ShapesGraph, Term, Term], Test]] = {
    "minCount": _min_count,
    "maxCount": _max_count,
    "datatype": _datatype,
    "class": _class,
    "nodeKind": _node_kind,
    "in": _in,
    "hasValue": _has_value,
    "pattern": _pattern,
    "minInclusive": partial(_bound, "minInclusive"),
    "maxInclusive": partial(_bound, "maxInclusive"),
    "minExclusive": partial(_bound, "minExclusive"),
    "maxExclusive": partial(_bound, "maxExclusive"),
    "minLength": partial(_length, "minLength"),
    "maxLength": partial(_length, "maxLength"),
}
