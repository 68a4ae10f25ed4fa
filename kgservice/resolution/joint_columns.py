"""What joint conditions and the order read of a component's bindings, as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Literal, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.array_judgement import Nodes, Rows, currency_is
from kgservice.resolution.frames import Frame, offered
from kgservice.resolution.joint_totals import SCALE, SHARE_SCALE
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers, Projection
from kgservice.resolution.reads import Path
from kgservice.resolution.values import number_of

_DURATION: Final = XSD + "duration"
_TOO_LARGE: Final = 10**15
_SEVERAL: Final = 1 << 32
_ONE: Final = (ValueKind.SINGLE, ValueKind.CHOICE)
ReadNumber: TypeAlias = Callable[[Term], "int | None"]


@dataclass(frozen=True, slots=True)
class Sets:
    """Numbers sets of values, so that equal sets have equal numbers.

    The empty set is `NOTHING`, a set of one value is that value's number.
    """

    numbers: dict[frozenset[int], int] = field(default_factory=dict)
    members: dict[int, frozenset[int]] = field(default_factory=dict)

    def number(self, values: frozenset[int]) -> int:
        """Give the number of a set of several values."""
        found = self.numbers.setdefault(values, _SEVERAL + len(self.numbers))
        self.members[found] = values
        return found

    def of(self, number: int) -> frozenset[int]:
        """Give the values of a set."""
        if number == NOTHING:
            return frozenset()
        return self.members.get(number) or frozenset((number,))


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number for each row, in whole millionths, where it is known."""

    known: Flags
    values: Integers


def sets_of(projection: Projection) -> Sets:
    """Give the projection's numbering of sets."""
    found = projection.remembered.setdefault("sets", Sets())
    assert isinstance(found, Sets)  # noqa: S101 - for mypy
    return found


def set_column(frame: Frame, path: Path) -> Integers:
    """Give, for each row, the set of values that a path reaches."""
    projection = frame.projection
    sets = sets_of(projection)
    if path[0].iri == KG.offering:  # the binding's own: the graph has it as a statement
        return frame.nodes.astype(np.int64)
    if path[0].iri in frame.picks:
        return _sets(Rows(projection, frame.nodes, frame), path, sets)
    key = ("sets", frame.component.kind, path)
    found = projection.remembered.get(key)
    if found is None:
        every = Nodes(projection, offered(projection, frame.component.kind))
        found = projection.remembered[key] = _sets(every, path, sets)
    assert isinstance(found, np.ndarray)  # noqa: S101 - for mypy
    return found[frame.places[frame.owners]]


def _sets(nodes: Nodes, path: Path, sets: Sets) -> Integers:
    owners, values = reached(nodes, path)
    counts = np.bincount(owners, minlength=len(nodes.ids))
    found = np.full(len(nodes.ids), NOTHING, np.int64)
    single = counts[owners] == 1
    found[owners[single]] = values[single]
    several: dict[int, set[int]] = {}
    for owner, value in zip(owners[~single], values[~single], strict=True):
        several.setdefault(int(owner), set()).add(int(value))
    for owner, members in several.items():
        found[owner] = sets.number(frozenset(members))
    return found


def reached(nodes: Nodes, path: Path) -> tuple[Ids, Ids]:
    """Give what a path reaches: position of the node, value; each pair once, in order.

    A property that has one value by its kind and says two reaches nothing (`queries.one_by_one`).
    """
    owners, values = np.arange(len(nodes.ids), dtype=np.int32), nodes.ids
    here = nodes
    for step in path:
        positions, found = here.gather(step.iri)
        if step.kind in _ONE:
            alone = np.bincount(positions, minlength=len(here.ids))[positions] == 1
            positions, found = positions[alone], found[alone]
        owners, values = owners[positions], found
        here = Nodes(nodes.projection, values)
    pairs = np.unique((owners.astype(np.int64) << 32) | values.astype(np.int64))
    return (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)


def number_column(
    frame: Frame, prices: PriceColumns, info: PropertyInfo, currency: str, read: ReadNumber
) -> Numbers:
    """Give, for each row, the number that a sum or the order reads; money in one currency only.

    `read` gives the number of a value, or None when it has none.
    """
    if info.is_derived:
        return _price_numbers(frame, prices, info, currency)
    rows = Rows(frame.projection, frame.nodes, frame)
    owners, values = reached(rows, (info,))
    found = Numbers(np.zeros(len(frame), np.bool_), np.zeros(len(frame), np.int64))
    term_of = frame.projection.terms.term
    first: dict[int, int] = {}
    for owner, value in zip(owners.tolist(), values.tolist(), strict=True):
        known = first.get(owner)
        if known is None or term_of(value) < term_of(known):
            first[owner] = value
    scaled = _remembered(lambda number: read(term_of(number)))
    for owner, value in first.items():
        number = scaled(value)
        if number is not None:
            found.known[owner], found.values[owner] = True, number
    if info.is_money:
        nodes = Nodes(frame.projection, frame.offerings)
        found.known[~currency_is(nodes, prices, currency)[frame.owners]] = False
    return found


def _remembered(work: Callable[[int], int | None]) -> Callable[[int], int | None]:
    known: dict[int, int | None] = {}

    def look(number: int) -> int | None:
        if number not in known:
            known[number] = work(number)
        return known[number]

    return look


def _price_numbers(
    frame: Frame, prices: PriceColumns, info: PropertyInfo, currency: str
) -> Numbers:
    nodes = Nodes(frame.projection, frame.offerings)
    known = prices.known[info.iri] & currency_is(nodes, prices, currency)
    values = np.zeros(len(frame.offerings), np.int64)
    for code in range(len(prices.currencies)):
        chosen = known & (prices.codes == code)
        values[chosen] = prices.minor[info.iri][chosen] * (SCALE // 10 ** prices.digits(code))
    known &= np.abs(values) < _TOO_LARGE
    return Numbers(known[frame.owners], values[frame.owners])


def share_number(term: Term) -> int | None:
    """Give a share in percent in parts of `SHARE_SCALE`; None of what is no share, or too fine."""
    number = number_of(term) if isinstance(term, Literal) else None
    if number is None or not 0 <= number <= 100:
        return None
    scaled = Fraction(number) * SHARE_SCALE / 100
    return scaled.numerator if scaled.denominator == 1 else None


def scaled_number(term: Term, as_of: date) -> int | None:
    """Give a value in whole millionths; a duration as the moment at which it ends."""
    if not isinstance(term, Literal):
        return None
    if term.datatype == _DURATION:
        try:
            return int(parse_duration(term.value).after(as_of).timestamp()) * SCALE
        except InputError:
            return None
    number = number_of(term)
    scaled = None if number is None else int(Fraction(number) * SCALE)
    return scaled if scaled is not None and abs(scaled) < _TOO_LARGE else None


def closed_column(frame: Frame, path: Path) -> Flags:
    """Say, for each row, whether all that a path's first property says is known."""
    nodes = Nodes(frame.projection, frame.offerings)
    complete = nodes.says(KG.completeFor, path[0].iri)[frame.owners]
    if path[0].kind in _ONE:
        complete = complete | (set_column(frame, path) != NOTHING)
    return complete
