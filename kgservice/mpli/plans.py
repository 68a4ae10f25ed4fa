"""Plans: made from a composition, kept as a graph, refused when stale, carried out as a job."""

from __future__ import annotations

from collections.abc import Mapping

from kgservice.model.errors import InputError, NotFound, Refused
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import (
    offering_terms,
    picked_json,
    with_settings,
    worker_requirements,
)
from kgservice.mpli.limits import require_within_limits
from kgservice.mpli.request_answers import resolution
from kgservice.mpli.resolve import ResolvedComposition, check_with_reference
from kgservice.plan import (
    Binding,
    Composition,
    JsonObject,
    Performer,
    Plan,
    PlanContext,
    from_triples,
    plan_provisioning,
    require_fresh,
    to_json,
    to_text,
    to_triples,
)
from kgservice.resolution.recipes import read_recipes
from kgservice.resolution.request import Component
from kgservice.resolution.spots import Way
from kgservice.resolution.templates import render, values_of
from kgservice.store.port import META_GRAPH, GraphChange
from kgservice.store.queries import load_query


def add_plan(
    application: Application,
    caller: Caller,
    request: str,
    rank: int,
    customer_key: JsonObject | None,
) -> Plan:
    """Resolve a request and plan one of its compositions; nothing is done yet.

    Raises:
        NotFound: the request is unknown.
        Refused: it is not feasible (`infeasible`, with reasons), or no worker performs a component
            (`no-worker`, naming it).
        InputError: there is no composition of that rank (`rank-unknown`).
    """
    saved = requests.get_request(application, caller, request)
    answer = resolution(application, saved)
    if answer.status != "feasible":
        raise Refused(
            f"The request is {answer.status}; there is nothing to plan.",
            code="infeasible",
            hint="`kg request explain FILE` tells why.",
            reasons=answer.reasons(),
        )
    if rank > len(answer.compositions):
        raise InputError(
            f"There are {len(answer.compositions)} compositions, none of rank {rank}.",
            code="rank-unknown",
            at="/rank",
        )
    chosen = answer.compositions[rank - 1]
    had = chosen.situation or saved.request
    check_with_reference(application.store, application.vocabulary, had, chosen)
    composition = Composition(
        iri=chosen.iri,
        bindings=tuple(
            require_within_limits(application, bind(application, component, chosen))
            for component in with_settings(had, saved.request)
            if component.kind != KG.Bundle
        ),
        price=chosen.price_text,
        uses=chosen.uses,
        evidence_until=chosen.evidence_until,
    )
    context = plan_context(application, saved.customer, customer_key or {})
    return save_plan(application, plan_provisioning(composition, context))


def plan_context(application: Application, customer: str, customer_key: JsonObject) -> PlanContext:
    """Gather what every plan needs to know."""
    return PlanContext(
        base_iri=application.base_iri,
        customer=customer,
        made=application.now(),
        performers=performers(application),
        customer_key=customer_key,
    )


def performers(application: Application) -> tuple[Performer, ...]:
    """Ask the graph who performs what."""
    rows = application.store.read(load_query("performers"))
    return tuple(
        Performer(*(row[name][0] for name in ("worker", "provider", "kind", "verb")))
        for row in rows
    )


def save_plan(application: Application, plan: Plan) -> Plan:
    """Keep a plan as a private graph."""
    application.store.commit([GraphChange(plan.iri, to_triples(plan))], dataset="private")
    return plan


def get_plan(application: Application, caller: Caller, identity: str) -> Plan:
    """Give a saved plan by id or IRI.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    name = identity.rpartition("/")[2]
    triples = application.store.graph(f"{application.base_iri}plan/{name}", dataset="private")
    plan = from_triples(triples) if triples else None
    if plan is None or not (caller.may("see-all") or plan.customer == caller.name):
        raise NotFound(f"There is no plan {name}.", code="plan-unknown")
    return plan


def apply_plan(
    application: Application, caller: Caller, identity: str, *, consented: bool = False
) -> str:
    """Carry out a plan as a durable job and give the job's id; applying twice is one job.

    `consented` records the customer's consent that held data is erased at once.

    Raises:
        Refused: its facts have changed since (`plan-stale`), or it has expired (`plan-expired`).
        Unavailable: no service runs.
    """
    plan = get_plan(application, caller, identity)
    jobs = application.need_jobs()
    running = jobs.job_of_plan(plan.iri)
    if running:
        return running
    require_fresh(plan, present_versions(application, plan.uses), application.now())
    return jobs.start_plan(plan, consented=consented)


def present_versions(application: Application, graphs: Mapping[str, int]) -> dict[str, int]:
    """Give the present version of each of some shared graphs; one that is gone is absent."""
    if not graphs:
        return {}
    text = render(
        "graph-versions", {"meta": Iri(META_GRAPH)}, {"graphs": values_of("graph", sorted(graphs))}
    )
    rows = application.store.read(text)
    return {row["graph"][0]: int(row["version"][0]) for row in rows}


def bind(application: Application, component: Component, chosen: ResolvedComposition) -> Binding:
    """Make a plan's binding of one component of a resolved composition."""
    offering = chosen.offerings[component.name]
    if component.kind == KG.Recipe:
        return _made(application, component, chosen)
    terms = offering_terms(application, offering)
    way = chosen.ways.get(component.name, Way())
    return Binding(
        component=component.name,
        kind=component.kind.value,
        offering=offering,
        provider=terms.provider,
        offering_version=terms.version,
        price=chosen.price_of(way.by or component.name),
        requirements=worker_requirements(component, chosen.configuration[component.name]),
        needs=component.needs,
        terms=terms.documents,
        notice_period=terms.notice,
        retrieval_period=terms.retrieval,
        picked=picked_json(chosen.configuration[component.name]),
        bundle=chosen.offerings[way.by] if way.by else "",
    )


def _made(application: Application, component: Component, chosen: ResolvedComposition) -> Binding:
    """Make the binding of what a recipe makes: who works by the recipe is its provider."""
    recipe = chosen.offerings[component.name]
    known = read_recipes(application.vocabulary.recipes, application.vocabulary)
    yields = next(one.yields for one in known if one.iri == recipe)
    return Binding(
        component=component.name,
        kind=yields.value,
        offering=recipe,
        provider=recipe,
        requirements=worker_requirements(component, chosen.configuration[component.name]),
        needs=component.needs,
        picked=picked_json(chosen.configuration[component.name]),
        is_made=True,
    )


def as_json(application: Application, plan: Plan) -> dict[str, object]:
    """Show a plan: its steps with their undo, costs, legal periods, and a text for people."""
    names = {name for step in plan.steps for name in (step.offering, step.provider) if name}
    titles = {name: title for name in sorted(names) if (title := _title(application, name))}
    return {**to_json(plan), "text": to_text(plan, titles)}


def _title(application: Application, name: str) -> str:
    rows = application.store.read(load_query("title", {"thing": Iri(name)}))
    return rows[0]["title"][0] if rows else ""
