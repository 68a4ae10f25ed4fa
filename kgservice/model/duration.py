"""Durations that keep their unit, compared by adding them to a date: 2 months are not 60 days."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from kgservice.model.errors import InputError

_ISO = re.compile(
    r"^(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$"
)
_WORDS = re.compile(r"^(\d+)\s*(year|month|week|day|hour|minute|second)s?$")
_DESIGNATORS = {
    "year": "P{}Y",
    "month": "P{}M",
    "week": "P{}W",
    "day": "P{}D",
    "hour": "PT{}H",
    "minute": "PT{}M",
    "second": "PT{}S",
}
_DAY_S = 86_400
_LONGEST = 100
_MOST_YEARS = 1000
_FAR = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and exact seconds, as XML Schema splits them (XSD 1.1 part 2 §3.3.6)."""

    months: int
    seconds: Fraction

    def after(self, start: date) -> datetime:
        """Give the moment this long after the start of a day (UTC).

        Months move the calendar; a day that the month lacks becomes its last day. What lies
        beyond the year 9999 is the end of that year.
        """
        index = start.year * 12 + start.month - 1 + self.months
        year, month = divmod(index, 12)
        if not 1 <= year <= _FAR.year:
            return _FAR
        day = min(start.day, monthrange(year, month + 1)[1])
        moved = datetime(year, month + 1, day, tzinfo=UTC)
        microseconds = round(self.seconds * 1_000_000)
        try:
            return moved + timedelta(microseconds=microseconds)
        except OverflowError:
            return _FAR

    def in_months(self) -> Fraction:
        """Give the length in months for prices; a year has 365 days and 8,760 hours here."""
        return self.months + self.seconds * 12 / (365 * _DAY_S)


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration (`P2M`, `PT30M`, `P1Y6M`, `P2W`).

    Raises:
        InputError: it is none, or longer than a thousand years (`duration-invalid`).
    """
    match = _ISO.match(text[:_LONGEST])
    if match is None or len(text) > _LONGEST or text.endswith(("P", "T")):
        raise InputError(
            f"{text[:_LONGEST]!r} is not a duration.",
            code="duration-invalid",
            hint="Write `P2M`, `2 months` or `60 days`.",
        )
    sign = -1 if match.group(1) else 1
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[1:7])
    seconds = Fraction(match.group(8) or 0)
    total = (weeks * 7 + days) * _DAY_S + hours * 3600 + minutes * 60 + seconds
    if years * 12 + months > _MOST_YEARS * 12 or total > _MOST_YEARS * 366 * _DAY_S:
        # else all that lies behind the calendar's end would be equally long
        raise InputError(
            f"{text!r} is longer than {_MOST_YEARS:,} years.",
            code="duration-invalid",
            hint="Give a shorter one.",
        )
    return Duration(sign * (years * 12 + months), sign * total)


def iso_duration(text: str) -> str:
    """Write what people say (`2 months`, `60 days`, `P2M`) as an `xsd:duration`.

    Weeks become days, since `xsd:duration` has none.

    Raises:
        InputError: it is no duration (`duration-invalid`).
    """
    words = _WORDS.match(text.strip())
    iso = _DESIGNATORS[words.group(2)].format(words.group(1)) if words else text.strip()
    parse_duration(iso)
    weeks = re.match(r"^P(\d+)W$", iso)
    return f"P{int(weeks.group(1)) * 7}D" if weeks else iso
