"""Limits on numbers of several components, as amounts that may not add up to more than a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import ceil, floor, log, prod
from typing import Final

from kgservice.resolution.joints import Joint, ProductLimit, SumLimit

SCALE: Final = 1_000_000
"""Numbers are summed and ordered as whole millionths."""

SHARE_SCALE: Final = 10**18
"""Shares are multiplied as whole parts of this; what engines keep of a decimal."""

_LOG_SCALE: Final = 10**12
_NO_BOUND: Final = -(10**17)
"""An unknown number may bring a sum up to any minimum."""
_NEVER: Final = 10**15
"""A share of nothing: no product with it reaches a minimum."""


class Direction(Enum):
    """How amounts are made of numbers."""

    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Total:
    """Amounts of components that may not add up to more than `limit`; smaller is never worse.

    Attributes:
        joint: The joint condition; an option's number is `sums[joint.id]`.
        direction: How amounts are made of numbers.
        over: The components.
        limit: In the unit of the amounts.
    """

    joint: SumLimit | ProductLimit
    direction: Direction
    over: tuple[str, ...]
    limit: int

    def amount(self, number: int | None) -> int:
        """Give what an option's number adds: the least that it can, when it is unknown."""
        if self.direction is Direction.MAXIMUM:
            return number or 0
        if self.direction is Direction.MINIMUM:
            return _NO_BOUND if number is None else -number
        if number is None:
            return 0
        # rounded down, one part more than the floating point can be wrong
        return floor(-log(number / SHARE_SCALE) * _LOG_SCALE) - 1 if number else _NEVER


def totals_of(joint: Joint) -> Iterator[Total]:
    """Give the totals of a joint condition: none, one, or two for a sum with both limits."""
    if isinstance(joint, SumLimit):
        if joint.limit is not None:
            limit = scaled(Fraction(joint.limit.value))
            yield Total(joint, Direction.MAXIMUM, joint.over, limit)
        if joint.minimum is not None:
            least = -floor(-Fraction(joint.minimum.value) * SCALE)
            yield Total(joint, Direction.MINIMUM, joint.over, -least)
    elif isinstance(joint, ProductLimit):
        share = Fraction(joint.minimum.value) / 100
        if share > 0:
            limit = ceil(-log(share) * _LOG_SCALE) + 1
            yield Total(joint, Direction.PRODUCT, joint.over, limit)


def scaled(number: Fraction | int) -> int:
    """Give a number in whole millionths, rounded down."""
    return floor(number * SCALE)


def reaches(joint: ProductLimit, shares: Sequence[int | None]) -> bool:
    """Say, exactly, whether the product of the known shares reaches the minimum."""
    known = [share for share in shares if share is not None]
    product = Fraction(prod(known), SHARE_SCALE ** len(known))
    return product >= Fraction(joint.minimum.value) / 100
