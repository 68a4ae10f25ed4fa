"""Conditions judged on all bindings of a component at once, in three values.

The meaning is that of `kgservice.resolution.compile`, step by step; there a condition becomes
SPARQL, here arrays. What a condition says of offerings is remembered as long as the graph does
not change, so that the next request that says the same costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.amounts import amounts_pass
from kgservice.resolution.compile import label_parts, opposite_of, quantifier
from kgservice.resolution.frames import Frame, offered
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import NOTHING, Flags, Ids, Projection
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Has,
    LabelAtLeast,
    OneOf,
)
from kgservice.resolution.value_tests import passes, values_of
from kgservice.resolution.verdicts import Verdicts as Verdicts
from kgservice.resolution.verdicts import all_of, any_of, quantified, some
from kgservice.resolution.worked_columns import (
    AskStatements,
    complete_name,
    with_picks,
    with_worked,
    worked_steps,
)
from kgservice.resolution.worked_steps import is_worked, judged

Path: TypeAlias = tuple[PropertyInfo, ...]
AskEngine: TypeAlias = Callable[[Condition, PropertyInfo, Sequence[Term]], Sequence[bool]]
"""Test values that only the engine can compare (dates, doubles, datatypes of strangers)."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of the graph that conditions are judged on."""

    projection: Projection
    ids: Ids

    def gather(self, prop: Iri) -> tuple[Ids, Ids]:
        """Give all values of a property with the position of the node that has them."""
        if prop == KG.offering:  # of a binding, whose node here is its offering
            return np.arange(len(self.ids), dtype=np.int32), self.ids
        return self.projection.gather(self.ids, prop)

    def says(self, prop: Iri, value: Iri) -> Flags:
        """Say which nodes have a statement."""
        owners, values = self.gather(prop)
        found = np.zeros(len(self.ids), np.bool_)
        found[owners[values == self.projection.terms.number(value)]] = True
        return found

    def complete(self, prop: Iri) -> Flags:
        """Say for which nodes all values of a property are known."""
        worked = self.projection.columns.get(complete_name(prop))
        if worked is None:
            return self.says(KG.completeFor, prop)
        owners, _ = worked.gather(self.ids)
        found = np.zeros(len(self.ids), np.bool_)
        found[owners] = True
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
        return some(owners, is_it, len(self.ids)), some(owners, ~is_it, len(self.ids))


@dataclass(frozen=True, slots=True)
class Rows(Nodes):
    """The bindings of a frame: of each choice, only the picked value."""

    frame: Frame

    def gather(self, prop: Iri) -> tuple[Ids, Ids]:
        """Give a choice's picked values, else what the offering says."""
        picked = self.frame.picks.get(prop)
        if picked is None:
            return Nodes.gather(self, prop)

        def known() -> tuple[Ids, Ids]:
            rows = np.flatnonzero(picked != NOTHING).astype(np.int32)
            return rows, picked[rows]

        return self.projection.lasting.read("known", picked, known)


