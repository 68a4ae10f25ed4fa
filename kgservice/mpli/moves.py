"""Move a service: find a target that keeps the whole situation feasible, then plan the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri, is_valid_iri
from kgservice.model.terms import KG
from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import offering_terms
from kgservice.mpli.discover import called
from kgservice.mpli.limits import require_within_limits
from kgservice.mpli.move_terms import amount_of, costs_of_leaving, reachable, ways_between
from kgservice.mpli.plans import bind, performers, plan_context, save_plan
from kgservice.mpli.resolve import Resolution, Restriction, resolve
from kgservice.mpli.services import (
    KnownService,
    customer_key_of,
    find_service,
    known_services,
    running,
)
from kgservice.mpli.situations import picks_of, require_offerings
from kgservice.plan import Json, Plan, best_way, plan_move
from kgservice.resolution.minimal_change import Standing, with_picks
from kgservice.resolution.request import Request
from kgservice.store.queries import load_query


def plan_service_move(application: Application, caller: Caller, identity: str, *, to: str) -> Plan:
    """Plan a move; every other service of the same composition stays where it is.

    `to` is an offering or a provider, by IRI or title; empty means the best feasible offering of a
    provider that has a worker.

    Raises:
        NotFound: `to` is no offering, and no provider that offers this kind (`offering-unknown`).
        Refused: no target keeps the request's conditions (`move-infeasible`, with reasons), there
            is no format in which to move (`no-move-path`), or no worker does it (`no-worker`);
            or a recipe makes one of them (`made-by-recipe`).
    """
    service = find_service(application, caller, identity)
    beside = known_services(application, caller)
    require_offerings(application, (one for one in beside if one.situation == service.situation))
    now = running(application, service)
    saved = requests.get_request(
        application, caller, requests.identity_in(application, service.composition)
    )
    targets = _targets(application, service, to)
    answer = _best(application, caller, saved.request, service, targets)
    if not answer.compositions:
        raise Refused(
            f"{service.id} cannot move to {to or 'another offering'} and keep what was asked for.",
            code="move-infeasible",
            hint="Other services of the request stay where they are; `--to` may name another.",
            reasons=answer.reasons(),
        )
    chosen = answer.compositions[0]
    component = next(c for c in saved.request.components if c.name == service.component)
    target = require_within_limits(application, bind(application, component, chosen))
    # what was adjusted since stays asked for at the new place
    wanted = {**target.requirements, **_adjusted(now.binding.requirements, target.requirements)}
    target = replace(target, requirements=wanted)
    context = plan_context(application, service.customer, customer_key_of(application, service))
    amount = amount_of(application, now)
    way = best_way(now.iri, ways_between(application, service.offering, target.offering), amount)
    costs = costs_of_leaving(application, now, context, amount)
    return save_plan(application, plan_move(now, target, way or "", context, chosen.uses, costs))


def _adjusted(present: Mapping[str, Json], target: Mapping[str, Json]) -> dict[str, Json]:
    """Give the present settings, but for what the target's configuration picks by itself."""
    return {
        name: value for name, value in present.items() if name not in _PICKED or name not in target
    }


_PICKED = ("majorVersion",)
"""Choices of the new offering; every other setting was asked for and goes along."""


def _best(
    application: Application,
    caller: Caller,
    request: Request,
    service: KnownService,
    targets: Collection[str],
) -> Resolution:
    others = {
        other.component: Standing(other.offering, picks_of(other))
        for other in known_services(application, caller)
        if other.situation == service.situation
        and other.iri != service.iri
        and other.state != "Ended"
    }
    names = {part.name for part in request.components}
    pins = {name: one.offering for name, one in others.items() if name in names}
    return resolve(
        application.store,
        application.vocabulary,
        with_picks(request, others, others.keys() & names, application.vocabulary),
        base_iri=application.base_iri,
        limits=Restriction(pins, {service.component: targets}),
        projector=application.projector,
    )


def _targets(application: Application, service: KnownService, to: str) -> list[str]:
    """Give the offerings that a service may move to: those of `to`, or of whoever has a worker."""
    if to:
        found = _named(application, service, to)
    else:
        able = {
            one.provider
            for one in performers(application)
            if (one.kind, one.verb) == (service.kind, KG.Provision.value)
        }
        found = [
            offering for name in able for offering in _offerings_of(application, service, name)
        ]
    targets = set(found) - {service.offering}
    if targets:
        # where there is a way the best of those is meant; else the plan says that there is none
        return sorted(targets & reachable(application, service.offering)) or sorted(targets)
    raise Refused(
        f"There is nowhere else to move {service.id} to"
        + (f" at {to}." if to else ": no other offering of its kind has a worker."),
        code="no-worker",
        hint="`kg worker run` at another provider, or name a target with `--to`.",
    )


def _named(application: Application, service: KnownService, to: str) -> list[str]:
    """Give the offerings that `to` means: a provider's, one offering, or by either's title."""
    if not is_valid_iri(to):
        to = called(application, to)
    found = _offerings_of(application, service, to)
    if not found:
        offering_terms(application, to)  # raises when there is none
    return found or [to]


def _offerings_of(application: Application, service: KnownService, provider: str) -> list[str]:
    terms = {"provider": Iri(provider), "kind": Iri(service.kind)}
    rows = application.store.read(load_query("offerings-of-provider", terms))
    return [row["offering"][0] for row in rows]
