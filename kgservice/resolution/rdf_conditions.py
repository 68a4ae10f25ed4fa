"""Conditions written as SHACL property shapes, by the operator table of REQUESTS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from kgservice.model.rdf import RDF, Blank, Iri, Subject, Term, Triple, typed
from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.compile import label_parts, opposite_of, quantifier
from kgservice.resolution.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Conforms,
    Constraint,
    Has,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Operator,
)
from kgservice.resolution.names import set_iri
from kgservice.resolution.request import Request

_RDF_TYPE = Iri(RDF + "type")
_FIRST, _REST, _NIL = Iri(RDF + "first"), Iri(RDF + "rest"), Iri(RDF + "nil")
_BOUNDS = {
    Operator.GE: SH.minInclusive,
    Operator.LE: SH.maxInclusive,
    Operator.GT: SH.minExclusive,
    Operator.LT: SH.maxExclusive,
    Operator.EQ: SH.hasValue,
}


@dataclass(slots=True)
class ConditionWriter:
    """Collects the statements of one request; this part writes conditions."""

    source: Request
    vocabulary: Vocabulary
    as_of: date | None
    triples: list[Triple] = field(default_factory=list)
    nodes: int = 0
    property_shapes: set[Subject] = field(default_factory=set)

    def add(self, subject: Subject, prop: Iri, *values: Term) -> None:
        """Add a statement for each value."""
        self.triples += [Triple(subject, prop, value) for value in values]

    def iri(self, identity: str) -> Iri:
        """Give the IRI of a part of the request."""
        return Iri(self.source.iri_of(identity))

    def fresh(self) -> Subject:
        """Give an inner node: the same request gives the same nodes."""
        self.nodes += 1
        digest = hashlib.sha256(f"{self.source.iri} {self.nodes}".encode()).hexdigest()[:12]
        return (
            Iri(f"{self.source.iri}#.n{self.nodes}-{digest}")
            if self.source.iri
            else Blank(f"n{self.nodes}")
        )

    def sequence(self, items: Sequence[Term]) -> Subject:
        """Write an RDF list and give its head."""
        if not items:
            return _NIL
        nodes = [self.fresh() for _ in items]
        for node, item, rest in zip(nodes, items, [*nodes[1:], _NIL], strict=True):
            self.add(node, _FIRST, item)
            self.add(node, _REST, rest)
        return nodes[0]

    def wish_holder(self, shape: Subject) -> Subject:
        """Give the node for conditions that go with a wish, such as completeness."""
        holder = self.fresh()
        self.add(shape, KG.goesWith, holder)
        return holder

    def steps(
        self, owner: Subject, shape: Subject, path: Sequence[PropertyInfo], condition: Condition
    ) -> None:
        """Write one step of a path as a property shape of `owner`; the rest nests in it."""
        step, rest = path[0], path[1:]
        self.add(shape, SH.path, self.path_of(step))
        self.property_shapes.add(shape)
        if rest:
            node = self.node_of(self.quantified(owner, shape, step, step.kind))
            inner = self.fresh()
            self.add(node, SH.property, inner)
            self.steps(node, inner, rest, condition)
            return
        if isinstance(condition, AllOf):
            self.add(shape, SH.hasValue, *condition.values)
            return
        opposite = opposite_of(condition, step.kind)
        if opposite is not None:
            holder = self.fresh()
            self.add(shape, SH.qualifiedValueShape, holder)
            self.add(shape, SH.qualifiedMaxCount, typed(0))
            self.companion(owner, KG.completeFor, step.iri)
            self.on_value(owner, holder, opposite)
            return
        kind, asked = quantifier(condition, step.kind)
        target = self.quantified(owner, shape, step, kind)
        self.on_value(owner, target, asked)

    def path_of(self, step: PropertyInfo) -> Subject:
        """Write a step's path: a chain follows a property once or more."""
        if step.follows is None:
            return step.iri
        node = self.fresh()
        self.add(node, SH.oneOrMorePath, step.follows.iri)
        return node

    def complete(self, owner: Subject, step: PropertyInfo) -> None:
        """Write that all values are known; of a chain, at every node that it reaches."""
        followed = step.follows
        if followed is None:
            self.companion(owner, KG.completeFor, step.iri)
            return
        node, path = self.fresh(), self.fresh()
        self.add(owner, SH.property, node)
        self.add(node, _RDF_TYPE, KG.GoesWith)
        self.add(node, SH.path, path)
        self.add(path, SH.zeroOrMorePath, followed.iri)
        known = self.fresh()
        self.companion(known, KG.completeFor, followed.iri)
        if followed.kind is not ValueKind.SINGLE:
            self.add(node, SH.node, known)
            return
        one = self.fresh()
        for shape, least, most in ((one, 1, 1), (known, 0, 0)):
            count = self.fresh()
            self.add(shape, SH.property, count)
            self.add(count, SH.path, followed.iri)
            self.add(count, SH.minCount, typed(least))
            self.add(count, SH.maxCount, typed(most))
        self.add(node, SH.or_, self.sequence([one, known]))

    def quantified(
        self, owner: Subject, shape: Subject, step: PropertyInfo, kind: ValueKind
    ) -> Subject:
        """Write how many values must meet a condition; gives the node to write it on."""
        if kind is ValueKind.FEATURE:
            holder = self.fresh()
            self.add(shape, SH.qualifiedValueShape, holder)
            self.add(shape, SH.qualifiedMinCount, typed(1))
            return holder
        if kind is ValueKind.EXPOSURE:
            self.complete(owner, step)
        else:
            self.add(shape, SH.minCount, typed(1))
            self.add(shape, SH.maxCount, typed(1))
        return shape

    def node_of(self, target: Subject) -> Subject:
        """Give a node shape for the values; only a property shape is none already."""
        if target not in self.property_shapes:
            return target
        node = self.fresh()
        self.add(target, SH.node, node)
        return node

    def companion(self, owner: Subject, prop: Iri, value: Term) -> None:
        """Write a condition on the node that has the property (completeness, currency)."""
        node = self.fresh()
        self.add(owner, SH.property, node)
        self.add(node, SH.path, prop)
        self.add(node, SH.hasValue, value)
        self.add(node, _RDF_TYPE, KG.GoesWith)

    def on_value(self, owner: Subject, target: Subject, condition: Condition) -> None:
        """Write what one value must meet; `target` is its shape, `owner` that of its subject."""
        if isinstance(condition, OneOf):
            ways = [self.fresh() for _ in condition.conditions]
            self.add(target, SH.or_, self.sequence(ways))
            for way, one in zip(ways, condition.conditions, strict=True):
                self.on_value(owner, way, one)
        elif isinstance(condition, LabelAtLeast):
            self.label(target, condition)
        elif isinstance(condition, Conforms):
            self.add(target, SH.node, condition.shape)
        elif isinstance(condition, Has):
            self.parts(target, condition.constraints)
        elif isinstance(condition, Compare):
            self.comparison(owner, target, condition)
        else:
            self.listed(target, condition)

    def comparison(self, owner: Subject, target: Subject, condition: Compare) -> None:
        """Write a bound; the currency of an amount is said by the node that has the amount."""
        self.add(target, _BOUNDS[condition.operator], condition.value)
        if condition.currency:
            self.add(target, SCHEMA.priceCurrency, typed(condition.currency))
            self.companion(owner, KG.currency, typed(condition.currency))

    def listed(self, target: Subject, condition: Condition) -> None:
        """Write values that are or are not meant, or a pattern."""
        if isinstance(condition, (AnyOf, InSet)):
            self.members(target, condition)
        elif isinstance(condition, (NoneOf, NotIn)):
            inner = self.fresh()
            self.add(target, SH.not_, inner)
            self.members(inner, condition)
        elif isinstance(condition, Matches):
            self.add(target, SH.pattern, typed(condition.pattern))

    def members(self, target: Subject, condition: AnyOf | InSet | NoneOf | NotIn) -> None:
        """Write the values out; a set keeps its name for the way back."""
        if isinstance(condition, (AnyOf, NoneOf)):
            self.add(target, SH.in_, self.sequence(condition.values))
            return
        members = self.vocabulary.members(condition.name, self.as_of or date.max)
        self.add(target, SH.in_, self.sequence(members))
        self.add(target, KG.inSet, set_iri(condition.name))

    def parts(self, target: Subject, constraints: Iterable[Constraint]) -> None:
        """Write conditions on one value."""
        node = self.node_of(target)
        for order, part in enumerate(constraints, start=1):
            inner = self.fresh()
            self.add(node, SH.property, inner)
            self.add(inner, SH.order, typed(order))
            self.steps(node, inner, part.path, part.condition)

    def label(self, target: Subject, label: LabelAtLeast) -> None:
        """Write a label's condition, which is worked out, and keep what was said."""
        self.add(target, KG.ofScheme, label.scheme)
        if label.level is not None:
            self.add(target, KG.atLeast, label.level)
        if label.valid_for:
            self.add(target, KG.validFor, typed(label.valid_for, "duration"))
        if label.version:
            self.add(target, KG.ofSchemeVersion, typed(label.version))
        self.parts(target, label_parts(label, self.vocabulary, self.as_of or date.max))
