"""Prices of a component's offerings as columns of minor units, evaluated once for each question.

The numbers are those of `kgservice.model.price.evaluate`, for all offerings at once and as exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Final

import numpy as np

from kgservice.model.duration import parse_duration
from kgservice.model.money import Money, minor_digits
from kgservice.model.price import Price, PriceType, is_in_tier, months_of, times_counted
from kgservice.model.rdf import Iri, Row, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.frames import Frame
from kgservice.resolution.price_parts import PARTS, PriceParts, Wholes, price_parts, wholes
from kgservice.resolution.pricing import PriceList, asked_quantities, price_of, read_prices
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers, Projection
from kgservice.resolution.request import Request

DERIVED: Final = (KG.monthlyPrice, KG.oneTimePrice, KG.totalPrice)
_TERMS: Final = (KG.minimumTerm, KG.earlyTerminationPenalty, KG.currency)
READ_OF_PRICES: Final = (KG.price, *PARTS.values(), *_TERMS)
"""Every property that a price is made of."""
Asked = tuple[tuple[str, Fraction], ...]
_MOST: Final = 4 * 10**12
"""Minor units; what costs more is written as this much, which no order or sum reads."""


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """What the offerings of a component cost, by position in the frame's `offerings`.

    Attributes:
        question: What was priced: equal questions have equal columns.
        known: For each derived property, whether the price is known.
        minor: For each derived property, minor units; 0 where unknown.
        codes: Which entry of `currencies` the price is in, or `NOTHING`.
        currencies: ISO 4217 codes.
        price: Gives one price as a value, with the reason why it is unknown.
    """

    question: tuple[Asked, int, str]
    known: dict[Iri, Flags]
    minor: dict[Iri, Integers]
    codes: Ids
    currencies: tuple[str, ...]
    price: Callable[[int], Price]

    def digits(self, code: int) -> int:
        """Give the number of decimals of a currency's minor unit."""
        return minor_digits(self.currencies[code])

    def monthly(self, place: int) -> Money | None:
        """Give a monthly price, None where it is unknown."""
        if not self.known[KG.monthlyPrice][place]:
            return None
        currency = self.currencies[self.codes[place]]
        return Money(currency, int(self.minor[KG.monthlyPrice][place]))

    def amounts(self, prop: Iri, places: Ids) -> set[Money]:
        """Give the distinct known amounts of a derived property at some positions."""
        some = places[self.known[prop][places]]
        pairs = np.unique(np.stack((self.codes[some], self.minor[prop][some])), axis=1)
        return {Money(self.currencies[code], minor) for code, minor in pairs.T.tolist()}

    def at(self, places: Ids) -> PriceColumns:
        """Give the prices at some positions."""
        return PriceColumns(
            self.question,
            {prop: flags[places] for prop, flags in self.known.items()},
            {prop: numbers[places] for prop, numbers in self.minor.items()},
            self.codes[places],
            self.currencies,
            lambda place: self.price(int(places[place])),
        )


def price_columns(request: Request, frame: Frame, vocabulary: Vocabulary) -> PriceColumns:
    """Price all offerings of a frame's kind for what its component asks; once for each question.

    The frame's own part of them is `at(frame.places)`.
    """
    component, projection = frame.component, frame.projection
    asked = tuple(sorted(asked_quantities(request, component).items()))
    question = (asked, component.quantity, request.term)
    offerings = (frame.whole or frame).offerings

    def price(place: int) -> Price:
        """Read and evaluate the price of one offering."""
        nodes = offerings[place : place + 1]
        listed = _price_list(projection, nodes, vocabulary)
        return price_of(request, component, projection.terms.text(int(nodes[0]))[1:-1], listed)

    def make() -> PriceColumns:
        """Evaluate the prices of all."""
        parts = price_parts(projection, component.kind, vocabulary)
        return _Evaluation(parts, question).columns(price)

    return projection.masks.get(("prices", component.kind, question), PriceColumns, make)


