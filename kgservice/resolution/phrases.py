"""Conditions in words, by the templates of `vocab/sentences/*.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from kgservice.model.rdf import Literal
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.relaxations import Part
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    AtMost,
    Compare,
    Compatible,
    Condition,
    Constraint,
    Different,
    InSet,
    LabelAtLeast,
    NoneOf,
    Operator,
    PairLimit,
    Policy,
    ProductLimit,
    Same,
    SumLimit,
)
from kgservice.resolution.values import (
    decimal_text,
    number_of,
)
from kgservice.resolution.words import Words
from kgservice.resolution.yaml_writer import flow, write_part

_COMPARED = {
    Operator.GE: "at-least",
    Operator.LE: "at-most",
    Operator.GT: "more-than",
    Operator.LT: "less-than",
    Operator.EQ: "equal",
}
_TOTALS = (SumLimit, ProductLimit, PairLimit)


@dataclass(frozen=True, slots=True)
class Phrases(Words):
    """Words for the lines of one request, in one language."""

    def part(self, part: Part) -> str:
        """Say a whole line: what it is about and what it asks."""
        text = self._line(part) if isinstance(part, Constraint) else self._joint(part)
        own = part.policy in (Policy.WARN, Policy.ACCEPT)
        return self.say("conditions", "unknown-allowed", condition=text) if own else text

    def changed(self, part: Part, identity: str) -> str:
        """Say a changed line, which is in the place of the line with that id."""
        return self.part(replace(part, id=identity))

    def bound(self, condition: Compare, info: PropertyInfo) -> str:
        """Say a limit; one with many decimals is rounded so that the limit still will do."""
        value = condition.value
        number = number_of(value) if isinstance(value, Literal) else None
        if number is None or condition.currency or not isinstance(value, Literal):
            return self.value(value, info, condition.currency)
        hundredths = number * 100
        is_lower = condition.operator in (Operator.GE, Operator.GT)
        short = Fraction(floor(hundredths) if is_lower else ceil(hundredths), 100)
        text = decimal_text(short if short else number)
        return self.value(Literal(text, value.datatype), info)

    def _line(self, part: Constraint) -> str:
        what, test = self.path(part.path), self.test(part)
        names = [c.name for c in self.request.components if part.id in _ids(c.constraints)]
        if names:
            return self.say("conditions", "of-component", component=names[0], what=what, test=test)
        return self.say("conditions", "of-every", what=what, test=test)

    def test(self, part: Constraint) -> str:
        """Say what a line asks of what it is about."""
        condition, info = part.condition, part.path[-1]
        if isinstance(condition, Compare):
            value = self.bound(condition, info)
            return self.say("conditions", _COMPARED[condition.operator], value=value)
        if isinstance(condition, (AnyOf, NoneOf, AllOf)):
            return self._values(condition, info)
        if isinstance(condition, InSet):
            return self.say("conditions", "in-set", set=condition.name)
        if isinstance(condition, LabelAtLeast):
            return self._label(condition)
        return self.say("conditions", "other", tree=self.tree(part))

    def _values(self, condition: Condition, info: PropertyInfo) -> str:
        assert isinstance(condition, (AnyOf, NoneOf, AllOf))  # noqa: S101 - for mypy
        values = [self.value(value, info) for value in condition.values]
        if isinstance(condition, AllOf):
            return self.say("conditions", "all", values=self.listed(values))
        key = "any" if isinstance(condition, AnyOf) else "none"
        key = f"{key}-one" if len(values) == 1 else key
        return self.say("conditions", key, values=self.listed(values, "or"))

    def _label(self, label: LabelAtLeast) -> str:
        level = label.level and self.say("conditions", "label-level", level=self.name(label.level))
        time = label.valid_for and self.say(
            "conditions", "label-time", duration=self.duration(label.valid_for)
        )
        return self.say(
            "conditions",
            "label",
            scheme=self.name(label.scheme),
            level=level or "",
            time=time or "",
        )

    def _joint(self, joint: Part) -> str:
        if isinstance(joint, Compatible):
            return self.say(
                "conditions",
                "compatible",
                giver=joint.giver,
                given=self.path(joint.given),
                taker=joint.taker,
                taken=self.path(joint.taken),
            )
        if not isinstance(joint, (Same, Different, AtMost, *_TOTALS)):
            return self.say("conditions", "joint-other", tree=self.tree(joint))
        components, what = self._components(joint.over), self.path(joint.path)
        if isinstance(joint, _TOTALS):
            test = self.listed(list(self._bounds(joint)))
            what = self.path((joint.measure,)) if isinstance(joint, PairLimit) else what
            key = "pair" if isinstance(joint, PairLimit) else "sum"
            return self.say("conditions", key, what=what, components=components, test=test)
        if isinstance(joint, AtMost):
            n = joint.n
            return self.say("conditions", "at-most-distinct", components=components, n=n, what=what)
        key = "same" if isinstance(joint, Same) else "different"
        return self.say("conditions", key, components=components, what=what)

    def _bounds(self, joint: SumLimit | ProductLimit | PairLimit) -> Iterator[str]:
        info = joint.measure if isinstance(joint, PairLimit) else joint.path[0]
        currency = joint.currency if isinstance(joint, SumLimit) else ""
        for key, name in (("at-least", "minimum"), ("at-most", "limit")):
            bound = getattr(joint, name, None)
            if bound is not None:
                yield self.say("conditions", key, value=self.value(bound, info, currency))

    def _components(self, names: Sequence[str]) -> str:
        if len(names) == len(self.request.components):
            return self.say("words", "every")
        return self.listed(list(names))

    def tree(self, part: Part) -> str:
        """Write a line as YAML has it, on one line."""
        return flow(write_part(part, self.request, self.vocabulary))


def _ids(constraints: Sequence[Constraint]) -> set[str]:
    return {constraint.id for constraint in constraints}
