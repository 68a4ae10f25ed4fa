"""Apply the alterations of a price, such as discounts; what is not plain leaves it unknown.

TMF620 v4, POPAlteration: an amount or a percentage that modifies a price, in the order of its
`priority`. One that holds under conditions, for a time or for a quantity holds not for everybody.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from kgservice_importers.tmf620.json_tree import Object, as_object, member_text, objects
from kgservice_importers.tmf620.mapping import spaced
from kgservice_importers.tmf620.moments import date_time, is_past
from kgservice_importers.tmf620.money import Money, read_money
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.values import Finding, number_text, parse_number

_MOST: Final = 20
_PERIODS: Final = ("recurringChargePeriod", "recurringChargePeriodType")
_LIMITING: Final = (
    "applicationDuration",
    "unitOfMeasure",
    "prodSpecCharValueUse",
    "priceCondition",
)


class _Step(NamedTuple):
    """A part of the price, or an amount, that is taken off (negative) or added."""

    priority: Decimal | None
    share: Decimal
    amount: Decimal


class AlterationReader:
    """Reads alterations by the names that the mapping has for their types."""

    def __init__(self, names: Names, now: datetime) -> None:
        """Bind to the mapping; `now` decides which alterations hold."""
        self._types = names.mapping.inverse("price-types")
        self._kinds = names.mapping.inverse("price-alterations")
        self._now = now

    def apply(self, money: Money, body: Object) -> Money | Finding:
        """Give a price's amount with its alterations, or say why that is not known."""
        listed = objects(body.get("priceAlteration"))
        if len(listed) > _MOST:
            return _unknown("there are too many")
        steps: list[_Step] = []
        for _, one in listed:
            if self._holds_at_another_time(one):
                continue
            step = self._step(one, money, body)
            if isinstance(step, Finding):
                return step
            steps.append(step)
        return _applied(money, steps)

    def _holds_at_another_time(self, one: Object) -> bool:
        valid = as_object(one.get("validFor"))
        start = member_text(valid, "startDateTime")
        begins_later = bool(date_time(start)) and not is_past(start, self._now)
        return begins_later or is_past(member_text(valid, "endDateTime"), self._now)

    def _step(self, one: Object, money: Money, body: Object) -> _Step | Finding:
        limit = next((name for name in _LIMITING if one.get(name)), "")
        if limit:
            return _unknown(f"one has {limit!r}, so that it does not hold for everybody always")
        period = member_text(one, *_PERIODS)
        if period and spaced(period) != spaced(member_text(body, *_PERIODS)):
            return _unknown("one has a period of its own")
        sign = self._sign(one, body)
        if isinstance(sign, Finding):
            return sign
        priority = parse_number(member_text(one, "priority") or "-")
        place = None if isinstance(priority, Finding) else priority
        written = member_text(one, "percentage") or member_text(
            as_object(one.get("price")), "percentage"
        )
        if written:
            share = parse_number(written.strip().lstrip("-").rstrip("% "))
            return share if isinstance(share, Finding) else _Step(place, sign * share, Decimal(0))
        return _amount(one, money, sign, place)

    def _sign(self, one: Object, body: Object) -> Decimal | Finding:
        """Say whether it is taken off (-1) or added (1)."""
        written = spaced(member_text(one, "priceType"))
        kind = self._kinds.get(written, "")
        if kind:
            return Decimal(-1 if kind == "Discount" else 1)
        if written and self._types.get(written) != self._types.get(
            spaced(member_text(body, "priceType"))
        ):
            return _unknown("one is for another type of price")
        if any(text.strip().startswith("-") for text in _numbers(one)):
            return Decimal(-1)
        return _unknown("one does not say whether it is taken off or added")


def _numbers(one: Object) -> list[str]:
    price = as_object(one.get("price"))
    nodes = (
        price,
        *(as_object(price.get(name)) for name in ("dutyFreeAmount", "taxIncludedAmount")),
    )
    found = [
        member_text(node, name) for node in nodes for name in ("percentage", "value", "amount")
    ]
    return [member_text(one, "percentage"), *found]


def _amount(one: Object, money: Money, sign: Decimal, place: Decimal | None) -> _Step | Finding:
    found = read_money({"price": _without_signs(as_object(one.get("price")))})
    if not isinstance(found, Money):
        return found or _unknown("one has neither a percentage nor an amount")
    if (found.currency, found.tax_included) != (money.currency, money.tax_included):
        return _unknown("one is in another currency, or taxed otherwise")
    return _Step(place, Decimal(0), sign * Decimal(found.amount))


def _without_signs(price: Object) -> Object:
    found: Object = {}
    for name, value in price.items():
        if isinstance(value, dict):
            found[name] = _without_signs(value)
        elif name in ("value", "amount"):
            found[name] = str(value).strip().lstrip("-")
        else:
            found[name] = value
    return found


def _applied(money: Money, steps: list[_Step]) -> Money | Finding:
    """Apply them by priority; where their order is not said, it must make no difference."""
    kinds = {bool(step.share) for step in steps}
    places = [step.priority for step in steps]
    if len(kinds) > 1 and (None in places or len(set(places)) < len(places)):
        return _unknown("the order of percentages and amounts is not said")
    amount = Decimal(money.amount)
    for step in sorted(steps, key=lambda one: one.priority or Decimal(0)):
        amount += amount * step.share / 100 + step.amount
    if amount < 0:
        return _unknown("more is taken off than there is")
    return money._replace(amount=number_text(amount))


def _unknown(why: str) -> Finding:
    return Finding(code="price-unsupported", detail=f"its alterations are not understood: {why}")
