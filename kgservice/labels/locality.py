"""Whether a criterion's rule judges one claim at a time, read off the rule itself.

If it does, what it concludes of many claims is what it concludes of each, and changes with time
only when the moment of evaluation passes a date that the claim states. Then a change of one
certificate asks for that certificate alone. A rule that this cannot be shown of is still right:
it is run over everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kgservice.model.rdf import XSD_STRING, Blank, Iri, Literal, Row, Term, Triple
from kgservice.model.terms import KG

_ALLOWED: Final = frozenset(
    {
        "ConstructQuery", "Project", "Join", "LeftJoin", "Filter", "BGP", "Extend",
        "values", "ToMultiSet", "RelationalExpression", "ConditionalAndExpression",
        "ConditionalOrExpression", "UnaryNot", "Function", "TrueFilter",
        "GroupGraphPatternSub", "TriplesBlock", "OptionalGraphPattern",  # within EXISTS
    }
)  # fmt: skip
_FICKLE: Final = frozenset(f"Builtin_{n}" for n in ("NOW", "RAND", "UUID", "STRUUID", "BNODE"))
_PATTERNS: Final = ("BGP", "TriplesBlock")
_HEAD: Final = re.compile(r"CONSTRUCT\s*\{[^{}]*\}\s*(?:WHERE\s*)?(?=\{)")


@dataclass(frozen=True, slots=True)
class LocalRule:
    """A rule as a question about each claim.

    Attributes:
        select: SELECT of all variables of the rule.
        claim: The variable of the claim.
        template: What each solution concludes; a text is a variable's name.
    """

    select: str
    claim: str
    template: tuple[tuple[Term | str, Term | str, Term | str], ...]

    def conclude(self, row: Row) -> Iterator[Triple]:
        """Give what a solution concludes (SPARQL 1.1 §16.2)."""
        for pattern in self.template:
            found = [row.get(term) if isinstance(term, str) else term for term in pattern]
            subject, predicate, value = found
            if subject is None or value is None or isinstance(subject, Literal):
                continue
            if isinstance(predicate, Iri):
                yield Triple(subject, predicate, value)


def local_rule(text: str, claim_predicates: Collection[Iri]) -> LocalRule | None:
    """Give a rule as a question about each claim; None when it is not shown to be one.

    It is one when every pattern with a predicate of claims has the same variable as subject, every
    other pattern has another constant predicate, nothing is counted, chosen or drawn by lot, and
    the moment of evaluation is only compared, and with what patterns state.
    """
    from rdflib.plugins.sparql import prepareQuery
    from rdflib.term import BNode, Variable

    head = _HEAD.search(text)
    if head is None:
        return None
    query = prepareQuery(text).algebra
    nodes = list(_nodes(query.p))
    if any(not _is_allowed(str(node.name)) for node in nodes):
        return None
    patterns = [pattern for node in nodes if node.name in _PATTERNS for pattern in _triples(node)]
    claims = {s for s, p, _ in patterns if str(p) in {one.value for one in claim_predicates}}
    is_plain = all(type(p).__name__ == "URIRef" for _, p, _ in patterns)
    if not is_plain or len(claims) != 1 or not isinstance(claim := claims.pop(), Variable):
        return None
    moments = {o for _, p, o in patterns if str(p) == KG.evaluatedAt.value}
    made = {node.var for node in nodes if node.name == "Extend"}
    if any(isinstance(term, BNode) or term in moments for t in query.template for term in t):
        return None
    if not _only_compared(query.p, moments, made):
        return None
    select = text[: head.start()] + "SELECT * WHERE " + text[head.end() :]
    template = tuple(tuple(_term(term) for term in t) for t in query.template)
    return LocalRule(select, str(claim), template)  # type: ignore[arg-type]


def _nodes(value: Any) -> Iterator[Any]:  # noqa: ANN401 - the algebra has no types
    if isinstance(value, Mapping) and hasattr(value, "name"):
        yield value
        for member in value.values():
            yield from _nodes(member)
    elif isinstance(value, list | tuple) and not hasattr(value, "n3"):
        for member in value:
            yield from _nodes(member)


def _triples(node: Any) -> Iterator[tuple[Any, Any, Any]]:  # noqa: ANN401
    for one in node.triples:
        flat = list(one)
        yield from zip(flat[::3], flat[1::3], flat[2::3], strict=True)


def _is_allowed(name: str) -> bool:
    is_builtin = name.startswith("Builtin_") and name not in _FICKLE
    return is_builtin or name in _ALLOWED


def _only_compared(part: Any, moments: Collection[Any], made: Collection[Any]) -> bool:  # noqa: ANN401
    """Say whether the moments occur in patterns and direct comparisons with stated values only."""
    for node in _nodes(part):
        if node.name == "RelationalExpression" and _has(node, moments):
            sides = (node.expr, node.other)
            others = [one for one in sides if one not in moments]
            if any(type(one).__name__ != "Variable" or one in made for one in others):
                return False
        elif node.name not in (*_PATTERNS, "Project") and _has(node, moments):
            return False
    return True


def _has(node: Mapping[str, Any], moments: Collection[Any]) -> bool:
    """Say whether a node itself, not one below it, names a moment."""
    for name, member in node.items():
        if str(name).startswith("_") or name in ("PV",):
            continue
        values: Iterable[Any] = member if isinstance(member, list | tuple) else (member,)
        if any(type(one).__name__ == "Variable" and one in moments for one in values):
            return True
    return False


def _term(term: Any) -> Term | str:  # noqa: ANN401
    kind = type(term).__name__
    if kind == "Variable":
        return str(term)
    if kind == "URIRef":
        return Iri(str(term))
    if kind == "Literal":
        return Literal(str(term), str(term.datatype or XSD_STRING), term.language or "")
    return Blank(str(term))
