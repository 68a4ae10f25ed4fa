"""Patterns replaced by the values that match them, for engines that must not run patterns.

An engine that backtracks (as pySHACL's does) needs exponential time for `(a+)+$` on some texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from kgservice.resolution.conditions import (
    AnyOf,
    Condition,
    Conforms,
    Constraint,
    Each,
    Has,
    Matches,
    OneOf,
    Some,
    Value,
)

Matching: TypeAlias = Mapping[str, tuple[Value, ...]]
"""Pattern to the values among some facts that match it."""


def patterns_of(constraint: Constraint) -> Iterator[str]:
    """Go through the patterns of a condition."""
    found: list[str] = []

    def note(pattern: str) -> Condition:
        found.append(pattern)
        return Matches(pattern)

    _mapped(constraint.condition, note)
    yield from found


def with_values(constraint: Constraint, matching: Matching) -> Constraint:
    """Give a condition with the matching values in place of its patterns."""
    return replace(
        constraint, condition=_mapped(constraint.condition, lambda one: AnyOf(matching[one]))
    )


def _mapped(condition: Condition, change: Callable[[str], Condition]) -> Condition:
    if isinstance(condition, Matches):
        return change(condition.pattern)
    if isinstance(condition, Conforms):
        return _mapped(condition.meaning, change)
    if isinstance(condition, Has):
        parts = condition.constraints
        return Has(tuple(replace(p, condition=_mapped(p.condition, change)) for p in parts))
    if isinstance(condition, OneOf):
        return OneOf(tuple(_mapped(one, change) for one in condition.conditions))
    if isinstance(condition, (Each, Some)):
        return replace(condition, condition=_mapped(condition.condition, change))
    return condition
