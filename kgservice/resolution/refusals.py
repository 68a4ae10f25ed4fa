"""Each offering that was not allowed, with everything that speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.money import Money
from kgservice.resolution.judgement import BoundOffering, Mark, Marks, Rules, survivors
from kgservice.resolution.request import Component

MAX_REFUSED = 500
"""How many refused offerings of a component an explanation goes through, the cheapest ones."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offering that a component was not allowed to be bound to.

    Attributes:
        component: Name of the component.
        offering: IRI.
        violated: Short ids of the conditions that do not hold, in document order.
        unknown: Short ids of those that nobody knows, in document order.
        monthly: What it would have cost, when known.
    """

    component: str
    offering: str
    violated: tuple[str, ...]
    unknown: tuple[str, ...]
    monthly: Money | None = None


def refusals(
    component: Component,
    bindings: Sequence[BoundOffering],
    marks: Marks,
    rules: Rules,
    prices: Mapping[str, Money],
) -> tuple[Refusal, ...]:
    """Explain refused offerings by their best configuration; the cheapest first, at most 500.

    The best configuration has the fewest violated, then the fewest unknown conditions. Offerings
    whose price is unknown come last; equal ones are in IRI order.
    """
    allowed = {one.offering for one in survivors(component, bindings, marks, rules)}
    names = [constraint.id for constraint in rules.hard(component)]
    best: dict[str, Refusal] = {}
    for binding in bindings:
        if binding.offering in allowed:
            continue
        verdicts = marks[binding.iri]
        found = Refusal(
            component.name,
            binding.offering,
            tuple(name for name in names if verdicts[name] is Mark.VIOLATED),
            tuple(name for name in names if verdicts[name] is Mark.UNKNOWN),
            prices.get(binding.offering),
        )
        known = best.get(binding.offering)
        if known is None or _badness(found) < _badness(known):
            best[binding.offering] = found
    return tuple(sorted(best.values(), key=_by_price)[:MAX_REFUSED])


def _badness(refusal: Refusal) -> tuple[int, int]:
    return len(refusal.violated), len(refusal.unknown)


def _by_price(refusal: Refusal) -> tuple[bool, int, str]:
    price = refusal.monthly
    return price is None, price.minor if price else 0, refusal.offering
