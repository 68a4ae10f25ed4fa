"""Verdicts in three values on many nodes at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from kgservice.model.vocabulary import ValueKind
from kgservice.resolution.projection import Flags, Ids


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Two flags for each node; neither means unknown."""

    met: Flags
    violated: Flags

    def at(self, places: Ids) -> Verdicts:
        """Give the verdicts at some positions."""
        return Verdicts(self.met[places], self.violated[places])


def some(owners: Ids, flags: Flags, size: int) -> Flags:
    """Say which of `size` nodes own a value that is flagged."""
    found = np.zeros(size, np.bool_)
    found[owners[flags]] = True
    return found


def quantified(kind: ValueKind, owners: Ids, inner: Verdicts, complete: Flags) -> Verdicts:
    """Apply a value kind to the verdicts on single values (REQUESTS, "What it means")."""
    size = len(complete)
    if (owners[1:] > owners[:-1]).all():
        return _of_one_value(kind, owners, inner, complete)
    some_met, some_violated = (some(owners, f, size) for f in (inner.met, inner.violated))
    if kind is ValueKind.FEATURE:
        return Verdicts(some_met, complete & ~some(owners, ~inner.violated, size))
    if kind is ValueKind.EXPOSURE:
        return Verdicts(complete & ~some(owners, ~inner.met, size), some_violated)
    counts = np.bincount(owners, minlength=size)
    single = counts <= 1
    return Verdicts(some_met & single, (some_violated & single) | (complete & (counts == 0)))


def _of_one_value(kind: ValueKind, owners: Ids, inner: Verdicts, complete: Flags) -> Verdicts:
    """Do the same, and faster, where no node has two values, as mostly."""
    met, violated, has = (np.zeros(len(complete), np.bool_) for _ in range(3))
    met[owners], violated[owners], has[owners] = inner.met, inner.violated, True
    if kind is ValueKind.FEATURE:
        return Verdicts(met, complete & ~(has & ~violated))
    if kind is ValueKind.EXPOSURE:
        return Verdicts(complete & ~(has & ~met), violated)
    return Verdicts(met, violated | (complete & ~has))


def all_of(verdicts: Iterable[Verdicts]) -> Verdicts:
    """Say where all are met, and where one is violated."""
    return reduce(lambda a, b: Verdicts(a.met & b.met, a.violated | b.violated), verdicts)


def any_of(verdicts: Iterable[Verdicts]) -> Verdicts:
    """Say where one is met, and where all are violated."""
    return reduce(lambda a, b: Verdicts(a.met | b.met, a.violated & b.violated), verdicts)
