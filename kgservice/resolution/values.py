"""Scalars of a request, read and written by the type that the vocabulary gives a property."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.money import parse_money
from kgservice.model.rdf import XSD, XSD_STRING, Iri, Literal, is_valid_iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary

_NUMBER = re.compile(r"^([-+]?\d+(?:\.\d+)?)\s*(.*)$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_INTEGER_TYPES = frozenset({XSD + "integer", XSD + "int", XSD + "nonNegativeInteger"})
_NUMERIC = _INTEGER_TYPES | {XSD + "decimal"}


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value and, for money, its currency."""

    value: Iri | Literal
    currency: str = ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Give a did-you-mean sentence, or an empty string when nothing is close."""
    by_lower = {name.lower(): name for name in sorted(known)}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"Did you mean `{by_lower[close[0]]}`?" if close else ""


def decimal_text(number: Fraction | Decimal) -> str:
    """Write a number in the shortest exact decimal form (the canonical form of engines).

    Numbers with no finite decimal form are cut at 18 decimals, which is what engines keep.
    """
    fraction = Fraction(number)
    scaled = fraction * 10**18
    whole, remainder = divmod(abs(scaled.numerator) // scaled.denominator, 10**18)
    digits = f"{remainder:018d}".rstrip("0")
    sign = "-" if fraction < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def is_ordered(info: PropertyInfo) -> bool:
    """Say whether `<` means something for the property's values."""
    return info.datatype in _NUMERIC | {XSD + "duration", XSD + "date", XSD + "dateTime"}


def is_numeric(info: PropertyInfo) -> bool:
    """Say whether the property's values are numbers."""
    return info.datatype in _NUMERIC


def read_value(text: str, info: PropertyInfo, vocabulary: Vocabulary, at: str) -> TypedValue:
    """Read one scalar as a value of a property.

    Raises:
        InputError: it is not of the property's type (`value-invalid`, `unit-missing`,
            `unit-unknown`, `unit-mismatch`, `value-unknown`, `country-unknown`,
            `duration-invalid`, `money-invalid`).
    """
    try:
        return _read(text, info, vocabulary)
    except InputError as error:
        raise InputError(
            f"{info.name}: {error.detail}", code=error.code, at=at, hint=error.hint
        ) from None


def _read(text: str, info: PropertyInfo, vocabulary: Vocabulary) -> TypedValue:
    if info.is_money:
        money = parse_money(text)
        return TypedValue(Literal(decimal_text(Decimal(money.amount)), _DECIMAL), money.currency)
    if info.datatype in _NUMERIC:
        return TypedValue(_number(text, info, vocabulary))
    if info.datatype == XSD + "duration":
        return TypedValue(Literal(iso_duration(text), info.datatype))
    if info.datatype == XSD + "boolean":
        return TypedValue(_boolean(text))
    if info.datatype in (XSD + "date", XSD + "dateTime"):
        return TypedValue(Literal(read_date(text).isoformat(), XSD + "date"))
    if info.datatype:
        return TypedValue(Literal(text, info.datatype))
    return TypedValue(_node(text, info, vocabulary))


_DECIMAL = XSD + "decimal"
_LONGEST_NUMBER = 100
"""Characters with the unit; Python refuses to read a number of 4,300 digits."""


def read_date(text: str) -> date:
    """Read `2026-12-01`.

    Raises:
        InputError: it is not a day (`value-invalid`).
    """
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InputError(
        f"{text!r} is not a day.", code="value-invalid", hint="Write it as `2026-12-01`."
    )


def _boolean(text: str) -> Literal:
    if text not in ("true", "false"):
        raise InputError(f"{text!r} is neither `true` nor `false`.", code="value-invalid")
    return Literal(text, XSD + "boolean")


