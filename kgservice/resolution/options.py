"""What is left of a component's bindings for the search, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kgservice.resolution.array_judgement import Verdicts
from kgservice.resolution.candidates import every_wishes, spare_offerings
from kgservice.resolution.frames import Frame
from kgservice.resolution.joint_columns import Numbers
from kgservice.resolution.joint_totals import Direction, scaled, totals_of
from kgservice.resolution.judgement import Rules
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers
from kgservice.resolution.request import (
    Capacity,
    Compatible,
    Component,
    CompositionShape,
    Joint,
    ProductLimit,
    SumLimit,
    joint_components,
)


@dataclass(frozen=True, slots=True)
class Option:
    """A binding that may be in an answer, with all that decides about its compositions.

    Attributes:
        row: Its row in the frame.
        offering: Position of its offering, in IRI order.
        rank: Place among the configurations of its offering.
        missed: How many wishes of its own component it misses.
        missed_every: For each wish for every component, whether it misses it.
        order: Numbers that the order reads, smaller first; 0 where unknown.
        is_unknown: For each of them, whether it is unknown.
        sets: For each joint condition that reads sets, what it reads here.
        sums: For each joint condition that reads a number: the number, or None when unknown.
        node: Term number of its offering, equal in all components.
    """

    row: int
    offering: int
    rank: int
    missed: int
    missed_every: tuple[bool, ...]
    order: tuple[int, ...]
    is_unknown: tuple[bool, ...]
    sets: Mapping[str, int]
    sums: Mapping[str, int | None]
    node: int = NOTHING


@dataclass(frozen=True, slots=True)
class Columns:
    """What was found out of one component.

    Attributes:
        frame: Its bindings.
        verdicts: By short id of the condition.
        sets: By key: a joint condition's id, for `Compatible` with `.given`, `.taken`, `.profile`,
            and `.given.closed`, `.taken.closed` (1 or 0).
        numbers: By id of a joint condition that reads a number, and by `prefer.N`.
    """

    frame: Frame
    verdicts: dict[str, Verdicts]
    sets: Mapping[str, Integers]
    numbers: Mapping[str, Numbers]


def surviving(columns: Columns, rules: Rules) -> Flags:
    """Say which bindings no active condition excludes."""
    keep = np.ones(len(columns.frame), np.bool_)
    for constraint in rules.hard(columns.frame.component):
        verdicts = columns.verdicts[constraint.id]
        keep &= verdicts.met if rules.rejects_unknown(constraint) else ~verdicts.violated
    return keep


def options_of(columns: Columns, rules: Rules, answers: int) -> list[Option]:
    """Give what can be in the best `answers` compositions, best first.

    What falls is what `candidates.prune` lets fall: another configuration of the same offering is
    as good for every joint condition and comes first, or `answers` other offerings are and do.
    """
    rows = np.flatnonzero(surviving(columns, rules)).astype(np.int32)
    if not len(rows):
        return []
    table = _Table(columns, rules, rows)
    kept = table.kept(answers)
    return [table.option(int(place)) for place in kept]


class _Table:
    """The surviving rows with all that decides, as columns."""

    def __init__(self, columns: Columns, rules: Rules, rows: Ids) -> None:
        component, request = columns.frame.component, rules.request
        self.columns, self.rows = columns, rows
        every = (*rules.joint(), *rules.joint_wishes())
        joints = [j for j in every if component.name in joint_components(j)]
        self.keys = [key for joint in joints for key in set_keys(joint, component)]
        self.sets = [columns.sets[key][rows] for key in self.keys]
        numeric = (SumLimit, ProductLimit, Capacity)
        self.sum_ids = [joint.id for joint in joints if isinstance(joint, numeric)]
        self.sums = [columns.numbers[name] for name in self.sum_ids]
        self.totals = [total for joint in joints for total in totals_of(joint)]
        self.capacities = [joint for joint in joints if isinstance(joint, Capacity)]
        self.spare = spare_offerings(rules, component)
        self.missed = self._missed([c.id for c in component.constraints if c.is_wish])
        self.every = [~columns.verdicts[wish.id].met[rows] for wish in every_wishes(request)]
        self.orders, self.unknown = [], []
        for index, preference in enumerate(request.prefer):
            numbers = columns.numbers[f"prefer.{index + 1}"]
            known, values = numbers.known[rows], numbers.values[rows]
            self.orders.append(np.where(known, -values if preference.is_maximise else values, 0))
            self.unknown.append(~known)

    def _missed(self, names: Sequence[str]) -> Integers:
        found = np.zeros(len(self.rows), np.int64)
        for name in names:
            found += ~self.columns.verdicts[name].met[self.rows]
        return found

    def kept(self, answers: int) -> Ids:
        """Give the positions that are left, best first."""
        frame = self.columns.frame
        owners, ranks = frame.owners[self.rows], frame.ranks[self.rows]
        group = self._groups()
        place = [ranks, owners, *reversed(self.orders), self.missed]
        by_group = np.lexsort((*place, group))
        keep = _first_offerings(group[by_group], owners[by_group], answers + self.spare)
        for total in self.totals:
            values = self.columns.numbers[total.joint.id].values
            is_limit = total.direction is Direction.MAXIMUM
            keep |= self._is_out_of_line(by_group, group, values if is_limit else -values)
        kept = by_group[keep]
        found: Ids = kept[np.lexsort([column[kept] for column in place])].astype(np.int32)
        return found

    def _groups(self) -> Integers:
        """Number what must be equal for two bindings to be exchangeable."""
        flags = [*self.every, *self.unknown, *(s.known[self.rows] for s in self.sums)]
        flags += [self._fits_alone(joint) for joint in self.capacities]
        parts = [*self.sets, *(flag.astype(np.int64) for flag in flags)]
        if not parts:
            return np.zeros(len(self.rows), np.int64)
        _, found = np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True)
        return found.reshape(-1).astype(np.int64)

    def _fits_alone(self, joint: Capacity) -> Flags:
        numbers = self.columns.numbers[joint.id].values[self.rows]
        fits: Flags = numbers >= scaled(self.columns.frame.component.quantity)
        return fits

    def _is_out_of_line(self, order: Integers, group: Integers, amounts: Integers) -> Flags:
        """Say which rows have a smaller amount than a better one of their group: these stay."""
        values = amounts[self.rows][order]
        groups = group[order]
        # the largest sum so far within the group: later groups lie in higher, disjoint ranges
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        width = high - low + 1
        kind = np.int64 if width * (int(groups.max(initial=0)) + 1) < 2**62 else object
        shifted = (values - low).astype(kind) + groups.astype(kind) * width
        largest = np.maximum.accumulate(shifted)
        found: Flags = (shifted < largest).astype(np.bool_)
        return found

    def option(self, place: int) -> Option:
        """Give one row as a value."""
        frame, row = self.columns.frame, int(self.rows[place])
        return Option(
            row=row,
            offering=int(frame.owners[row]),
            rank=int(frame.ranks[row]),
            missed=int(self.missed[place]),
            missed_every=tuple(bool(flags[place]) for flags in self.every),
            order=tuple(int(numbers[place]) for numbers in self.orders),
            is_unknown=tuple(bool(flags[place]) for flags in self.unknown),
            sets={key: int(s[place]) for key, s in zip(self.keys, self.sets, strict=True)},
            sums={
                name: int(numbers.values[row]) if numbers.known[row] else None
                for name, numbers in zip(self.sum_ids, self.sums, strict=True)
            },
            node=int(frame.offerings[frame.owners[row]]),
        )


def set_keys(joint: Joint, component: Component) -> list[str]:
    """Name the sets that a joint condition reads at a component."""
    if isinstance(joint, (SumLimit, ProductLimit, Capacity)):
        return []
    if isinstance(joint, CompositionShape):
        return [f"{joint.id}.{info.name}" for info in joint.reads]
    if not isinstance(joint, Compatible):
        return [joint.id]
    keys = []
    for end, name in (("given", joint.giver), ("taken", joint.taker)):
        if component.name == name:
            keys += [f"{joint.id}.{end}", f"{joint.id}.{end}.closed"]
    return [*keys, f"{joint.id}.profile"]


def _first_offerings(group: Integers, owners: Ids, answers: int) -> Flags:
    """Keep the first configuration of the first offerings of each group; rows are in order."""
    keys = group * (int(owners.max(initial=0)) + 1) + owners
    _, firsts = np.unique(keys, return_index=True)
    is_first = np.zeros(len(group), np.bool_)
    is_first[firsts] = True
    number = np.cumsum(is_first)
    starts = np.searchsorted(group, group, side="left")
    before = np.where(starts > 0, number[starts - 1], 0)
    return is_first & (number - before <= answers)
