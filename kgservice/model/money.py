"""Money as integer minor units of one currency, rounded half to even."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from kgservice.model.errors import InputError

_NO_MINOR_UNIT = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"})
_LONGEST = 60
_AMOUNT = re.compile(r"^(-?\d+(?:\.\d+)?)\s+([A-Z]{3})$")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount.

    Attributes:
        currency: ISO 4217 code.
        minor: The amount in minor units (cents), so that sums and comparisons are exact.
    """

    currency: str
    minor: int

    @property
    def amount(self) -> str:
        """The amount as a decimal string with the currency's number of digits (`131.40`)."""
        digits = minor_digits(self.currency)
        text = str(abs(self.minor)).rjust(digits + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)

    def __str__(self) -> str:
        """Write `131.40 EUR`."""
        return f"{self.amount} {self.currency}"


def minor_digits(currency: str) -> int:
    """Give the number of decimals of a currency's minor unit (ISO 4217)."""
    return 0 if currency in _NO_MINOR_UNIT else 2


def rounded(amount: Fraction | Decimal, currency: str) -> Money:
    """Round an exact amount to minor units, half to even."""
    scaled = Fraction(amount) * 10 ** minor_digits(currency)
    return Money(currency, round(scaled))


def parse_money(text: str) -> Money:
    """Read `450 EUR` or `12.50 EUR`.

    Raises:
        InputError: it is not an amount with a currency, or has more digits than the currency
            (`money-invalid`).
    """
    match = _AMOUNT.match(text.strip()[:_LONGEST])
    if match is None:
        raise InputError(
            f"{text[:_LONGEST]!r} is not an amount of money.",
            code="money-invalid",
            hint="Write the amount and the currency's code, such as `450 EUR`.",
        )
    amount = Fraction(match.group(1))
    money = rounded(amount, match.group(2))
    if Fraction(money.minor, 10 ** minor_digits(money.currency)) != amount:
        raise InputError(
            f"{text!r} has more decimals than {money.currency} has.", code="money-invalid"
        )
    return money
