"""A request as a value: components, conditions on their bindings, joint conditions, order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from kgservice.model.rdf import Iri
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.conditions import AllOf as AllOf
from kgservice.resolution.conditions import AnyOf as AnyOf
from kgservice.resolution.conditions import Compare as Compare
from kgservice.resolution.conditions import Condition as Condition
from kgservice.resolution.conditions import Constraint as Constraint
from kgservice.resolution.conditions import Each as Each
from kgservice.resolution.conditions import Has as Has
from kgservice.resolution.conditions import InSet as InSet
from kgservice.resolution.conditions import LabelAtLeast as LabelAtLeast
from kgservice.resolution.conditions import Matches as Matches
from kgservice.resolution.conditions import NoneOf as NoneOf
from kgservice.resolution.conditions import NotIn as NotIn
from kgservice.resolution.conditions import OneOf as OneOf
from kgservice.resolution.conditions import Operator as Operator
from kgservice.resolution.conditions import Policy as Policy
from kgservice.resolution.conditions import Some as Some
from kgservice.resolution.conditions import Value as Value
from kgservice.resolution.joints import AtMost as AtMost
from kgservice.resolution.joints import Capacity as Capacity
from kgservice.resolution.joints import Compatible as Compatible
from kgservice.resolution.joints import CompositionShape as CompositionShape
from kgservice.resolution.joints import Different as Different
from kgservice.resolution.joints import EachLimit as EachLimit
from kgservice.resolution.joints import Joint as Joint
from kgservice.resolution.joints import PairLimit as PairLimit
from kgservice.resolution.joints import ProductLimit as ProductLimit
from kgservice.resolution.joints import Same as Same
from kgservice.resolution.joints import SumLimit as SumLimit
from kgservice.resolution.joints import joint_components as joint_components
from kgservice.resolution.notes import Note
from kgservice.resolution.preferences import Preference as Preference
from kgservice.resolution.preferences import Ranking as Ranking


class Ways(Enum):
    """In which ways a component may be had: as one offering or part of a bundle, or also made."""

    MANAGED = "managed"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Component:
    """One thing asked for.

    Attributes:
        name: Unique in the request.
        kind: The class of its offering.
        constraints: Its own conditions and wishes, in document order.
        quantity: How many instances of one offering.
        needs: Components that must be there before it.
        ways: In which ways it may be had; None leaves it to the request.
        use: IRI of the one offering that it may be bound to; empty for any.
        is_paid: It has a price of its own; a part of a bundle and what a recipe makes have not.
        line: Where it is written; 0 when unknown.
    """

    name: str
    kind: Iri
    constraints: tuple[Constraint, ...] = ()
    quantity: int = 1
    needs: tuple[str, ...] = ()
    ways: Ways | None = None
    is_paid: bool = True
    use: str = ""
    line: int = field(default=0, compare=False)


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
        prefer: What makes one feasible composition better than another.
        ranking: How several preferences decide together.
        as_of: The day on which it must hold; None means the day of asking.
        term: How long it is wanted, `xsd:duration` text or empty.
        unknown: Policy where a line has none of its own.
        answers: How many compositions are wanted.
        ways: In which ways components may be had that do not say so themselves.
        iri: The request's IRI; empty until it has one.
        notes: What is to be remarked about it.
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
    ways: Ways = Ways.MANAGED
    iri: str = ""
    notes: tuple[Note, ...] = field(default=(), compare=False)
    exit: Exit | None = None
    ranking: Ranking = Ranking.LEXICOGRAPHIC

    def constraints_of(self, component: Component) -> tuple[Constraint, ...]:
        """Give what the component's binding must meet or should, in document order."""
        shared = (one for one in self.every if not one.over or component.name in one.over)
        return (*component.constraints, *shared)

    def ways_of(self, component: Component) -> Ways:
        """Give the ways in which a component may be had."""
        return component.ways or self.ways

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


def paid_components(request: Request) -> tuple[str, ...]:
    """Name the components that have a price of their own."""
    return tuple(component.name for component in request.components if component.is_paid)


def wish_ids(request: Request) -> tuple[str, ...]:
    """Give the short ids of all wishes, joint ones too, in document order."""
    parts = (*request.all_constraints(), *request.together)
    return tuple(part.id for part in parts if part.is_wish)
