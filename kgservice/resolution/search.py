"""The search: the best compositions, exactly, in the total order of REQUESTS.

It goes over signatures, not offerings (`grouping`), depth first, the component with the fewest
first. Each choice narrows what is left of the others to what may stand with it (`domains`), and
what is left is bounded from below: costs add up (`ranking`), so the first ones that are left bound
every composition. Where only a few values may be had together, each way to take them is searched
for itself, the most promising first (`subsets`). Of signatures that may stand together the best
offerings are taken one composition after the other (`expanding`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kgservice.model.errors import Refused
from kgservice.resolution.ceiling import ceiling
from kgservice.resolution.domains import Domains, lowest
from kgservice.resolution.expanding import Best, Composition, expanded
from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.joints import NUMERIC, AtMost
from kgservice.resolution.options import Table
from kgservice.resolution.ranking import Bound, choices_of
from kgservice.resolution.subsets import Start, Subsets, enumerated

MAX_STEPS: Final = 3_000_000
"""Choices that a search looks at, in some ten seconds; then it is cut, as at a deadline."""

_STEPS_BETWEEN_LOOKS: Final = 256


class _Stopped(Exception):
    """Unwinds the search."""


class Search:
    """One search over the tables of all components.

    Attributes:
        bound: After a search that was cut: what no composition that was not looked at comes
            before. None when all that could matter were looked at.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        tests: JointTests,
        answers: int,
        deadline: float | None = None,
    ) -> None:
        """Take each component's bindings, and how many compositions are wanted.

        `deadline` is a moment of `time.monotonic()`.
        """
        self.bound: Bound | None = None
        self._tests, self._deadline = tests, deadline
        self._choices, self._ranking = choices_of(tables)
        self._domains = Domains(self._choices, tests)
        self._ceiling = ceiling(self._ranking, tables, tests)
        self._best = Best(self._choices, self._ranking, tests, answers)
        self._size = len(self._choices)
        self._steps = 0
        self._is_any_enough = False
        self._weight = self._floor = 0
        self._order: list[int] = []
        self._after: list[list[tuple[int, list[int | None] | None]]] = []
        self._counting: list[AtMost] = []
        self._seen: set[tuple[int, ...]] = set()
        self._open = [joint for joint in tests.rules.joint() if not isinstance(joint, NUMERIC)]

    def run(self) -> list[Composition]:
        """Give the best compositions, best first; when it was cut, the best that were found.

        Raises:
            Refused: there were too many ways to look at, or no time, and none was found
                (`search-too-large`).
        """
        self._search()
        found = self._best.compositions()
        if self.bound is not None and not found:
            raise _too_large(self._steps)
        return found

    def is_feasible(self) -> bool:
        """Say whether there is any composition.

        Raises:
            Refused: there were too many ways to look at, or no time was left before one was found
                (`search-too-large`).
        """
        self._is_any_enough = True
        self._search()
        if self.bound is not None and not self._best.compositions():
            raise _too_large(self._steps)
        return bool(self._best.compositions())

    def _search(self) -> None:
        allowed = [self._domains.allowed(place) for place in range(self._size)]
        seen = 0
        for one in self._choices:
            seen |= one.seen()
        ways = list(self._ranking.ways(seen))
        for number, (weight, flags) in enumerate(ways):
            within = [
                one.within(flags) & left for one, left in zip(self._choices, allowed, strict=True)
            ]
            if not all(within):
                continue
            self._weight = weight
            self._floor = self._least(within)
            if self._floor > self._limit():
                continue
            try:
                self._pass(within)
            except _Stopped:
                if self._is_any_enough and self._best.compositions():
                    return
                later = [w + self._least_with(f, allowed) for w, f in ways[number + 1 :]]
                self.bound = self._ranking.bound(min([self._floor + weight, *later]))
                return

    def _least(self, domains: Sequence[int]) -> int:
        return sum(
            one.costs[lowest(left)] for one, left in zip(self._choices, domains, strict=True)
        )

    def _least_with(self, flags: int, allowed: Sequence[int]) -> int:
        domains = [
            one.within(flags) & left for one, left in zip(self._choices, allowed, strict=True)
        ]
        return self._least(domains) if all(domains) else self._floor + self._weight

    def _pass(self, domains: list[int]) -> None:
        """Search among the signatures that have no flags but some."""
        sizes = [left.bit_count() for left in domains]
        self._order = sorted(range(self._size), key=lambda place: (sizes[place], place))
        self._after = []
        for depth, one in enumerate(self._order):
            rest = self._order[depth + 1 :]
            self._after.append([(other, self._domains.masks.get((one, other))) for other in rest])
        for start in self._starts(domains):
            if start.bound > self._limit():
                if start.is_rising:
                    return
                continue
            if start.is_rising:
                self._floor = max(self._floor, start.bound)
            if not self._exceeds({}, start.domains):
                self._descend(0, 0, start.domains, {})

    def _starts(self, domains: list[int]) -> Iterator[Start]:
        joint = enumerated(self._domains, domains)
        self._counting = [one for one in self._domains.at_most if one is not joint]
        if joint is None:
            yield Start(self._least(domains), domains)
        else:
            yield from Subsets(self._domains, joint, domains).starts(self._limit)

    def _limit(self) -> int:
        """Give the cost beyond which nothing is wanted."""
        wanted = self._best.worst - self._weight
        return wanted if self._ceiling is None else min(wanted, self._ceiling)

    def _descend(self, depth: int, cost: int, domains: list[int], chosen: dict[int, int]) -> None:
        if depth == self._size:
            self._expand(chosen)
            return
        place = self._order[depth]
        costs = self._choices[place].costs
        after = self._after[depth]
        rest = cost
        for other, _ in after:
            rest += self._choices[other].costs[lowest(domains[other])]
        left = domains[place]
        while left:
            bit = left & -left
            left ^= bit
            signature = bit.bit_length() - 1
            self._count()
            if rest + costs[signature] > self._limit():
                return  # signatures come in the order of what they add: the others are beaten too
            narrowed = self._narrowed(depth, signature, domains, cost + costs[signature])
            if narrowed is None:
                continue
            grown = {**chosen, place: signature}
            if self._is_possible(grown, narrowed) and not self._is_beaten(grown, narrowed):
                self._descend(depth + 1, cost + costs[signature], narrowed, grown)

    def _narrowed(
        self, depth: int, signature: int, domains: list[int], cost: int
    ) -> list[int] | None:
        """Give what a choice leaves; None when that is nothing, or nothing good enough."""
        place = self._order[depth]
        narrowed = list(domains)
        for other, masks in self._after[depth]:
            left = domains[other]
            if masks is not None:
                mask = masks[signature]
                if mask is None:
                    mask = self._domains.partners(place, signature, other)
                left &= mask
                if not left:
                    return None
                narrowed[other] = left
            cost += self._choices[other].costs[lowest(left)]
        return narrowed if cost <= self._limit() else None

    def _is_possible(self, chosen: Mapping[int, int], domains: list[int]) -> bool:
        for joint in self._counting:
            if not self._domains.within(joint, chosen, domains):
                return False
        return not self._exceeds(chosen, domains)

    def _exceeds(self, chosen: Mapping[int, int], domains: Sequence[int]) -> bool:
        return any(amounts.exceeds(chosen, domains) for amounts in self._domains.amounts)

    def _is_beaten(self, chosen: Mapping[int, int], domains: Sequence[int]) -> bool:
        """Say whether the first ones that are left, which bound the others, come too late."""
        if not self._best.is_full:
            return False
        firsts = [
            chosen[place] if place in chosen else lowest(domains[place])
            for place in range(self._size)
        ]
        return self._best.is_beaten(firsts, self._weight)

    def _count(self) -> None:
        self._steps += 1
        is_time_to_look = self._deadline is not None and not self._steps % _STEPS_BETWEEN_LOOKS
        if is_time_to_look and time.monotonic() >= (self._deadline or 0):
            raise _Stopped
        if self._steps >= MAX_STEPS:
            raise _Stopped

    def _expand(self, chosen: Mapping[int, int]) -> None:
        """Take the best offerings of signatures that may stand together."""
        signatures = tuple(chosen[place] for place in range(self._size))
        if signatures in self._seen:  # another subset of values has them too
            return
        self._seen.add(signatures)
        firsts = {
            one.name: self._domains.first(place, signatures[place])
            for place, one in enumerate(self._choices)
        }
        if not all(self._tests.holds(joint, firsts) for joint in self._open):
            return
        for _ in expanded(self._domains, signatures, self._best):
            self._count()
            if self._is_any_enough and self._best.is_any:
                raise _Stopped


def _too_large(steps: int) -> Refused:
    return Refused(
        f"The search looked at {steps:,} choices and found no end.",
        code="search-too-large",
        hint="Ask for fewer components, or add conditions or an order.",
    )
