"""What a request reads: which facts must be there before its conditions can be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kgservice.model.rdf import RDF, Iri
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.request import (
    Compatible,
    Component,
    CompositionShape,
    Constraint,
    Has,
    Joint,
    LabelAtLeast,
    Request,
    joint_components,
)

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
LABEL_PARTS = (KG.scheme, KG.level, KG.validFrom, KG.validUntil, KG.schemeVersion, KG.completeFor)

Path = tuple[PropertyInfo, ...]
PROFILE_PATH: Path = (PropertyInfo(KG.profile, "profile", ValueKind.FEATURE),)


@dataclass(frozen=True, slots=True)
class Reads:
    """What one component's conditions read.

    Attributes:
        properties: Properties of the offering itself, choices too.
        choices: Those that the buyer picks, by name.
        further: For each way from the offering (properties), the properties read at its end.
    """

    properties: frozenset[Iri]
    choices: tuple[PropertyInfo, ...]
    further: tuple[tuple[tuple[Iri, ...], frozenset[Iri]], ...]


def reads_of(request: Request, component: Component) -> Reads:
    """Collect what the conditions on one component, its joint conditions and the order read."""
    ways: dict[tuple[Iri, ...], set[Iri]] = {(): set(ALWAYS), (KG.profile,): {KG.compatibleWith}}
    choices: dict[str, PropertyInfo] = {}
    for path in _paths(request, component):
        if path[0].kind is ValueKind.CHOICE:
            choices[path[0].name] = path[0]
        for depth, step in enumerate(path):
            way = tuple(before.iri for before in path[:depth])
            ways.setdefault(way, set()).update((step.iri, KG.completeFor))
            if step.is_money:
                ways[way].add(KG.currency)
    for constraint in request.constraints_of(component):
        if isinstance(constraint.condition, LabelAtLeast):
            way = tuple(step.iri for step in constraint.path)
            ways.setdefault(way, set()).update(LABEL_PARTS)
    return Reads(
        frozenset(ways.pop(())),
        tuple(choices[name] for name in sorted(choices)),
        tuple((way, frozenset(ways[way])) for way in sorted(ways)),
    )


def _paths(request: Request, component: Component) -> Iterator[Path]:
    for constraint in request.constraints_of(component):
        yield from constraint_paths(constraint, ())
    for joint in request.together:
        if component.name in joint_components(joint):
            yield from joint_paths(joint, component.name)
    for preference in request.prefer:
        yield (preference.property,)


def first_properties(request: Request, component: Component) -> frozenset[Iri]:
    """Give the properties of the binding itself that are read of a component."""
    return frozenset(path[0].iri for path in _paths(request, component))


def constraint_paths(constraint: Constraint, before: Path) -> Iterator[Path]:
    """Give every path that a condition reads, from the binding on."""
    path = before + constraint.path
    yield path
    if isinstance(constraint.condition, Has):
        for inner in constraint.condition.constraints:
            yield from constraint_paths(inner, path)


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
