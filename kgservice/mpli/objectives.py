"""What compositions reach in the preferences of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from kgservice.model.money import Money, minor_digits
from kgservice.model.rdf import XSD, Iri, Literal, Term, to_text
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.exploring import explorer_of
from kgservice.resolution.candidates import Table
from kgservice.resolution.joint_totals import SCALE
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.preferences import Extent, Preference, key_of
from kgservice.resolution.reads import Path
from kgservice.resolution.request import Request
from kgservice.resolution.templates import render
from kgservice.resolution.values import decimal_text, number_of, write_value
from kgservice.store.port import Session

_FINEST = Fraction(1, 10**18)
"""Below this, engines keep no digits of a decimal number."""


class Reader(Protocol):
    """Reads single bindings."""

    def number(self, key: str, binding: BoundOffering) -> int | None:
        """Give the number that is kept by a key, in whole millionths."""
        ...

    def values(self, binding: BoundOffering, path: Path) -> tuple[Term, ...]:
        """Give what a path reaches."""
        ...


@dataclass(frozen=True, slots=True)
class TableReads:
    """Reads what the graph said of compositions.

    Attributes:
        table: Values by key and binding.
        paths: Gives what a path reaches from a component's bindings, by binding IRI.
    """

    table: Table
    paths: Callable[[Path, str], Mapping[str, tuple[Term, ...]]]

    def number(self, key: str, binding: BoundOffering) -> int | None:
        """Give the number that is kept by a key, in whole millionths."""
        values = self.table[key].get(binding.iri)
        return int(values[0][0]) if values else None

    def values(self, binding: BoundOffering, path: Path) -> tuple[Term, ...]:
        """Give what a path reaches."""
        return self.paths(path, binding.component).get(binding.iri, ())


@dataclass(frozen=True, slots=True)
class Objectives:
    """Reads what compositions reach, in stored units.

    Attributes:
        session: The snapshot.
        vocabulary: What the ontology files define.
        request: The request.
        currency: In which money is ranked.
        reader: Reads the bindings.
    """

    session: Session
    vocabulary: Vocabulary
    request: Request
    currency: str
    reader: Reader

    def value(self, number: int, chosen: Mapping[str, BoundOffering]) -> Fraction | None:
        """Give what a composition reaches in one preference; None when it is unknown."""
        one = self.request.prefer[number]
        if one.between:
            return self._measured(one, chosen)
        found = [self.reader.number(key_of(number), binding) for binding in chosen.values()]
        known = [one for one in found if one is not None]
        if len(known) != len(found):
            return None
        if one.extent is Extent.SUM:
            return Fraction(sum(known), SCALE)
        return Fraction(min(known) if one.extent is Extent.LOWEST else max(known), SCALE)

    def _measured(self, one: Preference, chosen: Mapping[str, BoundOffering]) -> Fraction | None:
        ends = [self.reader.values(chosen[name], one.path) for name in one.between]
        places = [end[0] for end in ends if len(end) == 1 and isinstance(end[0], Iri)]
        iris = [place for place in places if isinstance(place, Iri)]
        if len(iris) != len(one.between):
            return None
        found = measured_between(self.session, one.property.iri, iris)
        return found.pop() if len(found) == 1 else None

    def point(self, chosen: Mapping[str, BoundOffering]) -> tuple[Fraction, ...] | None:
        """Give what a composition reaches in all preferences, smaller is better, if it is known."""
        prefer = self.request.prefer
        found = [self.value(number, chosen) for number in range(len(prefer))]
        known = [
            self.signed(number, value) for number, value in enumerate(found) if value is not None
        ]
        return tuple(known) if len(known) == len(prefer) else None

    def signed(self, number: int, value: Fraction) -> Fraction:
        """Turn what is reached into what is to be small, and back."""
        return -value if self.request.prefer[number].is_maximise else value

    def step(self, number: int) -> Fraction:
        """Give the least difference between two values of a preference."""
        is_measured = bool(self.request.prefer[number].between)
        return _FINEST if is_measured else Fraction(1, SCALE)

    def texts(self, chosen: Mapping[str, BoundOffering]) -> dict[str, str]:
        """Give what a composition reaches, as text by preference; empty when it is unknown."""
        prefer = self.request.prefer
        return {one.text(): self._text(number, one, chosen) for number, one in enumerate(prefer)}

    def _text(self, number: int, one: Preference, chosen: Mapping[str, BoundOffering]) -> str:
        value = self.value(number, chosen)
        if value is None:
            return ""
        info = one.property
        if info.is_money:
            return str(Money(self.currency, int(value * 10 ** minor_digits(self.currency))))
        if info.datatype not in (XSD + "integer", XSD + "decimal"):
            return self._moments(number, one, chosen)
        return write_value(Literal(decimal_text(value), info.datatype), info, self.vocabulary)

    def _moments(self, number: int, one: Preference, chosen: Mapping[str, BoundOffering]) -> str:
        """Name the durations or days themselves; they are ranked by when they end."""
        key = key_of(number)
        by_size = sorted(chosen.values(), key=lambda one: self.reader.number(key, one) or 0)
        if one.extent is Extent.LOWEST:
            by_size = by_size[:1]
        elif one.extent is Extent.HIGHEST:
            by_size = by_size[-1:]
        values = [v for binding in by_size for v in self.reader.values(binding, (one.property,))]
        texts = [
            write_value(value, one.property, self.vocabulary)
            for value in values
            if isinstance(value, (Iri, Literal))
        ]
        return " + ".join(texts)


def objectives_of(engine: SearchEngine) -> Objectives:
    """Give the reader of a prepared engine."""
    explorer = explorer_of(engine)
    return Objectives(engine.session, engine.vocabulary, engine.request, engine.ranked_in, explorer)


def measured_between(session: Session, measure: Iri, ends: Iterable[Iri]) -> set[Fraction]:
    """Read what is measured between two ends, in both directions, from the merged graph."""
    one, other = (to_text(end) for end in ends)
    slots = {"ends": f"VALUES (?from ?to) {{ ({one} {other}) ({other} {one}) }}"}
    rows = session.select(render("measured", {"measure": measure}, slots), where="snapshot")
    values = [row["value"] for row in rows]
    numbers = [number_of(value) for value in values if isinstance(value, Literal)]
    return {Fraction(number) for number in numbers if number is not None}
