"""Joint conditions written as YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from kgservice.model.rdf import Literal
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.joints import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Different,
    Joint,
    PairLimit,
    ProductLimit,
    Same,
    SumLimit,
)
from kgservice.resolution.request import Compare, Operator

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
WriteLimit: TypeAlias = Callable[[Compare, PropertyInfo], str]

_NAMES = {
    Same: "same",
    Different: "different",
    AtMost: "at-most",
    SumLimit: "sum",
    ProductLimit: "product",
    PairLimit: "pair",
    Capacity: "capacity",
    Compatible: "compatible",
    CompositionShape: "shape",
}


def joint_entry(joint: Joint, names: tuple[str, ...], write: WriteLimit) -> tuple[str, Tree]:
    """Give the kind and the fields of a joint condition; `write` writes a limit with its unit."""
    kind = _NAMES[type(joint)]
    if isinstance(joint, CompositionShape):
        return kind, joint.shape.value
    if isinstance(joint, Compatible):
        given = f"{joint.giver}.{_dotted(joint.given)}"
        return kind, {"from": given, "to": f"{joint.taker}.{_dotted(joint.taken)}"}
    if isinstance(joint, PairLimit):
        limits = {"max": _limit(joint.limit, "", joint.measure, write)}
        return kind, {"of": joint.measure.name, "between": list(joint.over), **limits}
    fields: dict[str, Tree] = {"of": _dotted(joint.path)}
    if isinstance(joint, AtMost):
        fields = {"distinct": fields["of"], "n": str(joint.n)}
    elif isinstance(joint, (SumLimit, ProductLimit)):
        fields.update(_limits(joint, write))
    if joint.over != names:
        fields["over"] = list(joint.over)
    return kind, fields


def _limits(joint: SumLimit | ProductLimit, write: WriteLimit) -> dict[str, Tree]:
    info = joint.path[0]
    if isinstance(joint, ProductLimit):
        return {"min": _limit(joint.minimum, "", info, write)}
    limits = {"max": joint.limit, "min": joint.minimum}
    return {
        key: _limit(limit, joint.currency, info, write)
        for key, limit in limits.items()
        if limit is not None
    }


def _limit(limit: Literal, currency: str, info: PropertyInfo, write: WriteLimit) -> str:
    return write(Compare(Operator.EQ, limit, currency), info)


def _dotted(path: tuple[PropertyInfo, ...]) -> str:
    return ".".join(step.name for step in path)
