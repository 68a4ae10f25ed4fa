"""Single values and lists of them in YAML conditions, typed by the vocabulary."""

from __future__ import annotations

import re
from enum import Enum
from typing import TypeVar

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Evidence,
    LabelAtLeast,
    Operator,
    Policy,
    Value,
)
from kgservice.resolution.names import read_level, read_scheme, refuse
from kgservice.resolution.values import is_ordered, read_value, suggestion
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar

_COMPARISON = re.compile(r"^(>=|<=|>|<)\s*(.+)$")
_Named = TypeVar("_Named", bound=Enum)
_LABEL_KEYS = ("scheme", "at-least", "valid-for", "version")


def read_evidence(node: Node) -> Evidence:
    """Read `self`, `signed`, `notarised` or `certified`.

    Raises:
        InputError: it is something else (`value-invalid`).
    """
    return _one_of(Evidence, "a level of evidence", node)


def need_text(node: Node) -> str:
    """Give a scalar's text.

    Raises:
        InputError: it is a list or a mapping (`value-invalid`).
    """
    if not isinstance(node, Scalar):
        raise InputError("One value is expected here.", code="value-invalid", at=node.at)
    return node.text


def read_policy(node: Node) -> Policy:
    """Read `reject`, `warn` or `accept`.

    Raises:
        InputError: it is something else (`value-invalid`).
    """
    return _one_of(Policy, "a policy for unknown facts", node)


def _one_of(names: type[_Named], what: str, node: Node) -> _Named:
    text = need_text(node)
    try:
        return names(text)
    except ValueError:
        *first, last = (f"`{one.value}`" for one in names)
        raise InputError(
            f"{text!r} is not {what}.",
            code="value-invalid",
            at=node.at,
            hint=f"Write {', '.join(first)} or {last}.",
        ) from None


def read_duration(node: Node) -> str:
    """Read a duration as `xsd:duration` text.

    Raises:
        InputError: it is none (`duration-invalid`).
    """
    try:
        return iso_duration(need_text(node))
    except InputError as error:
        raise InputError(error.detail, code=error.code, at=node.at, hint=error.hint) from None


def read_scalar(node: Scalar, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    """Read a comparison or a value.

    Raises:
        InputError: the property has no order (`operator-invalid`), or the value is wrong.
    """
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
    if operator is Operator.EQ and info.kind is ValueKind.EXPOSURE and not typed.currency:
        return AnyOf((typed.value,))
    return Compare(operator, typed.value, typed.currency)


def read_all_of(node: ListNode, info: PropertyInfo, vocabulary: Vocabulary) -> Condition:
    """Read a list of values that are all there.

    Raises:
        InputError: the property is no feature (`operator-invalid`), or a value is wrong.
    """
    if info.kind is not ValueKind.FEATURE:
        raise InputError(
            f"`{info.name}` is not a feature, so it cannot be all of these.",
            code="operator-invalid",
            at=node.at,
            hint="Did you mean `{any: […]}`?",
        )
    return AllOf(read_values(node, info, vocabulary))


def read_values(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> tuple[Value, ...]:
    """Read one or several values, each once.

    Raises:
        InputError: there is none, or one is wrong.
        NotSupported: they are amounts of money.
    """
    items = node.items if isinstance(node, ListNode) else (node,)
    if not items:
        raise InputError("The list is empty.", code="value-invalid", at=node.at)
    if info.is_money:
        refuse("a list of amounts of money", node.at)
    values = (read_value(need_text(item), info, vocabulary, item.at).value for item in items)
    return tuple(dict.fromkeys(values))


def read_set(node: Node, info: PropertyInfo, vocabulary: Vocabulary) -> str:
    """Read the name of a set of countries, for a property whose values are countries.

    Raises:
        InputError: there is no such set (`set-unknown`), or no country (`operator-invalid`).
    """
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
    return name


def read_label(node: MapNode, vocabulary: Vocabulary) -> Condition:
    """Read `{scheme: …, at-least: …, valid-for: …, version: …}`.

    Raises:
        InputError: a key, the scheme or the level is not known, or the scheme is missing.
    """
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
