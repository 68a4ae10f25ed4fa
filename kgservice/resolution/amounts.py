"""Amounts of money, in minor units, compared with what a condition asks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from kgservice.resolution.conditions import Compare, Condition, NoneOf, Operator
from kgservice.resolution.projection import Flags, Integers


def amounts_pass(condition: Condition, amounts: Integers, limits: Sequence[Fraction]) -> Flags:
    """Compare minor units with limits in minor units, which need not be whole."""
    asked = condition.operator if isinstance(condition, Compare) else Operator.EQ
    found = np.zeros(len(amounts), np.bool_)
    for limit in limits:
        found |= _compared(asked, amounts, limit)
    return ~found if isinstance(condition, NoneOf) else found


def _compared(asked: Operator, amounts: Integers, limit: Fraction) -> Flags:
    floor = limit.numerator // limit.denominator
    ceiling = floor + (limit.denominator != 1)
    if asked in (Operator.LE, Operator.GT):
        below: Flags = amounts <= floor
        return below if asked is Operator.LE else ~below
    if asked in (Operator.LT, Operator.GE):
        under: Flags = amounts < ceiling
        return under if asked is Operator.LT else ~under
    equal: Flags = amounts == floor
    return equal & (floor == ceiling)
