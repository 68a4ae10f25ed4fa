"""Joint conditions: what must hold, or is wished, for several components together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from kgservice.model.rdf import Iri, Literal
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.conditions import Policy


@dataclass(frozen=True, slots=True)
class Same:
    """All components in `over` have the same value."""

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class Different:
    """No two components in `over` have the same value."""

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class AtMost:
    """The components in `over` have at most `n` distinct values together."""

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    n: int
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class SumLimit:
    """The values of the components in `over` add up to at most `limit`, at least `minimum`.

    Both are in the stored unit; one of them may be absent.
    """

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    limit: Literal | None
    currency: str = ""
    policy: Policy | None = None
    minimum: Literal | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class ProductLimit:
    """The product of the shares of the components in `over` is at least `minimum` (percent)."""

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    minimum: Literal
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class PairLimit:
    """What is measured between two components' ends is at most `limit` (stored unit).

    Attributes:
        measure: The property that is measured, such as the round trip.
        path: Leads from a binding to its end, such as its location.
        over: The two components.
    """

    id: str
    measure: PropertyInfo
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    limit: Literal
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    """No offering is bound for more instances than can be had of it (`path`)."""

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class Compatible:
    """Something that one component gives is something that the other takes."""

    id: str
    giver: str
    given: tuple[PropertyInfo, ...]
    taker: str
    taken: tuple[PropertyInfo, ...]
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class CompositionShape:
    """The composition conforms to a SHACL shape; no search knows it, so it is tested at the end.

    Attributes:
        shape: The shape's IRI.
        over: All components.
        reads: The properties of bindings that the shape names.
    """

    id: str
    shape: Iri
    over: tuple[str, ...]
    reads: tuple[PropertyInfo, ...] = ()
    policy: Policy | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class EachLimit:
    """The number of each component in `over` is at most `limit`, or at least `minimum`.

    In whole millionths; no request writes it: it is how a front is walked along.
    """

    id: str
    path: tuple[PropertyInfo, ...]
    over: tuple[str, ...]
    limit: int | None = None
    minimum: int | None = None
    policy: Policy | None = None
    is_wish: bool = False

    def allows(self, number: int | None) -> bool:
        """Say whether a component's number will do."""
        if number is None:
            return False
        return (self.limit is None or number <= self.limit) and (
            self.minimum is None or number >= self.minimum
        )


Joint: TypeAlias = (
    Same
    | Different
    | AtMost
    | SumLimit
    | ProductLimit
    | PairLimit
    | Capacity
    | Compatible
    | CompositionShape
    | EachLimit
)
NUMERIC = (SumLimit, ProductLimit, Capacity, EachLimit)
"""The kinds that read one number of each component."""


def joint_components(joint: Joint) -> tuple[str, ...]:
    """Name the components that a joint condition reads."""
    return (joint.giver, joint.taker) if isinstance(joint, Compatible) else joint.over
