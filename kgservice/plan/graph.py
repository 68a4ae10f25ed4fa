"""A plan as a graph of steps, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import DCTERMS, KG, PROV, RDF
from kgservice.plan.building import canonical
from kgservice.plan.expected import expectations, read_costs, read_ways
from kgservice.plan.nodes import Node, read_nodes, step_iri
from kgservice.plan.values import LegalClock, Plan, Step

ACTIONS = (KG.Provisioning, KG.Move, KG.Adjustment, KG.Ending, KG.Rehearsal, KG.Observation)


def to_triples(plan: Plan) -> tuple[Triple, ...]:
    """Write a plan as the statements of its graph; there are no blank nodes."""
    return tuple(_plan_statements(plan))


def _plan_statements(plan: Plan) -> Iterator[Triple]:
    node = Iri(plan.iri)
    yield Triple(node, RDF.type, KG.Plan)
    yield Triple(node, RDF.type, plan.action)
    yield Triple(node, DCTERMS.identifier, typed(plan.id))
    yield Triple(node, PROV.generatedAtTime, typed(plan.made, "dateTime"))
    yield Triple(node, KG.expires, typed(plan.expires, "dateTime"))
    yield Triple(node, KG.customer, typed(plan.customer))
    if plan.composition:
        yield Triple(node, KG.composition, Iri(plan.composition))
    if plan.service:
        yield Triple(node, KG.targetService, Iri(plan.service))
    if plan.cost:
        yield Triple(node, KG.planCost, typed(plan.cost))
    for number, (graph, version) in enumerate(sorted(plan.uses.items()), 1):
        use = step_iri(plan.iri, f"graph-{number}")
        yield Triple(node, KG.usesGraph, use)
        yield Triple(use, DCTERMS.source, Iri(graph))
        yield Triple(use, KG.graphVersion, typed(version))
    for number, clock in enumerate(plan.clocks, 1):
        yield from _clock_statements(node, step_iri(plan.iri, f"clock-{number}"), number, clock)
    yield from expectations(plan)
    for number, step in enumerate(plan.steps, 1):
        yield Triple(node, KG.step, step_iri(plan.iri, step.name))
        yield from _step_statements(plan, step, number)
    for number, step in enumerate(plan.undo_steps, len(plan.steps) + 1):
        yield from _step_statements(plan, step, number)


def _clock_statements(plan: Iri, node: Iri, number: int, clock: LegalClock) -> Iterator[Triple]:
    yield Triple(plan, KG.legalClock, node)
    yield Triple(node, RDF.type, KG.LegalClock)
    yield Triple(node, KG.sequence, typed(number))
    yield Triple(node, KG.clockName, typed(clock.name))
    yield Triple(node, KG.forService, Iri(clock.service))
    yield Triple(node, KG.period, typed(clock.period, "duration"))
    yield Triple(node, KG.endsAt, typed(clock.ends_at, "dateTime"))


def _step_statements(plan: Plan, step: Step, number: int) -> Iterator[Triple]:
    node = step_iri(plan.iri, step.name)
    text = canonical(step.input)
    yield Triple(node, RDF.type, KG.Step)
    yield Triple(node, DCTERMS.identifier, typed(step.name))
    yield Triple(node, KG.sequence, typed(number))
    yield Triple(node, KG.verb, step.verb)
    yield Triple(node, KG.forService, Iri(step.service))
    yield Triple(node, KG.forProvider, Iri(step.provider))
    yield Triple(node, KG.input, typed(text))
    yield Triple(node, KG.inputHash, typed(hashlib.sha256(text.encode()).hexdigest()))
    for name in step.after:
        yield Triple(node, KG.after, step_iri(plan.iri, name))
    yield from _optional_statements(plan, step, node)


def _optional_statements(plan: Plan, step: Step, node: Iri) -> Iterator[Triple]:
    if step.point_of_no_return:
        yield Triple(node, KG.pointOfNoReturn, typed(True))
    for predicate, text, datatype in (
        (KG.component, step.component, "string"),
        (KG.notBefore, step.not_before, "dateTime"),
        (KG.waits, step.waits, "duration"),
    ):
        if text:
            yield Triple(node, predicate, typed(text, datatype))
    for predicate, value in (
        (KG.undo, step.undo and step_iri(plan.iri, step.undo).value),
        (KG.kind, step.kind),
        (KG.offering, step.offering),
        (KG.leadsTo, step.leads_to),
    ):
        if value:
            yield Triple(node, predicate, Iri(value))


def from_triples(triples: Iterable[Triple]) -> Plan:
    """Read a plan back from its graph.

    Raises:
        InputError: the graph holds no plan, or a broken one (`plan-invalid`).
    """
    nodes = read_nodes(triples)
    found = [node for node in nodes.values() if KG.Plan.value in node.all(RDF.type)]
    if len(found) != 1:
        raise InputError(f"The graph holds {len(found)} plans, not one.", code="plan-invalid")
    plan = found[0]
    names = set(plan.all(KG.step))
    steps = [node for node in nodes.values() if KG.Step.value in node.all(RDF.type)]
    steps.sort(key=lambda node: node.number(KG.sequence))
    actions = [action for action in ACTIONS if action.value in plan.all(RDF.type)]
    if len(actions) != 1:
        raise InputError("The plan says not exactly one kind of plan.", code="plan-invalid")
    uses = (nodes[iri] for iri in plan.all(KG.usesGraph) if iri in nodes)
    clocks = [nodes[iri] for iri in plan.all(KG.legalClock) if iri in nodes]
    clocks.sort(key=lambda node: node.number(KG.sequence))
    return Plan(
        id=plan.one(DCTERMS.identifier),
        iri=plan.iri,
        action=actions[0],
        customer=plan.one(KG.customer),
        made=plan.moment(PROV.generatedAtTime),
        expires=plan.moment(KG.expires),
        steps=tuple(_read_step(node) for node in steps if node.iri in names),
        undo_steps=tuple(_read_step(node) for node in steps if node.iri not in names),
        composition=plan.one(KG.composition),
        service=plan.one(KG.targetService),
        uses={node.one(DCTERMS.source): node.number(KG.graphVersion) for node in uses},
        cost=plan.one(KG.planCost),
        ways=read_ways(nodes[iri] for iri in plan.all(KG.way) if iri in nodes),
        costs=read_costs(nodes[iri] for iri in plan.all(KG.costLine) if iri in nodes),
        clocks=tuple(
            LegalClock(
                node.one(KG.clockName),
                node.one(KG.forService),
                node.one(KG.period),
                node.moment(KG.endsAt),
            )
            for node in clocks
        ),
    )


def _read_step(node: Node) -> Step:
    return Step(
        name=node.one(DCTERMS.identifier),
        verb=Iri(node.one(KG.verb)),
        service=node.one(KG.forService),
        provider=node.one(KG.forProvider),
        offering=node.one(KG.offering),
        kind=node.one(KG.kind),
        component=node.one(KG.component),
        after=tuple(iri.rsplit("#", 1)[-1] for iri in node.all(KG.after)),
        undo=node.one(KG.undo).rsplit("#", 1)[-1],
        input=json.loads(node.one(KG.input) or "{}"),
        not_before=node.moment(KG.notBefore),
        waits=node.one(KG.waits),
        point_of_no_return=node.one(KG.pointOfNoReturn) == "true",
        leads_to=node.one(KG.leadsTo),
    )
