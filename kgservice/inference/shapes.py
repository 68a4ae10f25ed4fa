"""Shapes compiled to checks: a strict whitelist of SHACL constraint components.

A shape that uses anything else is left to pySHACL as a whole. Terms that SHACL 1.0 does not know
are refused at load: pySHACL ignores them silently, and a constraint that looks enforced but is
not is worse than an error.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from kgservice.inference.literals import can_compare, compare, is_well_formed, knows_datatype
from kgservice.model.errors import InputError, Severity
from kgservice.model.rdf import RDF_LANG_STRING, Blank, Iri, Literal, Term, Triple
from kgservice.model.terms import RDF, RDFS, SH

_KNOWN_TERMS = frozenset(
    """NodeShape PropertyShape Shape property path node class hasValue minCount maxCount
    minInclusive maxInclusive minExclusive maxExclusive qualifiedValueShape
    qualifiedMinCount qualifiedMaxCount
    qualifiedValueShapesDisjoint not or and xone pattern flags datatype nodeKind IRI BlankNode
    Literal BlankNodeOrIRI BlankNodeOrLiteral IRIOrLiteral severity message name description order
    group defaultValue oneOrMorePath zeroOrMorePath zeroOrOnePath inversePath alternativePath
    deactivated targetClass targetNode targetSubjectsOf targetObjectsOf in languageIn uniqueLang
    minLength maxLength equals disjoint lessThan lessThanOrEquals closed ignoredProperties Info
    Warning Violation PropertyGroup sparql select ask SPARQLConstraint prefixes declare prefix
    namespace PrefixDeclaration rule SPARQLRule TripleRule construct condition subject predicate
    object this entailment Validator labelTemplate optional parameter""".split()  # noqa: SIM905
)
_COMPILED = frozenset(
    """path class hasValue minCount maxCount minInclusive maxInclusive minExclusive maxExclusive
    pattern flags datatype nodeKind severity message name description order group in minLength
    maxLength property targetClass""".split()  # noqa: SIM905
)
_SEVERITIES = {
    SH.NS + "Violation": Severity.ERROR,
    SH.NS + "Warning": Severity.WARNING,
    SH.NS + "Info": Severity.INFO,
}
_KINDS: Mapping[str, tuple[type, ...]] = {
    SH.NS + "IRI": (Iri,),
    SH.NS + "BlankNode": (Blank,),
    SH.NS + "Literal": (Literal,),
    SH.NS + "BlankNodeOrIRI": (Blank, Iri),
    SH.NS + "BlankNodeOrLiteral": (Blank, Literal),
    SH.NS + "IRIOrLiteral": (Iri, Literal),
}
Index: TypeAlias = Mapping[tuple[Term, str], list[Term]]
Classes: TypeAlias = Callable[[Term], frozenset[Term] | set[Term]]


class Unsupported(Exception):
    """A shape is outside the whitelist; never leaves this room."""


@dataclass(frozen=True, slots=True)
class Check:
    """One constraint of a compiled shape.

    `test` gets the values and a class look-up, and gives the values that violate (for a count,
    `[None]`).
    """

    component: str
    path: tuple[str, ...]
    severity: Severity
    message: str
    shape: Term
    test: Callable[[list[Term], Classes], list[Term | None]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A node shape that has a target; `checks` is None when pySHACL must do it."""

    node: Term
    name: str
    target_classes: tuple[Term, ...]
    checks: tuple[Check, ...] | None
    because: str = ""


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


def read_shapes(triples: Iterable[Triple]) -> tuple[Shape, ...]:
    """Compile a shapes graph.

    Raises:
        InputError: a `sh:` term that SHACL 1.0 does not know (`shape-unsupported-term`), or no
            shape has a target, so that nothing would be checked (`shapes-without-target`).
    """
    graph = ShapesGraph(tuple(triples))
    _refuse_unknown_terms(graph)
    words = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
    nodes = [n for n in list(graph.values) if any(graph.all(n, w) for w in words)]
    nodes += [n for n in list(graph.values) if _is_implicit(graph, n) and n not in nodes]
    if not nodes:
        raise InputError(
            "No shape has a target: nothing would be checked.",
            code="shapes-without-target",
            hint="Give a node shape `sh:targetClass`.",
        )
    return tuple(_compile(graph, node) for node in sorted(nodes, key=repr))


def _refuse_unknown_terms(graph: ShapesGraph) -> None:
    for triple in graph.triples:
        for term in (triple.predicate, triple.object):
            if isinstance(term, Iri) and term.value.startswith(SH.NS):
                name = term.value.removeprefix(SH.NS)
                if name not in _KNOWN_TERMS:
                    raise InputError(
                        f"sh:{name} is not a term of SHACL 1.0 that this service supports.",
                        code="shape-unsupported-term",
                        at=str(triple.subject),
                        hint="Write the constraint with SHACL 1.0 terms.",
                    )


def _is_implicit(graph: ShapesGraph, node: Term) -> bool:
    types = graph.words(node).get(RDF.type.value, [])
    shape = SH.NodeShape in types or SH.PropertyShape in types
    return shape and any(t.value.endswith(("#Class",)) for t in types if isinstance(t, Iri))


