"""What an answer says of compositions that a search had no time to look at."""

from __future__ import annotations

from fractions import Fraction

from kgservice.model.money import Money, minor_digits
from kgservice.model.rdf import XSD
from kgservice.resolution.answer import JsonValue, money_json
from kgservice.resolution.joint_totals import SCALE
from kgservice.resolution.ranking import Bound
from kgservice.resolution.request import Preference, Request
from kgservice.resolution.values import decimal_text


def bound_json(bound: Bound, request: Request, currency: str) -> dict[str, JsonValue]:
    """Write a bound: no composition that is not in the answer comes before it.

    It ends at the first preference of which no number can be told, since the following ones count
    only where the earlier ones are equal.
    """
    found: dict[str, JsonValue] = {"missedWishes": bound.missed}
    for preference, number, is_unknown in zip(
        request.prefer, bound.order, bound.is_unknown, strict=False
    ):
        if is_unknown or preference.property.datatype == XSD + "duration":
            break
        found[preference.property.name] = _value(preference, number, currency)
    return found


def _value(preference: Preference, number: int, currency: str) -> JsonValue:
    value = Fraction(-number if preference.is_maximise else number, SCALE)
    if not preference.property.is_money:
        return decimal_text(value)
    scaled = value * 10 ** minor_digits(currency)
    return money_json(Money(currency, scaled.numerator // scaled.denominator))