class _Evaluation:
    """One question, put to all offerings of a kind."""

    def __init__(self, parts: PriceParts, question: tuple[Asked, int, str]) -> None:
        asked, self.instances, term = question
        self.question, self.parts = question, parts
        self.asked = dict(asked)
        self.term = Fraction(parse_duration(term).in_months()) if term else None
        self.size = len(parts.unreadable)
        self.starts = np.flatnonzero(np.diff(parts.owners, prepend=NOTHING))
        self.priced = parts.owners[self.starts]
        names = sorted({part.currency for part in parts.templates})
        self.currencies = tuple(names)
        self.of_template = np.array([names.index(t.currency) for t in parts.templates], np.int32)

    def columns(self, price: Callable[[int], Price]) -> PriceColumns:
        """Evaluate it."""
        codes = np.full(self.size, NOTHING, np.int32)
        known = self._is_known()
        if self.parts.templates:
            codes[self.priced] = self.of_template[self.parts.codes[self.starts]]
            codes[~known] = NOTHING
        recurring, one_time, divisor = self._sums()
        digits = np.array([10 ** minor_digits(one) for one in self.currencies] or [1], np.int64)
        unit = digits[np.maximum(codes, 0)]
        months = self.term or Fraction(1)
        total = recurring * months.numerator + one_time * months.denominator
        minor = [
            _half_even(recurring * unit, divisor),
            _half_even(one_time * unit, divisor),
            _half_even(total * unit, divisor * months.denominator),
        ]
        has_total = known & self._add_penalties(minor[2], codes)
        flags = dict(zip(DERIVED, (known, known, has_total), strict=True))
        found = {
            prop: np.clip(np.where(flags[prop], numbers, 0), -_MOST, _MOST).astype(np.int64)
            for prop, numbers in zip(DERIVED, minor, strict=True)
        }
        return PriceColumns(self.question, flags, found, codes, self.currencies, price)

    def _is_known(self) -> Flags:
        """Say which offerings have a price for this question (`price.evaluate`'s refusals)."""
        parts, templates = self.parts, self.parts.templates
        is_due = [one.kind is not PriceType.USAGE for one in templates]
        known = self._any(is_due) & ~parts.unreadable
        known &= ~self._any([one.tax_included for one in templates])
        known &= ~self._any([times_counted(one, self.asked) is None for one in templates])
        if len(self.currencies) > 1:
            first = np.zeros(self.size, np.int32)
            first[self.priced] = self.of_template[parts.codes[self.starts]]
            known[parts.owners[self.of_template[parts.codes] != first[parts.owners]]] = False
        for name, quantity in self.asked.items():
            of_it = [one.per_property == name for one in templates]
            within = [one.per_property == name and is_in_tier(one, quantity) for one in templates]
            known &= ~self._any(of_it) | self._any(within)
        return known

    def _any(self, flags: Sequence[bool]) -> Flags:
        """Say which offerings have a component whose template is flagged."""
        found = np.zeros(self.size, np.bool_)
        if any(flags):
            found[self.parts.owners[np.array(flags, np.bool_)[self.parts.codes]]] = True
        return found

    def _sums(self) -> tuple[Wholes, Wholes, int]:
        """Add up what recurs and what is due once; both are to be divided by the third."""
        parts = self.parts
        factors = [
            (times_counted(one, self.asked) or Fraction(0)) / months_of(one) * self.instances
            for one in parts.templates
        ]
        common = lcm(*(factor.denominator for factor in factors))
        found = []
        amounts = self._roomy(factors, common)
        for is_once in (False, True):
            multipliers = wholes(
                [
                    int(factor * common) if (one.kind is PriceType.ONE_TIME) is is_once else 0
                    for one, factor in zip(parts.templates, factors, strict=True)
                ]
            )
            sums = np.zeros(self.size, amounts.dtype)
            if len(self.starts):
                sums[self.priced] = np.add.reduceat(amounts * multipliers[parts.codes], self.starts)
            found.append(sums)
        return found[0], found[1], common * parts.scale

    def _roomy(self, factors: Sequence[Fraction], common: int) -> Wholes:
        """Give the amounts in 64 bits if no product or sum of them can need more."""
        amounts = self.parts.amounts
        largest = max(
            abs(int(number)) for number in (amounts.min(initial=0), amounts.max(initial=0))
        )
        factor = max((abs(int(one * common)) for one in factors), default=0)
        most = int(np.diff(self.starts, append=len(amounts)).max(initial=0))
        months = self.term or Fraction(1)
        further = 100 * (abs(months.numerator) + months.denominator)
        return amounts if largest * factor * most * further < 2**62 else amounts.astype(object)

    def _add_penalties(self, total: Wholes, codes: Ids) -> Flags:
        """Add what a term that is too short costs; say which totals are known."""
        if self.term is None:
            return np.zeros(self.size, np.bool_)
        parts = self.parts
        is_longer = np.array([months > self.term for months in parts.months] + [False], np.bool_)
        short = is_longer[parts.shortest]
        known: Flags = ~short
        for currency, by_place in parts.penalties.items():
            for place, minor in by_place.items():
                code = codes[place]
                if short[place] and code != NOTHING and self.currencies[code] == currency:
                    total[place] += minor
                    known[place] = True
        return known


def _half_even(numbers: Wholes, divisor: int) -> Wholes:
    """Divide, rounding half to even."""
    if divisor >= 2**61:
        numbers = numbers.astype(object)
    quotient = numbers // divisor
    twice = 2 * (numbers - quotient * divisor)
    up = (twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))
    rounded: Wholes = quotient + up
    return rounded


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
    for name, prop in PARTS.items():
        for place, value in zip(*projection.column(prop).gather(nodes), strict=True):
            if name in rows[place]:
                repeated.add(int(place))
            rows[place][name] = terms.term(int(value))
    # a component that says two things about itself has two rows, and is not read
    rows += [rows[place] for place in sorted(repeated)]
    return read_prices(rows, _term_rows(projection, offerings, iris), vocabulary)


def read_winner_prices(rows: Iterable[Row], vocabulary: Vocabulary) -> PriceList:
    """Read the rows of `winner-prices.rq`: what each component says, one statement a row."""
    names = {prop.value: name for name, prop in PARTS.items()}
    parts: dict[tuple[Term, Term], Row] = {}
    repeated: dict[tuple[Term, Term], None] = {}
    terms = []
    for row in rows:
        if "component" not in row:
            terms.append(row)
            continue
        key = row["offering"], row["component"]
        part = parts.setdefault(key, {"offering": key[0], "component": key[1]})
        name = names.get(row["property"][0]) if "property" in row else None
        if name is not None:
            if name in part:
                repeated[key] = None
            part[name] = row["value"]
    listed = [*parts.values(), *(parts[key] for key in repeated)]
    return read_prices(listed, terms, vocabulary)


def _term_rows(projection: Projection, offerings: Ids, iris: Sequence[Iri]) -> list[Row]:
    return [
        {"offering": iris[owner], "property": prop, "value": projection.terms.term(int(value))}
        for prop in _TERMS
        for owner, value in zip(*projection.column(prop).gather(offerings), strict=True)
    ]
