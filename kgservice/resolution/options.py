"""What is left of a component's bindings for the search, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappush, heapreplace

import numpy as np

from kgservice.resolution.array_judgement import Verdicts
from kgservice.resolution.candidates import every_wishes, spare_offerings
from kgservice.resolution.frames import Frame
from kgservice.resolution.grouping import (
    combined,
    directed,
    first_offerings,
    grouping_of,
    set_keys,
)
from kgservice.resolution.joint_columns import Numbers
from kgservice.resolution.joint_totals import Direction, Total, totals_of
from kgservice.resolution.joints import NUMERIC, EachLimit, Joint, joint_components
from kgservice.resolution.judgement import Rules
from kgservice.resolution.preferences import orders_of
from kgservice.resolution.projection import NOTHING, Flags, Ids, Integers


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
    for joint in rules.joint():
        if isinstance(joint, EachLimit):
            keep &= _each_within(joint, columns.numbers[joint.id])
    return keep


def _each_within(joint: EachLimit, numbers: Numbers) -> Flags:
    keep: Flags = numbers.known.copy()
    if joint.limit is not None:
        keep &= numbers.values <= joint.limit
    if joint.minimum is not None:
        keep &= numbers.values >= joint.minimum
    return keep


@dataclass(frozen=True, slots=True)
class Table:
    """The bindings of a component that can be in an answer, as columns.

    Those of one signature follow each other, the best first.

    Attributes:
        signatures: The number of each one's signature, rising.
        rows: Its row in the frame.
        offerings: Position of its offering, in IRI order.
        ranks: Place among the configurations of its offering.
        nodes: Term number of its offering.
        missed: How many wishes of its own component it misses.
        missed_every: For each wish for every component, whether it misses it.
        order: Numbers that the order reads, smaller first; 0 where unknown.
        is_unknown: For each of them, whether it is unknown.
        sets: What joint conditions that read sets read.
        sums: What those read that read a number.
    """

    signatures: Integers
    rows: Ids
    offerings: Ids
    ranks: Ids
    nodes: Ids
    missed: Integers
    missed_every: tuple[Flags, ...]
    order: tuple[Integers, ...]
    is_unknown: tuple[Flags, ...]
    sets: Mapping[str, Integers]
    sums: Mapping[str, Numbers]

    def __len__(self) -> int:
        """Count the bindings."""
        return len(self.rows)

    def option(self, place: int) -> Option:
        """Give one binding as a value."""
        return Option(
            row=int(self.rows[place]),
            offering=int(self.offerings[place]),
            rank=int(self.ranks[place]),
            missed=int(self.missed[place]),
            missed_every=tuple(bool(flags[place]) for flags in self.missed_every),
            order=tuple(int(numbers[place]) for numbers in self.order),
            is_unknown=tuple(bool(flags[place]) for flags in self.is_unknown),
            sets={key: int(numbers[place]) for key, numbers in self.sets.items()},
            sums={
                name: int(numbers.values[place]) if numbers.known[place] else None
                for name, numbers in self.sums.items()
            },
            node=int(self.nodes[place]),
        )


def table_of(columns: Columns, rules: Rules, answers: int) -> Table:
    """Give what can be in the best `answers` compositions.

    What falls is what `candidates.prune` lets fall: another configuration of the same offering is
    as good for every joint condition and comes first, or `answers` other offerings are and do.
    """
    component, request = columns.frame.component, rules.request
    grouping = grouping_of(columns, request)
    places = np.flatnonzero(surviving(columns, rules)[grouping.rows])
    rows, groups = grouping.rows[places], grouping.signatures[places]
    missed, every = _misses(columns, rules, rows)
    if missed.any() or every:  # what misses other wishes is no better or worse: another signature
        groups = combined((groups, missed, *(flags.astype(np.int64) for flags in every)), len(rows))
        order = np.argsort(groups, kind="stable")
        rows, groups, missed = rows[order], groups[order], missed[order]
        every = tuple(flags[order] for flags in every)
    joints = (*rules.joint(), *rules.joint_wishes())
    joints = tuple(joint for joint in joints if component.name in joint_components(joint))
    most = answers + spare_offerings(rules, component)
    owners = columns.frame.owners[rows]
    keep = first_offerings(groups, owners, most, is_together=grouping.is_together)
    totals = [total for joint in joints for total in totals_of(joint)]
    keep |= _may_be_smaller(columns, rules, totals, (rows, groups, owners), most)
    table = _table(columns, rules, joints, (rows[keep], groups[keep]))
    return _with_wishes(table, missed[keep], tuple(flags[keep] for flags in every))


def _misses(columns: Columns, rules: Rules, rows: Ids) -> tuple[Integers, tuple[Flags, ...]]:
    """Count the missed wishes of the component's own, and say which of all components."""
    missed = np.zeros(len(rows), np.int64)
    for wish in columns.frame.component.constraints:
        if wish.is_wish:
            missed += ~columns.verdicts[wish.id].met[rows]
    every = every_wishes(rules.request)
    return missed, tuple(~columns.verdicts[wish.id].met[rows] for wish in every)


