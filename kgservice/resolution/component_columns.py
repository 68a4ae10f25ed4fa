"""All that a search reads of one component, from a projection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from kgservice.resolution.array_judgement import ArrayJudge, Verdicts
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
from kgservice.resolution.price_columns import PriceColumns
from kgservice.resolution.projection import Integers
from kgservice.resolution.reads import PROFILE_PATH, joint_path
from kgservice.resolution.request import (
    Capacity,
    Compatible,
    CompositionShape,
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

    `currency` is the one in which money is ranked.
    """
    component = frame.component
    verdicts: dict[str, Verdicts] = {
        constraint.id: judge.on_frame(constraint, frame, prices)
        for constraint in request.constraints_of(component)
    }
    read = partial(scaled_number, as_of=judge.as_of)
    sets: dict[str, Integers] = {}
    numbers: dict[str, Numbers] = {}
    for joint in request.together:
        if component.name not in joint_components(joint):
            continue
        if isinstance(joint, ProductLimit):
            numbers[joint.id] = number_column(frame, prices, joint.path[0], "", share_number)
        elif isinstance(joint, (SumLimit, Capacity)):
            money = joint.currency if isinstance(joint, SumLimit) else ""
            numbers[joint.id] = number_column(frame, prices, joint.path[0], money, read)
        else:
            sets.update(_sets_of(joint, frame))
    for place, preference in enumerate(request.prefer, start=1):
        numbers[f"prefer.{place}"] = number_column(
            frame, prices, preference.property, currency, read
        )
    return Columns(frame, verdicts, sets, numbers)


def _sets_of(joint: Joint, frame: Frame) -> Mapping[str, Integers]:
    name = frame.component.name
    if isinstance(joint, CompositionShape):
        return {f"{joint.id}.{info.name}": set_column(frame, (info,)) for info in joint.reads}
    if not isinstance(joint, Compatible):
        return {joint.id: set_column(frame, joint_path(joint, name))}
    found = {f"{joint.id}.profile": set_column(frame, PROFILE_PATH)}
    for end, owner, path in (
        ("given", joint.giver, joint.given),
        ("taken", joint.taker, joint.taken),
    ):
        if owner == name:
            found[f"{joint.id}.{end}"] = set_column(frame, path)
            closed = closed_column(frame, path)
            found[f"{joint.id}.{end}.closed"] = closed.astype(np.int64)
    return found
