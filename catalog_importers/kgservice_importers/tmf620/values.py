"""Read the values of characteristics: text and unit to RDF terms, as the property demands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, NamedTuple

from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Unit, ValueKind, Vocabulary
from kgservice_importers.tmf620.mapping import folded, spaced
from kgservice_importers.tmf620.names import Names

_LONGEST: Final = 64
_LONGEST_TEXT: Final = 4000
_NUMBER: Final = re.compile(r"([+-]?[\d.,]*\d(?:[eE][+-]?\d+)?)\s*(\D.*)?")
_THREES_COMMA: Final = re.compile(r"\d{1,3}(,\d{3})+")
_THREES_POINT: Final = re.compile(r"\d{1,3}(\.\d{3})+")
_DURATION: Final = re.compile(
    r"P(?=.)(\d{1,6}Y)?(\d{1,6}M)?(\d{1,6}D)?(T(?=.)(\d{1,6}H)?(\d{1,6}M)?(\d{1,6}(\.\d{1,6})?S)?)?"
)
_WEEKS: Final = re.compile(r"P(\d{1,5})W")
_AMOUNT_AND_PERIOD: Final = re.compile(r"(\d{1,6})\s*([^\d].*)?")
_VERSION: Final = re.compile(r"(?:[a-z]+\s*)?v?(\d{1,4})(?:\.[\w.]*)?", re.IGNORECASE)
_SUBDIVISION: Final = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
_ISO_PERIOD: Final = re.compile(r"(PT?)(\d{1,6})([YMDHS])")
_MAX_SCALE: Final = 18
_MAX_NUMBER: Final = Decimal(10**15)


class Finding(NamedTuple):
    """Why a value became no fact, or what was assumed; the caller adds the place."""

    code: str
    detail: str
    severity: Severity = Severity.WARNING


class Reading(NamedTuple):
    """The terms that one written value stands for, and what was found."""

    terms: tuple[Term, ...] = ()
    findings: tuple[Finding, ...] = ()


@lru_cache(maxsize=8192)
def parse_number(text: str) -> Decimal | Finding:
    """Read a number that is not negative, with a decimal point or comma.

    `1,234` is refused (`number-ambiguous`): it may be 1.234 or 1234.
    """
    shown = text[:_LONGEST]
    if len(text) > _LONGEST:
        return Finding(code="number-invalid", detail=f"{shown!r}… is too long to be a number")
    plain = _decimal_point(text.strip())
    if plain is None:
        return Finding(
            code="number-ambiguous", detail=f"{shown!r} may have a thousands or a decimal comma"
        )
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return Finding(code="number-invalid", detail=f"{shown!r} is not a number")
    too_large = not number.is_finite() or number >= _MAX_NUMBER
    exponent = number.as_tuple().exponent
    if too_large or number < 0 or not isinstance(exponent, int) or exponent < -_MAX_SCALE:
        return Finding(code="number-invalid", detail=f"{shown!r} is negative or out of range")
    return number


def _decimal_point(text: str) -> str | None:
    comma, point = text.rfind(","), text.rfind(".")
    if comma < 0:
        return (
            text.replace(".", "") if text.count(".") > 1 and _THREES_POINT.fullmatch(text) else text
        )
    if point < 0:
        if text.count(",") > 1 and _THREES_COMMA.fullmatch(text):
            return text.replace(",", "")
        return None if _THREES_COMMA.fullmatch(text) else text.replace(",", ".")
    whole, cut = (text[:comma], comma) if comma > point else (text[:point], point)
    groups = _THREES_POINT if comma > point else _THREES_COMMA
    if not groups.fullmatch(whole):
        return text
    return re.sub(r"[.,]", "", whole) + "." + text[cut + 1 :]


def number_text(number: Decimal) -> str:
    """Write a number as xsd:decimal, without exponent and without needless zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def period_of(periods: Mapping[str, str], name: str, count: int = 1) -> str:
    """Give xsd:duration text for `count` of a named period (`MONTHLY`), or nothing."""
    iso = _ISO_PERIOD.fullmatch(periods.get(spaced(name), ""))
    return f"{iso.group(1)}{int(iso.group(2)) * count}{iso.group(3)}" if iso else ""


def parse_duration(periods: Mapping[str, str], text: str, unit: str = "") -> str | Finding:
    """Read `P2M`, `2 months`, `30 days` or a number with a unit as xsd:duration text.

    The unit is kept, since two months are not sixty days; weeks become days.
    """
    short = text.strip()[:_LONGEST]
    if _DURATION.fullmatch(short):
        return short
    weeks = _WEEKS.fullmatch(short)
    if weeks:
        return f"P{int(weeks.group(1)) * 7}D"
    match = _AMOUNT_AND_PERIOD.fullmatch(short)
    count, name = (match.group(1), match.group(2) or unit) if match else ("1", short)
    if match and not name:
        return Finding(code="unit-missing", detail=f"{short!r} does not say days, months or years")
    found = period_of(periods, name, int(count))
    return found or Finding(code="value-unmapped", detail=f"{short!r} is not read as a duration")


