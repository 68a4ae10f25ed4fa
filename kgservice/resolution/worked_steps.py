"""Steps of a path that are worked out of others: chains, and what is stated with some evidence.

Such a step has an IRI of its own that no document can use. The graph engine constructs its
statements in the scratch store, the fast engine makes a column of it; from there on it is a
property as any other, for both of them and for SHACL.
"""

from __future__ import annotations

from dataclasses import replace

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import (
    Condition,
    Conforms,
    Constraint,
    Each,
    Evidence,
    Has,
    LabelAtLeast,
    OneOf,
    Some,
)

_NEEDS_EVIDENCE = {KG.certificate: Evidence.CERTIFIED}
"""What anybody could say of themselves and means nothing then; a line may ask for less."""


def chain_of(info: PropertyInfo) -> PropertyInfo:
    """Give the step that follows a property once or more: all that is reached counts."""
    return replace(
        info,
        iri=Iri(info.iri.value + "+"),
        name=f"{info.name}+",
        kind=ValueKind.EXPOSURE,
        follows=info,
        states=None,
        evidence="",
    )


def evident(info: PropertyInfo, evidence: Evidence) -> PropertyInfo:
    """Give the step that sees only what is stated with some evidence."""
    if info.follows is not None:
        return replace(chain_of(evident(info.follows, evidence)), name=info.name)
    if info.is_derived or info.iri in (KG.label, KG.offering):
        # a label says itself what it rests on; which offering is bound nobody needs to state
        return info
    return replace(
        info,
        iri=Iri(f"{info.iri.value}~{evidence.value}"),
        states=info.iri,
        evidence=evidence.value,
    )


def base_of(step: PropertyInfo) -> PropertyInfo:
    """Give the property that a chain follows; any other step is its own."""
    return step if step.follows is None else step.follows


def stated_iri(step: PropertyInfo) -> Iri:
    """Give the property that documents use for a step."""
    base = base_of(step)
    return base.iri if base.states is None else base.states


def is_worked(step: PropertyInfo) -> bool:
    """Say whether a step is worked out of others."""
    return step.follows is not None or bool(step.evidence)


def judged(constraint: Constraint, asked: Evidence | None = None) -> Constraint:
    """Give a condition with its evidence worked into its path, which is how it is judged."""
    evidence = constraint.evidence or asked
    for step in constraint.path:
        evidence = evidence or _NEEDS_EVIDENCE.get(step.iri)
    path = constraint.path
    if evidence is not None:
        path = tuple(evident(step, evidence) for step in path)
    condition = _judged(constraint.condition, evidence)
    if evidence is None and condition is constraint.condition:
        return constraint
    return replace(constraint, path=path, condition=condition, evidence=None)


def _judged(condition: Condition, evidence: Evidence | None) -> Condition:
    if isinstance(condition, Has):
        return Has(tuple(judged(part, evidence) for part in condition.constraints))
    if isinstance(condition, Conforms):
        return _judged(condition.meaning, evidence)
    if isinstance(condition, OneOf):
        return OneOf(tuple(_judged(one, evidence) for one in condition.conditions))
    if isinstance(condition, (Each, Some)):
        return replace(condition, condition=_judged(condition.condition, evidence))
    if isinstance(condition, LabelAtLeast) and evidence is not None:
        return replace(condition, evidence=evidence)
    return condition
