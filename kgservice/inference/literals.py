"""Lexical forms and order of XSD literals (XSD 1.1 part 2), on the text as it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from kgservice.model.rdf import RDF_LANG_STRING, XSD, Literal, Term

_ZONE = r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?"
_DATE = r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_FORMS: Mapping[str, str] = {
    "string": r".*",
    "anyURI": r".*",
    "boolean": r"true|false|1|0",
    "integer": r"[+-]?\d+",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "double": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|\+INF|NaN",
    "float": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|\+INF|NaN",
    "date": _DATE + _ZONE,
    "dateTime": _DATE + "T" + _TIME + _ZONE,
    "duration": (
        r"-?P(?=\d|T)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
    ),
}
_RANGES: Mapping[str, tuple[int | None, int | None]] = {
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_PATTERNS = {XSD + name: re.compile(form, re.DOTALL) for name, form in _FORMS.items()}
_LIMITS = {XSD + name: limits for name, limits in _RANGES.items()}
_EXACT = frozenset({XSD + "integer", XSD + "decimal", *_LIMITS})
_INEXACT = frozenset({XSD + "double", XSD + "float"})
_MOST_DIGITS = 400


def knows_datatype(datatype: str) -> bool:
    """Say whether the lexical forms of a datatype are known here."""
    return datatype in _PATTERNS or datatype in _LIMITS or datatype == RDF_LANG_STRING


@lru_cache(maxsize=65_536)
def is_well_formed(literal: Literal) -> bool:
    """Say whether a literal's text is in the lexical space of its (known) datatype."""
    if literal.datatype in _LIMITS:
        low, high = _LIMITS[literal.datatype]
        if not re.fullmatch(_FORMS["integer"], literal.value) or len(literal.value) > _MOST_DIGITS:
            return False
        number = int(literal.value)
        return (low is None or low <= number) and (high is None or number <= high)
    pattern = _PATTERNS.get(literal.datatype)
    if pattern is None:
        return True
    if not pattern.fullmatch(literal.value):
        return False
    if literal.datatype in (XSD + "date", XSD + "dateTime"):
        return _is_day(literal.value)
    return True


def can_compare(bound: Literal) -> bool:
    """Say whether values can be compared with a bound (numbers and dates)."""
    return _key(bound) is not None


def compare(word: str, value: Term, bound: Literal) -> bool:
    """Say whether a value is within a bound (`minInclusive` …); what cannot be compared is not."""
    left = _key(value) if isinstance(value, Literal) else None
    right = _key(bound)
    if left is None or right is None or left[0] != right[0]:
        return False
    a, b = left[1], right[1]
    if word == "minInclusive":
        return bool(a >= b)  # type: ignore[operator]
    if word == "maxInclusive":
        return bool(a <= b)  # type: ignore[operator]
    return bool(a > b) if word == "minExclusive" else bool(a < b)  # type: ignore[operator]


@lru_cache(maxsize=65_536)
def _key(literal: Literal) -> tuple[str, Decimal | float | date | datetime] | None:
    if not knows_datatype(literal.datatype) or not is_well_formed(literal):
        return None
    if literal.datatype in _EXACT:
        return ("number", Decimal(literal.value))
    if literal.datatype in _INEXACT:
        return ("number", float(literal.value.replace("INF", "inf")))
    try:
        if literal.datatype == XSD + "date":
            return ("date", date.fromisoformat(literal.value[:10]))
        if literal.datatype == XSD + "dateTime":
            moment = datetime.fromisoformat(literal.value)
            zoned = moment.tzinfo is not None
            return ("moment" if zoned else "local", moment.astimezone(UTC) if zoned else moment)
    except ValueError:
        return None
    return None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return len(text.partition("-")[0]) > 4 or text.startswith("-")
    return True
