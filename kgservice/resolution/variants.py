"""A request written out for one way of having its components: a request that the engines search.

A component that a recipe makes stays as a component that is bound to the recipe itself, which
states what it makes; its parts are further components. Where a condition, a joint condition or an
order reads a property of it, the places that have that property are read instead: the recipe where
it states the property, else the parts that take it, else all parts. A bundle is a further component
that has the price, and is joined to the components that its parts are bound to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from kgservice.model.rdf import Literal
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.queries import Only
from kgservice.resolution.request import (
    Compare,
    Compatible,
    Component,
    CompositionShape,
    Constraint,
    Different,
    Joint,
    Operator,
    PairLimit,
    Policy,
    Preference,
    Request,
    SumLimit,
)
from kgservice.resolution.spots import Spot, Way
from kgservice.resolution.ways import Bundles, Choice, Group, covers

HAS_PART = PropertyInfo(DCTERMS.hasPart, "hasPart", ValueKind.FEATURE)
OFFERING = PropertyInfo(KG.offering, "offering", ValueKind.SINGLE)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of having a request, ready to be searched.

    Attributes:
        request: With the further components, and conditions where they belong.
        only: Which offerings may be bound, by component name.
        ways: How each component is had.
        originals: Ids of conditions that were made here, to the ids that the request knows.
    """

    request: Request
    only: Mapping[str, Only]
    ways: Mapping[str, Way]
    originals: Mapping[str, str]


class _NotSo(Exception):
    """The request cannot be had in this way."""


def variant_of(request: Request, choice: Choice, bundles: Bundles) -> Variant | None:
    """Write a request out for one way; None when it cannot be had so.

    That is the case where a condition cannot be divided: on the price of a part of a bundle, on a
    sum of prices that takes only some of its parts, or on formats that several parts have.
    """
    try:
        return _Writer(request, choice, bundles).variant()
    except _NotSo:
        return None


