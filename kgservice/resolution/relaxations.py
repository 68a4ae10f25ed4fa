"""What could be asked instead: weaker forms of one condition, the nearest first.

Pure values: which form will do is for a search to say. A *chain* is a sequence of ever weaker
forms, so that all that follow a form that will do will do as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.money import Money
from kgservice.model.rdf import XSD, Blank, Iri, Literal, Term
from kgservice.model.vocabulary import ValueKind, Vocabulary
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Joint,
    LabelAtLeast,
    NoneOf,
    Operator,
    Policy,
    Request,
)
from kgservice.resolution.values import decimal_text, number_of

Part: TypeAlias = Constraint | Joint
Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
_RISING = (Operator.LE, Operator.LT)
_FALLING = (Operator.GE, Operator.GT)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a request, written otherwise.

    Attributes:
        constraint: Short id of the line.
        was: The line as it is asked, as YAML has it.
        to: The line as it could be asked; None means left out.
        kind: `nearest` (the closest value that will do), `wider` (what the best composition has is
            added), `unknown-allowed`, or `left-out`.
        found: What the best composition has there, by component name, for people.
        before: The line as a value.
        after: The changed line as a value; None when it is left out.
    """

    constraint: str
    was: Tree
    to: Tree | None
    kind: str
    before: Part
    after: Part | None
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """The best composition that a relaxation opens; it is no answer to what was asked.

    Attributes:
        offerings: Component name to offering IRI.
        titles: Component name to title, empty where it has none.
        configuration: Component name to picked values by dotted name, for people.
        prices: Component name to monthly price where known.
        monthly: The sum, or None when a price is unknown or the currencies differ.
        unknown: Short ids of the conditions of which it is unknown whether they hold.
    """

    offerings: Mapping[str, str]
    configuration: Mapping[str, Mapping[str, str]]
    prices: Mapping[str, Money]
    monthly: Money | None
    unknown: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A least change of the request that makes it possible, and the best that this opens.

    Attributes:
        changes: In document order; none of them is superfluous.
        best: The best composition under the changed request.
        left_out: What the best composition costs when the lines are left out altogether.
    """

    changes: tuple[Change, ...]
    best: Opened
    left_out: Money | None = None


def part_of(request: Request, identity: str) -> Part:
    """Give the condition with a short id, or the wish.

    Raises:
        KeyError: there is none.
    """
    for constraint in sorted(request.all_constraints(), key=lambda one: one.is_wish):
        if constraint.id == identity:
            return constraint
    for joint in request.together:
        if joint.id == identity:
            return joint
    raise KeyError(identity)


def with_part(request: Request, identity: str, part: Part) -> Request:
    """Give the request with another condition in the place of one."""

    def swapped(constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
        return tuple(
            part if isinstance(part, Constraint) and one.id == identity else one
            for one in constraints
        )

    return replace(
        request,
        components=tuple(
            replace(component, constraints=swapped(component.constraints))
            for component in request.components
        ),
        every=swapped(request.every),
        together=tuple(
            part if not isinstance(part, Constraint) and joint.id == identity else joint
            for joint in request.together
        ),
    )


def owners_of(request: Request, constraint: Constraint) -> tuple[str, ...]:
    """Name the components that a condition is about."""
    return tuple(c.name for c in request.components if constraint in request.constraints_of(c))


def allowing_unknown(request: Request, part: Part) -> Part | None:
    """Give a condition that warns when it is unknown; None when it does not reject then."""
    if request.policy_of(part) is not Policy.REJECT:
        return None
    return replace(part, policy=Policy.WARN)


def chains(
    constraint: Constraint, values: Iterable[Term], vocabulary: Vocabulary, as_of: date
) -> list[list[Condition]]:
    """Give chains of weaker conditions, by the values that there are; the first chain comes first.

    Only limits (`<=`, `>=`, `<`, `>`) of numbers, durations and days, and levels of labels have
    chains.
    """
    condition = constraint.condition
    if isinstance(condition, Compare):
        return [_limits(condition, values, as_of)]
    if isinstance(condition, LabelAtLeast):
        return _levels(condition, vocabulary)
    return []


def _limits(condition: Compare, values: Iterable[Term], as_of: date) -> list[Condition]:
    limit = measure(condition.value, as_of)
    if limit is None or condition.operator not in (*_RISING, *_FALLING):
        return []
    is_rising = condition.operator in _RISING
    operator = Operator.LE if is_rising else Operator.GE
    beyond: dict[Fraction, Literal] = {}
    for value in sorted(values):
        size = measure(value, as_of)
        if size is None or not isinstance(value, Literal):
            continue
        if size == limit and condition.operator in (Operator.LE, Operator.GE):
            continue
        if size >= limit if is_rising else size <= limit:
            beyond.setdefault(size, _as_limit(value, condition))
    return [
        Compare(operator, beyond[size], condition.currency)
        for size in sorted(beyond, reverse=not is_rising)
    ]


def _as_limit(value: Literal, condition: Compare) -> Literal:
    """Write a value that was found in the datatype that the request uses."""
    number = number_of(value)
    asked = condition.value
    if number is None or not isinstance(asked, Literal) or number_of(asked) is None:
        return value
    is_whole = number.denominator == 1 or not asked.datatype.endswith("#integer")
    return Literal(decimal_text(number), asked.datatype if is_whole else XSD + "decimal")


def measure(value: Term, as_of: date) -> Fraction | None:
    """Give what a value is compared by: its number, or when it ends; None when by neither."""
    if not isinstance(value, Literal):
        return None
    if value.datatype == XSD + "duration":
        try:
            return Fraction(parse_duration(value.value).after(as_of).timestamp())
        except InputError:
            return None
    if value.datatype == XSD + "date":
        try:
            return Fraction(date.fromisoformat(value.value).toordinal())
        except ValueError:
            return None
    return number_of(value)


def _levels(label: LabelAtLeast, vocabulary: Vocabulary) -> list[list[Condition]]:
    """Any time first (it may only end too early), then lower levels, then any level at all."""
    found: list[list[Condition]] = []
    if label.valid_for:
        found.append([replace(label, valid_for="")])
    order = list(vocabulary.level_order.get(label.scheme.value, ()))
    lower: list[Condition] = []
    if label.level in order:
        below = order[: order.index(label.level)]
        lower = [replace(label, level=level) for level in reversed(below)]
    weakest = LabelAtLeast(label.scheme)
    if weakest not in (label, *lower):
        lower.append(weakest)
    return [*found, lower]


def widened(constraint: Constraint, found: Iterable[Sequence[Term]]) -> Condition | None:
    """Give a condition on named values that also allows what was found; None when it cannot.

    `found` are the values of each binding; of what is had together one value is enough.
    """
    condition = constraint.condition
    most = 1 if constraint.path[-1].kind is ValueKind.FEATURE else None
    if isinstance(condition, (NoneOf, AllOf)):
        most = None
    listed = [
        value
        for values in found
        for value in sorted(v for v in values if not isinstance(v, Blank))[:most]
    ]
    values = tuple(dict.fromkeys(value for value in listed if isinstance(value, (Iri, Literal))))
    if not values:
        return None
    if isinstance(condition, Compare) and condition.operator is Operator.EQ:
        return None if condition.currency else AnyOf(_united((condition.value,), values))
    if isinstance(condition, AnyOf):
        return AnyOf(_united(condition.values, values))
    if isinstance(condition, (NoneOf, AllOf)):
        is_all = isinstance(condition, AllOf)
        kept = tuple(one for one in condition.values if (one in values) is is_all)
        return replace(condition, values=kept) if kept else None
    return None


def _united(
    one: tuple[Iri | Literal, ...], other: tuple[Iri | Literal, ...]
) -> tuple[Iri | Literal, ...]:
    return tuple(dict.fromkeys((*one, *other)))
