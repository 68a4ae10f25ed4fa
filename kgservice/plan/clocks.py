"""Moments as xsd:dateTime texts in UTC, and calendar arithmetic with xsd:duration."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from kgservice.model.errors import InputError

MINIMUM_RETRIEVAL = "P30D"
"""The least time to fetch data after a switch (Regulation (EU) 2023/2854 Art. 25(2)(g))."""

_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def stamp(moment: datetime) -> str:
    """Write a moment as xsd:dateTime in UTC, with milliseconds so that texts sort like times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read an xsd:dateTime; one without a zone is UTC.

    Raises:
        InputError: it is none (`time-invalid`).
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not an xsd:dateTime.", code="time-invalid") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def later(start: datetime, duration: str) -> datetime:
    """Add an xsd:duration; months first, the day clipped to the month (XSD 1.1 part 2 §E.3.3).

    Raises:
        InputError: the duration does not parse (`duration-invalid`).
    """
    match = _DURATION.fullmatch(duration)
    if match is None or duration in ("P", "PT") or duration.endswith("T"):
        raise InputError(
            f"{duration!r} is not an xsd:duration.",
            code="duration-invalid",
            hint="Write P30D, P2M or PT12H.",
        )
    years, months, days, hours, minutes = (int(match[group] or 0) for group in range(1, 6))
    total = start.year * 12 + start.month - 1 + years * 12 + months
    year, month = total // 12, total % 12 + 1
    try:
        day = min(start.day, calendar.monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day) + timedelta(
            days=days, hours=hours, minutes=minutes, seconds=float(match[6] or 0)
        )
    except (ValueError, OverflowError):
        raise InputError(
            f"{duration} leads beyond the calendar.", code="duration-invalid"
        ) from None


def longest(start: datetime, *durations: str) -> str:
    """Give the duration that ends last, counted from `start`; empty ones do not count."""
    known = [duration for duration in durations if duration]
    return max(known, key=lambda duration: later(start, duration), default="")
