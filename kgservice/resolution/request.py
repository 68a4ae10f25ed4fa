"""A request as a value: components, conditions on their bindings, joint conditions, order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TypeAlias

from kgservice.model.rdf import Iri, Literal
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.joints import AtMost as AtMost
from kgservice.resolution.joints import Capacity as Capacity
from kgservice.resolution.joints import Compatible as Compatible
from kgservice.resolution.joints import CompositionShape as CompositionShape
from kgservice.resolution.joints import Different as Different
from kgservice.resolution.joints import Joint as Joint
from kgservice.resolution.joints import PairLimit as PairLimit
from kgservice.resolution.joints import ProductLimit as ProductLimit
from kgservice.resolution.joints import Same as Same
from kgservice.resolution.joints import SumLimit as SumLimit
from kgservice.resolution.joints import joint_components as joint_components


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
class Has:
    """One value meets all of these."""

    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class LabelAtLeast:
    """A label of a scheme at a level or a higher one, valid from as-of for a time.

    Attributes:
        scheme: The label scheme.
        level: The lowest level that will do; None means any level of the scheme.
        valid_for: `xsd:duration` text, or empty for "valid on as-of".
        version: Version of the scheme, or empty for any.
    """

    scheme: Iri
    level: Iri | None = None
    valid_for: str = ""
    version: str = ""


Condition: TypeAlias = Compare | AnyOf | NoneOf | AllOf | InSet | Has | LabelAtLeast


@dataclass(frozen=True, slots=True)
class Constraint:
    """One line of a request: a condition on what a path reaches.

    Attributes:
        id: Short id, such as `db.majorVersion` (or an IRI that a Turtle request gave).
        path: Properties from the binding on.
        condition: What must hold there.
        policy: The line's own policy for unknown, if it has one.
        is_wish: It ranks and does not exclude.
        line: Where it is written; 0 when unknown.
    """

    id: str
    path: tuple[PropertyInfo, ...]
    condition: Condition
    policy: Policy | None = None
    is_wish: bool = False
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The dotted path, as in YAML."""
        return ".".join(step.name for step in self.path)


@dataclass(frozen=True, slots=True)
class Component:
    """One thing asked for; `kind` is the class of its offering."""

    name: str
    kind: Iri
    constraints: tuple[Constraint, ...] = ()
    quantity: int = 1
    needs: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Preference:
    """Minimise or maximise the sum of a property over all components."""

    property: PropertyInfo
    is_maximise: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """The way out that is kept: where a service could go if it had to leave.

    Attributes:
        different: What must differ from where the service is now, such as its provider.
        within: The longest that the move may take, `xsd:duration` text or empty.
    """

    different: tuple[PropertyInfo, ...]
    within: str = ""

    @property
    def name(self) -> str:
        """The dotted path of what must differ."""
        return ".".join(step.name for step in self.different)


@dataclass(frozen=True, slots=True)
class Request:
    """The desired situation.

    Attributes:
        title: What the user calls it.
        components: What is asked for, in document order.
        every: Conditions for the binding of each component.
        together: Joint conditions.
        prefer: Lexicographic order among what is feasible.
        as_of: The day on which it must hold; None means the day of asking.
        term: How long it is wanted, `xsd:duration` text or empty.
        unknown: Policy where a line has none of its own.
        answers: How many compositions are wanted.
        iri: The request's IRI; empty until it has one.
        exit: The way out that is kept for what is provisioned; None when nobody asks for one.
    """

    title: str
    components: tuple[Component, ...]
    every: tuple[Constraint, ...] = ()
    together: tuple[Joint, ...] = ()
    prefer: tuple[Preference, ...] = ()
    as_of: date | None = None
    term: str = ""
    unknown: Policy = Policy.REJECT
    answers: int = 5
    iri: str = ""
    exit: Exit | None = None

    def constraints_of(self, component: Component) -> tuple[Constraint, ...]:
        """Give what the component's binding must meet or should, in document order."""
        return component.constraints + self.every

    def all_constraints(self) -> Iterator[Constraint]:
        """Go through all conditions on bindings, in document order, wishes too."""
        for component in self.components:
            yield from component.constraints
        yield from self.every

    def policy_of(self, part: Constraint | Joint) -> Policy:
        """Give the policy for unknown that holds for a condition."""
        return part.policy or self.unknown

    def iri_of(self, identity: str) -> str:
        """Give the IRI of a part of this request from its short id."""
        return identity if ":" in identity else f"{self.iri}#{identity}"
