"""When durations end, counted from a request's day: the engine has no calendar arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, Row, Triple
from kgservice.model.terms import KG
from kgservice.resolution.compile import date_time
from kgservice.resolution.request import Request

_DURATION = XSD + "duration"


def duration_ends(request: Request, as_of: date, rows: Iterable[Row]) -> Iterator[Triple]:
    """Say when each duration ends that the query `durations` gave."""
    for row in rows:
        text = row["value"][0]
        try:
            end = parse_duration(text).after(as_of)
        except InputError:
            continue  # compares with nothing, so no condition on it is met
        node = Iri(f"{request.iri}/duration/{text}")
        yield Triple(node, KG.lasting, Literal(text, _DURATION))
        yield Triple(node, KG.endsAt, date_time(end))
