"""A request as RDF: SHACL shapes over bindings, by the operator table of REQUESTS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from kgservice.model.rdf import RDF, Blank, Iri, Subject, Term, Triple, typed
from kgservice.model.terms import DCTERMS, KG, RDFS, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.compile import label_parts
from kgservice.resolution.joint_to_rdf import JOINT_TYPES, write_joint
from kgservice.resolution.names import set_iri
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Component,
    Condition,
    Constraint,
    Exit,
    Has,
    InSet,
    Joint,
    LabelAtLeast,
    NoneOf,
    Operator,
    Policy,
    Preference,
    Request,
)

_RDF_TYPE = Iri(RDF + "type")
_FIRST, _REST, _NIL = Iri(RDF + "first"), Iri(RDF + "rest"), Iri(RDF + "nil")
_POLICIES = {Policy.REJECT: KG.Reject, Policy.WARN: KG.Warn, Policy.ACCEPT: KG.Accept}
_BOUNDS = {
    Operator.GE: SH.minInclusive,
    Operator.LE: SH.maxInclusive,
    Operator.GT: SH.minExclusive,
    Operator.LT: SH.maxExclusive,
    Operator.EQ: SH.hasValue,
}


def request_triples(
    request: Request, vocabulary: Vocabulary, today: date | None = None
) -> tuple[Triple, ...]:
    """Write a request as statements about its IRI; inner nodes are skolem IRIs below it.

    `today` is the day for members of named sets when the request has no as-of of its own.
    """
    writer = _Writer(request, vocabulary, request.as_of or today)
    writer.request()
    return tuple(writer.triples)


@dataclass(slots=True)
class _Writer:
    """Collects the statements of one request."""

    source: Request
    vocabulary: Vocabulary
    as_of: date | None
    triples: list[Triple] = field(default_factory=list)
    nodes: int = 0

    def add(self, subject: Subject, prop: Iri, *values: Term) -> None:
        self.triples += [Triple(subject, prop, value) for value in values]

    def iri(self, identity: str) -> Iri:
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

    def request(self) -> None:
        request, node = self.source, Iri(self.source.iri)
        self.add(node, _RDF_TYPE, KG.Request)
        if request.title:
            self.add(node, DCTERMS.title, typed(request.title))
        if request.as_of:
            self.add(node, KG.asOf, typed(request.as_of.isoformat(), "date"))
        if request.term:
            self.add(node, KG.term, typed(request.term, "duration"))
        self.add(node, KG.unknownPolicy, _POLICIES[request.unknown])
        self.add(node, KG.answers, typed(request.answers))
        for order, component in enumerate(request.components, start=1):
            self.add(node, KG.component, self.iri(component.name))
            self.component(component, order)
        if request.every:
            self.add(node, KG.everyComponent, self.iri("every"))
            self.add(self.iri("every"), _RDF_TYPE, SH.NodeShape)
            self.constraints(self.iri("every"), request.every)
        for order, joint in enumerate(request.together, start=1):
            self.add(node, KG.wish if joint.is_wish else KG.joint, self.iri(joint.id))
            self.joint(joint, order)
        self.wishes_for_all(node)

    def wishes_for_all(self, node: Iri) -> None:
        request = self.source
        if request.prefer:
            self.add(node, KG.prefer, self.sequence([self.preference(p) for p in request.prefer]))
        if request.exit:
            self.add(node, KG.exit, self.exit(request.exit))

    def exit(self, wanted: Exit) -> Subject:
        node = self.fresh()
        self.add(node, _RDF_TYPE, KG.Exit)
        self.add(node, KG.path, self.sequence([step.iri for step in wanted.different]))
        if wanted.within:
            self.add(node, KG.within, typed(wanted.within, "duration"))
        return node

    def preference(self, preference: Preference) -> Subject:
        node = self.fresh()
        self.add(node, _RDF_TYPE, KG.Maximise if preference.is_maximise else KG.Minimise)
        self.add(node, KG.of, preference.property.iri)
        return node

    def component(self, component: Component, order: int) -> None:
        node = self.iri(component.name)
        self.add(node, _RDF_TYPE, KG.Component, SH.NodeShape)
        self.add(node, RDFS.label, typed(component.name))
        self.add(node, SH.order, typed(order))
        self.add(node, SH.class_, component.kind)
        self.add(node, KG.quantity, typed(component.quantity))
        if component.needs:
            self.add(node, KG.needs, *(self.iri(name) for name in component.needs))
        self.constraints(node, component.constraints)

    def constraints(self, node: Subject, constraints: Iterable[Constraint]) -> None:
        for order, constraint in enumerate(constraints, start=1):
            shape = self.iri(constraint.id)
            self.add(node, KG.wish if constraint.is_wish else SH.property, shape)
            self.add(shape, _RDF_TYPE, SH.PropertyShape)
            self.add(shape, SH.order, typed(order))
            if constraint.policy:
                self.add(shape, KG.unknownPolicy, _POLICIES[constraint.policy])
            owner = self.wish_holder(shape) if constraint.is_wish else node
            self.steps(owner, shape, constraint.path, constraint.condition)

    def wish_holder(self, shape: Subject) -> Subject:
        """Give the node for conditions that go with a wish, such as completeness."""
        holder = self.fresh()
        self.add(shape, KG.goesWith, holder)
        return holder

    def steps(
        self,
        owner: Subject,
        shape: Subject,
        path: Sequence[PropertyInfo],
        condition: Condition,
    ) -> None:
        """Write one step of a path as a property shape of `owner`; the rest nests in it."""
        step, rest = path[0], path[1:]
        self.add(shape, SH.path, step.iri)
        is_none = isinstance(condition, NoneOf) and not rest
        if step.kind is ValueKind.EXPOSURE or (is_none and step.kind is ValueKind.FEATURE):
            self.companion(owner, KG.completeFor, step.iri)
        if step.kind is ValueKind.FEATURE and not (isinstance(condition, AllOf) and not rest):
            holder = self.fresh()
            self.add(shape, SH.qualifiedValueShape, holder)
            count = SH.qualifiedMaxCount if is_none else SH.qualifiedMinCount
            self.add(shape, count, typed(0 if is_none else 1))
            shape_of_value = holder
        else:
            shape_of_value = shape
            if step.kind in (ValueKind.SINGLE, ValueKind.CHOICE):
                self.add(shape, SH.minCount, typed(1))
                self.add(shape, SH.maxCount, typed(1))
        if rest:
            self.nested(shape_of_value, shape, rest, condition)
        else:
            self.condition(owner, shape_of_value, step, condition)

    def nested(
        self,
        target: Subject,
        shape: Subject,
        rest: Sequence[PropertyInfo],
        condition: Condition,
    ) -> None:
        """Put the following step in a node shape; a qualified shape is one already."""
        node = target
        if target == shape:
            node = self.fresh()
            self.add(shape, SH.node, node)
        inner = self.fresh()
        self.add(node, SH.property, inner)
        self.steps(node, inner, rest, condition)

    def companion(self, owner: Subject, prop: Iri, value: Term) -> None:
        """Write a condition on the node that has the property (completeness, currency)."""
        node = self.fresh()
        self.add(owner, SH.property, node)
        self.add(node, SH.path, prop)
        self.add(node, SH.hasValue, value)
        self.add(node, _RDF_TYPE, KG.GoesWith)

    def condition(
        self, owner: Subject, target: Subject, step: PropertyInfo, condition: Condition
    ) -> None:
        if isinstance(condition, Compare):
            self.add(target, _BOUNDS[condition.operator], condition.value)
            if condition.currency:
                self.add(target, SCHEMA.priceCurrency, typed(condition.currency))
                self.companion(owner, KG.currency, typed(condition.currency))
        elif isinstance(condition, AnyOf):
            self.add(target, SH.in_, self.sequence(condition.values))
        elif isinstance(condition, NoneOf):
            self.none_of(target, step, condition)
        elif isinstance(condition, AllOf):
            self.add(target, SH.hasValue, *condition.values)
        elif isinstance(condition, InSet):
            members = self.vocabulary.members(condition.name, self.as_of or date.max)
            self.add(target, SH.in_, self.sequence(members))
            self.add(target, KG.inSet, set_iri(condition.name))
        else:
            self.parts(target, step, condition)

    def none_of(self, target: Subject, step: PropertyInfo, condition: NoneOf) -> None:
        if step.kind is ValueKind.FEATURE:
            self.add(target, SH.in_, self.sequence(condition.values))
            return
        inner = self.fresh()
        self.add(target, SH.not_, inner)
        self.add(inner, SH.in_, self.sequence(condition.values))

    def parts(self, target: Subject, step: PropertyInfo, condition: Has | LabelAtLeast) -> None:
        """Write conditions on one value; a label's are worked out, and kept for the way back."""
        node = target
        if step.kind is not ValueKind.FEATURE:
            node = self.fresh()
            self.add(target, SH.node, node)
        constraints: Sequence[Constraint]
        if isinstance(condition, LabelAtLeast):
            self.label(target, condition)
            constraints = label_parts(condition, self.vocabulary, self.as_of or date.max)
        else:
            constraints = condition.constraints
        for order, part in enumerate(constraints, start=1):
            inner = self.fresh()
            self.add(node, SH.property, inner)
            self.add(inner, SH.order, typed(order))
            self.steps(node, inner, part.path, part.condition)

    def label(self, target: Subject, label: LabelAtLeast) -> None:
        self.add(target, KG.ofScheme, label.scheme)
        if label.level is not None:
            self.add(target, KG.atLeast, label.level)
        if label.valid_for:
            self.add(target, KG.validFor, typed(label.valid_for, "duration"))
        if label.version:
            self.add(target, KG.ofSchemeVersion, typed(label.version))

    def joint(self, joint: Joint, order: int) -> None:
        node = self.iri(joint.id)
        self.add(node, _RDF_TYPE, JOINT_TYPES[type(joint)])
        self.add(node, SH.order, typed(order))
        if joint.policy:
            self.add(node, KG.unknownPolicy, _POLICIES[joint.policy])
        names = tuple(component.name for component in self.source.components)
        write_joint(self, joint, names)
