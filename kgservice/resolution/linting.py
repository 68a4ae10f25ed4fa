"""The linter: what a request says that can never be met, or means less than it seems to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kgservice.model.duration import parse_duration
from kgservice.model.rdf import XSD, Literal
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    InSet,
    NoneOf,
    NotIn,
    Operator,
    Value,
    inner_constraints,
)
from kgservice.resolution.notes import Note
from kgservice.resolution.request import Component, Request
from kgservice.resolution.values import is_numeric, number_of

_ONE = (ValueKind.SINGLE, ValueKind.CHOICE)


def lint(request: Request, vocabulary: Vocabulary, name: str = "request") -> tuple[Note, ...]:
    """Look through a request; `name` is what places in YAML are called (`name:line`)."""
    found: dict[tuple[str, str], Note] = {}
    day = request.as_of or date.max
    for constraint in request.all_constraints():
        for note in _empty_sets(constraint, vocabulary, day, _at(constraint, name)):
            found.setdefault((note.code, note.message), note)
    for component in request.components:
        for note in _contradictions(request, component, vocabulary, name):
            found.setdefault((note.code, note.message), note)
    return tuple(found.values())


def _at(constraint: Constraint, name: str) -> str:
    return f"{name}:{constraint.line}" if constraint.line else constraint.id


def _empty_sets(
    constraint: Constraint, vocabulary: Vocabulary, day: date, at: str
) -> Iterator[Note]:
    condition = constraint.condition
    if isinstance(condition, (InSet, NotIn)) and not vocabulary.members(condition.name, day):
        yield Note(
            "set-empty",
            at,
            f"{condition.name} has no members on {day.isoformat()}.",
            "Choose another as-of date or set.",
            is_fatal=isinstance(condition, InSet) and not constraint.is_wish,
        )
    for inner in inner_constraints(condition):
        yield from _empty_sets(inner, vocabulary, day, at)


def _contradictions(
    request: Request, component: Component, vocabulary: Vocabulary, name: str
) -> Iterator[Note]:
    """Find conditions on one value, or on features, that exclude each other."""
    by_path: dict[tuple[PropertyInfo, ...], list[Constraint]] = {}
    for constraint in request.constraints_of(component):
        if not constraint.is_wish:
            by_path.setdefault(constraint.path, []).append(constraint)
    for path, constraints in by_path.items():
        is_one = all(step.kind in _ONE for step in path)
        allowed = _Allowed(vocabulary, request.as_of or date.max, path[-1])
        for number, constraint in enumerate(constraints):
            if is_one:
                allowed.add(constraint.condition)
            if (is_one and allowed.is_empty()) or _excluded(constraints[: number + 1]):
                names = ", ".join(f"`{one.id}`" for one in constraints[: number + 1])
                yield Note(
                    "never-met",
                    _at(constraint, name),
                    f"No value of `{constraint.name}` can meet {names}.",
                    "Change or leave out one of them.",
                    is_fatal=True,
                )
                break


def _excluded(constraints: Sequence[Constraint]) -> bool:
    """Say whether a feature is asked for and forbidden."""
    asked = {v for c in constraints if isinstance(c.condition, AllOf) for v in c.condition.values}
    banned = {v for c in constraints if isinstance(c.condition, NoneOf) for v in c.condition.values}
    return bool(asked & banned)


@dataclass(slots=True)
class _Allowed:
    """The values that some conditions on one value leave."""

    vocabulary: Vocabulary
    day: date
    info: PropertyInfo
    listed: set[Value] | None = None
    banned: set[Value] = field(default_factory=set)
    bounds: list[tuple[Operator, Value]] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)

    def add(self, condition: Condition) -> None:
        if isinstance(condition, Compare):
            self.currencies |= {condition.currency} - {""}
            self.bounds.append((condition.operator, condition.value))
            if condition.operator is Operator.EQ:
                self._list((condition.value,))
        elif isinstance(condition, AnyOf):
            self._list(condition.values)
        elif isinstance(condition, InSet):
            self._list(self.vocabulary.members(condition.name, self.day))
        elif isinstance(condition, NoneOf):
            self.banned |= set(condition.values)
        elif isinstance(condition, NotIn):
            self.banned |= set(self.vocabulary.members(condition.name, self.day))

    def _list(self, values: Iterable[Value]) -> None:
        self.listed = set(values) if self.listed is None else self.listed & set(values)

    def is_empty(self) -> bool:
        """Say whether no value is left; amounts in two currencies are never both known."""
        if len(self.currencies) > 1:
            return True
        if self.listed is not None:
            return not any(self._passes(value) for value in self.listed - self.banned)
        sizes = [(operator, self._size(value)) for operator, value in self.bounds]
        known = [(operator, size) for operator, size in sizes if size is not None]
        low = max((s for o, s in known if o in (Operator.GE, Operator.GT)), default=None)
        high = min((s for o, s in known if o in (Operator.LE, Operator.LT)), default=None)
        if low is None or high is None:
            return False
        is_open = (Operator.GT, low) in known or (Operator.LT, high) in known
        return low > high or (low == high and is_open)

    def _passes(self, value: Value) -> bool:
        size = self._size(value)
        limits = ((operator, self._size(limit)) for operator, limit in self.bounds)
        return all(
            size is None or limit is None or _holds(operator, size, limit)
            for operator, limit in limits
        )

    def _size(self, value: Value) -> Fraction | None:
        """Give what a value is compared by, or None when it has no order here."""
        if not isinstance(value, Literal):
            return None
        if is_numeric(self.info):
            return number_of(value)
        if self.info.datatype == XSD + "duration" and self.day != date.max:
            return Fraction(parse_duration(value.value).after(self.day).timestamp())
        return None


def _holds(operator: Operator, left: Fraction, right: Fraction) -> bool:
    if operator is Operator.EQ:
        return left == right
    if operator in (Operator.GE, Operator.GT):
        return left > right or (left == right and operator is Operator.GE)
    return left < right or (left == right and operator is Operator.LE)