def _with_wishes(table: Table, missed: Integers, every: tuple[Flags, ...]) -> Table:
    return replace(table, missed=missed, missed_every=every)


def _table(
    columns: Columns, rules: Rules, joints: Sequence[Joint], kept: tuple[Ids, Integers]
) -> Table:
    frame, (rows, groups) = columns.frame, kept
    order = orders_of(rules.request)
    ranked = [columns.numbers[one.key] for one in order]
    parts = [Numbers(one.known[rows], one.values[rows]) for one in ranked]
    owners = frame.owners[rows]
    return Table(
        signatures=groups,
        rows=rows,
        offerings=owners,
        ranks=frame.ranks[rows],
        nodes=frame.offerings[owners],
        missed=np.zeros(len(rows), np.int64),
        missed_every=(),
        order=tuple(
            directed(numbers, one.is_maximise) for numbers, one in zip(parts, order, strict=True)
        ),
        is_unknown=tuple(~one.known for one in parts),
        sets={
            key: columns.sets[key][rows]
            for joint in joints
            for key in set_keys(joint, frame.component)
        },
        sums={
            joint.id: Numbers(
                columns.numbers[joint.id].known[rows], columns.numbers[joint.id].values[rows]
            )
            for joint in joints
            if isinstance(joint, NUMERIC)
        },
    )


def _may_be_smaller(
    columns: Columns,
    rules: Rules,
    totals: Sequence[Total],
    of: tuple[Ids, Integers, Ids],
    most: int,
) -> Flags:
    """Say which rows have a smaller amount for a total than better ones of their group have."""
    rows, groups, owners = of
    found = np.zeros(len(rows), np.bool_)
    loose = [total for total in totals if not _is_in_order(columns, rules, total)]
    for total in loose:
        values = columns.numbers[total.joint.id].values[rows]
        amounts = values if total.direction is Direction.MAXIMUM else -values
        places = np.flatnonzero(_is_out_of_line(groups, amounts)).astype(np.int32)
        if len(loose) == 1:
            places = _smaller_than_most(places, (groups, owners, amounts), most)
        found[places] = True
    return found


def _is_in_order(columns: Columns, rules: Rules, total: Total) -> bool:
    """Say whether the order puts smaller amounts of a total first."""
    order = orders_of(rules.request)
    return (
        bool(order)
        and not order[0].is_maximise
        and total.direction is Direction.MAXIMUM
        and columns.numbers[total.joint.id] is columns.numbers[order[0].key]
    )


def _is_out_of_line(groups: Integers, amounts: Integers) -> Flags:
    """Say which rows have a smaller amount than a better one of their group."""
    # the largest amount so far within the group: later groups lie in higher, disjoint ranges
    low, high = int(amounts.min(initial=0)), int(amounts.max(initial=0))
    width = high - low + 1
    kind = np.int64 if width * (int(groups.max(initial=0)) + 1) < 2**62 else object
    shifted = (amounts - low).astype(kind) + groups.astype(kind) * width
    largest = np.maximum.accumulate(shifted)
    found: Flags = (shifted < largest).astype(np.bool_)
    return found


def _smaller_than_most(places: Ids, of: tuple[Integers, Ids, Integers], most: int) -> Ids:
    """Give those that have not `most` better offerings of their group with as small an amount."""
    groups, owners, amounts = of
    asked = set(places.tolist())
    group = -1
    smallest: list[int] = []
    kept: list[int] = []
    seen: set[int] = set()
    for place, (its, owner, amount) in enumerate(
        zip(groups.tolist(), owners.tolist(), amounts.tolist(), strict=True)
    ):
        if its != group:
            group, smallest, seen = its, [], set()
        if place in asked and (len(smallest) < most or amount < -smallest[0]):
            kept.append(place)
        if owner in seen:
            continue
        seen.add(owner)
        if len(smallest) < most:
            heappush(smallest, -amount)
        elif amount < -smallest[0]:
            heapreplace(smallest, -amount)
    return np.array(kept, np.int32)
