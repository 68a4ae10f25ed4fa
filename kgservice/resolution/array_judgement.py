"""Conditions judged on all bindings of a component at once, in three values.

The meaning is that of `kgservice.resolution.compile`, step by step; there a condition becomes
SPARQL, here arrays. What a condition says of offerings is remembered as long as the graph does
not change, so that the next request that says the same costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

import numpy as np

from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.compile import label_parts
from kgservice.resolution.frames import Frame, offered
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers, Projection
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Has,
    LabelAtLeast,
    NoneOf,
    Operator,
)
from kgservice.resolution.value_tests import passes, values_of

Path: TypeAlias = tuple[PropertyInfo, ...]
AskEngine: TypeAlias = Callable[[Condition, PropertyInfo, Sequence[Term]], Sequence[bool]]
"""Test values that only the engine can compare (dates, doubles, datatypes of strangers)."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Two flags for each node; neither means unknown."""

    met: Flags
    violated: Flags

    def at(self, places: Ids) -> Verdicts:
        """Give the verdicts at some positions."""
        return Verdicts(self.met[places], self.violated[places])


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of the graph that conditions are judged on."""

    projection: Projection
    ids: Ids

    def gather(self, prop: Iri) -> tuple[Ids, Ids]:
        """Give all values of a property with the position of the node that has them."""
        return self.projection.column(prop).gather(self.ids)

    def says(self, prop: Iri, value: Iri) -> Flags:
        """Say which nodes have a statement."""
        owners, values = self.gather(prop)
        found = np.zeros(len(self.ids), np.bool_)
        found[owners[values == self.projection.terms.number(value)]] = True
        return found

    def is_priced_in(self, currency: str) -> Flags:
        """Say which nodes have this currency and no other one."""
        named, other = self.names_currency(currency)
        return named & ~other

    def names_currency(self, currency: str) -> tuple[Flags, Flags]:
        """Say which nodes name this currency, and which name another one."""
        owners, values = self.gather(KG.currency)
        wanted = Literal(currency)
        is_it = np.array([self.projection.terms.term(int(v)) == wanted for v in values], np.bool_)
        return _some(owners, is_it, len(self.ids)), _some(owners, ~is_it, len(self.ids))


@dataclass(frozen=True, slots=True)
class Rows(Nodes):
    """The bindings of a frame: of each choice, only the picked value."""

    frame: Frame

    def gather(self, prop: Iri) -> tuple[Ids, Ids]:
        """Give a choice's picked values, else what the offering says."""
        picked = self.frame.picks.get(prop)
        if picked is None:
            return Nodes.gather(self, prop)
        rows = np.flatnonzero(picked != NOTHING).astype(np.int32)
        return rows, picked[rows]