@dataclass(slots=True)
class ArrayJudge:
    """Judges conditions on the nodes of one projection.

    Attributes:
        projection: The facts.
        vocabulary: Levels and named sets.
        as_of: The day on which conditions must hold.
        ask: Asks the engine how values compare.
        ask_statements: Asks the engine what is stated on enough evidence.
    """

    projection: Projection
    vocabulary: Vocabulary
    as_of: date
    ask: AskEngine
    ask_statements: AskStatements = lambda _prop, _evidence: ()
    _tested: dict[tuple[Condition, Iri], dict[int, bool]] = field(default_factory=dict)

    def on_frame(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        """Judge one condition on every binding of a component."""
        judge, worked, bindings = self._worked(judged(constraint), frame)
        return judge._remembering(worked, bindings, prices)

    def _worked(self, constraint: Constraint, frame: Frame) -> tuple[ArrayJudge, Constraint, Frame]:
        """Add columns for what the condition reads and what is worked out of others."""
        steps = worked_steps(constraint)
        if not steps:
            return self, constraint, frame
        projection = with_worked(self.projection, steps, self.ask_statements)
        return (
            replace(self, projection=projection),
            constraint,
            with_picks(frame, steps, projection),
        )

    def reading(self, path: Path) -> Projection:
        """Give the facts with columns for the steps of a path that are worked out."""
        steps = [step for step in path if is_worked(step)]
        return (
            with_worked(self.projection, steps, self.ask_statements) if steps else self.projection
        )

    def _remembering(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        first = constraint.path[0]
        if first.is_derived:
            return self._on_prices(constraint, frame, prices).at(frame.owners)
        if first.iri in frame.picks:
            return self._walk(Rows(self.projection, frame.nodes, frame), constraint)
        key = ("verdicts", frame.component.kind, constraint.path, constraint.condition, self.as_of)
        every = Nodes(self.projection, offered(self.projection, frame.component.kind))
        found = self.projection.masks.get(key, Verdicts, lambda: self._walk(every, constraint))
        return found.at(frame.owners if frame.whole is None else frame.places[frame.owners])

    def once(self, constraint: Constraint, frame: Frame, prices: PriceColumns) -> Verdicts:
        """Judge a condition that nobody will ask again on a frame: nothing is remembered."""
        judge, worked, bindings = self._worked(judged(constraint), frame)
        if worked.path[0].is_derived:
            return judge._on_prices(worked, bindings, prices).at(bindings.owners)
        return judge._walk(Rows(judge.projection, bindings.nodes, bindings), worked)

    def _walk(self, nodes: Nodes, constraint: Constraint) -> Verdicts:
        return self._along(nodes, constraint.path, constraint.condition)

    def _along(self, nodes: Nodes, path: Path, condition: Condition) -> Verdicts:
        step, rest = path[0], path[1:]
        if not rest:
            return self._last(nodes, condition, step)
        owners, values = nodes.gather(step.iri)
        complete = nodes.complete(step.iri)
        inner = self._on_distinct(values, lambda ids: self._along(ids, rest, condition))
        return quantified(step.kind, owners, inner, complete)

    def _last(self, nodes: Nodes, condition: Condition, step: PropertyInfo) -> Verdicts:
        """Judge a condition on the values of the last step."""
        if isinstance(condition, AllOf):
            return all_of(self._last(nodes, AnyOf((value,)), step) for value in condition.values)
        opposite = opposite_of(condition, step.kind)
        if opposite is not None:
            some = self._last(nodes, opposite, step)
            return Verdicts(some.violated, some.met)
        kind, asked = quantifier(condition, step.kind)
        owners, values = nodes.gather(step.iri)
        on_values = self._on_values(nodes, owners, values, asked, step)
        return quantified(kind, owners, on_values, nodes.complete(step.iri))

    def _on_values(
        self, nodes: Nodes, owners: Ids, values: Ids, condition: Condition, step: PropertyInfo
    ) -> Verdicts:
        """Judge what single values meet or violate."""
        if isinstance(condition, LabelAtLeast):
            condition = Has(label_parts(condition, self.vocabulary, self.as_of))
        if isinstance(condition, Has):
            parts = condition.constraints
            return self._on_distinct(values, lambda ids: self._meet_all(ids, parts))
        if isinstance(condition, OneOf):
            some = condition.conditions
            return any_of(self._on_values(nodes, owners, values, one, step) for one in some)
        verdicts = self._test(condition, step, values)
        if isinstance(condition, Compare) and condition.currency:
            known = nodes.is_priced_in(condition.currency)[owners]
            verdicts = Verdicts(verdicts.met & known, verdicts.violated & known)
        return verdicts

    def _meet_all(self, nodes: Nodes, parts: Sequence[Constraint]) -> Verdicts:
        if not parts:
            return Verdicts(np.ones(len(nodes.ids), np.bool_), np.zeros(len(nodes.ids), np.bool_))
        return all_of(self._walk(nodes, part) for part in parts)

    def _on_distinct(self, values: Ids, judge: Callable[[Nodes], Verdicts]) -> Verdicts:
        distinct, places = self.projection.lasting.distinct(values)
        return judge(Nodes(self.projection, distinct)).at(places)

    def _test(self, condition: Condition, step: PropertyInfo, values: Ids) -> Verdicts:
        """Test values; each distinct one once."""
        distinct, places = self.projection.lasting.distinct(values)
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
            passed[chosen] = amounts_pass(
                condition, amounts, [Fraction(v[0]) * scale for v in listed]
            )
        leaf = Verdicts(passed, ~passed)
        if isinstance(condition, Compare) and condition.currency:
            known = currency_is(nodes, prices, condition.currency)[owners]
            leaf = Verdicts(passed & known, ~passed & known)
        return quantified(step.kind, owners, leaf, nodes.complete(step.iri))


def currency_is(nodes: Nodes, prices: PriceColumns, currency: str) -> Flags:
    """Say which offerings name this currency and no other one, in a price or by themselves."""
    named, other = nodes.names_currency(currency)
    names = np.array([code == currency for code in prices.currencies] + [False], np.bool_)
    has_price = prices.codes != NOTHING
    priced: Flags = names[prices.codes] & has_price
    found: Flags = (named | priced) & ~(other | (has_price & ~priced))
    return found
