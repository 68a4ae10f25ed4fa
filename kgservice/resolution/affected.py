"""Which standing requests a change of the graph can alter: never one too few.

A request's best compositions can only change when an offering that changed may be bound by it,
before or after. So each distinct condition is judged once on the few offerings that a change
reaches, in both states, and a request is affected when some component of it can take one of them.
Prices are left out of that: what an offering costs is not asked before it may be bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

import numpy as np

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.array_judgement import ArrayJudge, AskEngine
from kgservice.resolution.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Each,
    Has,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Some,
)
from kgservice.resolution.frames import frame_of, offered
from kgservice.resolution.price_columns import PriceColumns, price_columns
from kgservice.resolution.pricing import named_currency
from kgservice.resolution.projection import Projection
from kgservice.resolution.queries import Only
from kgservice.resolution.reads import constraint_paths
from kgservice.resolution.request import (
    Component,
    Constraint,
    PairLimit,
    Policy,
    Request,
    Ways,
)
from kgservice.resolution.touched import Touched
from kgservice.resolution.worked_steps import judged

AskOn: TypeAlias = Callable[[date], AskEngine]
"""Gives what has the engine compare values on a day."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What an offering must meet to be bound at all, as far as one condition tells.

    Attributes:
        kind: Class of the offering.
        constraint: The condition, without what does not decide whether it excludes.
        is_strict: Unknown excludes too.
        as_of: The day.
    """

    kind: Iri
    constraint: Constraint
    is_strict: bool
    as_of: date


Slot: TypeAlias = tuple[Iri, tuple[int, ...]]
"""What one component can take: the kind, and the numbers of its filters."""


@dataclass(slots=True)
class StandingRequests:
    """Requests that are watched, with their distinct filters.

    Attributes:
        vocabulary: What the ontology files define.
        slots: Request to the slots of its components.
        measured: Requests that read what is measured between places.
        unnamed: Requests that rank money in the commonest currency.
        always: Requests of which nothing is known before they are resolved.
    """

    vocabulary: Vocabulary
    slots: dict[str, frozenset[Slot]] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)
    always: set[str] = field(default_factory=set)
    _numbers: dict[Filter, int] = field(default_factory=dict)
    _asked: list[_Asked] = field(default_factory=list)

    def add(self, name: str, request: Request) -> None:
        """Watch a request that has its day; the name is the caller's."""
        self.remove(name)
        self.slots[name] = frozenset(
            (component.kind, tuple(sorted({self._number(f) for f in _filters(request, component)})))
            for component in request.components
        )
        if any(isinstance(joint, PairLimit) for joint in request.together):
            self.measured.add(name)
        if not named_currency(request) and any(p.property.is_money for p in request.prefer):
            self.unnamed.add(name)
        is_managed = all(request.ways_of(part) is Ways.MANAGED for part in request.components)
        if not is_managed or any(_is_beyond(one) for one in request.all_constraints()):
            self.always.add(name)

    def _number(self, one: Filter) -> int:
        number = self._numbers.setdefault(one, len(self._asked))
        if number == len(self._asked):
            self._asked.append(_Asked.of(one))
        return number

    def add_unknown(self, name: str) -> None:
        """Watch a request of which nothing can be told: every change may alter it."""
        self.remove(name)
        self.slots[name] = frozenset()
        self.always.add(name)

    def remove(self, name: str) -> None:
        """Watch a request no longer."""
        self.slots.pop(name, None)
        for group in (self.measured, self.unnamed, self.always):
            group.discard(name)

    def affected(self, change: Touched, ask: AskOn) -> set[str]:
        """Name the requests that a change can alter; `ask` has the engine compare on a day."""
        if change.is_bundled:
            return set(self.slots)
        judge = _Judge(self.vocabulary, change, ask, self._asked)
        distinct = {slot for slots in self.slots.values() for slot in slots}
        taking = {slot for slot in distinct if judge.is_taken(*slot)}
        open_kinds = {kind for kind, _ in distinct if judge.is_currency_open(kind)}
        found = {name for name, slots in self.slots.items() if not slots.isdisjoint(taking)}
        found |= self.always
        if change.is_measured:
            found |= self.measured
        return found | {
            name for name in self.unnamed if any(kind in open_kinds for kind, _ in self.slots[name])
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """A filter as a request of its own, made once."""

    filter: Filter
    request: Request
    component: Component

    @classmethod
    def of(cls, one: Filter) -> _Asked:
        component = Component("x", one.kind, (one.constraint,))
        request = Request("", (component,), as_of=one.as_of, iri="urn:x:request")
        return cls(one, request, component)


_KNOWN = (
    Compare,
    AnyOf,
    NoneOf,
    AllOf,
    InSet,
    NotIn,
    Matches,
    Has,
    Each,
    OneOf,
    Some,
    LabelAtLeast,
)


def _is_beyond(constraint: Constraint) -> bool:
    """Say whether a condition reads more than statements: who stated them, a shape."""
    worked = judged(constraint)
    if not isinstance(worked.condition, _KNOWN):
        return True
    reads_evidence = any(
        (step.follows or step).evidence for path in constraint_paths(worked, ()) for step in path
    )
    return reads_evidence or "<Evidence." in repr(worked)


def _filters(request: Request, component: Component) -> Iterator[Filter]:
    """Give the conditions that exclude and are not about prices."""
    as_of = request.as_of or date.max
    for constraint in request.constraints_of(component):
        reads = [path for path in constraint_paths(constraint, ())]
        of_price = any(step.is_derived or step.iri == KG.currency for p in reads for step in p)
        if constraint.is_wish or of_price:
            continue
        is_strict = request.policy_of(constraint) is Policy.REJECT
        bare = replace(constraint, id="x", policy=None, line=0)
        yield Filter(component.kind, bare, is_strict, as_of)


@dataclass(slots=True)
class _Judge:
    """Judges filters on what a change reaches; each is judged when it is first asked for."""

    vocabulary: Vocabulary
    change: Touched
    ask: AskOn
    asked: Sequence[_Asked]
    _offerings: dict[tuple[Iri, int], frozenset[int]] = field(default_factory=dict)
    _passing: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    _prices: dict[tuple[Iri, int], PriceColumns] = field(default_factory=dict)

    def is_taken(self, kind: Iri, filters: Iterable[int]) -> bool:
        """Say whether some offering that the change reaches may be bound, before or after."""
        return any(self._is_taken(state, kind, filters) for state in (0, 1))

    def _is_taken(self, state: int, kind: Iri, filters: Iterable[int]) -> bool:
        left = self._offered(state, kind)
        for number in filters:
            if not left:
                return False
            left = left & self._passes(state, number)
        return bool(left)

    def _state(self, state: int) -> Projection:
        return self.change.after if state else self.change.before

    def _offered(self, state: int, kind: Iri) -> frozenset[int]:
        """Give the offerings of a kind among those that the change reaches."""
        key = (kind, state)
        if key not in self._offerings:
            found = offered(self._state(state), kind)
            reached = found[np.isin(found, self.change.nodes)]
            self._offerings[key] = frozenset(reached.tolist())
        return self._offerings[key]

    def _passes(self, state: int, number: int) -> frozenset[int]:
        key = (number, state)
        if key not in self._passing:
            self._passing[key] = self._judged(state, self.asked[number])
        return self._passing[key]

    def _judged(self, state: int, asked: _Asked) -> frozenset[int]:
        projection, one = self._state(state), asked.filter
        frame = frame_of(projection, asked.request, asked.component, Only())
        if (one.kind, state) not in self._prices:  # none is read, but one must be given
            self._prices[one.kind, state] = price_columns(asked.request, frame, self.vocabulary)
        judge = ArrayJudge(projection, self.vocabulary, one.as_of, self.ask(one.as_of))
        verdicts = judge.on_frame(one.constraint, frame, self._prices[one.kind, state])
        rows = verdicts.met if one.is_strict else ~verdicts.violated
        return frozenset(frame.nodes[rows].tolist())

    def is_currency_open(self, kind: Iri) -> bool:
        """Say whether the commonest currency of a kind may have changed.

        It cannot while there is only one; then what is ranked has that or no known price.
        """
        if self.change.currencies < 2:
            return False
        return bool(self._offered(0, kind) or self._offered(1, kind))