@dataclass(slots=True)
class ArrayJudge:
    """Judges conditions on the nodes of one projection.

    Attributes:
        projection: The facts.
        vocabulary: Levels and named sets.
        as_of: The day on which conditions must hold.
        ask: Asks the engine how values compare.
    """

    projection: Projection
    vocabulary: Vocabulary
    as_of: date
    ask: AskEngine
    _tested: dict[tuple[Condition, Iri], dict[int, bool]] = field(default_factory=dict)

    def on_frame(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        """Judge one condition on every binding of a component."""
        first = constraint.path[0]
        if first.is_derived:
            return self._on_prices(constraint, frame, prices).at(frame.owners)
        if first.iri in frame.picks:
            return self._walk(Rows(self.projection, frame.nodes, frame), constraint)
        key = ("verdicts", frame.component.kind, constraint.path, constraint.condition, self.as_of)
        every = Nodes(self.projection, offered(self.projection, frame.component.kind))
        found = self.projection.masks.get(key, Verdicts, lambda: self._walk(every, constraint))
        return found.at(frame.places[frame.owners])

    def once(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        """Judge a condition that nobody will ask again on a frame: nothing is remembered."""
        if constraint.path[0].is_derived:
            return self._on_prices(constraint, frame, prices).at(frame.owners)
        return self._walk(Rows(self.projection, frame.nodes, frame), constraint)

    def _walk(self, nodes: Nodes, constraint: Constraint) -> Verdicts:
        return self._along(nodes, constraint.path, constraint.condition)

    def _along(self, nodes: Nodes, path: Path, condition: Condition) -> Verdicts:
        step, rest = path[0], path[1:]
        owners, values = nodes.gather(step.iri)
        complete = nodes.says(KG.completeFor, step.iri)
        if rest:
            inner = self._on_distinct(values, lambda ids: self._along(ids, rest, condition))
            return _quantified(step.kind, owners, inner, complete)
        if isinstance(condition, AllOf):
            return _all(
                _quantified(step.kind, owners, self._test(AnyOf((v,)), step, values), complete)
                for v in condition.values
            )
        if isinstance(condition, NoneOf) and step.kind is ValueKind.FEATURE:
            listed = self._test(AnyOf(condition.values), step, values)
            some = _quantified(step.kind, owners, listed, complete)
            return Verdicts(some.violated, some.met)
        leaf = self._leaf(nodes, owners, values, condition, step)
        return _quantified(step.kind, owners, leaf, complete)

    def _leaf(
        self, nodes: Nodes, owners: Ids, values: Ids, condition: Condition, step: PropertyInfo
    ) -> Verdicts:
        if isinstance(condition, LabelAtLeast):
            condition = Has(label_parts(condition, self.vocabulary, self.as_of))
        if isinstance(condition, Has):
            parts = condition.constraints
            return self._on_distinct(values, lambda ids: _all(self._walk(ids, p) for p in parts))
        verdicts = self._test(condition, step, values)
        if isinstance(condition, Compare) and condition.currency:
            known = nodes.is_priced_in(condition.currency)[owners]
            verdicts = Verdicts(verdicts.met & known, verdicts.violated & known)
        return verdicts

    def _on_distinct(self, values: Ids, judge: Callable[[Nodes], Verdicts]) -> Verdicts:
        distinct, places = np.unique(values, return_inverse=True)
        return judge(Nodes(self.projection, distinct)).at(places.astype(np.int32))

    def _test(self, condition: Condition, step: PropertyInfo, values: Ids) -> Verdicts:
        """Test values; each distinct one once."""
        distinct, places = np.unique(values, return_inverse=True)
        known = self._tested.setdefault((condition, step.iri), {})
        fresh = [int(number) for number in distinct if int(number) not in known]
        if fresh:
            known.update(zip(fresh, self._tests(condition, step, fresh), strict=True))
        passed = np.array([known[int(number)] for number in distinct], np.bool_)[places]
        return Verdicts(passed, ~passed)

    def _tests(
        self, condition: Condition, step: PropertyInfo, numbers: Sequence[int]
    ) -> list[bool]:
        terms = [self.projection.terms.term(number) for number in numbers]
        listed = values_of(condition, self.vocabulary, self.as_of)
        found = [passes(term, condition, step, listed, self.as_of) for term in terms]
        strange = [place for place, result in enumerate(found) if result is None]
        if strange:
            answers = self.ask(condition, step, [terms[place] for place in strange])
            for place, answer in zip(strange, answers, strict=True):
                found[place] = answer
        return [bool(result) for result in found]

    def _on_prices(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        """Judge a condition on a derived price, for each offering."""
        step, condition = constraint.path[0], constraint.condition
        nodes = Nodes(self.projection, frame.offerings)
        owners = np.flatnonzero(prices.known[step.iri]).astype(np.int32)
        listed = values_of(condition, self.vocabulary, self.as_of)
        passed = np.zeros(len(owners), np.bool_)
        for code in range(len(prices.currencies)):
            chosen = prices.codes[owners] == code
            amounts = prices.minor[step.iri][owners[chosen]]
            scale = 10 ** prices.digits(code)
            passed[chosen] = _amounts_pass(
                condition, amounts, [Fraction(v[0]) * scale for v in listed]
            )
        leaf = Verdicts(passed, ~passed)
        if isinstance(condition, Compare) and condition.currency:
            known = currency_is(nodes, prices, condition.currency)[owners]
            leaf = Verdicts(passed & known, ~passed & known)
        return _quantified(step.kind, owners, leaf, nodes.says(KG.completeFor, step.iri))


def currency_is(nodes: Nodes, prices: PriceColumns, currency: str) -> Flags:
    """Say which offerings name this currency and no other one, in a price or by themselves."""
    named, other = nodes.names_currency(currency)
    names = np.array([code == currency for code in prices.currencies] + [False], np.bool_)
    has_price = prices.codes != NOTHING
    priced: Flags = names[prices.codes] & has_price
    found: Flags = (named | priced) & ~(other | (has_price & ~priced))
    return found


def _amounts_pass(condition: Condition, amounts: Integers, limits: Sequence[Fraction]) -> Flags:
    """Compare minor units with limits in minor units, which need not be whole."""
    asked = condition.operator if isinstance(condition, Compare) else Operator.EQ
    found = np.zeros(len(amounts), np.bool_)
    for limit in limits:
        found |= _compared(asked, amounts, limit)
    return ~found if isinstance(condition, NoneOf) else found


def _compared(asked: Operator, amounts: Integers, limit: Fraction) -> Flags:
    floor = limit.numerator // limit.denominator
    ceiling = floor + (limit.denominator != 1)
    if asked in (Operator.LE, Operator.GT):
        below: Flags = amounts <= floor
        return below if asked is Operator.LE else ~below
    if asked in (Operator.LT, Operator.GE):
        under: Flags = amounts < ceiling
        return under if asked is Operator.LT else ~under
    equal: Flags = amounts == floor
    return equal & (floor == ceiling)


def _some(owners: Ids, flags: Flags, size: int) -> Flags:
    """Say which of `size` nodes own a value that is flagged."""
    found = np.zeros(size, np.bool_)
    found[owners[flags]] = True
    return found


def _quantified(kind: ValueKind, owners: Ids, inner: Verdicts, complete: Flags) -> Verdicts:
    """Apply a value kind to the verdicts on single values (REQUESTS, "What it means")."""
    size = len(complete)
    some_met, some_violated = (_some(owners, f, size) for f in (inner.met, inner.violated))
    if kind is ValueKind.FEATURE:
        return Verdicts(some_met, complete & ~_some(owners, ~inner.violated, size))
    if kind is ValueKind.EXPOSURE:
        return Verdicts(complete & ~_some(owners, ~inner.met, size), some_violated)
    counts = np.bincount(owners, minlength=size)
    single = counts <= 1
    return Verdicts(some_met & single, (some_violated & single) | (complete & (counts == 0)))


def _all(verdicts: Iterable[Verdicts]) -> Verdicts:
    return reduce(lambda a, b: Verdicts(a.met & b.met, a.violated | b.violated), verdicts)
