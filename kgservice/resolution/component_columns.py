"""All that a search reads of one component, from a projection."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.array_judgement import ArrayJudge, Verdicts
from kgservice.resolution.candidates import every_wishes
from kgservice.resolution.frames import Frame
from kgservice.resolution.joint_columns import (
    Numbers,
    closed_column,
    number_column,
    scaled_number,
    set_column,
    share_number,
)
from kgservice.resolution.options import Columns
from kgservice.resolution.preferences import Order, key_of, keyed, orders_of
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import Integers
from kgservice.resolution.reads import PROFILE_PATH, Path, joint_path
from kgservice.resolution.request import (
    Capacity,
    Compatible,
    CompositionShape,
    Constraint,
    Joint,
    ProductLimit,
    Request,
    SumLimit,
    joint_components,
)


def columns_of(
    request: Request, frame: Frame, prices: PriceColumns, judge: ArrayJudge, currency: str
) -> Columns:
    """Judge a component's bindings and read what joint conditions and the order read.

    Everything is worked out for the whole kind and remembered, so that the next request that asks
    the same, or the same request with other rules, only looks it up. `prices` are those of the
    whole kind; `currency` is the one in which money is ranked.
    """
    component = frame.component
    reader = _Reader(frame, prices, judge)
    everything = np.ones(len(frame), np.bool_)
    sets: dict[str, Integers] = {}
    numbers: dict[str, Numbers] = {}
    for joint in request.together:
        if component.name not in joint_components(joint):
            continue
        if isinstance(joint, ProductLimit):
            numbers[joint.id] = reader.numbers(joint.path[0], is_share=True)
        elif isinstance(joint, (SumLimit, Capacity)):
            money = joint.currency if isinstance(joint, SumLimit) else ""
            numbers[joint.id] = reader.numbers(joint.path[0], money)
        else:
            sets.update(_sets_of(joint, component.name, reader))
    nothing = Numbers(everything, np.zeros(len(frame), np.int64))
    for key, one in keyed(request):
        if one.between:
            sets.update({key: reader.sets(one.path)} if component.name in one.between else {})
            continue
        is_read = one.counts(component.name)
        numbers[key] = reader.numbers(one.property, currency) if is_read else nothing
    numbers.update(_weighted(request, numbers))
    verdicts = {one.id: reader.verdicts(one) for one in request.constraints_of(component)}
    for wish in every_wishes(request):  # met where it is not asked
        verdicts.setdefault(wish.id, Verdicts(everything, ~everything))
    return Columns(frame, verdicts, sets, numbers)


def _weighted(request: Request, numbers: Mapping[str, Numbers]) -> dict[str, Numbers]:
    return {
        order.key: weighted_column(order, [numbers[key_of(n)] for n in range(len(request.prefer))])
        for order in orders_of(request)
        if order.key not in numbers
    }


def weighted_column(order: Order, parts: Sequence[Numbers]) -> Numbers:
    """Make one number of several, of each combination of values once."""
    known = np.logical_and.reduce([part.known for part in parts])
    found = np.zeros(len(known), np.int64)
    rows = np.flatnonzero(known)
    values = np.stack([part.values[rows] for part in parts], axis=1)
    distinct, places = np.unique(values, axis=0, return_inverse=True)
    made = [order.weighted([int(value) for value in one]) for one in distinct]
    numbers = np.array([number or 0 for number in made], np.int64)
    is_known = np.array([number is not None for number in made], np.bool_)
    found[rows] = numbers[places.reshape(-1)]
    known[rows] = is_known[places.reshape(-1)]
    return Numbers(known, found)


class _Reader:
    """Reads columns of a frame, each made once for all rows of its kind."""

    def __init__(self, frame: Frame, prices: PriceColumns, judge: ArrayJudge) -> None:
        self.whole, self.rows = frame.whole or frame, frame.rows
        self.prices, self.judge = prices, judge
        self.masks = frame.projection.masks
        self.of = (frame.component.kind, tuple(choice.iri for choice in frame.choices))

    def verdicts(self, constraint: Constraint) -> Verdicts:
        """Judge a condition on each row."""
        asked = replace(constraint, id="", policy=None, is_wish=False, over=(), line=0)
        question = self.prices.question if asked.path[0].is_derived else ()
        found = self.masks.get(
            ("verdicts", self.of, asked, self.judge.as_of, question),
            Verdicts,
            lambda: self.judge.on_frame(constraint, self.whole, self.prices),
        )
        return found if self.rows is None else found.at(self.rows)

    def numbers(self, info: PropertyInfo, currency: str = "", *, is_share: bool = False) -> Numbers:
        """Read the number of each row, in whole millionths or as a share of `SHARE_SCALE`."""
        as_of = self.judge.as_of
        question = self.prices.question if info.is_derived or info.is_money else ()
        read = share_number if is_share else partial(scaled_number, as_of=as_of)
        found = self.masks.get(
            ("numbers", self.of, info, currency, is_share, as_of, question),
            Numbers,
            lambda: number_column(self.whole, self.prices, info, currency, read),
        )
        if self.rows is None:
            return found
        return Numbers(found.known[self.rows], found.values[self.rows])

    def sets(self, path: Path) -> Integers:
        """Read the set of values of each row."""
        return self._integers(("sets", self.of, path), lambda: set_column(self.whole, path))

    def closed(self, path: Path) -> Integers:
        """Say, with 1, which rows say all that a path's first property says."""
        return self._integers(
            ("closed", self.of, path), lambda: closed_column(self.whole, path).astype(np.int64)
        )

    def _integers(self, key: Hashable, make: Callable[[], Integers]) -> Integers:
        found: Integers = self.masks.get(key, np.ndarray, make)
        return found if self.rows is None else found[self.rows]


def _sets_of(joint: Joint, name: str, reader: _Reader) -> Mapping[str, Integers]:
    if isinstance(joint, CompositionShape):
        return {f"{joint.id}.{info.name}": reader.sets((info,)) for info in joint.reads}
    if not isinstance(joint, Compatible):
        return {joint.id: reader.sets(joint_path(joint, name))}
    found = {f"{joint.id}.profile": reader.sets(PROFILE_PATH)}
    for end, owner, path in (
        ("given", joint.giver, joint.given),
        ("taken", joint.taker, joint.taken),
    ):
        if owner == name:
            found[f"{joint.id}.{end}"] = reader.sets(path)
            found[f"{joint.id}.{end}.closed"] = reader.closed(path)
    return found
