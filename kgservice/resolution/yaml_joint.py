"""Joint conditions in YAML (`together`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, is_valid_iri
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.joint_parts import (
    Part,
    check_capacity,
    check_ends,
    check_pair,
    check_part,
    check_product,
    check_sum_limits,
)
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
from kgservice.resolution.names import (
    check_component,
    check_one_value,
    check_sum,
    read_path,
    refuse,
)
from kgservice.resolution.values import TypedValue, read_value, suggestion
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar
from kgservice.resolution.yaml_values import need_text, read_policy

_ALL = "all"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What every joint condition is read from."""

    part: Part
    node: Node
    names: tuple[str, ...]
    vocabulary: Vocabulary


def read_joint(node: Node, index: int, names: tuple[str, ...], vocabulary: Vocabulary) -> Joint:
    """Read one item of `together`; its id is `together.INDEX`, counted from 1.

    A `?` behind the kind makes it a wish.

    Raises:
        InputError: its kind, path, components or limit is wrong.
    """
    if not isinstance(node, MapNode):
        raise InputError("A joint condition is a mapping.", code="joint-invalid", at=node.at)
    policy = read_policy(node.entries["unknown"]) if "unknown" in node.entries else None
    kinds = [key for key in node.entries if key != "unknown"]
    if len(kinds) != 1:
        raise InputError("One joint condition per item.", code="joint-invalid", at=node.at)
    kind, at = kinds[0].removesuffix("?"), node.keys[kinds[0]].at
    if kind not in _READERS:
        raise InputError(
            f"`{kind}` is not a joint condition.",
            code="joint-invalid",
            at=at,
            hint=suggestion(kind, _READERS) or f"Known: {', '.join(_READERS)}.",
        )
    part = Part(f"together.{index}", policy, kinds[0].endswith("?"))
    check_part(part, at)
    return _READERS[kind](_Parts(part, node.entries[kinds[0]], names, vocabulary))


def _same(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "of", ("over",)), parts.part
    path, over = _path(parts, fields["of"]), _over(parts, fields)
    return Same(part.id, path, over, part.policy, part.is_wish)


def _different(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "of", ("over",)), parts.part
    path, over = _path(parts, fields["of"]), _over(parts, fields)
    return Different(part.id, path, over, part.policy, part.is_wish)


def _at_most(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "distinct", ("n", "over")), parts.part
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
    path, over = _path(parts, fields["distinct"]), _over(parts, fields)
    return AtMost(part.id, path, over, int(number), part.policy, part.is_wish)


def _sum(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "of", ("max", "min", "over")), parts.part
    path = read_path(need_text(fields["of"]), parts.vocabulary, fields["of"].at)
    check_sum(path, fields["of"].at)
    limit, currency = _limit(parts, fields, "max", path[0])
    minimum, other = _limit(parts, fields, "min", path[0])
    check_sum_limits(limit, minimum, parts.node.at)
    if currency and other and currency != other:
        raise InputError(
            "`max` and `min` are in two currencies.", code="joint-invalid", at=parts.node.at
        )
    over, money = _over(parts, fields), currency or other
    return SumLimit(part.id, path, over, limit, money, part.policy, minimum, part.is_wish)


def _product(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "of", ("min", "over")), parts.part
    path = read_path(need_text(fields["of"]), parts.vocabulary, fields["of"].at)
    minimum, _ = _limit(parts, fields, "min", path[0])
    checked = check_product(path, minimum, parts.node.at)
    return ProductLimit(part.id, path, _over(parts, fields), checked, part.policy, part.is_wish)


def _pair(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "of", ("between", "max")), parts.part
    measured = read_path(need_text(fields["of"]), parts.vocabulary, fields["of"].at)
    path = check_ends(measured[-1], parts.vocabulary, fields["of"].at)
    ends = _needed(fields, "between", parts.node)
    items = ends.items if isinstance(ends, ListNode) else (ends,)
    between = tuple(_component(parts, need_text(item), item) for item in items)
    limit, _ = _limit(parts, fields, "max", measured[-1])
    checked = check_pair(between, limit, ends.at)
    return PairLimit(part.id, measured[-1], path, between, checked, part.policy, part.is_wish)


def _capacity(parts: _Parts) -> Joint:
    part, node = parts.part, parts.node
    is_all = isinstance(node, Scalar) and need_text(node) == _ALL
    fields = {} if is_all else _fields(parts, "", ("of", "over"))
    at = fields["of"].at if "of" in fields else node.at
    name = need_text(fields["of"]) if "of" in fields else "capacity"
    path = read_path(name, parts.vocabulary, at)
    check_capacity(path, at)
    return Capacity(part.id, path, _over(parts, fields), part.policy, part.is_wish)


def _compatible(parts: _Parts) -> Joint:
    fields, part = _fields(parts, "", ("from", "to")), parts.part
    giver, given = _end(parts, _needed(fields, "from", parts.node))
    taker, taken = _end(parts, _needed(fields, "to", parts.node))
    if len(given) != 1 or len(taken) != 1:
        refuse("a longer path in `compatible`", parts.node.at)
    return Compatible(part.id, giver, given, taker, taken, part.policy, part.is_wish)


def _shape(parts: _Parts) -> Joint:
    part, text = parts.part, need_text(parts.node)
    if not is_valid_iri(text):
        raise InputError(f"{text!r} is not an IRI.", code="value-invalid", at=parts.node.at)
    refuse("`shape` under `together`", parts.node.at)
    return CompositionShape(part.id, Iri(text), parts.names, (), part.policy, part.is_wish)


_READERS: Mapping[str, Callable[[_Parts], Joint]] = {
    "same": _same,
    "different": _different,
    "at-most": _at_most,
    "sum": _sum,
    "product": _product,
    "pair": _pair,
    "capacity": _capacity,
    "compatible": _compatible,
    "shape": _shape,
}


def _limit(
    parts: _Parts, fields: Mapping[str, Node], key: str, info: PropertyInfo
) -> tuple[Literal | None, str]:
    """Read a limit in the property's stored unit, and its currency; None when it is absent."""
    node = fields.get(key)
    if node is None:
        return None, ""
    typed: TypedValue = read_value(need_text(node), info, parts.vocabulary, node.at)
    return Literal(typed.value.value, XSD + "decimal"), typed.currency


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
    check_component(name, parts.names, node.at)
    return name


def _end(parts: _Parts, node: Node) -> tuple[str, tuple[PropertyInfo, ...]]:
    component, _, name = need_text(node).partition(".")
    path = read_path(name, parts.vocabulary, node.at)
    return _component(parts, component, node), path
