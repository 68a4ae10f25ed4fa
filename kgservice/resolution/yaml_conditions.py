"""Conditions in YAML: the operators of a request's lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD_STRING
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import (
    OFFERING,
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    Each,
    Evidence,
    Has,
    InSet,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Policy,
    Some,
)
from kgservice.resolution.known_shapes import read_shape
from kgservice.resolution.names import check_evidence, read_path, refuse
from kgservice.resolution.patterns import check_pattern
from kgservice.resolution.values import suggestion
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar
from kgservice.resolution.yaml_values import (
    need_text,
    read_all_of,
    read_evidence,
    read_label,
    read_policy,
    read_scalar,
    read_set,
    read_values,
)

_OPERATORS = ("any", "none", "in", "not-in", "matches", "has", "each", "one-of", "shape", "is")


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
    node, policy, evidence = _unwrap(line.node)
    is_shape = name == OFFERING.name
    path = (OFFERING,) if is_shape else read_path(name, vocabulary, line.key.at)
    if evidence is not None:
        check_evidence(path, line.key.at)
    return Constraint(
        f"{line.owner}.{name}",
        path,
        read_shape(need_text(node), vocabulary, node.at)
        if is_shape
        else _Reader(path[-1], vocabulary).condition(node),
        policy,
        is_wish,
        evidence,
        line=line.key.line,
    )


_BESIDE = ("unknown", "evidence")


def _unwrap(node: Node) -> tuple[Node, Policy | None, Evidence | None]:
    """Take `{is: …, unknown: …, evidence: …}` apart; `is` may be left away before an operator."""
    if not isinstance(node, MapNode):
        return node, None, None
    policy = read_policy(node.entries["unknown"]) if "unknown" in node.entries else None
    evidence = read_evidence(node.entries["evidence"]) if "evidence" in node.entries else None
    if "is" not in node.entries:
        rest = {key: value for key, value in node.entries.items() if key not in _BESIDE}
        return replace(node, entries=rest), policy, evidence
    for key in node.entries:
        if key not in ("is", *_BESIDE):
            raise InputError(
                f"`{key}` does not belong beside `is`.",
                code="key-unknown",
                at=node.keys[key].at,
                hint="`is` goes with `unknown` and `evidence` only.",
            )
    return node.entries["is"], policy, evidence


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads conditions on one property."""

    info: PropertyInfo
    vocabulary: Vocabulary

    def condition(self, node: Node) -> Condition:
        """Read what must hold of the property's values."""
        if isinstance(node, Scalar):
            return read_scalar(node, self.info, self.vocabulary)
        if isinstance(node, ListNode):
            return read_all_of(node, self.info, self.vocabulary)
        if self.info.name == "label" and "scheme" in node.entries:
            return read_label(node, self.vocabulary)
        operator, inner, at = self._only(node)
        if operator == "has":
            return self._has(inner)
        if operator == "each":
            return self._each(inner, at)
        return self._operator(operator, inner, at)

    def on_value(self, node: Node) -> Condition:
        """Read what must hold of one value: an operator, or conditions on its properties."""
        if isinstance(node, ListNode):
            raise InputError(
                "One value cannot be several at once.",
                code="operator-invalid",
                at=node.at,
                hint="Did you mean `{any: […]}`?",
            )
        if isinstance(node, Scalar):
            found = read_scalar(node, self.info, self.vocabulary)
            return AnyOf(found.values) if isinstance(found, AllOf) else found
        if self.info.name == "label" and "scheme" in node.entries:
            return read_label(node, self.vocabulary)
        if len(node.entries) == 1 and next(iter(node.entries)) in _OPERATORS:
            operator, inner, at = self._only(node)
            return (
                self.on_value(inner) if operator == "has" else self._operator(operator, inner, at)
            )
        return self._parts(node)

    def _only(self, node: MapNode) -> tuple[str, Node, str]:
        if len(node.entries) != 1:
            raise InputError(
                "One operator is expected here.",
                code="operator-invalid",
                at=node.at,
                hint=f"Operators: {', '.join(_OPERATORS)}.",
            )
        (operator,) = node.entries
        return operator, node.entries[operator], node.keys[operator].at

    def _operator(self, operator: str, inner: Node, at: str) -> Condition:
        info, vocabulary = self.info, self.vocabulary
        if operator == "any":
            return AnyOf(read_values(inner, info, vocabulary))
        if operator == "none":
            return NoneOf(read_values(inner, info, vocabulary))
        if operator == "in":
            return InSet(read_set(inner, info, vocabulary))
        if operator == "not-in":
            return NotIn(read_set(inner, info, vocabulary))
        if operator == "matches":
            check_text(info, at)
            return Matches(check_pattern(need_text(inner), inner.at))
        if operator == "one-of":
            return self._one_of(inner, at)
        if operator == "shape":
            check_parts(info, at)
            return read_shape(need_text(inner), vocabulary, inner.at)
        raise InputError(
            f"`{operator}` is not an operator here.",
            code="operator-invalid",
            at=at,
            hint=suggestion(operator, _OPERATORS) or f"Operators: {', '.join(_OPERATORS)}.",
        )

    def _has(self, node: Node) -> Condition:
        """Read what one value must meet; of an exposure, some value is enough."""
        condition = self.on_value(node)
        return Some(condition) if self.info.kind is ValueKind.EXPOSURE else condition

    def _each(self, node: Node, at: str) -> Condition:
        """Read what every value must meet, which is what a condition on an exposure says."""
        if self.info.kind not in (ValueKind.FEATURE, ValueKind.EXPOSURE):
            raise InputError(
                f"`{self.info.name}` has one value, so `each` says nothing more.",
                code="operator-invalid",
                at=at,
                hint="Leave `each` away, or write `has` for several conditions on its value.",
            )
        condition = self.on_value(node)
        return Each(condition) if self.info.kind is ValueKind.FEATURE else condition

    def _one_of(self, node: Node, at: str) -> Condition:
        if not isinstance(node, ListNode) or len(node.items) < 2:
            raise InputError(
                "`one-of` takes a list of two or more conditions.", code="operator-invalid", at=at
            )
        if self.info.is_money:
            refuse("`one-of` on an amount of money", at)
        return OneOf(tuple(self.on_value(item) for item in node.items))

    def _parts(self, node: MapNode) -> Condition:
        check_parts(self.info, node.at)
        if not node.entries:
            raise InputError("Conditions are expected here.", code="operator-invalid", at=node.at)
        inner = []
        for key, value in node.entries.items():
            constraint = read_constraint(Line("has", node.keys[key], value), self.vocabulary)
            if constraint.is_wish or constraint.policy or constraint.evidence:
                raise InputError(
                    "A wish, a policy or a level of evidence belongs to the whole line.",
                    code="operator-invalid",
                    at=node.keys[key].at,
                )
            inner.append(constraint)
        return Has(tuple(inner))


def check_text(info: PropertyInfo, at: str) -> None:
    """Check that a pattern can be asked of a property's values.

    Raises:
        InputError: they are numbers, durations, days or booleans (`operator-invalid`).
    """
    if info.datatype not in ("", XSD_STRING):
        raise InputError(
            f"`{info.name}` is no text, so a pattern means nothing.",
            code="operator-invalid",
            at=at,
            hint="Use a comparison or `{any: […]}`.",
        )


def check_parts(info: PropertyInfo, at: str) -> None:
    """Check that a property's values have properties of their own.

    Raises:
        InputError: they are plain values (`operator-invalid`).
    """
    if info.datatype:
        raise InputError(
            f"`{info.name}` is a plain value and has no parts.", code="operator-invalid", at=at
        )
