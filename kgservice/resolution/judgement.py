"""Bindings and the verdicts on them: who survives, how many there are, why the others fell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from kgservice.model.rdf import Iri, Literal, Row, Term
from kgservice.model.terms import KG
from kgservice.resolution.request import Component, Constraint, Joint, Policy, Request
from kgservice.resolution.values import number_of


class Mark(Enum):
    """A verdict in three values."""

    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


Marks: TypeAlias = Mapping[str, Mapping[str, Mark]]
"""Binding IRI to short constraint id to verdict."""

_MARKS = {KG.met: Mark.MET, KG.violated: Mark.VIOLATED, KG.unknown: Mark.UNKNOWN}


@dataclass(frozen=True, slots=True)
class BoundOffering:
    """A binding: a component, an offering, and one picked value per choice that is read.

    Attributes:
        iri: The binding's node.
        component: Name of the component.
        offering: IRI of the offering.
        picks: Picked values by property IRI, sorted by property name.
        rank: Place among the bindings of the same component and offering, in value order.
    """

    iri: str
    component: str
    offering: str
    picks: tuple[tuple[str, Term], ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How a component's candidates fared; the three parts add up to `offerings`.

    `first_reason` says, for each violated offering, at which condition (in document order) its
    last configuration fell; the numbers add up to `violated`.
    """

    offerings: int
    satisfied: int
    unknown: int
    violated: int
    first_reason: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which conditions hold in one search, and what happens to unknown ones.

    Attributes:
        request: The request.
        active: Short ids of the conditions that hold, joint ones too.
        is_lenient: Unknown is accepted everywhere.
    """

    request: Request
    active: frozenset[str]
    is_lenient: bool = False

    def rejects_unknown(self, part: Constraint | Joint) -> bool:
        """Say whether an unknown verdict on a condition excludes."""
        return not self.is_lenient and self.request.policy_of(part) is Policy.REJECT

    def hard(self, component: Component) -> tuple[Constraint, ...]:
        """Give the active conditions of a component that are no wishes.

        The component is looked up by its name: a search may be made under a changed request.
        """
        own = next(one for one in self.request.components if one.name == component.name)
        return tuple(
            constraint
            for constraint in self.request.constraints_of(own)
            if not constraint.is_wish and constraint.id in self.active
        )

    def joint(self) -> tuple[Joint, ...]:
        """Give the active joint conditions."""
        return tuple(joint for joint in self.request.together if joint.id in self.active)

    def joint_wishes(self) -> tuple[Joint, ...]:
        """Give the joint conditions that rank and do not exclude."""
        return tuple(joint for joint in self.request.together if joint.is_wish)


def all_rules(request: Request) -> Rules:
    """Give the rules in which every condition holds."""
    ids = {c.id for c in request.all_constraints() if not c.is_wish}
    joint = {joint.id for joint in request.together if not joint.is_wish}
    return Rules(request, frozenset(ids | joint))


def value_order(term: Term) -> tuple[int, Fraction, str]:
    """Order values: numbers by size, then everything else by text."""
    number = number_of(term) if isinstance(term, Literal) else None
    return (1, Fraction(0), term[0]) if number is None else (0, number, term[0])


def read_bindings(rows: Iterable[Row], request: Request) -> dict[str, list[BoundOffering]]:
    """Read the rows of `bindings.rq`: each component's bindings by offering and configuration."""
    names = {request.iri_of(component.name): component.name for component in request.components}
    order = {p.iri.value: p.name for c in request.all_constraints() for p in c.path}
    found: dict[tuple[str, str, str], dict[str, Term]] = {}
    for row in rows:
        key = (names[row["component"][0]], row["offering"][0], row["binding"][0])
        picks = found.setdefault(key, {})
        if "property" in row:
            picks[row["property"][0]] = row["value"]
    by_offering: dict[tuple[str, str], list[tuple[str, tuple[tuple[str, Term], ...]]]] = {}
    for (component, offering, iri), picked in found.items():
        sorted_picks = tuple(sorted(picked.items(), key=lambda item: order.get(item[0], item[0])))
        by_offering.setdefault((component, offering), []).append((iri, sorted_picks))
    bindings: dict[str, list[BoundOffering]] = {c.name: [] for c in request.components}
    for (component, offering), configurations in sorted(by_offering.items()):
        configurations.sort(key=lambda one: [value_order(value) for _, value in one[1]])
        bindings[component] += [
            BoundOffering(iri, component, offering, picks, rank)
            for rank, (iri, picks) in enumerate(configurations)
        ]
    return bindings


