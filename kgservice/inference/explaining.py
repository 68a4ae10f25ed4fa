"""Why a rule concluded a statement, and what is missing where it did not.

Nothing is kept beside the rules: the conditions of a rule are asked for again, with the statement
put in. So an explanation is as true as the graph is at this moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kgservice.inference.rule_text import (
    Pattern,
    RuleText,
    Substitution,
    put_into,
    substituted,
    take_apart,
    unified,
)
from kgservice.inference.rules import SparqlRule
from kgservice.model.rdf import Row, to_text

Ask: TypeAlias = Callable[[str], list[Row]]
"""Runs a SELECT on the merged graph."""

MOST_SHOWN = 3
"""Of the ways in which a rule concluded one thing, or in which it would."""

_VARIABLE = re.compile(r"\?\w+")


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a rule concludes a statement.

    Attributes:
        rule: IRI of the rule's shape.
        premises: Statements that it rests on, as patterns without variables; paths are shown.
    """

    rule: str
    premises: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a rule does not conclude a statement.

    Attributes:
        rule: IRI of the rule's shape.
        missing: Each of these alone would be enough; `?` stands for anything.
        condition: A condition of the rule, as text, that alone keeps it from holding.
        reached: Where more than one thing is missing: what is there, as far as it goes.
        stops_at: … and the first condition for which there is nothing.
    """

    rule: str
    missing: tuple[Pattern, ...] = ()
    condition: str = ""
    reached: tuple[Pattern, ...] = ()
    stops_at: Pattern | None = None


def reasons(ask: Ask, rules: Sequence[SparqlRule], statement: Pattern) -> list[Reason]:
    """Give the ways in which rules conclude a statement now; none when no rule does."""
    found = []
    for text in _readable(rules):
        for known in unified([statement], text.concludes):
            rows = _rows(ask, text, text.conditions, text.filters, known)
            found += [Reason(text.name, _premises(text.conditions, known, row)) for row in rows]
    return list(dict.fromkeys(found))


def lacks(ask: Ask, rules: Sequence[SparqlRule], statement: Pattern) -> list[Lack]:
    """Say for each rule that could conclude a statement what is missing.

    Where all conditions of a rule are themselves concluded by other rules, those are looked at.
    """
    found: list[Lack] = []
    texts = list(_readable(rules))
    for text in texts:
        for known in unified([statement], text.concludes):
            goals = [_renamed(put_into(pattern, known)) for pattern in text.conditions]
            deeper = [
                (other, further)
                for other in texts
                if other is not text
                for further in unified(goals, other.concludes)
            ]
            for rule, given in deeper or [(text, known)]:
                lack = _lack(ask, rule, given)
                if lack is not None:
                    found.append(lack)
    return list(dict.fromkeys(found))


def _readable(rules: Sequence[SparqlRule]) -> Iterator[RuleText]:
    for rule in rules:
        text = take_apart(rule)
        if text is not None:
            yield text


def _renamed(pattern: Pattern) -> Pattern:
    first, second, third = (f"?goal_{t[1:]}" if t.startswith("?") else t for t in pattern)
    return (first, second, third)


def _lack(ask: Ask, text: RuleText, known: Substitution) -> Lack | None:
    patterns = text.conditions
    if _rows(ask, text, patterns, text.filters, known):
        return None  # the rule holds; only the graph was not brought up to date yet
    missing: list[Pattern] = []
    for pattern in patterns:
        others = [one for one in patterns if one != pattern]
        rows = _rows(ask, text, others, text.filters, known)
        missing += [_instance(pattern, known, row) for row in rows]
    if missing:
        return Lack(text.name, tuple(dict.fromkeys(missing)))
    for condition in text.filters:
        rest = [one for one in text.filters if one != condition]
        if _rows(ask, text, patterns, rest, known):
            return Lack(text.name, condition=substituted(condition, known))
    return _as_far_as_it_goes(ask, text, known)


def _as_far_as_it_goes(ask: Ask, text: RuleText, known: Substitution) -> Lack:
    reached: tuple[Pattern, ...] = ()
    for count, pattern in enumerate(text.conditions):
        rows = _rows(ask, text, text.conditions[: count + 1], (), known)
        if not rows:
            return Lack(text.name, reached=reached, stops_at=put_into(pattern, known))
        reached = _premises(text.conditions[: count + 1], known, rows[0])
    return Lack(text.name, condition=" ".join(text.filters), reached=reached)


def _rows(
    ask: Ask,
    text: RuleText,
    patterns: Sequence[Pattern],
    filters: Sequence[str],
    known: Substitution,
) -> list[Row]:
    """Ask for the first ways in which conditions hold."""
    lines = [" ".join(put_into(pattern, known)) + " ." for pattern in patterns]
    lines += [substituted(condition, known) for condition in filters]
    bound = {variable for line in lines for variable in _VARIABLE.findall(line)}
    for variable, bind in text.made.items():
        needed = set(_VARIABLE.findall(substituted(bind.rsplit("AS", 1)[0], known)))
        if needed <= bound and not variable.startswith("?goal_"):
            lines += _making(variable, bind, known)
            bound.add(variable)
    body = "\n".join(lines)
    return ask(f"{text.prefixes}SELECT * WHERE {{ {body} }} LIMIT {MOST_SHOWN}")


def _making(variable: str, bind: str, known: Substitution) -> list[str]:
    """Let the rule make a name, and compare it with the one that is put in for it."""
    expression, _, _ = bind.rpartition("AS")
    own = substituted(expression, known) + f"AS {variable})"
    wanted = substituted(variable, known)
    if wanted.startswith("?"):
        return [own]
    return [own, f"FILTER({variable} = {wanted})"]


def _premises(patterns: Sequence[Pattern], known: Substitution, row: Row) -> tuple[Pattern, ...]:
    return tuple(_instance(pattern, known, row) for pattern in patterns)


def _instance(pattern: Pattern, known: Substitution, row: Row) -> Pattern:
    values = {f"?{name}": to_text(term) for name, term in row.items()}
    first, second, third = (values.get(term, term) for term in put_into(pattern, known))
    return (first, second, third)
