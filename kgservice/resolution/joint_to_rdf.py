"""Joint conditions written as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kgservice.model.rdf import Iri, Literal, Subject, Term, typed
from kgservice.model.terms import KG, SCHEMA
from kgservice.resolution.joints import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Different,
    Joint,
    PairLimit,
    ProductLimit,
    Same,
    SumLimit,
)

JOINT_TYPES = {
    Same: KG.Same,
    Different: KG.AllDifferent,
    AtMost: KG.DistinctLimit,
    SumLimit: KG.SumLimit,
    ProductLimit: KG.ProductLimit,
    PairLimit: KG.PairLimit,
    Capacity: KG.CapacityLimit,
    Compatible: KG.Compatible,
    CompositionShape: KG.JointConstraint,
}


class Writing(Protocol):
    """What writes the statements of a request."""

    def add(self, subject: Subject, prop: Iri, *values: Term) -> None:
        """Add statements."""
        ...

    def iri(self, identity: str) -> Iri:
        """Give the IRI of a part from its short id."""
        ...

    def sequence(self, items: Sequence[Term]) -> Subject:
        """Write an RDF list and give its head."""
        ...


def write_joint(writer: Writing, joint: Joint, names: tuple[str, ...]) -> None:
    """Write what a joint condition says; `names` are all components, in document order."""
    node = writer.iri(joint.id)
    if isinstance(joint, CompositionShape):
        writer.add(node, KG.compositionShape, joint.shape)
        return
    if isinstance(joint, Compatible):
        for prop, name, path in (
            (KG.from_, joint.giver, joint.given),
            (KG.to, joint.taker, joint.taken),
        ):
            ends = [writer.iri(name), *(step.iri for step in path)]
            writer.add(node, prop, writer.sequence(ends))
        return
    if isinstance(joint, PairLimit):
        writer.add(node, KG.of, joint.measure.iri)
        writer.add(node, KG.between, writer.sequence([writer.iri(name) for name in joint.over]))
        writer.add(node, KG.max, joint.limit)
        return
    if joint.over != names:
        writer.add(node, KG.over, writer.sequence([writer.iri(name) for name in joint.over]))
    if isinstance(joint, (SumLimit, ProductLimit, Capacity)):
        writer.add(node, KG.of, joint.path[0].iri)
        _write_limits(writer, node, joint)
        return
    writer.add(node, KG.path, writer.sequence([step.iri for step in joint.path]))
    if isinstance(joint, AtMost):
        writer.add(node, KG.n, typed(joint.n))


def _write_limits(writer: Writing, node: Iri, joint: SumLimit | ProductLimit | Capacity) -> None:
    limits: list[tuple[Iri, Literal | None]] = []
    if isinstance(joint, SumLimit):
        limits = [(KG.max, joint.limit), (KG.min, joint.minimum)]
        if joint.currency:
            writer.add(node, SCHEMA.priceCurrency, typed(joint.currency))
    elif isinstance(joint, ProductLimit):
        limits = [(KG.min, joint.minimum)]
    for prop, limit in limits:
        if limit is not None:
            writer.add(node, prop, limit)