def read_marks(
    rows: Iterable[Row], request: Request, bindings: Mapping[str, Sequence[BoundOffering]]
) -> dict[str, dict[str, Mark]]:
    """Read the rows of `marks.rq`; what no row mentions is met."""
    ids = {request.iri_of(c.id): c.id for c in request.all_constraints()}
    marks: dict[str, dict[str, Mark]] = {}
    elsewhere = [wish.id for wish in request.every if wish.is_wish]  # met where it is not asked
    for component in request.components:
        names = [*elsewhere, *(c.id for c in request.constraints_of(component))]
        for binding in bindings[component.name]:
            marks[binding.iri] = dict.fromkeys(names, Mark.MET)
    for row in rows:
        verdict = _MARKS[Iri(row["verdict"][0])]
        marks[row["binding"][0]][ids[row["constraint"][0]]] = verdict
    return marks


def survivors(
    component: Component, bindings: Sequence[BoundOffering], marks: Marks, rules: Rules
) -> list[BoundOffering]:
    """Give the bindings that no active condition excludes."""
    hard = [(c.id, rules.rejects_unknown(c)) for c in rules.hard(component)]
    return [
        binding
        for binding in bindings
        if not any(
            marks[binding.iri][name] is Mark.VIOLATED
            or (strict and marks[binding.iri][name] is Mark.UNKNOWN)
            for name, strict in hard
        )
    ]


def count(
    component: Component, bindings: Sequence[BoundOffering], marks: Marks, rules: Rules
) -> Counts:
    """Count a component's offerings by their best configuration."""
    names = [constraint.id for constraint in rules.hard(component)]
    by_offering: dict[str, list[list[Mark]]] = {}
    for binding in bindings:
        verdicts = [marks[binding.iri][name] for name in names]
        by_offering.setdefault(binding.offering, []).append(verdicts)
    satisfied = unknown = 0
    fell: dict[int, int] = {}
    for configurations in by_offering.values():
        if any(all(mark is Mark.MET for mark in one) for one in configurations):
            satisfied += 1
        elif any(Mark.VIOLATED not in one for one in configurations):
            unknown += 1
        else:
            last = max(one.index(Mark.VIOLATED) for one in configurations)
            fell[last] = fell.get(last, 0) + 1
    reasons = {names[index]: fell[index] for index in sorted(fell)}
    return Counts(len(by_offering), satisfied, unknown, sum(fell.values()), reasons)


def unknown_facts(
    component: Component, bindings: Sequence[BoundOffering], marks: Marks, rules: Rules
) -> list[tuple[BoundOffering, Constraint]]:
    """List the unknown conditions of offerings that would do but for them, each offering once.

    Of an offering's configurations the one with the fewest unknown conditions is shown.
    """
    hard = rules.hard(component)
    best: dict[str, tuple[int, BoundOffering]] = {}
    for binding in bindings:
        verdicts = [marks[binding.iri][constraint.id] for constraint in hard]
        if Mark.VIOLATED in verdicts:
            continue
        number = verdicts.count(Mark.UNKNOWN)
        known = best.get(binding.offering)
        if known is None or number < known[0]:
            best[binding.offering] = (number, binding)
    return [
        (binding, constraint)
        for _, (number, binding) in sorted(best.items())
        if number
        for constraint in hard
        if marks[binding.iri][constraint.id] is Mark.UNKNOWN
    ]
