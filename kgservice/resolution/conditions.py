"""Conditions as values: what must hold of what a path reaches from a binding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind


class Policy(Enum):
    """What happens to a binding whose constraint is unknown."""

    REJECT = "reject"
    WARN = "warn"
    ACCEPT = "accept"


class Operator(Enum):
    """A comparison, as it is written in YAML and in SPARQL."""

    GE = ">="
    LE = "<="
    GT = ">"
    LT = "<"
    EQ = "="


class Evidence(Enum):
    """How strong the evidence behind a statement is, weakest first."""

    SELF = "self"
    SIGNED = "signed"
    NOTARISED = "notarised"
    CERTIFIED = "certified"

    @property
    def levels(self) -> tuple[Iri, ...]:
        """The levels of the vocabulary that are at least as strong."""
        return tuple(_LEVELS[one] for one in list(Evidence)[list(Evidence).index(self) :])

    @property
    def iri(self) -> Iri:
        """The level itself, as the vocabulary names it."""
        return _LEVELS[self]


_LEVELS = {
    Evidence.SELF: KG.SelfDeclared,
    Evidence.SIGNED: KG.Signed,
    Evidence.NOTARISED: KG.Notarised,
    Evidence.CERTIFIED: KG.Certified,
}
EVIDENCE_BY_IRI = {iri: level for level, iri in _LEVELS.items()}

Value: TypeAlias = Iri | Literal


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison with one value; `currency` is given for amounts of money."""

    operator: Operator
    value: Value
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The value is one of these."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The value is none of these."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these is among the values (features only)."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class InSet:
    """The value is a member of a named set on the request's day."""

    name: str


@dataclass(frozen=True, slots=True)
class NotIn:
    """The value is no member of a named set on the request's day."""

    name: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The text matches a pattern somewhere (`kgservice.resolution.patterns` says which)."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Has:
    """The value meets all of these."""

    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value meets at least one of these."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Conforms:
    """The value conforms to a node shape that the service knows; `meaning` is what that says."""

    shape: Iri
    meaning: Has | OneOf


@dataclass(frozen=True, slots=True)
class Each:
    """Every value of a feature meets this, and the list is complete (as for an exposure)."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Some:
    """Some value of an exposure meets this (as for a feature)."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class LabelAtLeast:
    """A label of a scheme at a level or a higher one, valid from as-of for a time.

    Attributes:
        scheme: The label scheme.
        level: The lowest level that will do; None means any level of the scheme.
        valid_for: `xsd:duration` text, or empty for "valid on as-of".
        version: Version of the scheme, or empty for any.
        evidence: What the label must rest on at least; None means anything.
    """

    scheme: Iri
    level: Iri | None = None
    valid_for: str = ""
    version: str = ""
    evidence: Evidence | None = None


OnValue: TypeAlias = (
    Compare | AnyOf | NoneOf | InSet | NotIn | Matches | Has | Conforms | OneOf | LabelAtLeast
)
"""What one value meets or violates."""

Condition: TypeAlias = OnValue | AllOf | Each | Some


@dataclass(frozen=True, slots=True)
class Constraint:
    """One line of a request: a condition on what a path reaches.

    Attributes:
        id: Short id, such as `db.majorVersion` (or an IRI that a Turtle request gave).
        path: Properties from the binding on.
        condition: What must hold there.
        policy: The line's own policy for unknown, if it has one.
        is_wish: It ranks and does not exclude.
        evidence: Only statements with at least this evidence count; None means all.
        over: Of a condition for every component: the components that it is for; empty for all.
        line: Where it is written; 0 when unknown.
    """

    id: str
    path: tuple[PropertyInfo, ...]
    condition: Condition
    policy: Policy | None = None
    is_wish: bool = False
    evidence: Evidence | None = None
    over: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The dotted path, as in YAML."""
        return ".".join(step.name for step in self.path)


OFFERING = PropertyInfo(KG.offering, "shape", ValueKind.SINGLE, range_class=KG.Offering.value)
"""From a binding to its offering, for a shape that the offering must conform to."""


def inner_constraints(condition: Condition) -> Iterator[Constraint]:
    """Go through the conditions on properties of a value, in order."""
    if isinstance(condition, Has):
        yield from condition.constraints
    elif isinstance(condition, Conforms):
        yield from inner_constraints(condition.meaning)
    elif isinstance(condition, OneOf):
        for one in condition.conditions:
            yield from inner_constraints(one)
    elif isinstance(condition, (Each, Some)):
        yield from inner_constraints(condition.condition)


def labels_in(condition: Condition) -> Iterator[LabelAtLeast]:
    """Go through the conditions on a label that a value must meet."""
    if isinstance(condition, LabelAtLeast):
        yield condition
    elif isinstance(condition, OneOf):
        for one in condition.conditions:
            yield from labels_in(one)
    elif isinstance(condition, (Each, Some)):
        yield from labels_in(condition.condition)
