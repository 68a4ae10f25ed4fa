"""Move a service: find a target that keeps the whole situation feasible, then plan the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri
from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import offering_terms
from kgservice.mpli.limits import require_within_limits
from kgservice.mpli.plans import bind, plan_context, save_plan
from kgservice.mpli.resolve import Resolution, Restriction, resolve
from kgservice.mpli.services import (
    KnownService,
    customer_key_of,
    find_service,
    known_services,
    running,
)
from kgservice.plan import Json, Plan, plan_move
from kgservice.resolution.request import Request
from kgservice.store.queries import load_query


def plan_service_move(application: Application, caller: Caller, identity: str, *, to: str) -> Plan:
    """Plan a move; every other service of the same composition stays where it is.

    `to` is an offering or a provider; empty means the best feasible offering elsewhere.

    Raises:
        NotFound: `to` is no offering, and no provider that offers this kind (`offering-unknown`).
        Refused: no target keeps the request's conditions (`move-infeasible`, with reasons), there
            is no format in which to move (`no-move-path`), or no worker does it (`no-worker`).
    """
    service = find_service(application, caller, identity)
    now = running(application, service)
    identity_of_request = service.composition.removeprefix(f"{application.base_iri}request/")
    saved = requests.get_request(
        application, caller, identity_of_request.partition("/")[0].partition("#")[0]
    )
    chosen = _best(application, caller, saved.request, service, to).compositions[0]
    component = next(c for c in saved.request.components if c.name == service.component)
    target = require_within_limits(application, bind(application, component, chosen))
    # what was adjusted since stays asked for at the new place
    wanted = {**target.requirements, **_adjusted(now.binding.requirements, target.requirements)}
    target = replace(target, requirements=wanted)
    formats = application.store.read(
        load_query("move-format", {"source": Iri(service.offering), "target": Iri(target.offering)})
    )
    context = plan_context(application, service.customer, customer_key_of(application, service))
    way = formats[0]["format"][0] if formats else ""
    return save_plan(application, plan_move(now, target, way, context, chosen.uses))


def _adjusted(present: Mapping[str, Json], target: Mapping[str, Json]) -> dict[str, Json]:
    """Give the present settings, but for what the target's configuration picks by itself."""
    return {
        name: value for name, value in present.items() if name not in _PICKED or name not in target
    }


_PICKED = ("majorVersion",)
"""Choices of the new offering; every other setting was asked for and goes along."""


def _best(
    application: Application, caller: Caller, request: Request, service: KnownService, to: str
) -> Resolution:
    others = {
        other.component: other.offering
        for other in known_services(application, caller)
        if other.plan == service.plan and other.iri != service.iri and other.state != "Ended"
    }
    answers = [
        resolve(
            application.store,
            application.vocabulary,
            request,
            base_iri=application.base_iri,
            limits=Restriction({**others, **pin}, frozenset({service.offering})),
            projector=application.projector,
        )
        for pin in _pins(application, service, to)
    ]
    feasible = [answer for answer in answers if answer.compositions]
    if feasible:
        return min(feasible, key=lambda answer: answer.compositions[0].order)
    reasons = answers[0].reasons() if answers else ()
    raise Refused(
        f"{service.id} cannot move to {to or 'any other offering'} and keep what was asked for.",
        code="move-infeasible",
        hint="Other services of the request stay where they are; `--to` may name another target.",
        reasons=reasons,
    )


def _pins(application: Application, service: KnownService, to: str) -> list[dict[str, str]]:
    if not to:
        return [{}]
    rows = application.store.read(
        load_query("offerings-of-provider", {"provider": Iri(to), "kind": Iri(service.kind)})
    )
    offerings = [row["offering"][0] for row in rows]
    if not offerings:
        offering_terms(application, to)  # raises when there is none
        offerings = [to]
    return [{service.component: name} for name in offerings if name != service.offering]
