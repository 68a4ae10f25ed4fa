"""Read how long one payment of a recurring price is for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from kgservice_importers.tmf620.json_tree import Object, member_text
from kgservice_importers.tmf620.values import (
    Finding,
    parse_duration,
    parse_number,
    period_of,
)


class PeriodReader:
    """Reads the periods of prices; there are few different ones."""

    def __init__(self, periods: Mapping[str, str]) -> None:
        """Bind to the names of periods."""
        self._periods = periods
        self._read = lru_cache(maxsize=1024)(self._named)

    def of(self, body: Object) -> str | Finding:
        """Give the period of a price as xsd:duration text; empty when it has none."""
        named = member_text(body, "recurringChargePeriodType")
        if named:
            return self._read(named, member_text(body, "recurringChargePeriodLength") or "1")
        written = member_text(body, "recurringChargePeriod", "recurringChargeDuration")
        if not written:
            return ""
        found = period_of(self._periods, written) or parse_duration(self._periods, written)
        return found if isinstance(found, str) else _no_period(written)

    def _named(self, named: str, length: str) -> str | Finding:
        periods = self._periods
        count = parse_number(length)
        if isinstance(count, Finding) or count != count.to_integral_value() or count == 0:
            return Finding(
                code="period-unmapped", detail=f"{length[:40]!r} is no number of periods"
            )
        found = period_of(periods, named, int(count)) if count < Decimal(1000) else ""
        if not found and count == 1:
            whole = parse_duration(periods, named)
            found = whole if isinstance(whole, str) else ""
        return found or _no_period(named)


def _no_period(written: str) -> Finding:
    return Finding(code="period-unmapped", detail=f"{written[:40]!r} is not read as a period")
