"""The price components of a kind's offerings as columns, read once for each state of the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.money import rounded
from kgservice.model.price import PriceComponent
from kgservice.model.rdf import XSD, Iri, Literal, Row
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.frames import offered
from kgservice.resolution.pricing import component_of
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers, Projection
from kgservice.resolution.values import number_of

PARTS: Final = {
    "type": KG.priceType,
    "amount": KG.amount,
    "currency": KG.currency,
    "period": KG.period,
    "perProperty": KG.perProperty,
    "perQuantity": KG.perQuantity,
    "perUnit": KG.perUnit,
    "fromQuantity": KG.fromQuantity,
    "toQuantity": KG.toQuantity,
    "taxIncluded": KG.taxIncluded,
}
Wholes = npt.NDArray[Any]
"""Whole numbers: 64 bits where that is enough, else Python's."""


@dataclass(frozen=True, slots=True)
class PriceParts:
    """Price components; equal ones but for the amount share a template.

    Attributes:
        owners: For each component, the position of its offering in `offered`, rising.
        codes: … its template.
        amounts: … its amount, times `scale`.
        scale: What makes all amounts whole.
        templates: The distinct components, with the amount 1.
        unreadable: Offerings with a component that makes no sense.
        shortest: For each offering its shortest term, an entry of `months`, or `NOTHING`.
        months: Distinct shortest terms in months.
        penalties: What ending before it costs in minor units, by position and currency.
    """

    owners: Ids
    codes: Ids
    amounts: Wholes
    scale: int
    templates: tuple[PriceComponent, ...]
    unreadable: Flags
    shortest: Ids
    months: tuple[Fraction, ...]
    penalties: Mapping[str, Mapping[int, int]]


def price_parts(projection: Projection, kind: Iri, vocabulary: Vocabulary) -> PriceParts:
    """Read the price components of all offerings of a kind; remembered."""
    return projection.masks.get(
        ("price parts", kind), PriceParts, lambda: _read(projection, kind, vocabulary)
    )


def _read(projection: Projection, kind: Iri, vocabulary: Vocabulary) -> PriceParts:
    offerings = offered(projection, kind)
    owners, nodes = projection.column(KG.price).gather(offerings)
    single = {name: _single(projection, nodes, prop) for name, prop in PARTS.items()}
    bad = np.logical_or.reduce([repeated for _, repeated in single.values()])
    numbers, scale, is_number = _amounts(projection, single.pop("amount")[0])
    templates, codes = _templates(projection, {n: c for n, (c, _) in single.items()}, vocabulary)
    bad |= (codes == NOTHING) | ~is_number
    unreadable = np.zeros(len(offerings), np.bool_)
    unreadable[owners[bad]] = True
    keep = ~unreadable[owners]
    shortest, months = _shortest_terms(projection, offerings)
    return PriceParts(
        owners[keep],
        codes[keep],
        numbers[keep],
        scale,
        templates,
        unreadable,
        shortest,
        months,
        _penalties(projection, offerings),
    )


def _single(projection: Projection, nodes: Ids, prop: Iri) -> tuple[Ids, Flags]:
    """Give each node's one value, `NOTHING` if it has none; say which have several."""
    column = projection.column(prop)
    found = np.full(len(nodes), NOTHING, np.int32)
    if not len(column.subjects):
        return found, np.zeros(len(nodes), np.bool_)
    starts, counts = column.spans(nodes)
    has = counts > 0
    found[has] = column.values[starts[has]]
    return found, counts > 1


def _amounts(projection: Projection, codes: Ids) -> tuple[Wholes, int, Flags]:
    """Give amounts as whole numbers, what they were multiplied with, and which are numbers."""
    distinct, places = np.unique(codes, return_inverse=True)
    known = projection.terms.amounts
    amounts = [known.get(code) or _amount(projection, code) for code in distinct.tolist()]
    scale = lcm(*{amount[1] for amount in amounts if amount is not None})
    scaled = [amount[0] * (scale // amount[1]) if amount else 0 for amount in amounts]
    is_number = np.array([amount is not None for amount in amounts], np.bool_)
    return wholes(scaled)[places], scale, is_number[places]


def _amount(projection: Projection, code: int) -> tuple[int, int] | None:
    """Give an amount as a fraction of whole numbers; remembered, for other states too."""
    number = _number(projection, code)
    if number is None:
        return None
    return projection.terms.amounts.setdefault(code, number.as_integer_ratio())


def wholes(numbers: Sequence[int]) -> Wholes:
    """Make an array of whole numbers of any size."""
    is_small = all(abs(number) < 2**62 for number in numbers)
    return np.array(numbers, np.int64 if is_small else object)


def _number(projection: Projection, code: int) -> Fraction | None:
    term = projection.terms.term(code) if code != NOTHING else None
    return number_of(term) if isinstance(term, Literal) else None


def _templates(
    projection: Projection, parts: Mapping[str, Ids], vocabulary: Vocabulary
) -> tuple[tuple[PriceComponent, ...], Ids]:
    """Number the distinct combinations of parts, without the amount; `NOTHING` makes no sense."""
    size = len(next(iter(parts.values())))
    combined: Integers = np.zeros(size, np.int64)
    for codes in parts.values():
        distinct, places = np.unique(codes, return_inverse=True)
        if len(distinct) > 1:
            _, combined = np.unique(combined * len(distinct) + places, return_inverse=True)
    _, firsts, places = np.unique(combined, return_index=True, return_inverse=True)
    found: dict[int, PriceComponent] = {}
    for number, first in enumerate(firsts.tolist()):
        row: Row = {"amount": Literal("1", XSD + "decimal")}
        for name, codes in parts.items():
            if codes[first] != NOTHING:
                row[name] = projection.terms.term(int(codes[first]))
        part = component_of(row, vocabulary)
        if part is not None:
            found[number] = replace(part, amount=Fraction(1))
    numbers = np.full(len(firsts), NOTHING, np.int32)
    numbers[list(found)] = np.arange(len(found))
    return tuple(found.values()), numbers[places]


def _shortest_terms(projection: Projection, offerings: Ids) -> tuple[Ids, tuple[Fraction, ...]]:
    codes, several = _single(projection, offerings, KG.minimumTerm)
    codes[several] = NOTHING
    found = np.full(len(offerings), NOTHING, np.int32)
    months: list[Fraction] = []
    for code in np.unique(codes).tolist():
        length = None if code == NOTHING else _in_months(projection.terms.term(code)[0])
        if length is not None:
            found[codes == code] = len(months)
            months.append(length)
    return found, tuple(months)


def _in_months(text: str) -> Fraction | None:
    try:
        return Fraction(parse_duration(text).in_months())
    except InputError:
        return None


def _penalties(projection: Projection, offerings: Ids) -> dict[str, dict[int, int]]:
    amounts, several = _single(projection, offerings, KG.earlyTerminationPenalty)
    currencies, two = _single(projection, offerings, KG.currency)
    found: dict[str, dict[int, int]] = {}
    good = (amounts != NOTHING) & (currencies != NOTHING) & ~several & ~two
    for place in np.flatnonzero(good).tolist():
        amount = _number(projection, int(amounts[place]))
        if amount is not None:
            money = rounded(amount, projection.terms.term(int(currencies[place]))[0])
            found.setdefault(money.currency, {})[place] = money.minor
    return found
