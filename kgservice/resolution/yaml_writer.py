"""A request written as YAML, so that reading it again gives the same request."""

from __future__ import annotations

import yaml

from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import OFFERING, Conforms
from kgservice.resolution.exits import exit_tree
from kgservice.resolution.names import write_class
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Component,
    Condition,
    Constraint,
    Each,
    Has,
    InSet,
    Joint,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Operator,
    Request,
    Some,
    Value,
    Ways,
)
from kgservice.resolution.values import local_name, write_value
from kgservice.resolution.yaml_joint_writer import Tree, joint_entry
from kgservice.resolution.yaml_prefer import write_preferences


def write_request(request: Request, vocabulary: Vocabulary) -> str:
    """Write a request as YAML. Ids that a Turtle request chose itself cannot be kept."""
    writer = _Writer(vocabulary, tuple(component.name for component in request.components))
    tree: dict[str, Tree] = {"request": request.title} if request.title else {}
    if request.as_of:
        tree["as-of"] = request.as_of.isoformat()
    if request.term:
        tree["term"] = request.term
    tree["components"] = {part.name: writer.component(part) for part in request.components}
    if request.every:
        tree["every"] = writer.constraints(request.every)
    if request.together:
        tree["together"] = [writer.joint(joint) for joint in request.together]
    if request.prefer:
        tree["prefer"] = write_preferences(request)
    if request.ways is not Ways.MANAGED:
        tree["ways"] = request.ways.value
    if request.exit:
        tree["exit"] = {**exit_tree(request.exit)}
    tree["unknown"] = request.unknown.value
    tree["answers"] = str(request.answers)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)


def write_part(part: Constraint | Joint, request: Request, vocabulary: Vocabulary) -> Tree:
    """Write one line of a request, without its name, as a YAML request has it."""
    writer = _Writer(vocabulary, tuple(component.name for component in request.components))
    return writer.line(part) if isinstance(part, Constraint) else writer.joint(part)


def flow(tree: Tree) -> str:
    """Write a tree on one line."""
    text = yaml.safe_dump(tree, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


class _Writer:
    """Writes the parts of one request."""

    def __init__(self, vocabulary: Vocabulary, names: tuple[str, ...]) -> None:
        self.vocabulary = vocabulary
        self.names = names

    def component(self, component: Component) -> Tree:
        tree: dict[str, Tree] = {"kind": write_class(component.kind, self.vocabulary)}
        if component.quantity != 1:
            tree["quantity"] = str(component.quantity)
        if component.needs:
            tree["needs"] = list(component.needs)
        if component.ways:
            tree["ways"] = component.ways.value
        if component.use:
            tree["use"] = component.use
        return {**tree, **self.constraints(component.constraints)}

    def constraints(self, constraints: tuple[Constraint, ...]) -> dict[str, Tree]:
        tree: dict[str, Tree] = {}
        for constraint in constraints:
            key = constraint.name + ("?" if constraint.is_wish else "")
            tree[key] = self.line(constraint)
        return tree

    def line(self, constraint: Constraint) -> Tree:
        value = self.condition(constraint.condition, constraint.path[-1])
        beside: dict[str, Tree] = {}
        if constraint.policy is not None:
            beside["unknown"] = constraint.policy.value
        if constraint.evidence is not None:
            beside["evidence"] = constraint.evidence.value
        return {"is": value, **beside} if beside else value

    def condition(self, condition: Condition, info: PropertyInfo) -> Tree:
        if isinstance(condition, AllOf):
            return self.texts(condition.values, info)
        if isinstance(condition, Each):
            return {"each": self.on_value(condition.condition, info)}
        if isinstance(condition, Some):
            return {"has": self.on_value(condition.condition, info)}
        if isinstance(condition, Has):
            name = "each" if info.kind is ValueKind.EXPOSURE else "has"
            return {name: self.constraints(condition.constraints)}
        return self.on_value(condition, info)

    def on_value(self, condition: Condition, info: PropertyInfo) -> Tree:
        if isinstance(condition, OneOf):
            return {"one-of": [self.on_value(one, info) for one in condition.conditions]}
        if isinstance(condition, Conforms):
            return condition.shape.value if info == OFFERING else {"shape": condition.shape.value}
        if isinstance(condition, Has):
            return self.constraints(condition.constraints)
        if isinstance(condition, LabelAtLeast):
            return self.label(condition)
        if isinstance(condition, Compare):
            return self.comparison(condition, info)
        return self.listed(condition, info)

    def listed(self, condition: Condition, info: PropertyInfo) -> Tree:
        if isinstance(condition, AnyOf):
            return {"any": self.texts(condition.values, info)}
        if isinstance(condition, NoneOf):
            return {"none": self.texts(condition.values, info)}
        if isinstance(condition, InSet):
            return {"in": condition.name}
        if isinstance(condition, NotIn):
            return {"not-in": condition.name}
        assert isinstance(condition, Matches)  # noqa: S101 - nothing else is left
        return {"matches": condition.pattern}

    def comparison(self, condition: Compare, info: PropertyInfo) -> str:
        text = write_value(condition.value, info, self.vocabulary)
        if condition.currency:
            text = f"{text} {condition.currency}"
        sign = "" if condition.operator is Operator.EQ else f"{condition.operator.value} "
        return sign + text

    def texts(self, values: tuple[Value, ...], info: PropertyInfo) -> list[Tree]:
        return [write_value(value, info, self.vocabulary) for value in values]

    def label(self, label: LabelAtLeast) -> Tree:
        tree: dict[str, Tree] = {"scheme": local_name(label.scheme)}
        if label.level is not None:
            tree["at-least"] = local_name(label.level)
        if label.valid_for:
            tree["valid-for"] = label.valid_for
        if label.version:
            tree["version"] = label.version
        return tree

    def joint(self, joint: Joint) -> Tree:
        kind, fields = joint_entry(joint, self.names, self.comparison)
        tree: dict[str, Tree] = {f"{kind}?" if joint.is_wish else kind: fields}
        if joint.policy:
            tree["unknown"] = joint.policy.value
        return tree
