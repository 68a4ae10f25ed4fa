"""Conditions in YAML: the operators of a request's lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.names import read_level, read_path, read_scheme, refuse
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Has,
    InSet,
    LabelAtLeast,
    NoneOf,
    Operator,
    Policy,
    Value,
)
from kgservice.resolution.values import is_ordered, read_value, suggestion
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar

_COMPARISON = re.compile(r"^(>=|<=|>|<)\s*(.+)$")
_OPERATORS = ("any", "none", "in", "has", "is")
_LATER = ("not-in", "matches", "each", "one-of", "shape")
_LABEL_KEYS = ("scheme", "at-least", "valid-for", "version")


@dataclass(frozen=True, slots=True)
class Line:
    """A constraint's key and value, in the part of the request named `owner`."""

    owner: str
    key: Scalar
    node: Node


def read_constraint(line: Line, vocabulary: Vocabulary) -> Constraint:
    """Read one `path: condition` line.

    Raises:
        InputError: a name, value or operator is wrong.
        NotSupported: the operator is not supported yet.
    """
    is_wish = line.key.text.endswith("?")
    name = line.key.text.removesuffix("?")
    if name == "shape":
        refuse("a shape of one's own (`shape`)", line.key.at)
    path = read_path(name, vocabulary, line.key.at)
    node, policy = _unwrap(line.node)
    condition = _condition(node, path[-1], vocabulary)
    return Constraint(f"{line.owner}.{name}", path, condition, policy, is_wish, line=line.key.line)


def _unwrap(node: Node) -> tuple[Node, Policy | None]:
    """Take `{is: …, unknown: …}` apart; label conditions may carry `unknown` themselves."""
    if not isinstance(node, MapNode):
        return node, None
    if "evidence" in node.entries:
        refuse("asking for a level of evidence (`evidence`)", node.keys["evidence"].at)
    policy = read_policy(node.entries["unknown"]) if "unknown" in node.entries else None
    if "is" not in node.entries:
        rest = {key: value for key, value in node.entries.items() if key != "unknown"}
        return replace(node, entries=rest), policy
    for key in node.entries:
        if key not in ("is", "unknown"):
            raise InputError(
                f"`{key}` does not belong beside `is`.",
                code="key-unknown",
                at=node.keys[key].at,
                hint="`is` goes with `unknown` only.",
            )
    return node.entries["is"], policy


def read_policy(node: Node) -> Policy:
    """Read `reject`, `warn` or `accept`.

    Raises:
        InputError: it is something else (`value-invalid`).
    """
    text = need_text(node)
    try:
        return Policy(text)
    except ValueError:
        raise InputError(
            f"{text!r} is not a policy for unknown facts.",
            code="value-invalid",
            at=node.at,
            hint="Write `reject`, `warn` or `accept`.",
        ) from None


def need_text(node: Node) -> str:
    """Give a scalar's text.

    Raises:
        InputError: it is a list or a mapping (`value-invalid`).
    """
    if not isinstance(node, Scalar):
        raise InputError("One value is expected here.", code="value-invalid", at=node.at)
    return node.text


