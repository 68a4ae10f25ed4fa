"""The least changes of an infeasible request that make it possible, each with what it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias, TypeVar

from kgservice.model.errors import Refused
from kgservice.model.money import Money, minor_digits
from kgservice.model.rdf import XSD, Literal
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.exploring import Explorer, explorer_of
from kgservice.mpli.opened import Opening
from kgservice.resolution.joint_totals import SCALE
from kgservice.resolution.judgement import BoundOffering, Rules, all_rules
from kgservice.resolution.relaxations import (
    Change,
    Part,
    Relaxation,
    allowing_unknown,
    chains,
    owners_of,
    part_of,
    widened,
    with_part,
)
from kgservice.resolution.request import AtMost, Condition, Constraint, Request, SumLimit
from kgservice.resolution.values import decimal_text
from kgservice.resolution.yaml_writer import write_part

Found: TypeAlias = Mapping[str, BoundOffering]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class State:
    """A changed request in the making.

    Attributes:
        request: The request with the lines that were changed so far.
        active: Short ids of the conditions that hold; what is left out is not among them.
        kinds: How each changed line was changed, by the id that it had first.
        parts: The changed lines, likewise.
        best: The best composition.
    """

    request: Request
    active: frozenset[str]
    best: Found
    kinds: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def rules(self) -> Rules:
        """The conditions that hold."""
        return Rules(self.request, self.active)


class Relaxing:
    """Turns minimal corrections (what could be left out) into least changes."""

    def __init__(self, engine: SearchEngine) -> None:
        """Take an engine that is prepared and opened up."""
        self._engine = engine
        self._explorer: Explorer = explorer_of(engine)
        self._names = all_rules(engine.request).active
        self._judged = 0

    def relaxations(self, corrections: Sequence[Sequence[str]]) -> tuple[Relaxation, ...]:
        """Give the relaxations of some corrections: the fewest changes first, then the cheapest.

        A line that is the only one to change may be changed in two ways: to the nearest value,
        and so that it may be unknown.
        """
        found: list[Relaxation] = []
        for correction in corrections:
            try:
                found += self._of(correction)
            except Refused:  # too much is left to search through, or no time is
                break
        return tuple(sorted(found, key=_by_size))

    def _of(self, correction: Sequence[str]) -> list[Relaxation]:
        start = self._without(correction)
        if start is None:
            return []
        states = [start]
        for name in correction:
            states = [after for state in states for after in self._ways(state, name)]
            if len(correction) > 1:
                states = states[:1]
        opening = Opening(self._engine, self._explorer)
        left_out = opening.monthly(start.best)
        return [
            Relaxation(
                changes=tuple(self._change(state, name) for name in correction),
                best=opening.opened(state.rules, state.best),
                left_out=left_out,
            )
            for state in states
        ]

    def _without(self, correction: Sequence[str]) -> State | None:
        request = self._engine.request
        active = self._names - frozenset(correction)
        best = self._best(Rules(request, active))
        return None if best is None else State(request, active, best)

    def _best(self, rules: Rules) -> Found | None:
        return next(iter(self._engine.search(rules, 1)), None)

    # -- one line ---------------------------------------------------------------------------------
    def _ways(self, state: State, name: str) -> list[State]:
        """Give the ways to change one line that is left out so far; leaving it out is the last."""
        part = part_of(self._engine.request, name)
        ways = [self._weaker(state, part), self._unknown_allowed(state, part)]
        found = [way for way in ways if way is not None]
        return found or [replace(state, kinds={**state.kinds, name: "left-out"})]

    def _unknown_allowed(self, state: State, part: Part) -> State | None:
        lenient = allowing_unknown(self._engine.request, part)
        if lenient is None:
            return None
        return self._tried(state, part.id, lenient, "unknown-allowed")

    def _weaker(self, state: State, part: Part) -> State | None:
        if isinstance(part, Constraint):
            return self._nearest(state, part) or self._widened(state, part)
        if isinstance(part, AtMost):
            larger = [replace(part, n=n) for n in range(part.n + 1, len(part.over))]
            return _first(larger, lambda one: self._tried(state, part.id, one, "nearest"))
        if isinstance(part, SumLimit) and part.limit is not None and part.minimum is None:
            return self._sum(state, part, part.limit)
        return None

    def _tried(self, state: State, name: str, part: Part, kind: str) -> State | None:
        """Put a changed line in the place of one that is left out; None when that is impossible."""
        request = with_part(state.request, name, part)
        after = replace(state, request=request, active=state.active | {part.id})
        if isinstance(part, Constraint) and part.id != name:
            self._explorer.judge(part, after.rules)
        best = self._best(after.rules)
        if best is None:
            return None
        return replace(
            after,
            best=best,
            kinds={**state.kinds, name: kind},
            parts={**state.parts, name: part},
        )

    def _with(
        self, state: State, part: Constraint, condition: Condition, kind: str
    ) -> State | None:
        self._judged += 1
        changed = replace(part, id=f"{part.id}~{self._judged}", condition=condition)
        return self._tried(state, part.id, changed, kind)

    def _nearest(self, state: State, part: Constraint) -> State | None:
        """Find the first condition of a chain under which the request is possible, by halving."""
        engine = self._engine
        values = {
            value
            for name in owners_of(engine.request, part)
            for value in self._explorer.distinct(name, part.path, state.rules)
        }
        for chain in chains(part, values, engine.vocabulary, engine.as_of):
            found = _first(chain, lambda one: self._with(state, part, one, "nearest"))
            if found is not None:
                return found
        return None

    def _widened(self, state: State, part: Constraint) -> State | None:
        """Add what the best composition has; it stays the best, since it is the best without."""
        values = [
            self._explorer.values(state.best[name], part.path)
            for name in owners_of(self._engine.request, part)
        ]
        condition = widened(part, values)
        return None if condition is None else self._with(state, part, condition, "wider")

    def _sum(self, state: State, part: SumLimit, limit: Literal) -> State | None:
        """Find the smallest limit under which the request is possible, by halving."""
        step = SCALE // 10 ** minor_digits(part.currency) if part.currency else 1
        low = Fraction(limit.value) * SCALE // step
        high = self._total(state.best, part, step)
        if high <= low:
            return None  # it is not too much: some of it is unknown
        found = self._limited(state, part, high * step)
        size = high - 1  # the cheapest composition often has the smallest sum
        while found is not None and high - low > 1:
            tried = self._limited(state, part, size * step)
            if tried is None:
                low = size
            else:
                found, high = tried, self._total(tried.best, part, step)
            size = (low + high) // 2
        if found is None:
            return None
        nearest = replace(part, limit=_limit(high * step))
        request = with_part(found.request, part.id, nearest)  # the best stays: its sum is the limit
        return replace(found, request=request, parts={**found.parts, part.id: nearest})

    def _limited(self, state: State, part: SumLimit, millionths: int) -> State | None:
        limit = replace(part, limit=_limit(millionths))
        return self._tried(state, part.id, limit, "nearest")

    def _total(self, best: Found, part: SumLimit, step: int) -> int:
        known = [self._explorer.number(part.id, best[name]) or 0 for name in part.over]
        return -(-sum(known) // step)

    # -- what is told -----------------------------------------------------------------------------
    def _change(self, state: State, name: str) -> Change:
        engine = self._engine
        before = part_of(engine.request, name)
        after = state.parts.get(name)
        write = (engine.request, engine.vocabulary)
        return Change(
            constraint=name,
            was=write_part(before, *write),
            to=None if after is None else write_part(after, *write),
            kind=state.kinds[name],
            before=before,
            after=after,
            found=Opening(engine, self._explorer).shown(before, state.best),
        )


def _first(chain: Sequence[_T], tried: Callable[[_T], State | None]) -> State | None:
    """Find the first of a chain that will do; all that follow one that will do will do."""
    low, high = 0, len(chain)
    found: State | None = None
    while low < high:
        middle = (low + high) // 2
        state = tried(chain[middle])
        if state is None:
            low = middle + 1
        else:
            found, high = state, middle
    return found


def _limit(millionths: int) -> Literal:
    return Literal(decimal_text(Fraction(millionths, SCALE)), XSD + "decimal")


def _by_size(relaxation: Relaxation) -> tuple[int, bool, int]:
    price = relaxation.best.monthly
    return len(relaxation.changes), price is None, price.minor if isinstance(price, Money) else 0
