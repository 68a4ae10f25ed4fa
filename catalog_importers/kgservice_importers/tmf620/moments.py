"""Read the moments of catalogues as XML Schema writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?"
)


def date_time(text: str) -> str:
    """Give a moment as xsd:dateTime text, or nothing; a day begins at midnight, UTC.

    Nanoseconds are kept; the seconds that TM Forum's examples leave out are added.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return f"{text}T00:00:00Z" if _DATE.fullmatch(text) else ""
    minutes, seconds, fraction, zone = found.groups("")
    return f"{minutes}{seconds or ':00'}{fraction}{zone}"


def is_past(text: str, now: datetime) -> bool:
    """Say whether a moment lies before `now`; what cannot be read does not. Without zone: UTC."""
    written = date_time(text)
    if not written:
        return False
    plain = re.sub(r"(\.\d{1,6})\d*", r"\1", written)
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < now