def _condition(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    if isinstance(node, Scalar):
        return _scalar(node, info, vocabulary)
    if isinstance(node, ListNode):
        return _all_of(node, info, vocabulary)
    if info.name == "label" and "has" not in node.entries:
        return _label(node, vocabulary)
    return _operator(node, info, vocabulary)


def _scalar(node: Scalar, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    comparison = _COMPARISON.match(node.text)
    operator, text = Operator.EQ, node.text
    if comparison:
        operator, text = Operator(comparison.group(1)), comparison.group(2)
        if not is_ordered(info):
            raise InputError(
                f"`{info.name}` has no order, so `{operator.value}` means nothing.",
                code="operator-invalid",
                at=node.at,
                hint="Use a value, `{any: […]}` or `{none: […]}`.",
            )
    typed = read_value(text, info, vocabulary, node.at)
    if operator is Operator.EQ and info.kind is ValueKind.FEATURE and not typed.currency:
        return AllOf((typed.value,))
    return Compare(operator, typed.value, typed.currency)


def _all_of(node: ListNode, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    if info.kind is not ValueKind.FEATURE:
        raise InputError(
            f"`{info.name}` is not a feature, so it cannot be all of these.",
            code="operator-invalid",
            at=node.at,
            hint="Did you mean `{any: […]}`?",
        )
    return AllOf(_values(node, info, vocabulary))


def _values(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> tuple[Value, ...]:
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        raise InputError("The list is empty.", code="value-invalid", at=node.at)
    if info.is_money:
        refuse("a list of amounts of money", node.at)
    values = (read_value(need_text(item), info, vocabulary, item.at).value for item in items)
    return tuple(dict.fromkeys(values))


def _operator(node: MapNode, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    if len(node.entries) != 1:
        raise InputError(
            "One operator is expected here.",
            code="operator-invalid",
            at=node.at,
            hint=f"Operators: {', '.join(_OPERATORS)}.",
        )
    (operator,) = node.entries
    inner, at = node.entries[operator], node.keys[operator].at
    if operator == "any":
        return AnyOf(_values(inner, info, vocabulary))
    if operator == "none":
        return NoneOf(_values(inner, info, vocabulary))
    if operator == "in":
        return _in_set(inner, info, vocabulary)
    if operator == "has":
        return _has(inner, info, vocabulary)
    if operator in _LATER:
        refuse(f"the operator `{operator}`", at)
    raise InputError(
        f"`{operator}` is not an operator.",
        code="operator-invalid",
        at=at,
        hint=suggestion(operator, _OPERATORS) or f"Operators: {', '.join(_OPERATORS)}.",
    )


def _in_set(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    name = need_text(node)
    if name not in vocabulary.named_sets:
        raise InputError(
            f"{name!r} is not a named set.",
            code="set-unknown",
            at=node.at,
            hint=suggestion(name, vocabulary.named_sets)
            or f"Known: {', '.join(sorted(vocabulary.named_sets))}.",
        )
    if not info.range_class.endswith("#Country"):
        raise InputError(
            f"`{info.name}` is not a country, and {name} is a set of countries.",
            code="operator-invalid",
            at=node.at,
        )
    return InSet(name)


def _has(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    if not isinstance(node, MapNode) or not node.entries:
        raise InputError("`has` takes conditions.", code="operator-invalid", at=node.at)
    if info.datatype:
        raise InputError(
            f"`{info.name}` is a plain value and has no parts.",
            code="operator-invalid",
            at=node.at,
        )
    if info.kind is ValueKind.EXPOSURE:
        refuse(
            "`has` on an exposure, where every value counts",
            node.at,
            "Write a dotted path instead.",
        )
    inner = []
    for key, value in node.entries.items():
        constraint = read_constraint(Line("has", node.keys[key], value), vocabulary)
        if constraint.is_wish or constraint.policy:
            raise InputError(
                "A wish or a policy belongs to the whole line.",
                code="operator-invalid",
                at=node.keys[key].at,
            )
        inner.append(constraint)
    return Has(tuple(inner))


def _label(node: MapNode, vocabulary: Vocabulary) -> Condition:
    for key in node.entries:
        if key not in _LABEL_KEYS:
            raise InputError(
                f"`{key}` is not part of a label condition.",
                code="key-unknown",
                at=node.keys[key].at,
                hint=suggestion(key, _LABEL_KEYS) or f"Keys: {', '.join(_LABEL_KEYS)}.",
            )
    if "scheme" not in node.entries:
        raise InputError("A label needs its scheme.", code="key-missing", at=node.at)
    text = {key: need_text(value) for key, value in node.entries.items()}
    scheme = read_scheme(text["scheme"], vocabulary, node.entries["scheme"].at)
    level = None
    if "at-least" in text:
        level = read_level(text["at-least"], scheme, vocabulary, node.entries["at-least"].at)
    valid_for = read_duration(node.entries["valid-for"]) if "valid-for" in text else ""
    return LabelAtLeast(scheme, level, valid_for, text.get("version", ""))


def read_duration(node: Node) -> str:
    """Read a duration as `xsd:duration` text.

    Raises:
        InputError: it is none (`duration-invalid`).
    """
    try:
        return iso_duration(need_text(node))
    except InputError as error:
        raise InputError(error.detail, code=error.code, at=node.at, hint=error.hint) from None