class ValueReader:
    """Reads written values; equal values are read once (up to 65,536 are remembered)."""

    def __init__(self, names: Names, vocabulary: Vocabulary) -> None:
        """Bind to the names and the vocabulary's units, countries and individuals."""
        self._names = names
        mapping = names.mapping
        self.periods: Mapping[str, str] = mapping.inverse("periods")
        self._countries = vocabulary.countries
        self._units = dict(vocabulary.units)
        self._folded_units = {code.casefold(): unit for code, unit in vocabulary.units.items()}
        self._yes, self._no = folded(mapping.words("yes")), folded(mapping.words("no"))
        self._flat = folded(mapping.words("flat"))
        self._countable = self._flat | folded(mapping.words("counted"))
        self._bare = frozenset(mapping.words("bare"))
        self._major = frozenset(mapping.words("major"))
        self._properties = vocabulary.properties
        self._remembered = lru_cache(maxsize=65_536)(self._read)
        self._by_type: dict[str, Callable[[PropertyInfo, str, str], Reading]] = {
            XSD + "integer": self._number,
            XSD + "decimal": self._number,
            XSD + "double": self._number,
            XSD + "boolean": self._boolean,
            XSD + "duration": self._duration,
        }

    def read(self, info: PropertyInfo, text: str, unit: str = "") -> Reading:
        """Read one value of a characteristic, which may be a list if the property takes several."""
        return self._remembered(info.name, text, unit)

    def _read(self, name: str, text: str, unit: str) -> Reading:
        info = self._properties[name]
        if info.kind is ValueKind.SINGLE or ("," not in text and ";" not in text):
            return self._one(info, text, unit)
        parts = [part.strip() for part in re.split(r"[,;]", text[:_LONGEST_TEXT]) if part.strip()]
        readings = [self._one(info, part, unit) for part in parts]
        return Reading(
            tuple(dict.fromkeys(term for reading in readings for term in reading.terms)),
            tuple(finding for reading in readings for finding in reading.findings),
        )

    def unit_of(self, name: str) -> Unit | None:
        """Find a unit by code or alias, in any case where that is not ambiguous."""
        return self._units.get(name) or self._folded_units.get(name.casefold())

    def country_of(self, text: str) -> Iri | None:
        """Find a country by alpha-2, alpha-3, subdivision code, name or IRI."""
        short = text.strip()[:_LONGEST]
        part = _SUBDIVISION.fullmatch(short)
        key = part.group(1) if part else short
        found = self._countries.get(key.lower()) or self._countries.get(text)
        return found.iri if found else None

    def is_no(self, text: str) -> bool:
        """Say whether a text is one of the words for no."""
        return spaced(text) in self._no

    def is_flat_unit(self, name: str) -> bool:
        """Say whether a unit of measure means no more than "one of it"."""
        return spaced(name) in self._flat

    def _one(self, info: PropertyInfo, text: str, unit: str) -> Reading:
        if info.range_class:
            return self._node(info, text)
        reader = self._by_type.get(info.datatype)
        if reader is not None:
            return reader(info, text, unit)
        return Reading((Literal(text[:_LONGEST_TEXT], info.datatype or XSD + "string"),))

    def _node(self, info: PropertyInfo, text: str) -> Reading:
        is_country = info.range_class == KG.Country.value
        found = self.country_of(text) if is_country else self._names.individual_of(text)
        if found is not None:
            return Reading((found,))
        what = "no country of the country table" if is_country else f"no known {info.name}"
        return _none("value-unmapped", f"{text[:_LONGEST]!r} is {what}")

    def _boolean(self, info: PropertyInfo, text: str, unit: str) -> Reading:
        del unit
        folded = spaced(text)
        if folded in self._yes or folded in self._no:
            return Reading((Literal("true" if folded in self._yes else "false", info.datatype),))
        return _none("value-unmapped", f"{text[:_LONGEST]!r} says neither yes nor no")

    def _duration(self, info: PropertyInfo, text: str, unit: str) -> Reading:
        found = parse_duration(self.periods, text, unit)
        return (
            Reading((), (found,))
            if isinstance(found, Finding)
            else Reading((Literal(found, info.datatype),))
        )

    def _number(self, info: PropertyInfo, text: str, unit: str) -> Reading:
        if info.name in self._major:
            version = _VERSION.fullmatch(text[:_LONGEST])
            if version:
                return Reading((Literal(str(int(version.group(1))), info.datatype),))
        match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            return _none("number-invalid", f"{text[:_LONGEST]!r} is not a number")
        number = parse_number(match.group(1))
        if isinstance(number, Finding):
            return Reading((), (number,))
        return self._in_stored_unit(info, number, (match.group(2) or unit).strip())

    def _in_stored_unit(self, info: PropertyInfo, number: Decimal, unit: str) -> Reading:
        findings: tuple[Finding, ...] = ()
        if info.unit and not unit and info.unit not in self._bare:
            return _none("unit-missing", f"{number_text(number)} of {info.name} has no unit")
        if info.unit and unit:
            given, stored = self.unit_of(unit), self.unit_of(info.unit)
            if given is None or stored is None or given.dimension != stored.dimension:
                return _none("unit-unmapped", f"{unit[:_LONGEST]!r} is no unit of {info.name}")
            if unit != given.code and unit not in given.aliases:
                findings = (_assumed(unit, given),)
            if given.factor != stored.factor:
                number = round(number * Decimal(given.factor) / Decimal(stored.factor), 9)
        elif unit and not info.is_money and spaced(unit) not in self._countable:
            return _none("unit-unmapped", f"{unit[:_LONGEST]!r} is no unit of {info.name}")
        written = number_text(number)
        if info.datatype == XSD + "integer" and "." in written:
            return _none("number-invalid", f"{written} of {info.name} is not a whole number")
        return Reading((Literal(written, info.datatype),), findings)


def _none(code: str, detail: str) -> Reading:
    return Reading((), (Finding(code, detail),))


def _assumed(written: str, unit: Unit) -> Finding:
    return Finding(
        code="unit-assumed",
        detail=f"{written!r} is read as {unit.code}",
        severity=Severity.INFO,
    )
