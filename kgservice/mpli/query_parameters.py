"""Values of a saved query's parameters: read as their type says, put in as terms."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, Term, is_valid_iri
from kgservice.mpli.application import Application
from kgservice.mpli.query_header import TYPES, Parameter, QueryHeader

LONGEST_TEXT = 2000
_SCHEMES = "https://w3id.org/kgservice/scheme/"
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?(\d{1,18}(\.\d{1,18})?|\.\d{1,18})")
_TODAY = re.compile(r"today(?:([+-])(\d{1,5}))?")


def read_values(
    application: Application, header: QueryHeader, given: Mapping[str, Sequence[str]]
) -> dict[str, Term]:
    """Turn the given texts into terms; what is not given gets its default or stays free.

    Raises:
        InputError: a name is unknown (`query-parameter-unknown`), or a value is missing, given
            twice or not of its type (`query-parameter-invalid`); `at` is the parameter.
    """
    known = {parameter.name: parameter for parameter in header.parameters}
    for name in given:
        if name not in known:
            raise _unknown(name, list(known))
    values: dict[str, Term] = {}
    for name, parameter in known.items():
        texts = given.get(name, ())
        if len(texts) > 1:
            raise _invalid(parameter, f"is given {len(texts)} times")
        text = texts[0] if texts else parameter.default
        if text:
            values[name] = _read(application, parameter, text)
        elif texts:
            raise _invalid(parameter, "is empty")
        elif parameter.is_needed:
            raise _invalid(parameter, "is missing")
    return values


def example_values(application: Application, header: QueryHeader) -> dict[str, Term]:
    """Give a term for every parameter that has a default or must be given: to show, or to try."""
    shown = [one for one in header.parameters if one.default or one.is_needed]
    return {one.name: _read(application, one, one.example) for one in shown}


def _read(application: Application, parameter: Parameter, text: str) -> Term:
    term = None
    if len(text) <= LONGEST_TEXT:
        term = _READERS[parameter.type](application, text)
    if term is None:
        shown = text if len(text) <= 60 else text[:60] + "…"
        raise _invalid(parameter, f"cannot be {shown!r}")
    return term


def _country(application: Application, text: str) -> Term | None:
    countries = application.vocabulary.countries
    country = countries.get(text.lower()) or countries.get(text)
    return country.iri if country else None


def _kind(application: Application, text: str) -> Term | None:
    classes = application.vocabulary.classes
    if text in classes:
        return classes[text]
    return Iri(text) if Iri(text) in classes.values() else None


def _level(application: Application, text: str) -> Term | None:
    level = Iri(text if ":" in text else _SCHEMES + text)
    known = application.vocabulary.level_order.values()
    return level if any(level in levels for levels in known) else None


def _iri(_application: Application, text: str) -> Term | None:
    return Iri(text) if ":" in text and is_valid_iri(text) else None


def _integer(_application: Application, text: str) -> Term | None:
    return Literal(str(int(text)), XSD + "integer") if _INTEGER.fullmatch(text) else None


def _decimal(_application: Application, text: str) -> Term | None:
    return Literal(text, XSD + "decimal") if _DECIMAL.fullmatch(text) else None


def _date(application: Application, text: str) -> Term | None:
    """Read a day, or a moment, as the moment (xsd:dateTime) at which it begins in UTC."""
    moment = _relative(application.today(), text) or _absolute(text)
    if moment is None:
        return None
    return Literal(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), XSD + "dateTime")


def _relative(today: date, text: str) -> datetime | None:
    found = _TODAY.fullmatch(text.replace(" ", "+"))  # a bare + in an address is a space
    if found is None:
        return None
    days = int(found[2] or 0) * (-1 if found[1] == "-" else 1)
    return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=days)


def _absolute(text: str) -> datetime | None:
    try:
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _text(_application: Application, text: str) -> Term | None:
    return Literal(text) if text.isprintable() else None


_READERS: Mapping[str, Callable[[Application, str], Term | None]] = {
    "country": _country,
    "kind": _kind,
    "level": _level,
    "iri": _iri,
    "integer": _integer,
    "decimal": _decimal,
    "date": _date,
    "text": _text,
}


def _invalid(parameter: Parameter, what: str) -> InputError:
    return InputError(
        f"The parameter {parameter.name} {what}: it is {TYPES[parameter.type]}.",
        code="query-parameter-invalid",
        at=f"?{parameter.name}",
        hint=f"{parameter.name} ({parameter.type}) is {parameter.description};"
        f" for example {parameter.name}={parameter.example}.",
    )


def _unknown(name: str, known: list[str]) -> InputError:
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    takes = f"It takes {', '.join(known)}." if known else "It takes none."
    return InputError(
        f"The query has no parameter {name!r}.",
        code="query-parameter-unknown",
        at=f"?{name}",
        hint=meant + takes,
    )
