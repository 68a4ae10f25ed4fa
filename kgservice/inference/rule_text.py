"""A rule of `shapes/rules` taken apart: what it concludes, and the conditions that it states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from kgservice.inference.rules import SparqlRule

Pattern: TypeAlias = tuple[str, str, str]
"""Three terms as SPARQL writes them; variables begin with `?`, a predicate may be a path."""

Substitution: TypeAlias = Mapping[str, str]
"""Variable to what stands for it."""

_TARGETS = re.compile(r"VALUES \?targetClass__ \{[^}]*\} \?this a \?targetClass__ \.")
_CONDITION = re.compile(r"\b(FILTER|BIND)\b")
_STATEMENT = re.compile(r"\s\.(?=\s|$)")
_VARIABLE = re.compile(r"\?\w+")
_UNREADABLE = re.compile(r"\b(OPTIONAL|UNION|MINUS|VALUES|SELECT|GRAPH|SERVICE)\b|[{}]")


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule taken apart.

    Attributes:
        name: The shape that has it.
        prefixes: The PREFIX lines of its text.
        concludes: Patterns of what it concludes.
        conditions: Patterns that must be there, in the order of the text.
        filters: Further conditions, as text.
        made: Variables that the rule makes by BIND, with their BIND.
    """

    name: str
    prefixes: str
    concludes: tuple[Pattern, ...]
    conditions: tuple[Pattern, ...]
    filters: tuple[str, ...]
    made: Mapping[str, str]


@lru_cache(maxsize=64)
def take_apart(rule: SparqlRule) -> RuleText | None:
    """Read a rule's text; None when it has parts (OPTIONAL, UNION) that are not read here."""
    prefixes, _, rest = rule.text.partition("CONSTRUCT")
    head, _, where = rest.partition("WHERE")
    body = _TARGETS.sub(" ", where.strip()[1:].rstrip()[:-1])
    plain, conditions = _without_conditions(body)
    if _UNREADABLE.search(plain):
        return None
    patterns = [
        pattern
        for statement in _STATEMENT.split(plain)
        if statement.strip()
        for pattern in _patterns(f"{prefixes} SELECT * WHERE {{ {statement} }}")
    ]
    made = {}
    for text in conditions:
        if text.startswith("BIND"):
            made[text.rstrip(")").rsplit("AS", 1)[-1].strip()] = text
    return RuleText(
        name=rule.name.strip("<>"),
        prefixes=prefixes,
        concludes=tuple(_patterns(f"{prefixes} CONSTRUCT {head} WHERE {{}}")),
        conditions=tuple(dict.fromkeys(patterns)),
        filters=tuple(text for text in conditions if text.startswith("FILTER")),
        made=made,
    )


def _without_conditions(body: str) -> tuple[str, list[str]]:
    """Give the triples' text, and each FILTER and BIND of the outer level."""
    plain, found, at = "", [], 0
    while match := _CONDITION.search(body, at):
        plain += body[at : match.start()]
        at = _end_of(body, match.end())
        found.append(" ".join(body[match.start() : at].split()))
    return plain + body[at:], found


def _end_of(text: str, start: int) -> int:
    """Give where the first bracketed part from `start` on ends."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "({") - (text[place] in ")}")
        if depth == 0 and text[place] in ")}":
            return place + 1
    return len(text)


def _patterns(query: str) -> Iterator[Pattern]:
    # A tenth of a second, which each start would pay.
    from rdflib.plugins.sparql.algebra import translateQuery
    from rdflib.plugins.sparql.parser import parseQuery

    algebra = translateQuery(parseQuery(query)).algebra
    triples = dict.get(algebra, "template") or _triples(algebra)
    for triple in triples:
        yield tuple(_written(term) for term in triple)  # type: ignore[misc]


def _triples(node: object) -> list[tuple[object, object, object]]:
    if not isinstance(node, dict):
        return []
    # rdflib's nodes answer `get` with the name that is asked for, when there is nothing
    found = list(dict.get(node, "triples") or [])
    for name in ("p", "p1", "p2"):
        found += _triples(dict.get(node, name))
    return found


def _written(term: object) -> str:
    return str(term.n3())  # type: ignore[attr-defined]


def unified(
    goals: Sequence[Pattern], patterns: Sequence[Pattern], known: Substitution | None = None
) -> Iterator[dict[str, str]]:
    """Give each way in which every goal is one of the patterns, as a substitution.

    Variables of goals and patterns must have different names.
    """
    known = dict(known or {})
    if not goals:
        yield dict(known)
        return
    for pattern in patterns:
        extended = _match(goals[0], pattern, known)
        if extended is not None:
            yield from unified(goals[1:], patterns, extended)


def _match(goal: Pattern, pattern: Pattern, known: Substitution) -> dict[str, str] | None:
    found = dict(known)
    for left, right in zip(goal, pattern, strict=True):
        one, other = _resolved(left, found), _resolved(right, found)
        if one == other:
            continue
        if one.startswith("?"):
            found[one] = other
        elif other.startswith("?"):
            found[other] = one
        else:
            return None
    return found


def _resolved(term: str, known: Substitution) -> str:
    while term in known:
        term = known[term]
    return term


def substituted(text: str, known: Substitution) -> str:
    """Put in what stands for variables."""
    return _VARIABLE.sub(lambda match: _resolved(match.group(), known), text)


def put_into(pattern: Pattern, known: Substitution) -> Pattern:
    """Put in what stands for a pattern's variables."""
    first, second, third = (_resolved(term, known) for term in pattern)
    return (first, second, third)
