"""Shapes compiled to checks: a strict whitelist of SHACL constraint components.

A shape that uses anything else is left to pySHACL as a whole. Terms that SHACL 1.0 does not know
are refused at load: pySHACL ignores them silently, and a constraint that looks enforced but is
not is worse than an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kgservice.inference.constraints import MAKERS, Classes, ShapesGraph, Unsupported
from kgservice.model.errors import InputError, Severity
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple
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
    for word, maker in MAKERS.items():
        for value in graph.all(node, word):
            if not path and word in ("minCount", "maxCount"):
                raise Unsupported("a count on a node shape")
            test = maker(graph, node, value)
            yield Check(word, path, severity, message, node, test)
