"""Read an amount of money in the four shapes in which TMF620 catalogues write it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text
from kgservice_importers.tmf620.values import Finding, number_text, parse_number

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SIGNS: Final = {"€": "EUR", "$": "", "£": "GBP"}
_MOST: Final = 50
_PLAIN: Final = (
    ("value", ("unit", "currency", "units")),
    ("amount", ("currency", "unit", "units")),
)


class Money(NamedTuple):
    """An amount as decimal text, its ISO 4217 code, and whether tax is in it."""

    amount: str
    currency: str
    tax_included: bool

    def __str__(self) -> str:
        """Write it as people do."""
        return f"{self.amount} {self.currency}"


def read_money(body: Object) -> Money | Finding | None:
    """Read the amount of a price object; nothing when it gives none.

    `price` is `{unit, value}`, `{amount, currency}`, `{taxIncludedAmount, dutyFreeAmount}`, empty,
    or a list of one of these. A plain amount excludes tax: TMF620 lists `tax` apart from `price`.
    A percentage is a discount on something else and is not understood.
    """
    written = body.get("price")
    items = written if isinstance(written, list) else [written]
    found = [_read_one(body, item) for item in items[:_MOST]]
    if len(items) == 1:
        return found[0]
    failed = next((one for one in found if isinstance(one, Finding)), None)
    amounts = list(dict.fromkeys(one for one in found if isinstance(one, Money)))
    if failed is None and len(amounts) > 1:
        shown = ", ".join(str(one) for one in amounts[:4])
        return Finding(code="price-ambiguous", detail=f"several amounts ({shown}) for one price")
    return failed or (amounts[0] if amounts else None)


def _read_one(body: Object, written: Json) -> Money | Finding | None:
    price: Object = written if isinstance(written, dict) else {"value": written, "unit": ""}
    if isinstance(price.get("price"), dict):
        price = as_object(price["price"])
    percentage = member_text(body, "percentage") or member_text(price, "percentage")
    if percentage:
        number = parse_number(percentage)
        if isinstance(number, Finding) or number != 0:
            return Finding(
                code="price-unsupported", detail="a percentage of another price is not understood"
            )
    free = _amount(price.get("dutyFreeAmount"), False)
    taxed = _amount(price.get("taxIncludedAmount"), True)
    plain = [
        found
        for name, units in _PLAIN
        if name in price and (found := _pair(price, name, *units)) is not None
    ]
    return _chosen(free, taxed, plain)


def _chosen(
    free: Money | Finding | None, taxed: Money | Finding | None, plain: list[Money | Finding]
) -> Money | Finding | None:
    for item in (free, taxed, *plain):
        if isinstance(item, Finding):
            return item
    amounts = [item for item in plain if isinstance(item, Money)]
    known = {(item.amount, item.currency) for item in (free, taxed) if isinstance(item, Money)}
    distinct = dict.fromkeys((item.amount, item.currency) for item in amounts)
    stray = [pair for pair in distinct if known and pair not in known]
    if len(distinct) > 1 or stray:
        shown = ", ".join(f"{amount} {currency}" for amount, currency in [*known, *distinct])
        return Finding(
            code="price-ambiguous",
            detail=f"several amounts ({shown}) and none says whether tax is included",
        )
    if isinstance(free, Money):
        return free
    if isinstance(taxed, Money):
        return taxed
    return amounts[0] if amounts else None


def _amount(written: Json, tax_included: bool) -> Money | Finding | None:
    if written is None:
        return None
    node = as_object(written) or {"value": written}
    found = _pair(node, "value", "unit", "currency", "units") or _pair(
        node, "amount", "currency", "unit", "units"
    )
    return found._replace(tax_included=tax_included) if isinstance(found, Money) else found


def _pair(node: Object, amount: str, *currency: str) -> Money | Finding | None:
    text = member_text(node, amount)
    if not text:
        return None
    number = parse_number(text)
    if isinstance(number, Finding):
        return number
    written = member_text(node, *currency)
    code = _SIGNS.get(written, written.upper())
    if not _CURRENCY.fullmatch(code):
        return Finding(code="currency-missing", detail=f"{text[:40]!r} has no ISO 4217 currency")
    return Money(number_text(number), code, False)
