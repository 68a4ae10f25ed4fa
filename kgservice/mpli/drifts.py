"""Drift of services: looked for, shown, and a repair proposed that nobody applies unasked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from kgservice.jobs import Drift, read_drifts
from kgservice.jobs.drift import INSTANCE
from kgservice.model.errors import KgError, Refused
from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import KG, RDF
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.plans import apply_plan, get_plan, plan_context, present_versions, save_plan
from kgservice.mpli.services import (
    KnownService,
    customer_key_of,
    find_service,
    known_services,
    running,
)
from kgservice.plan import Json, Plan, plan_observation, plan_repair
from kgservice.plan.checks import require_fresh
from kgservice.store.port import GraphChange

_LOG = logging.getLogger("kgservice.drift")
KEEPER = Caller("keeper", "operator", "keeper")
"""The service itself, looking after what runs."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What is proposed: a saved plan, or why there is none."""

    plan: Plan | None
    reason: str = ""


def observe(application: Application, caller: Caller, identity: str) -> str:
    """Have a service looked at now, as a job; give its id.

    Raises:
        NotFound: there is no such service.
        Refused: it has ended, another job works on it, or no worker observes it.
    """
    service = find_service(application, caller, identity)
    context = plan_context(application, service.customer, {})
    plan = save_plan(application, plan_observation(running(application, service), context))
    return apply_plan(application, caller, plan.id)


def drifts_of(application: Application, service: KnownService) -> tuple[Drift, ...]:
    """Give what of a service is not as it was made, at its last observation."""
    return read_drifts(application.store.graph(service.iri, dataset="private"), Iri(service.iri))


def drift_json(application: Application, service: KnownService) -> dict[str, object]:
    """Show the drift of a service and the repair that is proposed; nothing when there is none."""
    drifts = drifts_of(application, service)
    if not drifts:
        return {}
    repair = proposed(application, service)
    return {
        "drift": [one.as_json() for one in drifts],
        "repair": {
            "plan": repair.plan.id if repair.plan else None,
            "expires": repair.plan.expires if repair.plan else None,
            "reason": repair.reason or None,
        },
    }


def proposed(application: Application, service: KnownService) -> Repair:
    """Give the repair of a drifted service: the saved one while it holds, else a new one."""
    drifts = drifts_of(application, service)
    wanted = {one.name: one.planned for one in drifts if one.name != INSTANCE}
    if len(wanted) < len(drifts):
        return Repair(
            None,
            "The worker does not find it. To make it anew would lose its data: ask the provider"
            " first, then end it and provision it again.",
        )
    known = _known(application, service, wanted)
    if known is not None:
        return Repair(known)
    try:
        return Repair(_propose(application, service, drifts))
    except KgError as error:
        return Repair(None, error.detail)


def _repair_iri(application: Application, service: KnownService) -> str:
    return f"{application.base_iri}repair/{service.id}"


def _known(
    application: Application, service: KnownService, wanted: Mapping[str, Json]
) -> Plan | None:
    graph = application.store.graph(_repair_iri(application, service), dataset="private")
    named = [t.object for t in graph if t.predicate == KG.repairPlan]
    if not named:
        return None
    try:
        plan = get_plan(application, KEEPER, str(named[0][0]))
        require_fresh(plan, present_versions(application, plan.uses), application.now())
    except KgError:
        return None
    is_same = plan.step("adjust").input.get("changes") == wanted
    was_applied = application.jobs is not None and application.jobs.job_of_plan(plan.iri) != ""
    return plan if is_same and not was_applied else None


def _propose(application: Application, service: KnownService, drifts: tuple[Drift, ...]) -> Plan:
    planned = {one.name: one.planned for one in drifts}
    observed = {one.name: one.observed for one in drifts}
    context = plan_context(application, service.customer, customer_key_of(application, service))
    now = running(application, service)
    if not planned:
        raise Refused("Nothing differs.", code="nothing-to-do")
    plan = save_plan(application, plan_repair(now, planned, observed, context))
    node = Iri(_repair_iri(application, service))
    triples = (
        Triple(node, RDF.type, KG.ProposedRepair),
        Triple(node, KG.customer, typed(service.customer)),
        Triple(node, KG.forService, Iri(service.iri)),
        Triple(node, KG.repairPlan, Iri(plan.iri)),
    )
    application.store.commit([GraphChange(node.value, triples)], dataset="private")
    return plan


def propose_for(application: Application, service_iri: str) -> None:
    """Propose a repair for a service that an observation found to differ; never raises."""
    try:
        for service in known_services(application, KEEPER):
            if service.iri == service_iri:
                proposed(application, service)
    except KgError:
        _LOG.exception("no repair could be proposed for %s", service_iri)
