"""Facts back into the graph: a job's graph from its journal, and a service's graph step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from kgservice.jobs.values import Execution, Job
from kgservice.model.rdf import Iri, Literal, Term, Triple, typed
from kgservice.model.terms import DCTERMS, KG, PROV, RDF
from kgservice.plan import Json, JsonObject, Plan, Step, step_iri
from kgservice.plan.building import canonical

MAX_GRAPH_FACTS = 16_384
"""Longer reports stay in the journal; their single values still go to the graph."""

MAX_DIGITS = 100
"""Longer numbers are no measurements."""


def job_iri(base_iri: str, job: str) -> Iri:
    """Name a job; it is also the name of its graph."""
    return Iri(f"{base_iri}job/{job}")


def execution_iri(base_iri: str, job: str, step: str) -> Iri:
    """Name an execution by job and step, so that writing it twice is writing it once."""
    return Iri(f"{base_iri}job/{job}#{step}")


def job_triples(job: Job, base_iri: str) -> tuple[Triple, ...]:
    """Write a job's graph. It depends on nothing but the journal, so it can be repaired."""
    return tuple(_job_statements(job, base_iri))


def _job_statements(job: Job, base_iri: str) -> Iterator[Triple]:
    node = job_iri(base_iri, job.id)
    yield Triple(node, RDF.type, KG.Job)
    yield Triple(node, DCTERMS.identifier, typed(job.id))
    yield Triple(node, KG.ofPlan, Iri(job.plan))
    yield Triple(node, KG.customer, typed(job.customer))
    yield Triple(node, KG.jobState, typed(job.state))
    yield Triple(node, PROV.startedAtTime, typed(job.created, "dateTime"))
    if job.ended:
        yield Triple(node, PROV.endedAtTime, typed(job.ended, "dateTime"))
    for reason in job.reasons:
        yield Triple(node, KG.reason, typed(reason))
    for service in job.services:
        yield Triple(node, KG.forService, Iri(service))
        if job.has_consent:
            yield Triple(Iri(service), KG.consentedErase, typed(True))
    for step, until in job.holds:
        yield Triple(step_iri(job.plan, step), KG.notBefore, typed(until, "dateTime"))
    for execution in job.executions:
        yield from _execution_statements(node, job, execution, base_iri)


def _execution_statements(
    job_node: Iri, job: Job, execution: Execution, base_iri: str
) -> Iterator[Triple]:
    node = execution_iri(base_iri, job.id, execution.step)
    yield Triple(node, RDF.type, KG.StepExecution)
    yield Triple(node, KG.ofJob, job_node)
    yield Triple(node, KG.ofStep, step_iri(job.plan, execution.step))
    yield Triple(node, KG.sequence, typed(execution.number))
    yield Triple(node, KG.idempotencyKey, typed(f"{job.id}.{execution.step}"))
    yield Triple(node, PROV.startedAtTime, typed(execution.started, "dateTime"))
    if execution.worker:
        yield Triple(node, KG.onWorker, Iri(execution.worker))
        yield Triple(node, PROV.wasAssociatedWith, Iri(execution.worker))
    if execution.outcome:
        yield Triple(node, KG.outcome, Iri(KG.NS + execution.outcome))
        yield Triple(node, KG.fencingToken, typed(execution.token))
        yield Triple(node, PROV.endedAtTime, typed(execution.ended, "dateTime"))
    if execution.reason:
        yield Triple(node, KG.reason, typed(execution.reason))
    text = canonical(execution.facts)
    if execution.facts and len(text) <= MAX_GRAPH_FACTS:
        yield Triple(node, KG.facts, typed(text))
    rows, gap = execution.facts.get("rows"), execution.facts.get("writeGap")
    if isinstance(rows, int):
        yield Triple(node, KG.rowCount, typed(rows))
    if isinstance(gap, str) and (literal := _literal(gap)) is not None:
        yield Triple(node, KG.writeGap, literal)


def observed(
    facts: JsonObject, names: Iterable[str], properties: Mapping[str, Iri]
) -> dict[Iri, list[Term]]:
    """Turn reported single values into values of a service's properties.

    Only `names`, the properties that were asked for, are taken: a worker cannot write a service's
    provider, state or customer. `{"majorVersion": 16}` becomes `kg:majorVersion 16`; `properties`
    gives the property of each name, those of added ontologies too.
    """
    found: dict[Iri, list[Term]] = {}
    for name in names:
        predicate = properties.get(name)
        literal = _literal(facts.get(name))
        if predicate is not None and literal is not None:
            found[predicate] = [literal]
    return found


def held_bytes(facts: JsonObject) -> dict[Iri, list[Term]]:
    """Give how much data a service holds, when the worker said so."""
    amount = facts.get("dataBytes")
    is_amount = isinstance(amount, int) and not isinstance(amount, bool) and 0 <= amount < 2**63
    return {KG.dataBytes: [typed(int(str(amount)))]} if is_amount else {}


def _literal(value: Json) -> Literal | None:
    if isinstance(value, bool | int):
        return typed(value)
    if isinstance(value, float):
        return _number(Decimal(str(value)))
    if isinstance(value, str):
        try:
            return _number(Decimal(value)) or typed(value)
        except InvalidOperation:
            return typed(value)
    return None


def _number(number: Decimal) -> Literal | None:
    """Write a number out, unless that would be endless: `1e999999999` is a gigabyte of zeros."""
    is_short = number.is_finite() and abs(number.adjusted()) <= MAX_DIGITS
    return typed(f"{number:f}", "decimal") if is_short else None


def planned_service(plan: Plan, step: Step) -> tuple[Triple, ...]:
    """Write the first statements about a service that a plan brings into being."""
    node = Iri(step.service)
    requirements = step.input.get("requirements")
    return (
        Triple(node, RDF.type, KG.Service),
        Triple(node, DCTERMS.identifier, typed(step.service.rsplit("/", 1)[-1])),
        Triple(node, KG.customer, typed(plan.customer)),
        Triple(node, KG.component, typed(step.component)),
        Triple(node, KG.composition, Iri(plan.composition)),
        Triple(node, KG.kind, Iri(step.kind)),
        Triple(node, KG.boundTo, Iri(step.offering)),
        Triple(node, KG.serviceState, KG.Planned),
        Triple(node, KG.input, typed(canonical(requirements))),
        Triple(node, KG.picked, typed(canonical(step.input.get("picked") or {}))),
        Triple(node, PROV.wasDerivedFrom, Iri(plan.iri)),
    )


def with_values(
    triples: Iterable[Triple], node: Iri, values: Mapping[Iri, list[Term]]
) -> tuple[Triple, ...]:
    """Give the statements with the node's values of some properties replaced."""
    kept = [
        triple for triple in triples if triple.subject != node or triple.predicate not in values
    ]
    new = [Triple(node, predicate, value) for predicate in values for value in values[predicate]]
    return (*kept, *new)
