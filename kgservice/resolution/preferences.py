"""What makes one feasible composition better than another: preferences and how they rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from kgservice.model.rdf import XSD, Literal
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.conditions import Policy
from kgservice.resolution.joint_totals import SCALE
from kgservice.resolution.joints import EachLimit, PairLimit, SumLimit
from kgservice.resolution.values import decimal_text

if TYPE_CHECKING:
    from kgservice.resolution.request import Request

TOO_LARGE: Final = 10**15
"""Numbers in whole millionths from which on nothing is added up: it counts as unknown."""


class Ranking(Enum):
    """How several preferences decide together."""

    LEXICOGRAPHIC = "lexicographic"
    WEIGHTS = "weights"
    PARETO = "pareto"


class Extent(Enum):
    """What of the components' numbers a preference reads."""

    SUM = "sum"
    LOWEST = "lowest"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True)
class Preference:
    """Minimise or maximise a number of a composition.

    Attributes:
        property: What is read of each component, or measured between two.
        is_maximise: The larger, the better.
        weight: What one stored unit counts (decimal text), when preferences are weighted.
        extent: The sum of the components' numbers, the lowest or the highest of them.
        between: The two components between which it is measured; empty for what each has.
        path: Leads from a binding to the end, when it is measured between two.
        over: The components whose numbers are read; empty for all.
    """

    property: PropertyInfo
    is_maximise: bool = False
    weight: str = ""
    extent: Extent = Extent.SUM
    between: tuple[str, ...] = ()
    path: tuple[PropertyInfo, ...] = ()
    over: tuple[str, ...] = ()

    def counts(self, component: str) -> bool:
        """Say whether a component's number is read."""
        return not self.over or component in self.over

    def text(self) -> str:
        """Give the preference as a request writes it."""
        direction = "maximise" if self.is_maximise else "minimise"
        extent = "" if self.extent is Extent.SUM else f" {self.extent.value}"
        between = f" between {' '.join(self.between)}" if self.between else ""
        return f"{direction}{extent} {self.property.name}{between}"

    def is_sum(self) -> bool:
        """Say whether it adds up a number of each component."""
        return self.extent is Extent.SUM and not self.between


@dataclass(frozen=True, slots=True)
class Order:
    """One part of the order of compositions: a sum over the components, smaller first.

    Attributes:
        key: What the components' numbers are kept by.
        is_maximise: The numbers count negative.
        parts: The preferences that make the number, with what one stored unit counts.
    """

    key: str
    is_maximise: bool
    parts: tuple[tuple[Preference, Fraction], ...]

    def weighted(self, numbers: Sequence[int | None]) -> int | None:
        """Make a component's number of what the parts read, in whole millionths, half-even."""
        known = [number for number in numbers if number is not None]
        if len(known) != len(numbers):
            return None
        if len(self.parts) == 1 and self.parts[0][1] == 1:
            return known[0]
        total = sum(
            (weight * number for (_, weight), number in zip(self.parts, known, strict=True)),
            Fraction(0),
        )
        found = round(total)
        return found if abs(found) < TOO_LARGE else None


def orders_of(request: Request) -> tuple[Order, ...]:
    """Give the parts of the order, the first one deciding.

    Weighted preferences are one part. Of preferences on a Pareto front only the first sum is: the
    others become limits, one front point after another.
    """
    listed = keyed(request)
    if request.ranking is Ranking.WEIGHTS and listed:
        parts = tuple(
            (one, Fraction(one.weight) * (-1 if one.is_maximise else 1)) for _, one in listed
        )
        return (Order("prefer.all", False, parts),)
    if request.ranking is Ranking.PARETO:
        listed = [(key, one) for key, one in listed if one.is_sum()][:1]
    return tuple(Order(key, one.is_maximise, ((one, Fraction(1)),)) for key, one in listed)


def keyed(request: Request) -> list[tuple[str, Preference]]:
    """Give the preferences with their keys, in order."""
    return [(key_of(number), one) for number, one in enumerate(request.prefer)]


def key_of(number: int) -> str:
    """Give the key of the preference at a place, counted from 0."""
    return f"prefer.{number + 1}"


def objective_limit(
    request: Request, number: int, bound: Fraction | None, currency: str
) -> SumLimit | PairLimit | EachLimit:
    """Give the joint condition that a preference is known, and no worse than a bound.

    `bound` is in stored units; without one, whatever is known will do.
    """
    one, key = request.prefer[number], key_of(number)
    names = tuple(component.name for component in request.components)
    literal = None if bound is None else Literal(decimal_text(bound), XSD + "decimal")
    policy = Policy.REJECT
    if one.between:
        limit = literal or Literal(str(TOO_LARGE), XSD + "decimal")
        return PairLimit(key, one.property, one.path, one.between, limit, policy)
    if one.is_sum():
        money = currency if one.property.is_money else ""
        if one.is_maximise:
            return SumLimit(key, (one.property,), names, None, money, policy, minimum=literal)
        return SumLimit(key, (one.property,), names, literal, money, policy)
    millionths = None if bound is None else int(bound * SCALE)
    if one.is_maximise:
        return EachLimit(key, (one.property,), names, minimum=millionths)
    return EachLimit(key, (one.property,), names, limit=millionths)
