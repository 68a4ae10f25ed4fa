"""Minimal conflicts and minimal corrections, found together by implicit hitting sets.

A *conflict* is a set of conditions that cannot hold together, none of which is superfluous. A
*correction* is a set of conditions without which the rest can hold, none of which could stay.
Every correction breaks every conflict, so the smallest sets that break the conflicts known so far
are tried first: either the rest is feasible, and the set is a correction, or the rest contains a
conflict that was not known (Liffiton and Sakallah 2008; Ignatiev et al. 2015 for the loop).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from kgservice.model.errors import Refused

MAX_CONFLICTS: Final = 3
MAX_CORRECTIONS: Final = 5
MAX_CORRECTION_SIZE: Final = 3
MAX_PROBES: Final = 150
_MAX_HITTING: Final = 2_000

IsFeasible = Callable[[frozenset[str]], bool]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Causes:
    """Why a set of conditions cannot hold.

    Attributes:
        conflicts: Minimal conflicts, the smallest first, names in document order; at most three
            are given.
        corrections: Minimal corrections, the smallest first, each of at most three conditions; at
            most five are given.
        is_exhausted: There are no other corrections of at most that size.
    """

    conflicts: tuple[Names, ...]
    corrections: tuple[Names, ...]
    is_exhausted: bool


def find_causes(conditions: Sequence[str], is_feasible: IsFeasible) -> Causes:
    """Find minimal conflicts and corrections of an infeasible sequence of conditions.

    `is_feasible` says whether some of the conditions can hold together; all of them must not.
    It is asked at most about `MAX_PROBES` times (a number and not a time, so that the same
    request has the same answer); what is given is minimal in any case. When a question cannot be
    answered (`Refused`), what was found so far is given; nothing, when it was the first conflict.

    Raises:
        Refused: no conflict was found before a question that cannot be answered.
    """
    probes = _Probes(is_feasible)
    conflicts = [_shrink(conditions, probes)]
    corrections: list[Names] = []
    is_exhausted = False
    while len(corrections) < MAX_CORRECTIONS and probes.number < MAX_PROBES:
        tried = _next_correction(conditions, conflicts, corrections)
        if tried is None:
            is_exhausted = True
            break
        rest = [name for name in conditions if name not in tried]
        try:
            if probes.ask(rest):
                corrections.append(tried)
            else:
                conflicts.append(_shrink(rest, probes))
        except Refused:  # without some condition too much is left to search through
            break
    place = {name: index for index, name in enumerate(conditions)}
    conflicts.sort(key=lambda one: (len(one), [place[name] for name in one]))
    return Causes(tuple(conflicts[:MAX_CONFLICTS]), tuple(corrections), is_exhausted)


def one_conflict(conditions: Sequence[str], is_feasible: IsFeasible) -> Names:
    """Find one minimal conflict of an infeasible sequence of conditions."""
    return _shrink(conditions, _Probes(is_feasible))


def _next_correction(
    conditions: Sequence[str], conflicts: Sequence[Names], known: Sequence[Names]
) -> Names | None:
    """Give the smallest set that breaks every conflict and contains no known correction."""
    place = {name: index for index, name in enumerate(conditions)}
    for size in range(1, MAX_CORRECTION_SIZE + 1):
        found = [
            broken
            for broken in islice(_hitting(conflicts, size), _MAX_HITTING)
            if not any(broken.issuperset(one) for one in known)
        ]
        if found:
            return min(
                (tuple(sorted(one, key=place.__getitem__)) for one in found),
                key=lambda one: [place[name] for name in one],
            )
    return None


def _hitting(conflicts: Sequence[Names], size: int) -> list[frozenset[str]]:
    """Give the sets of exactly `size` conditions that meet every conflict, by branching.

    Of a size of which no smaller set was left, they are minimal: a set with a superfluous
    condition is met again without it, and was tried or known.
    """
    found: dict[frozenset[str], None] = {}

    def branch(chosen: frozenset[str]) -> None:
        if len(found) >= _MAX_HITTING:
            return
        open_conflict = next((one for one in conflicts if chosen.isdisjoint(one)), None)
        if open_conflict is None:
            if len(chosen) == size:
                found[chosen] = None
            return
        if len(chosen) < size:
            for name in open_conflict:
                branch(chosen | {name})

    branch(frozenset())
    return list(found)


class _Probes:
    """Counts and remembers the questions."""

    def __init__(self, is_feasible: IsFeasible) -> None:
        self.is_feasible = is_feasible
        self.answers: dict[frozenset[str], bool] = {}

    @property
    def number(self) -> int:
        return len(self.answers)

    def ask(self, names: Sequence[str]) -> bool:
        key = frozenset(names)
        if key not in self.answers:
            self.answers[key] = self.is_feasible(key)
        return self.answers[key]


def _shrink(conditions: Sequence[str], probes: _Probes) -> Names:
    """Delete what is not needed, in halves first and then one by one."""
    kept = list(conditions)
    size = max(1, len(kept) // 2)
    while True:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if probes.ask(fewer):
                start += size
            else:
                kept = fewer
        if size == 1:
            return tuple(kept)
        size //= 2