def _number(text: str, info: PropertyInfo, vocabulary: Vocabulary) -> Literal:
    match = _NUMBER.match(text)
    if match is None or len(text) > _LONGEST_NUMBER:
        raise InputError(f"{text[:80]!r} is not a number.", code="value-invalid")
    number = Fraction(match.group(1)) * _factor(match.group(2).strip(), info, vocabulary)
    if info.datatype in _INTEGER_TYPES:
        if number.denominator != 1:
            raise InputError(f"{text!r} is not a whole number.", code="value-invalid")
        return Literal(str(number.numerator), XSD + "integer")
    return Literal(decimal_text(number), _DECIMAL)


def _factor(written: str, info: PropertyInfo, vocabulary: Vocabulary) -> Fraction:
    """Give what a number is multiplied with to be in the property's stored unit."""
    if not info.unit:
        if written:
            raise InputError(f"it has no unit, and {written!r} is one.", code="unit-mismatch")
        return Fraction(1)
    if not written:
        raise InputError(
            "the unit is missing.", code="unit-missing", hint=f"Write, for example, `{info.unit}`."
        )
    unit = vocabulary.units.get(written)
    stored = vocabulary.units.get(info.unit)
    if unit is None or stored is None:
        raise InputError(
            f"{written!r} is not a unit.",
            code="unit-unknown",
            hint=suggestion(written, vocabulary.units),
        )
    if unit.dimension != stored.dimension:
        raise InputError(f"{written!r} does not measure it.", code="unit-mismatch")
    return Fraction(unit.factor) / Fraction(stored.factor)


def _node(text: str, info: PropertyInfo, vocabulary: Vocabulary) -> Iri:
    if info.range_class == KG.NS + "Country":
        return read_country(text, vocabulary)
    known = vocabulary.individuals.get(text)
    if known is not None:
        return known
    if is_valid_iri(text) and ("//" in text or text.startswith("urn:")):
        return Iri(text)
    raise InputError(
        f"{text!r} is not a known value.",
        code="value-unknown",
        hint=suggestion(text, vocabulary.individuals) or "Write its IRI.",
    )


def read_country(text: str, vocabulary: Vocabulary) -> Iri:
    """Read a country by alpha-2, alpha-3, name or IRI.

    Raises:
        InputError: there is no such country (`country-unknown`).
    """
    country = vocabulary.countries.get(text.lower()) or vocabulary.countries.get(text)
    if country is None:
        names = [key for key in vocabulary.countries if len(key) > 3 and ":" not in key]
        raise InputError(
            f"{text!r} is not a country.", code="country-unknown", hint=suggestion(text, names)
        )
    return country.iri


def write_value(value: Iri | Literal, info: PropertyInfo, vocabulary: Vocabulary) -> str:
    """Write a value as a request would, so that `read_value` gives it back."""
    if isinstance(value, Iri):
        return _node_text(value, info, vocabulary)
    if info.unit and info.datatype in _NUMERIC:
        return f"{_plain_number(value.value)} {info.unit}"
    return _plain_number(value.value) if value.datatype in _NUMERIC else value.value


def _node_text(value: Iri, info: PropertyInfo, vocabulary: Vocabulary) -> str:
    if info.range_class == KG.NS + "Country":
        country = vocabulary.countries.get(value.value)
        return country.alpha2 if country else value.value
    local = local_name(value)
    return local if vocabulary.individuals.get(local) == value else value.value


def local_name(iri: Iri) -> str:
    """Give what follows the last `#` or `/`."""
    return re.split(r"[#/]", iri.value)[-1]


def _plain_number(text: str) -> str:
    number = number_of(Literal(text, _DECIMAL))
    return text if number is None else decimal_text(number)


def number_of(literal: Literal) -> Fraction | None:
    """Give a literal's number, or None when it is none (`NaN`, text)."""
    if literal.datatype == XSD_STRING:
        return None
    try:
        number = Decimal(literal.value)
    except InvalidOperation:
        return None
    # `1e999999999` as a fraction would be a gigabyte of zeros; no fact needs that.
    is_short = number.is_finite() and abs(number.adjusted()) <= _LONGEST_NUMBER
    return Fraction(number) if is_short and len(literal.value) <= 1000 else None
