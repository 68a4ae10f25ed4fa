"""A request as RDF: SHACL shapes over bindings, by the operator table of REQUESTS."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kgservice.model.rdf import RDF, Iri, Subject, Triple, typed
from kgservice.model.terms import DCTERMS, KG, RDFS, SH
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.joint_to_rdf import JOINT_TYPES, write_joint
from kgservice.resolution.preferences import Extent, Ranking
from kgservice.resolution.rdf_conditions import ConditionWriter
from kgservice.resolution.request import (
    Component,
    Constraint,
    Exit,
    Joint,
    Policy,
    Preference,
    Request,
    Ways,
)

RANKINGS = {Ranking.WEIGHTS: KG.Weighted, Ranking.PARETO: KG.ParetoFront}
EXTENTS = {Extent.LOWEST: KG.Lowest, Extent.HIGHEST: KG.Highest}
_RDF_TYPE = Iri(RDF + "type")
_WAYS = {Ways.MANAGED: KG.Managed, Ways.ANY: KG.AnyWay}
_POLICIES = {Policy.REJECT: KG.Reject, Policy.WARN: KG.Warn, Policy.ACCEPT: KG.Accept}


def request_triples(
    request: Request, vocabulary: Vocabulary, today: date | None = None
) -> tuple[Triple, ...]:
    """Write a request as statements about its IRI; inner nodes are skolem IRIs below it.

    `today` is the day for members of named sets when the request has no as-of of its own.
    """
    writer = _Writer(request, vocabulary, request.as_of or today)
    writer.request()
    return tuple(writer.triples)


class _Writer(ConditionWriter):
    """Collects the statements of one request."""

    def request(self) -> None:
        request, node = self.source, Iri(self.source.iri)
        self.add(node, _RDF_TYPE, KG.Request)
        self.settings(node)
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
        self.ranking(node)
        if request.exit:
            self.add(node, KG.exit, self.exit(request.exit))

    def settings(self, node: Subject) -> None:
        request = self.source
        if request.title:
            self.add(node, DCTERMS.title, typed(request.title))
        if request.as_of:
            self.add(node, KG.asOf, typed(request.as_of.isoformat(), "date"))
        if request.term:
            self.add(node, KG.term, typed(request.term, "duration"))
        self.add(node, KG.unknownPolicy, _POLICIES[request.unknown])
        self.add(node, KG.answers, typed(request.answers))
        if request.ways is not Ways.MANAGED:
            self.add(node, KG.ways, _WAYS[request.ways])

    def exit(self, wanted: Exit) -> Subject:
        node = self.fresh()
        self.add(node, _RDF_TYPE, KG.Exit)
        self.add(node, KG.path, self.sequence([step.iri for step in wanted.different]))
        if wanted.within:
            self.add(node, KG.within, typed(wanted.within, "duration"))
        return node

    def ranking(self, node: Subject) -> None:
        prefer, ranking = self.source.prefer, self.source.ranking
        if prefer:
            self.add(node, KG.prefer, self.sequence([self.preference(one) for one in prefer]))
        if ranking is not Ranking.LEXICOGRAPHIC:
            self.add(node, KG.ranking, RANKINGS[ranking])

    def preference(self, preference: Preference) -> Subject:
        node = self.fresh()
        self.add(node, _RDF_TYPE, KG.Maximise if preference.is_maximise else KG.Minimise)
        self.add(node, KG.of, preference.property.iri)
        if preference.extent is not Extent.SUM:
            self.add(node, KG.extent, EXTENTS[preference.extent])
        if preference.between:
            ends = [self.iri(name) for name in preference.between]
            self.add(node, KG.between, self.sequence(ends))
        if preference.weight:
            self.add(node, KG.weight, typed(preference.weight, "decimal"))
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
        if component.ways:
            self.add(node, KG.ways, _WAYS[component.ways])
        if component.use:
            self.add(node, KG.use, Iri(component.use))
        self.constraints(node, component.constraints)

    def constraints(self, node: Subject, constraints: Iterable[Constraint]) -> None:
        for order, constraint in enumerate(constraints, start=1):
            shape = self.iri(constraint.id)
            self.add(node, KG.wish if constraint.is_wish else SH.property, shape)
            self.add(shape, _RDF_TYPE, SH.PropertyShape)
            self.add(shape, SH.order, typed(order))
            if constraint.policy:
                self.add(shape, KG.unknownPolicy, _POLICIES[constraint.policy])
            if constraint.evidence:
                self.add(shape, KG.minEvidence, constraint.evidence.iri)
            owner = self.wish_holder(shape) if constraint.is_wish else node
            self.steps(owner, shape, constraint.path, constraint.condition)

    def joint(self, joint: Joint, order: int) -> None:
        node = self.iri(joint.id)
        self.add(node, _RDF_TYPE, JOINT_TYPES[type(joint)])
        self.add(node, SH.order, typed(order))
        if joint.policy:
            self.add(node, KG.unknownPolicy, _POLICIES[joint.policy])
        names = tuple(component.name for component in self.source.components)
        write_joint(self, joint, names)
