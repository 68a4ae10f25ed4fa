"""Prices of a component's offerings as columns of minor units, evaluated once for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kgservice.model.money import minor_digits
from kgservice.model.price import Price
from kgservice.model.rdf import Iri, Row
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.pricing import PriceList, asked_quantities, price_of, read_prices
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers, Projection
from kgservice.resolution.request import Component, Request

DERIVED: Final = (KG.monthlyPrice, KG.oneTimePrice, KG.totalPrice)
_PARTS: Final = {
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
_TERMS: Final = (KG.minimumTerm, KG.earlyTerminationPenalty, KG.currency)
READ_OF_PRICES: Final = (KG.price, *_PARTS.values(), *_TERMS)
"""Every property that a price is made of."""


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """What the offerings of a component cost, by position in the frame's `offerings`.

    Attributes:
        prices: The prices as values.
        known: For each derived property, whether the price is known.
        minor: For each derived property, minor units; 0 where unknown.
        codes: Which entry of `currencies` the price is in, or `NOTHING`.
        currencies: ISO 4217 codes.
    """

    prices: Sequence[Price]
    known: dict[Iri, Flags]
    minor: dict[Iri, Integers]
    codes: Ids
    currencies: tuple[str, ...]

    def digits(self, code: int) -> int:
        """Give the number of decimals of a currency's minor unit."""
        return minor_digits(self.currencies[code])


def price_columns(
    projection: Projection,
    request: Request,
    component: Component,
    offerings: Ids,
    vocabulary: Vocabulary,
) -> PriceColumns:
    """Price offerings for what a component asks; each offering once for each question."""
    asked = tuple(sorted(asked_quantities(request, component).items()))
    question = ("prices", asked, component.quantity, request.term)
    known = projection.remembered.setdefault(question, {})
    assert isinstance(known, dict)  # noqa: S101 - for mypy
    fresh = [int(node) for node in offerings if int(node) not in known]
    if fresh:
        listed = _price_list(projection, np.array(fresh, np.int32), vocabulary)
        for node in fresh:
            iri = projection.terms.text(node)[1:-1]
            known[node] = price_of(request, component, iri, listed)
    return _columns([known[int(node)] for node in offerings])


def _columns(prices: Sequence[Price]) -> PriceColumns:
    per_property = [
        (prop, [getattr(price, name) for price in prices])
        for prop, name in zip(DERIVED, ("monthly", "one_time", "total"), strict=True)
    ]
    known = {
        prop: np.array([money is not None for money in found], np.bool_)
        for prop, found in per_property
    }
    minor = {
        prop: np.array([money.minor if money else 0 for money in found], np.int64)
        for prop, found in per_property
    }
    codes: dict[str, int] = {}
    numbers = []
    for price in prices:
        money = price.monthly or price.one_time or price.total
        numbers.append(codes.setdefault(money.currency, len(codes)) if money else NOTHING)
    return PriceColumns(prices, known, minor, np.array(numbers, np.int32), tuple(codes))


def _price_list(projection: Projection, offerings: Ids, vocabulary: Vocabulary) -> PriceList:
    """Read what `prices.rq` and `offering-terms-of-price.rq` read, from the columns."""
    terms = projection.terms
    iris = [Iri(terms.text(int(offering))[1:-1]) for offering in offerings]
    owners, nodes = projection.column(KG.price).gather(offerings)
    rows: list[Row] = [
        {"offering": iris[owner], "component": terms.term(int(node))}
        for owner, node in zip(owners, nodes, strict=True)
    ]
    repeated: set[int] = set()
    for name, prop in _PARTS.items():
        for place, value in zip(*projection.column(prop).gather(nodes), strict=True):
            if name in rows[place]:
                repeated.add(int(place))
            rows[place][name] = terms.term(int(value))
    # a component that says two things about itself has two rows, and is not read
    rows += [rows[place] for place in sorted(repeated)]
    return read_prices(rows, _term_rows(projection, offerings, iris), vocabulary)


def _term_rows(projection: Projection, offerings: Ids, iris: Sequence[Iri]) -> list[Row]:
    return [
        {"offering": iris[owner], "property": prop, "value": projection.terms.term(int(value))}
        for prop in _TERMS
        for owner, value in zip(*projection.column(prop).gather(offerings), strict=True)
    ]
