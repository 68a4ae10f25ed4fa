"""What a request reads: which facts must be there before its conditions can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kgservice.model.rdf import RDF, Iri
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import inner_constraints, labels_in
from kgservice.resolution.request import (
    Compatible,
    Component,
    CompositionShape,
    Condition,
    Constraint,
    Joint,
    Request,
    joint_components,
)
from kgservice.resolution.worked_steps import base_of, is_worked, judged, stated_iri

ALWAYS = (
    Iri(RDF + "type"),
    DCTERMS.title,
    KG.provider,
    KG.profile,
    KG.completeFor,
    KG.currency,
    KG.minimumTerm,
    KG.earlyTerminationPenalty,
)
LABEL_PARTS = (
    KG.scheme,
    KG.level,
    KG.validFrom,
    KG.validUntil,
    KG.schemeVersion,
    KG.evidence,
    KG.completeFor,
)

Path = tuple[PropertyInfo, ...]
PROFILE_PATH: Path = (PropertyInfo(KG.profile, "profile", ValueKind.FEATURE),)


class Leg(NamedTuple):
    """A step of the way to a node: a property, followed once or (`+`, `*`) repeatedly."""

    iri: Iri
    repeated: str = ""


Way = tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """What one component's conditions read.

    Attributes:
        properties: Properties of the offering itself, choices too.
        choices: Those that the buyer picks, by name.
        further: For each way from the offering, the properties read at its end.
        worked: Steps that are worked out of others.
        evident: For each way and level of evidence, the properties of which only statements with
            that evidence count.
    """

    properties: frozenset[Iri]
    choices: tuple[PropertyInfo, ...]
    further: tuple[tuple[Way, frozenset[Iri]], ...]
    worked: tuple[PropertyInfo, ...] = ()
    evident: tuple[tuple[Way, str, frozenset[Iri]], ...] = ()


_MOST_KNOWN = 256
_KNOWN: dict[tuple[int, str], tuple[Request, Component, Reads]] = {}
"""What was collected last: a search asks the same a dozen times (0.3 ms each).

By identity, since hashing a request takes as long; what is kept cannot lose its identity.
"""


def reads_of(request: Request, component: Component) -> Reads:
    """Collect what the conditions on one component, its joint conditions and the order read."""
    key = (id(request), component.name)
    known = _KNOWN.get(key)
    if known is not None and known[0] is request and known[1] is component:
        return known[2]
    found = _reads_of(request, component)
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[key] = (request, component, found)
    return found


def _reads_of(request: Request, component: Component) -> Reads:
    found = _Collected()
    for path in _paths(request, component):
        found.add(path)
    for constraint in request.constraints_of(component):
        for path, condition in _judged(judged(constraint), ()):
            found.add(path)
            if any(labels_in(condition)):
                found.ways.setdefault(_way(path), set()).update(LABEL_PARTS)
    ways, choices, worked, evident = found.ways, found.choices, found.worked, found.evident
    return Reads(
        frozenset(ways.pop(())),
        tuple(choices[name] for name in sorted(choices)),
        tuple((way, frozenset(ways[way])) for way in sorted(ways)),
        tuple(worked[iri] for iri in sorted(worked)),
        tuple((*key, frozenset(evident[key])) for key in sorted(evident)),
    )


@dataclass(slots=True)
class _Collected:
    """What some paths read, by the way to it."""

    ways: dict[Way, set[Iri]] = field(
        default_factory=lambda: {(): set(ALWAYS), (Leg(KG.profile),): {KG.compatibleWith}}
    )
    choices: dict[str, PropertyInfo] = field(default_factory=dict)
    worked: dict[str, PropertyInfo] = field(default_factory=dict)
    evident: dict[tuple[Way, str], set[Iri]] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        if path[0].iri == KG.offering:
            path = path[1:]
        if not path:
            return
        if path[0].kind is ValueKind.CHOICE and not path[0].evidence:
            self.choices[path[0].name] = path[0]
        for depth, step in enumerate(path):
            way = _read_at(path[:depth], step)
            stated, evidence = stated_iri(step), base_of(step).evidence
            self.ways.setdefault(way, set()).update((stated, KG.completeFor))
            if step.is_money:
                self.ways[way].add(KG.currency)
            if evidence:
                self.evident.setdefault((way, evidence), set()).add(stated)
            if is_worked(step):
                self.worked[step.iri.value] = step


def _way(path: Path) -> Way:
    if path and path[0].iri == KG.offering:
        path = path[1:]
    return tuple(Leg(stated_iri(step), "+" if step.follows else "") for step in path)


def _read_at(before: Path, step: PropertyInfo) -> Way:
    """Give the way to the nodes that a step is read of: of a chain, all along it."""
    way = _way(before)
    return (*way, Leg(stated_iri(step), "*")) if step.follows else way


def _paths(request: Request, component: Component) -> Iterator[Path]:
    for constraint in request.constraints_of(component):
        yield from constraint_paths(constraint, ())
    for joint in request.together:
        if component.name in joint_components(joint):
            yield from joint_paths(joint, component.name)
    for preference in request.prefer:
        if preference.between:
            if component.name in preference.between:
                yield preference.path
        elif preference.counts(component.name):
            yield (preference.property,)


def first_properties(request: Request, component: Component) -> frozenset[Iri]:
    """Give the properties of the binding itself that are read of a component."""
    return frozenset(path[0].iri for path in _paths(request, component))


def constraint_paths(constraint: Constraint, before: Path) -> Iterator[Path]:
    """Give every path that a condition reads, from the binding on."""
    for path, _ in _judged(constraint, before):
        yield path


def _judged(constraint: Constraint, before: Path) -> Iterator[tuple[Path, Condition]]:
    path = before + constraint.path
    yield path, constraint.condition
    for inner in inner_constraints(constraint.condition):
        yield from _judged(inner, path)


def joint_paths(joint: Joint, component: str) -> tuple[Path, ...]:
    """Give the paths that a joint condition reads at a component."""
    if isinstance(joint, CompositionShape):
        return tuple((info,) for info in joint.reads)
    if not isinstance(joint, Compatible):
        return (joint.path,)
    ends = ((joint.giver, joint.given), (joint.taker, joint.taken))
    return tuple(path for name, path in ends if name == component)


def joint_path(joint: Joint, component: str) -> Path:
    """Give the one path that a joint condition reads at a component."""
    return joint_paths(joint, component)[0]


def choice_paths(request: Request, component: Component) -> list[Path]:
    """Give the paths that begin with a choice, by name: what an answer shows as configuration."""
    found = {
        ".".join(step.name for step in path): path
        for path in _paths(request, component)
        if path[0].kind is ValueKind.CHOICE
    }
    longer = {path[:-1] for path in found.values()}
    return [found[name] for name in sorted(found) if found[name] not in longer]
