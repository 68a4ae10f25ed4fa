"""What a search must know of each surviving binding, and which bindings cannot be in the answer."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kgservice.model.rdf import Iri, Term, Triple, typed
from kgservice.model.terms import KG
from kgservice.resolution.joint_totals import reaches, scaled, totals_of
from kgservice.resolution.judgement import BoundOffering, Mark, Marks, Rules
from kgservice.resolution.preferences import Order, orders_of
from kgservice.resolution.request import (
    Capacity,
    Compatible,
    Component,
    CompositionShape,
    Constraint,
    EachLimit,
    Joint,
    ProductLimit,
    Request,
    SumLimit,
    joint_components,
)

Table: TypeAlias = Mapping[str, Mapping[str, tuple[Term, ...]]]
"""What joint conditions and the order read: key such as `together.1` to binding IRI to values."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A surviving binding with all that decides about its compositions.

    Attributes:
        binding: The binding.
        missed: How many wishes of its own component it misses.
        missed_every: For each wish for every component, whether it misses it.
        signature: All that joint conditions read but sums.
        sums: Amounts of the totals that joint conditions limit; smaller is never worse.
        order: Numbers that the order reads, smaller first. None is unknown.
    """

    binding: BoundOffering
    missed: int
    missed_every: tuple[bool, ...]
    signature: Hashable
    sums: tuple[int, ...]
    order: tuple[int | None, ...]


def candidate_of(
    component: Component, binding: BoundOffering, marks: Marks, table: Table, rules: Rules
) -> Candidate:
    """Gather what decides about one surviving binding."""
    request = rules.request
    own = [c.id for c in component.constraints if c.is_wish]
    every = (*rules.joint(), *rules.joint_wishes())
    joint = [j for j in every if component.name in joint_components(j)]
    return Candidate(
        binding=binding,
        missed=sum(marks[binding.iri][name] is not Mark.MET for name in own),
        missed_every=tuple(
            marks[binding.iri][wish.id] is not Mark.MET for wish in every_wishes(request)
        ),
        signature=tuple(_signature(one, component, binding.iri, table) for one in joint),
        sums=tuple(
            total.amount(_number(one.id, binding.iri, table))
            for one in joint
            for total in totals_of(one)
        ),
        order=tuple(_directed(one, binding.iri, table) for one in orders_of(request)),
    )


def every_wishes(request: Request) -> tuple[Constraint, ...]:
    """Give the wishes for every component."""
    return tuple(constraint for constraint in request.every if constraint.is_wish)


def keys_of(joint: Joint, component: str) -> tuple[str, ...]:
    """Name the keys of the table that a joint condition reads at a component."""
    if isinstance(joint, CompositionShape):
        return tuple(f"{joint.id}.{info.name}" for info in joint.reads)
    if not isinstance(joint, Compatible):
        return (joint.id,)
    ends = []
    if component == joint.giver:
        ends += [f"{joint.id}.given", f"{joint.id}.given.closed"]
    if component == joint.taker:
        ends += [f"{joint.id}.taken", f"{joint.id}.taken.closed"]
    return (*ends, "profile")


def _signature(joint: Joint, component: Component, iri: str, table: Table) -> Hashable:
    """Give what must be equal for two bindings to be exchangeable, as far as a condition goes."""
    if isinstance(joint, (SumLimit, ProductLimit, EachLimit)):
        return table[joint.id].get(iri) is None
    if isinstance(joint, Capacity):
        number = _number(joint.id, iri, table)
        return number is None, (number or 0) >= scaled(component.quantity)
    keys = (key for key in table if key == "profile" or key.startswith(joint.id))
    parts = [frozenset(table[key].get(iri, ())) for key in keys if _belongs(key, joint)]
    return tuple(parts)


def _belongs(key: str, joint: Joint) -> bool:
    if key == "profile":
        return isinstance(joint, Compatible)
    return key == joint.id or key.startswith(joint.id + ".")


def _number(key: str, iri: str, table: Table) -> int | None:
    values = table[key].get(iri)
    return int(values[0][0]) if values else None


def _directed(order: Order, iri: str, table: Table) -> int | None:
    number = _number(order.key, iri, table)
    if number is None:
        return None
    return -number if order.is_maximise else number


def is_within(joint: Joint, iri: str, table: Table) -> bool:
    """Say whether a binding's number is within what each component's must be within."""
    return not isinstance(joint, EachLimit) or joint.allows(_number(joint.id, iri, table))


def products_hold(rules: Rules, chosen: Mapping[str, BoundOffering], table: Table) -> bool:
    """Multiply again, exactly, what the engine multiplied as floating point numbers."""
    return all(
        reaches(joint, [_number(joint.id, chosen[name].iri, table) for name in joint.over])
        for joint in rules.joint()
        if isinstance(joint, ProductLimit)
    )


def spare_offerings(rules: Rules, component: Component) -> int:
    """Say how many offerings may have no room left because other components have taken it."""
    limits = [j for j in (*rules.joint(), *rules.joint_wishes()) if isinstance(j, Capacity)]
    return max((len(j.over) - 1 for j in limits if component.name in j.over), default=0)


def prune(candidates: Sequence[Candidate], answers: int) -> list[Candidate]:
    """Leave out what cannot be in the best `answers` compositions.

    A candidate falls when another configuration of its offering is as good for every joint
    condition and comes first, or when `answers` other offerings are and do: whatever composition
    it is in, exchanging it gives that many better ones with other offerings (exact, ties too).
    """
    groups: dict[Hashable, list[Candidate]] = {}
    for candidate in candidates:
        missing = tuple(number is None for number in candidate.order)
        key = (candidate.signature, candidate.missed_every, missing)
        groups.setdefault(key, []).append(candidate)
    kept: list[Candidate] = []
    for group in groups.values():
        group.sort(key=_place)
        front: list[Candidate] = []
        for candidate in group:
            if not _is_beaten(candidate, front, answers):
                front.append(candidate)
        kept += front
    return sorted(kept, key=lambda one: (one.binding.offering, one.binding.rank))


def _place(one: Candidate) -> tuple[int, tuple[int, ...], str, int]:
    order = tuple(number or 0 for number in one.order)
    return one.missed, order, one.binding.offering, one.binding.rank


def _is_beaten(candidate: Candidate, front: Sequence[Candidate], answers: int) -> bool:
    others: set[str] = set()
    for better in front:
        if not all(a <= b for a, b in zip(better.sums, candidate.sums, strict=True)):
            continue
        if better.binding.offering == candidate.binding.offering:
            return True
        others.add(better.binding.offering)
        if len(others) >= answers:
            return True
    return False


def candidate_facts(
    request: Request, component: Component, candidates: Sequence[Candidate], round_iri: str
) -> list[Triple]:
    """Write what the composition query reads of one round's candidates, as statements."""
    triples = []
    for candidate in candidates:
        node = Iri(candidate.binding.iri)
        numbers = {
            KG.configurationRank: candidate.binding.rank,
            KG.missedWishes: candidate.missed,
            **{
                Iri(request.iri_of(f"{wish.id}.missed")): int(missed)
                for wish, missed in zip(every_wishes(request), candidate.missed_every, strict=True)
            },
        }
        triples.append(Triple(node, KG.candidateFor, Iri(round_iri)))
        triples += [Triple(node, prop, typed(number)) for prop, number in numbers.items()]
    return triples


def table_facts(request: Request, table: Table) -> list[Triple]:
    """Write the table as statements: a binding, a key as predicate, a value."""
    return [
        Triple(Iri(iri), Iri(request.iri_of(key)), value)
        for key, by_binding in table.items()
        for iri, values in by_binding.items()
        for value in values
        if key != "profile"
    ]
