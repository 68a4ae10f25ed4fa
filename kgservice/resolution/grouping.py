"""Bindings that joint conditions cannot tell apart, put together once for a state of the graph.

What joint conditions read of a binding is its signature. Of equal signatures only the best few can
be in an answer, so a search goes over signatures: some hundreds for a hundred thousand offerings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kgservice.resolution.joint_totals import scaled
from kgservice.resolution.joints import (
    NUMERIC,
    Capacity,
    Compatible,
    CompositionShape,
    Joint,
    joint_components,
)
from kgservice.resolution.preferences import orders_of
from kgservice.resolution.projection import Flags, Ids, Integers
from kgservice.resolution.request import Component, Request

if TYPE_CHECKING:
    from kgservice.resolution.joint_columns import Numbers
    from kgservice.resolution.options import Columns


@dataclass(frozen=True, slots=True)
class Grouping:
    """The rows of a frame, those of one signature together and the best of them first.

    Attributes:
        rows: The rows in that order.
        signatures: The number of each one's signature, rising.
        is_together: The configurations of an offering that have one signature follow each other.
        made_of: The columns that it was made of, kept so that they stay what they are.
    """

    rows: Ids
    signatures: Integers
    is_together: bool
    made_of: tuple[object, ...]


def grouping_of(columns: Columns, request: Request) -> Grouping:
    """Group a component's rows by all that the request's joint conditions read, active or not."""
    frame = columns.frame
    component = frame.component
    joints = [joint for joint in request.together if component.name in joint_components(joint)]
    sets = [columns.sets[key] for joint in joints for key in set_keys(joint, component)]
    numbers = [columns.numbers[joint.id] for joint in joints if isinstance(joint, NUMERIC)]
    room = [columns.numbers[joint.id] for joint in joints if isinstance(joint, Capacity)]
    order = orders_of(request)
    ranked = [columns.numbers[one.key] for one in order]

    def make() -> Grouping:
        """Sort the rows."""
        flags = [one.known for one in (*numbers, *ranked)]
        flags += [one.values >= scaled(component.quantity) for one in room]
        parts = [*sets, *(flag.astype(np.int64) for flag in flags)]
        orders = [
            directed(numbers, one.is_maximise) for numbers, one in zip(ranked, order, strict=True)
        ]
        made_of = (*sets, *numbers, *ranked)
        return _grouped(combined(parts, len(frame)), orders, frame.owners, made_of)

    if frame.rows is not None:  # a part of the rows: its columns are made for this request alone
        return make()
    directions = tuple(one.is_maximise for one in order)
    made_of = tuple(id(one) for one in (*sets, *numbers, *room, *ranked))
    key = ("grouping", made_of, directions, component.quantity if room else 1, id(frame.owners))
    return frame.projection.masks.get(key, Grouping, make)


def _grouped(
    signatures: Integers, orders: Sequence[Integers], owners: Ids, made_of: tuple[object, ...]
) -> Grouping:
    # rows come by offering and configuration, and sorting is stable: where all configurations of
    # an offering are ranked alike, those of one signature stay together
    is_same = owners[1:] == owners[:-1]
    is_together = not any((is_same & (one[1:] != one[:-1])).any() for one in orders)
    order = np.lexsort((*reversed(orders), signatures))
    return Grouping(order.astype(np.int32), signatures[order], is_together, (*made_of, owners))


def directed(numbers: Numbers, is_maximise: bool) -> Integers:
    """Give the numbers that the order reads, smaller first; 0 where unknown."""
    return np.where(numbers.known, -numbers.values if is_maximise else numbers.values, 0)


def first_offerings(groups: Integers, owners: Ids, most: int, *, is_together: bool) -> Flags:
    """Say which rows are the first of an offering among the first offerings of their group.

    Rows of a group follow each other, best first.
    """
    if not len(groups):
        return np.zeros(0, np.bool_)
    if is_together:
        is_first = _changes(groups, owners)
    else:
        _, firsts = np.unique(groups * (int(owners.max()) + 1) + owners, return_index=True)
        is_first = np.zeros(len(groups), np.bool_)
        is_first[firsts] = True
    number = np.cumsum(is_first)
    begins = np.ones(len(groups), np.bool_)
    begins[1:] = groups[1:] != groups[:-1]
    before = (number[begins] - 1)[np.cumsum(begins) - 1]
    found: Flags = is_first & (number - before <= most)
    return found


def _changes(groups: Integers, owners: Ids) -> Flags:
    found = np.ones(len(groups), np.bool_)
    found[1:] = (groups[1:] != groups[:-1]) | (owners[1:] != owners[:-1])
    return found


def combined(parts: Iterable[Integers], size: int) -> Integers:
    """Number the distinct rows of some columns."""
    code: Integers = np.zeros(size, np.int64)
    width = 1
    for part in parts:
        dense, number = _dense(part)
        if number <= 1:
            continue
        code = code * number + dense
        width *= number
        if width > max(4 * size, 1 << 20):
            code, width = _dense(code)
    return code


def _dense(values: Integers) -> tuple[Integers, int]:
    """Number distinct values in their order; give how many there are, too."""
    if not len(values):
        return values, 0
    low, high = int(values.min()), int(values.max())
    if high - low > 8 * len(values) + (1 << 20):
        distinct, places = np.unique(values, return_inverse=True)
        return places.reshape(-1).astype(np.int64), len(distinct)
    seen = np.zeros(high - low + 1, np.bool_)
    seen[values - low] = True
    numbers = np.cumsum(seen) - 1
    return numbers[values - low], int(numbers[-1]) + 1


def set_keys(joint: Joint, component: Component) -> list[str]:
    """Name the sets that a joint condition reads at a component."""
    if isinstance(joint, NUMERIC):
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
