"""How the offerings of a component fared, told from the verdicts on all its bindings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kgservice.resolution.judgement import Counts, Rules
from kgservice.resolution.options import Columns, surviving
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import Flags, Ids
from kgservice.resolution.refusals import MAX_REFUSED, Refusal
from kgservice.resolution.request import Constraint

Matrix: TypeAlias = npt.NDArray[np.bool_]
"""A flag for each condition (rows) and binding (columns)."""
Rows: TypeAlias = npt.NDArray[np.integer[Any]]


def counted(columns: Columns, rules: Rules) -> Counts:
    """Count a component's offerings by their best configuration (`judgement.count`)."""
    frame = columns.frame
    size = len(frame.offerings)
    hard = rules.hard(frame.component)
    if not size:
        return Counts(0, 0, 0, 0, {})
    met, violated = _matrices(columns, hard)
    satisfied = _of_offerings(np.logical_and.reduce(met), frame.owners, size)
    open_ = _of_offerings(~np.logical_or.reduce(violated), frame.owners, size) & ~satisfied
    fell = ~(satisfied | open_)
    last = np.full(size, -1, np.int64)
    if fell.any():
        np.maximum.at(last, frame.owners, violated.argmax(axis=0))
    places, numbers = np.unique(last[fell], return_counts=True)
    reasons = {hard[int(p)].id: int(n) for p, n in zip(places, numbers, strict=True)}
    return Counts(size, int(satisfied.sum()), int(open_.sum()), int(fell.sum()), reasons)


def unknown_rows(columns: Columns, rules: Rules) -> Iterator[tuple[int, Constraint]]:
    """Go through what is unknown of offerings that would do (`judgement.unknown_facts`)."""
    hard = rules.hard(columns.frame.component)
    if not hard:
        return
    met, violated = _matrices(columns, hard)
    unknown = ~met & ~violated
    numbers = unknown.sum(axis=0)
    rows = np.flatnonzero(~violated.any(axis=0))
    for row in _best_of_each(columns.frame.owners, rows, [numbers[rows]]):
        for place in np.flatnonzero(unknown[:, row]):
            yield int(row), hard[int(place)]


def refused_offerings(columns: Columns, prices: PriceColumns, rules: Rules) -> tuple[Refusal, ...]:
    """Explain refused offerings by their best configuration (`refusals.refusals`)."""
    frame = columns.frame
    hard = rules.hard(frame.component)
    if not hard or not len(frame):
        return ()
    met, violated = _matrices(columns, hard)
    unknown = ~met & ~violated
    allowed = _of_offerings(surviving(columns, rules), frame.owners, len(frame.offerings))
    rows = np.flatnonzero(~allowed[frame.owners])
    badness = [violated.sum(axis=0)[rows], unknown.sum(axis=0)[rows]]
    best = _best_of_each(frame.owners, rows, badness)
    monthly = [prices.monthly(int(owner)) for owner in frame.owners[best]]
    costs = [(money is None, money.minor if money else 0) for money in monthly]
    order = sorted(range(len(best)), key=lambda i: (costs[i], i))
    return tuple(
        Refusal(
            frame.component.name,
            frame.offering(int(best[i])),
            _names(hard, violated[:, best[i]]),
            _names(hard, unknown[:, best[i]]),
            monthly[i],
        )
        for i in order[:MAX_REFUSED]
    )


def _names(hard: Sequence[Constraint], flags: Flags) -> tuple[str, ...]:
    return tuple(hard[int(place)].id for place in np.flatnonzero(flags))


def _matrices(columns: Columns, hard: Sequence[Constraint]) -> tuple[Matrix, Matrix]:
    shape = (len(hard), len(columns.frame))
    met, violated = np.ones(shape, np.bool_), np.zeros(shape, np.bool_)
    for place, constraint in enumerate(hard):
        verdicts = columns.verdicts[constraint.id]
        met[place], violated[place] = verdicts.met, verdicts.violated
    return met, violated


def _of_offerings(flags: Flags, owners: Ids, size: int) -> Flags:
    found = np.zeros(size, np.bool_)
    found[owners[flags]] = True
    return found


def _best_of_each(owners: Ids, rows: Rows, badness: Sequence[Rows]) -> Rows:
    """Give, for each offering, the first of its rows that is least bad; in order of offerings."""
    order = np.lexsort((rows, *reversed(badness), owners[rows]))
    sorted_rows = rows[order]
    _, firsts = np.unique(owners[sorted_rows], return_index=True)
    found: Rows = sorted_rows[firsts]
    return found