class _Writer:
    """Writes one variant."""

    def __init__(self, request: Request, choice: Choice, bundles: Bundles) -> None:
        self.request, self.choice, self.bundles = request, choice, bundles
        self.taken = {component.name for component in request.components}
        self.only: dict[str, Only] = {}
        self.own: dict[str, list[Constraint]] = {}
        self.shared: dict[str, tuple[Constraint, list[str]]] = {}
        self.joints: list[Joint] = []
        self.originals: dict[str, str] = {}
        self.covering: list[Component] = []
        self.spots = {one.name: self.spot(one) for one in request.components}

    def variant(self) -> Variant:
        for group in self.choice.groups:
            self.cover(group)
        for component in self.request.components:
            for constraint in self.request.constraints_of(component):
                self.place(self.spots[component.name], constraint)
        spots = [spot for top in self.spots.values() for spot in top.all()]
        for joint in self.request.together:
            self.joints += self.joint(joint)
        written = replace(
            self.request,
            components=(*(self.component(spot) for spot in spots), *self.covering),
            every=tuple(
                replace(one, over=tuple(over)) for one, over in self.shared.values() if over
            ),
            together=tuple(self.joints),
            prefer=tuple(self.preference(one) for one in self.request.prefer),
        )
        ways = {spot.name: spot.way() for spot in spots}
        return Variant(written, self.only, ways, self.originals)

    def spot(self, component: Component) -> Spot:
        """Plant the parts of a component that is made, at every depth."""
        return self.grow(Spot(component, self.choice.made.get(component.name)))

    def grow(self, spot: Spot) -> Spot:
        self.own[spot.name] = []
        if spot.made is None:
            return spot
        self.only[spot.name] = Only(spot.made.recipe.iri)
        for need, made in zip(spot.made.recipe.needs, spot.made.parts, strict=True):
            part = Component(
                name=self.fresh(f"{spot.name}-{need.name}"),
                kind=need.kind,
                quantity=spot.component.quantity * need.quantity,
            )
            spot.parts.append(self.grow(Spot(part, made)))
            for path, condition in need.conditions:
                name = f"{part.name}.{'.'.join(step.name for step in path)}"
                self.place(spot.parts[-1], Constraint(name, path, condition))
        return spot

    def fresh(self, name: str) -> str:
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}-{number}", number + 1
        self.taken.add(found)
        return found

    def place(self, spot: Spot, constraint: Constraint) -> None:
        """Put a condition on a component where what it reads is."""
        info = constraint.path[0]
        places = spot.places(info)
        if info.is_derived and spot.bundle:
            raise _NotSo
        if info.is_derived and spot.made is not None:
            total = self.total(spot, constraint)
            if total is not None:
                self.joints.append(total)
                return
            places = (spot.name,)  # the recipe has no price: it is unknown
        if places == (spot.name,) and constraint not in self.request.every:
            self.own[spot.name].append(constraint)
        else:
            self.shared.setdefault(constraint.id, (constraint, []))[1].extend(places)

    def total(self, spot: Spot, constraint: Constraint) -> Joint | None:
        """Limit what the parts cost together where a condition is an upper limit on a price."""
        condition = constraint.condition
        if (
            constraint.is_wish
            or not isinstance(condition, Compare)
            or condition.operator is not Operator.LE
            or not isinstance(condition.value, Literal)
        ):
            return None
        return SumLimit(
            self.made_id(constraint.id, f"total.{len(self.originals) + 1}"),
            constraint.path,
            spot.places(constraint.path[0]),
            condition.value,
            condition.currency,
            constraint.policy,
        )

    def made_id(self, original: str, made: str) -> str:
        self.originals[made] = original
        return made

    def joint(self, joint: Joint) -> Iterable[Joint]:
        """Write a joint condition over the places that have what it reads."""
        if isinstance(joint, CompositionShape):
            raise _NotSo
        if isinstance(joint, Compatible):
            giver = self.one_place(joint.giver, joint.given[0])
            taker = self.one_place(joint.taker, joint.taken[0])
            return [replace(joint, giver=giver, taker=taker)]
        places = [self.spots[name].places(joint.path[0]) for name in joint.over]
        if isinstance(joint, (Different, PairLimit)):
            return self.pairs(joint, places)
        if isinstance(joint, SumLimit):
            self.require_whole(joint)
        flat = tuple(dict.fromkeys(name for some in places for name in some))
        return [replace(joint, over=flat)]

    def one_place(self, name: str, info: PropertyInfo) -> str:
        places = self.spots[name].places(info)
        if len(places) != 1:
            raise _NotSo
        return places[0]

    def require_whole(self, joint: SumLimit) -> None:
        """Refuse a sum of prices over some of the components that a bundle covers."""
        for group in self.choice.groups:
            inside = set(group) & set(joint.over)
            if joint.path[0].is_derived and inside and len(inside) < len(group):
                raise _NotSo

    def pairs(
        self, joint: Different | PairLimit, places: Sequence[tuple[str, ...]]
    ) -> Iterator[Joint]:
        """The parts of one component may be alike or apart; those of two may not."""
        if all(len(some) == 1 for some in places):
            yield replace(joint, over=tuple(name for some in places for name in some))
            return
        if joint.is_wish:  # missed once, however many pairs miss it: that cannot be written
            raise _NotSo
        pairs = [pair for one, other in combinations(places, 2) for pair in product(one, other)]
        for number, pair in enumerate(pairs, start=1):
            name = self.made_id(joint.id, f"{joint.id}.{number}")
            yield replace(joint, id=name, over=pair)

    def preference(self, preference: Preference) -> Preference:
        spots = self.spots.values()
        found = [name for spot in spots for name in spot.places(preference.property)]
        return replace(preference, over=tuple(dict.fromkeys(found)))

    def cover(self, group: Group) -> None:
        """Bind a bundle, and parts of it to the components of a group, each to another one."""
        spots = [self.spots[name] for name in group]
        fitting = {
            bundle: parts
            for bundle, parts in self.bundles.items()
            if covers(parts, [spot.component for spot in spots])
        }
        name = self.fresh(f"bundle-{'-'.join(group)}")
        self.only[name] = Only(among=tuple(sorted(fitting)))
        for spot in spots:
            spot.bundle = name
            allowed = {
                part
                for parts in fitting.values()
                for part, kinds in parts.items()
                if spot.component.kind in kinds
            }
            self.only[spot.name] = Only(among=tuple(sorted(allowed)))
            self.joints.append(self.part_of(name, spot.name))
        apart = Different(self.bundle_id(), (OFFERING,), group, Policy.REJECT)
        self.joints.append(apart)
        self.covering.append(Component(name, KG.Bundle, quantity=spots[0].component.quantity))

    def part_of(self, bundle: str, name: str) -> Joint:
        identity = self.bundle_id()
        return Compatible(identity, bundle, (HAS_PART,), name, (OFFERING,), Policy.REJECT)

    def bundle_id(self) -> str:
        return f"bundle.{len(self.joints) + 1}"

    def component(self, spot: Spot) -> Component:
        own = tuple(self.own[spot.name])
        if spot.made is None:
            return replace(spot.component, constraints=own, is_paid=not spot.bundle)
        return replace(
            spot.component,
            kind=KG.Recipe,
            constraints=own,
            needs=(*spot.component.needs, *(part.name for part in spot.parts)),
            is_paid=False,
        )
