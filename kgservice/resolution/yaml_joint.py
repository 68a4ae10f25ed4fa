"""Joint conditions in YAML (`together`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Literal
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.names import check_one_value, check_sum, read_path, refuse
from kgservice.resolution.request import (
    AtMost,
    Compatible,
    Different,
    Joint,
    Policy,
    Same,
    SumLimit,
)
from kgservice.resolution.values import read_value, suggestion
from kgservice.resolution.yaml_conditions import need_text, read_policy
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar

_LATER = ("pair", "product", "shape", "use", "ways")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What every joint condition is read from."""

    id: str
    node: Node
    names: tuple[str, ...]
    vocabulary: Vocabulary
    policy: Policy | None


def read_joint(node: Node, index: int, names: tuple[str, ...], vocabulary: Vocabulary) -> Joint:
    """Read one item of `together`; its id is `together.INDEX`, counted from 1.

    Raises:
        InputError: its kind, path, components or limit is wrong.
        NotSupported: its kind is not supported yet.
    """
    if not isinstance(node, MapNode):
        raise InputError("A joint condition is a mapping.", code="joint-invalid", at=node.at)
    policy = read_policy(node.entries["unknown"]) if "unknown" in node.entries else None
    kinds = [key for key in node.entries if key != "unknown"]
    if len(kinds) != 1:
        raise InputError("One joint condition per item.", code="joint-invalid", at=node.at)
    kind, at = kinds[0], node.keys[kinds[0]].at
    if kind in _LATER or kind.endswith("?"):
        refuse(f"the joint condition `{kind}`", at)
    if kind not in _READERS:
        raise InputError(
            f"`{kind}` is not a joint condition.",
            code="joint-invalid",
            at=at,
            hint=suggestion(kind, _READERS) or f"Known: {', '.join(_READERS)}.",
        )
    parts = _Parts(f"together.{index}", node.entries[kind], names, vocabulary, policy)
    return _READERS[kind](parts)


def _same(parts: _Parts) -> Joint:
    fields = _fields(parts, "of", ("over",))
    return Same(parts.id, _path(parts, fields["of"]), _over(parts, fields), parts.policy)


def _different(parts: _Parts) -> Joint:
    fields = _fields(parts, "of", ("over",))
    return Different(parts.id, _path(parts, fields["of"]), _over(parts, fields), parts.policy)


def _at_most(parts: _Parts) -> Joint:
    fields = _fields(parts, "distinct", ("n", "over"))
    number = need_text(_needed(fields, "n", parts.node))
    if (
        len(number) > 9
        or not number.isascii()
        or not number.isdigit()
        or not 1 <= int(number) <= 1000
    ):
        raise InputError(
            f"{number!r} is not a number from 1 on.", code="value-invalid", at=fields["n"].at
        )
    path = _path(parts, fields["distinct"])
    return AtMost(parts.id, path, _over(parts, fields), int(number), parts.policy)


def _sum(parts: _Parts) -> Joint:
    fields = _fields(parts, "of", ("max", "over", "min"))
    if "min" in fields:
        refuse("`min` of a sum", fields["min"].at)
    path = read_path(need_text(fields["of"]), parts.vocabulary, fields["of"].at)
    check_sum(path, fields["of"].at)
    limit = _needed(fields, "max", parts.node)
    typed = read_value(need_text(limit), path[0], parts.vocabulary, limit.at)
    number = Literal(typed.value.value, XSD + "decimal")
    return SumLimit(parts.id, path, _over(parts, fields), number, typed.currency, parts.policy)


def _compatible(parts: _Parts) -> Joint:
    fields = _fields(parts, "", ("from", "to"))
    giver, given = _end(parts, _needed(fields, "from", parts.node))
    taker, taken = _end(parts, _needed(fields, "to", parts.node))
    if len(given) != 1 or len(taken) != 1:
        refuse("a longer path in `compatible`", parts.node.at)
    return Compatible(parts.id, giver, given, taker, taken, parts.policy)


_READERS: Mapping[str, Callable[[_Parts], Joint]] = {
    "same": _same,
    "different": _different,
    "at-most": _at_most,
    "sum": _sum,
    "compatible": _compatible,
}


def _fields(parts: _Parts, main: str, others: tuple[str, ...]) -> dict[str, Node]:
    """Give the fields; a bare scalar stands for the main one."""
    node = parts.node
    if isinstance(node, Scalar) and main:
        return {main: node}
    if not isinstance(node, MapNode):
        raise InputError("Keys and values are expected here.", code="joint-invalid", at=node.at)
    known = (main, *others) if main else others
    for key in node.entries:
        if key not in known:
            raise InputError(
                f"`{key}` does not belong here.",
                code="key-unknown",
                at=node.keys[key].at,
                hint=suggestion(key, known) or f"Keys: {', '.join(known)}.",
            )
    if main:
        _needed(node.entries, main, node)
    return node.entries


def _needed(fields: Mapping[str, Node], key: str, node: Node) -> Node:
    if key not in fields:
        raise InputError(f"`{key}` is missing.", code="key-missing", at=node.at)
    return fields[key]


def _path(parts: _Parts, node: Node) -> tuple[PropertyInfo, ...]:
    path = read_path(need_text(node), parts.vocabulary, node.at)
    check_one_value(path, node.at)
    return path


def _over(parts: _Parts, fields: Mapping[str, Node]) -> tuple[str, ...]:
    node = fields.get("over")
    if node is None:
        return parts.names
    items = node.items if isinstance(node, ListNode) else (node,)
    named = {_component(parts, need_text(item), item) for item in items}
    return tuple(name for name in parts.names if name in named)


def _component(parts: _Parts, name: str, node: Node) -> str:
    if name not in parts.names:
        raise InputError(
            f"{name!r} is not a component.",
            code="component-unknown",
            at=node.at,
            hint=suggestion(name, parts.names),
        )
    return name


def _end(parts: _Parts, node: Node) -> tuple[str, tuple[PropertyInfo, ...]]:
    component, _, name = need_text(node).partition(".")
    path = read_path(name, parts.vocabulary, node.at)
    return _component(parts, component, node), path
