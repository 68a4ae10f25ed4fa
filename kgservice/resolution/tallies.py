"""How the offerings of a component fared, told from the verdicts on all its bindings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kgservice.model.terms import KG
from kgservice.resolution.judgement import Counts, Rules
from kgservice.resolution.options import Columns, surviving
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import Flags, Ids
from kgservice.resolution.refusals import MAX_REFUSED, Refusal
from kgservice.resolution.request import Constraint
from kgservice.resolution.verdicts import Verdicts

Matrix: TypeAlias = npt.NDArray[np.bool_]
"""A flag for each condition (rows) and binding (columns)."""
Rows: TypeAlias = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many offerings fared how.

    Attributes:
        satisfied: Those with a binding that meets everything.
        numbers: For each condition, those whose last configuration fell there; then the others.
        made_of: The verdicts, kept so that they stay what they are.
    """

    satisfied: int
    numbers: tuple[int, ...]
    made_of: tuple[Verdicts, ...]


def counted(columns: Columns, rules: Rules) -> Counts:
    """Count a component's offerings by their best configuration (`judgement.count`)."""
    frame = columns.frame
    size = len(frame.offerings)
    hard = rules.hard(frame.component)
    if not size:
        return Counts(0, 0, 0, 0, {})
    verdicts = tuple(columns.verdicts[constraint.id] for constraint in hard)
    if frame.rows is None:
        key = ("tally", id(frame.owners), tuple(map(id, verdicts)))
        tally = frame.projection.masks.get(key, Tally, lambda: _tally(frame.owners, verdicts))
    else:
        tally = _tally(frame.owners, verdicts)
    reasons = {one.id: n for one, n in zip(hard, tally.numbers, strict=False) if n}
    standing = tally.numbers[len(hard)]
    return Counts(size, tally.satisfied, standing - tally.satisfied, size - standing, reasons)


def _tally(owners: Ids, verdicts: tuple[Verdicts, ...]) -> Tally:
    met, first = np.ones(len(owners), np.bool_), np.full(len(owners), len(verdicts), np.int16)
    for place in reversed(range(len(verdicts))):
        met &= verdicts[place].met
        np.copyto(first, place, where=verdicts[place].violated)
    begins = np.flatnonzero(np.diff(owners, prepend=-1))  # every offering has a row
    satisfied = int(np.logical_or.reduceat(met, begins).sum())
    last = np.maximum.reduceat(first, begins)  # where its last configuration fell, if all did
    numbers = np.bincount(last, minlength=len(verdicts) + 1).tolist()
    return Tally(satisfied, tuple(numbers), verdicts)


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
    best = best[_cheapest(prices, frame.owners[best])]
    marks = zip(violated[:, best].T.tolist(), unknown[:, best].T.tolist(), strict=True)
    names = [constraint.id for constraint in hard]
    return tuple(
        Refusal(
            frame.component.name,
            frame.offering(row),
            tuple(compress(names, fell)),
            tuple(compress(names, open_)),
            prices.monthly(int(frame.owners[row])),
        )
        for row, (fell, open_) in zip(best.tolist(), marks, strict=True)
    )


def _cheapest(prices: PriceColumns, owners: Ids) -> Rows:
    """Give the places of the cheapest offerings that are shown, in order; unknown prices last."""
    known = prices.known[KG.monthlyPrice][owners]
    costs = np.where(known, prices.minor[KG.monthlyPrice][owners], np.iinfo(np.int64).max)
    if len(costs) > MAX_REFUSED:
        highest = np.partition(costs, MAX_REFUSED - 1)[MAX_REFUSED - 1]
        places = np.flatnonzero(costs <= highest)
    else:
        places = np.arange(len(costs))
    found: Rows = places[np.argsort(costs[places], kind="stable")][:MAX_REFUSED]
    return found


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
    """Give, for each offering, the first of its rows that is least bad; in order of offerings.

    `rows` rise, and so do the owners of rows.
    """
    if not len(rows):
        return rows
    worst = [int(one.max()) + 1 for one in badness]
    code = badness[0].astype(np.int64) * worst[1] + badness[1] if len(badness) > 1 else badness[0]
    mine = owners[rows]
    begins = np.flatnonzero(np.diff(mine, prepend=-1))
    least = np.repeat(np.minimum.reduceat(code, begins), np.diff(begins, append=len(rows)))
    good = np.flatnonzero(code == least)
    found: Rows = rows[good[np.flatnonzero(np.diff(mine[good], prepend=-1))]]
    return found
