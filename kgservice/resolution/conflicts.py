"""Minimal conflicts: sets of conditions that cannot hold together, none of which is superfluous."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

MAX_CONFLICTS = 3
MAX_PROBES = 120

IsFeasible = Callable[[frozenset[str]], bool]


def minimal_conflicts(conditions: Sequence[str], is_feasible: IsFeasible) -> list[tuple[str, ...]]:
    """Find up to `MAX_CONFLICTS` minimal conflicts of an infeasible set of conditions.

    Each is found by deletion: a condition whose absence leaves the rest infeasible is not needed.
    Further ones are looked for where a found one is broken (a hitting-set tree). `is_feasible`
    is asked at most about `MAX_PROBES` times; a conflict that is given is minimal in any case.
    """
    probes = _Probes(is_feasible)
    found: list[tuple[str, ...]] = []
    broken: deque[frozenset[str]] = deque([frozenset()])
    tried: set[frozenset[str]] = set()
    while broken and len(found) < MAX_CONFLICTS:
        without = broken.popleft()
        rest = [name for name in conditions if name not in without]
        if without in tried or (found and probes.number + len(rest) >= MAX_PROBES):
            continue
        tried.add(without)
        if probes.ask(rest):
            continue
        conflict = _shrink(rest, probes)
        if conflict not in found:
            found.append(conflict)
        broken.extend(without | {name} for name in conflict)
    return sorted(found, key=lambda one: (len(one), [conditions.index(name) for name in one]))


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


def _shrink(conditions: Sequence[str], probes: _Probes) -> tuple[str, ...]:
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