def _compile(graph: ShapesGraph, node: Term) -> Shape:
    label = graph.words(node).get(RDFS.label.value, [])
    name = label[0].value if label and isinstance(label[0], Literal) else str(node)
    targets = tuple(graph.all(node, "targetClass"))
    try:
        checks = () if _is_off(graph, node) else tuple(_checks(graph, node, ()))
    except Unsupported as error:
        return Shape(node, name, targets, None, str(error))
    if _is_implicit(graph, node):
        return Shape(node, name, targets, None, "implicit class target")
    return Shape(node, name, targets, checks)


def _is_off(graph: ShapesGraph, node: Term) -> bool:
    value = graph.one(node, "deactivated")
    return isinstance(value, Literal) and value.value in ("true", "1")


def _checks(graph: ShapesGraph, node: Term, path: tuple[str, ...]) -> Iterable[Check]:
    for predicate, values in graph.words(node).items():
        word = predicate.removeprefix(SH.NS)
        if predicate.startswith(SH.NS) and word not in _COMPILED and word != "deactivated":
            raise Unsupported(f"sh:{word}")
        single = word not in ("property", "targetClass", "hasValue", "class", "message", "name")
        if predicate.startswith(SH.NS) and single and len(values) > 1:
            raise Unsupported(f"sh:{word} given twice")
    yield from _own_checks(graph, node, path)
    for inner in graph.all(node, "property"):
        if _is_off(graph, inner):
            continue
        if path:
            raise Unsupported("a property shape inside a property shape")
        yield from _checks(graph, inner, _path(graph, inner))


def _path(graph: ShapesGraph, node: Term) -> tuple[str, ...]:
    """Read a path of one or more predicates; `^` marks an inverse one."""
    path = graph.one(node, "path")
    if isinstance(path, Iri):
        return (path.value,)
    if isinstance(path, Blank):
        inverse = graph.one(path, "inversePath")
        if isinstance(inverse, Iri):
            return ("^" + inverse.value,)
        steps = graph.items(path) if RDF.first.value in graph.words(path) else []
        if steps and all(isinstance(step, Iri) for step in steps):
            return tuple(step.value for step in steps if isinstance(step, Iri))
    raise Unsupported("a path that is no predicate, inverse or sequence")


def _own_checks(graph: ShapesGraph, node: Term, path: tuple[str, ...]) -> Iterable[Check]:
    severity_iri = graph.one(node, "severity")
    severity = _SEVERITIES.get(str(severity_iri), Severity.ERROR)
    message = next((m.value for m in graph.all(node, "message") if isinstance(m, Literal)), "")
    for word, maker in _MAKERS.items():
        for value in graph.all(node, word):
            if not path and word in ("minCount", "maxCount"):
                raise Unsupported("a count on a node shape")
            test = maker(graph, node, value)
            yield Check(word, path, severity, message, node, test)


_Test: TypeAlias = Callable[[list[Term], Classes], list[Term | None]]


def _each(is_bad: Callable[[Term], bool]) -> _Test:
    return lambda values, _classes: [value for value in values if is_bad(value)]


def _number(value: Term) -> int:
    if isinstance(value, Literal) and value.value.isdigit():
        return int(value.value)
    raise Unsupported("a count that is no number")


def _min_count(_graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    least = _number(value)
    return lambda values, _classes: [None] if len(values) < least else []


def _max_count(_graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    most = _number(value)
    return lambda values, _classes: [None] if len(values) > most else []


def _datatype(_graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    if not isinstance(value, Iri) or not knows_datatype(value.value):
        raise Unsupported(f"sh:datatype {value}")
    wanted = value.value

    def is_bad(term: Term) -> bool:
        if not isinstance(term, Literal):
            return True
        datatype = RDF_LANG_STRING if term.language else term.datatype
        return datatype != wanted or not is_well_formed(term)

    return _each(is_bad)


def _class(_graph: ShapesGraph, _node: Term, wanted: Term) -> _Test:
    def test(values: list[Term], classes: Classes) -> list[Term | None]:
        return [v for v in values if isinstance(v, Literal) or wanted not in classes(v)]

    return test


def _node_kind(_graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    kinds = _KINDS.get(str(value))
    if kinds is None:
        raise Unsupported(f"sh:nodeKind {value}")
    return _each(lambda term: not isinstance(term, kinds))


def _in(graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    allowed = frozenset(graph.items(value))
    return _each(lambda term: term not in allowed)


def _has_value(_graph: ShapesGraph, _node: Term, wanted: Term) -> _Test:
    return lambda values, _classes: [] if wanted in values else [None]


def _bound(word: str, _graph: ShapesGraph, _node: Term, bound: Term) -> _Test:
    if not isinstance(bound, Literal) or not can_compare(bound):
        raise Unsupported(f"sh:{word} {bound}")
    return _each(lambda term: not compare(word, term, bound))


def _length(word: str, _graph: ShapesGraph, _node: Term, value: Term) -> _Test:
    count = _number(value)

    def is_bad(term: Term) -> bool:
        if isinstance(term, Blank):
            return True
        size = len(term.value)
        return size < count if word == "minLength" else size > count

    return _each(is_bad)


def _pattern(graph: ShapesGraph, node: Term, value: Term) -> _Test:
    flags = graph.one(node, "flags")
    letters = flags.value if isinstance(flags, Literal) else ""
    if not isinstance(value, Literal) or set(letters) - set("i"):
        raise Unsupported("sh:flags")
    pattern = re.compile(value.value, re.IGNORECASE if "i" in letters else 0)
    return _each(lambda term: isinstance(term, Blank) or not pattern.search(term.value))


_MAKERS: Mapping[str, Callable[[ShapesGraph, Term, Term], _Test]] = {
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
