"""Plans that change a running service in place or end it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.plan import building
from kgservice.plan.checks import require_sound, require_workers
from kgservice.plan.clocks import MINIMUM_RETRIEVAL, longest, stamp
from kgservice.plan.values import Json, Plan, PlanContext, RunningService, Step


def plan_adjustment(
    service: RunningService, changes: Mapping[str, Json], context: PlanContext
) -> Plan:
    """Plan changes in place, undone by the present values as far as they are known.

    Raises:
        Refused: there is nothing to change (`nothing-to-do`), or no worker does (`no-worker`).
    """
    settings = service.binding.requirements
    real = {name: value for name, value in changes.items() if settings.get(name) != value}
    if not real:
        raise Refused("The service already is as you wish.", code="nothing-to-do")
    return _in_place(service, real, building.previous(settings, real), context)


def plan_repair(
    service: RunningService,
    planned: Mapping[str, Json],
    observed: Mapping[str, Json],
    context: PlanContext,
) -> Plan:
    """Plan that settings become what was planned again; undone by what was observed.

    Raises:
        Refused: nothing differs (`nothing-to-do`), or no worker does it (`no-worker`).
    """
    if not planned:
        raise Refused("The service already is as planned.", code="nothing-to-do")
    return _in_place(service, planned, observed, context)


def plan_observation(service: RunningService, context: PlanContext) -> Plan:
    """Plan a look at a service; nothing changes.

    Raises:
        Refused: no worker does it (`no-worker`).
    """
    look = replace(
        building.about(service.iri, service.binding),
        name="observe",
        input={"name": service.instance},
    )
    plan = replace(frame(KG.Observation, service, context, ()), steps=(look,))
    return require_workers(require_sound(plan), context.performers)


def _in_place(
    service: RunningService,
    changes: Mapping[str, Json],
    before: Mapping[str, Json],
    context: PlanContext,
) -> Plan:
    pattern = building.about(service.iri, service.binding)
    adjust = replace(
        pattern,
        name="adjust",
        verb=KG.Adjust,
        undo="undo-adjust",
        leads_to=building.state(KG.Running),
        input={"name": service.instance, "changes": dict(changes)},
    )
    undo = replace(
        adjust,
        name="undo-adjust",
        undo="",
        input={"name": service.instance, "changes": dict(before)},
    )
    observe = replace(pattern, name="observe", after=("adjust",), input={"name": service.instance})
    plan = frame(KG.Adjustment, service, context, (building.canonical(dict(changes)),))
    plan = replace(plan, steps=(adjust, observe), undo_steps=(undo,))
    return require_workers(require_sound(plan), context.performers)


def plan_ending(service: RunningService, context: PlanContext) -> Plan:
    """Plan the end: stop writes and hold the data when notice is over, erase it after retrieval.

    Both waits end at once when the customer consents.

    Raises:
        Refused: no worker performs a step (`no-worker`).
    """
    notice = service.binding.notice_period
    retrieval = longest(context.made, service.binding.retrieval_period, MINIMUM_RETRIEVAL)
    clocks = [building.clock("retrieval", service.iri, retrieval, context)]
    if notice:
        clocks.insert(0, building.clock("notice", service.iri, notice, context))
    pattern = building.about(service.iri, service.binding)
    named: dict[str, Json] = {"name": service.instance}
    hold = hold_step(pattern, service.instance, retrieval, context)
    plan = replace(
        frame(KG.Ending, service, context, ()),
        steps=(
            replace(
                pattern,
                name="fence",
                verb=KG.Fence,
                undo="undo-fence",
                not_before=clocks[0].ends_at if notice else "",
                input=named,
            ),
            replace(hold, after=("fence",), leads_to=building.state(KG.Held)),
            replace(
                pattern,
                name="end",
                verb=KG.End,
                after=("hold",),
                waits=retrieval,
                point_of_no_return=True,
                leads_to=building.state(KG.Ended),
                input=named,
            ),
        ),
        undo_steps=(
            replace(
                pattern,
                name="undo-fence",
                verb=KG.Unfence,
                leads_to=building.state(KG.Running),
                input=named,
            ),
        ),
        clocks=tuple(clocks),
    )
    return require_workers(require_sound(plan), context.performers)


def frame(
    action: Iri, service: RunningService, context: PlanContext, parts: tuple[str, ...]
) -> Plan:
    """Start a plan for a running service, without steps."""
    identity = building.short_hash(
        action.value, service.iri, service.instance, stamp(context.made), *parts
    )
    return Plan(
        id=identity,
        iri=f"{context.base_iri}plan/{identity}",
        action=action,
        customer=context.customer,
        made=stamp(context.made),
        expires=building.expiry(context),
        steps=(),
        service=service.iri,
    )


def hold_step(pattern: Step, instance: str, retrieval: str, context: PlanContext) -> Step:
    """Keep the fenced source readable; the customer gets a login that can only read."""
    return replace(
        pattern,
        name="hold",
        verb=KG.Hold,
        input={
            "name": instance,
            "until": {"$clock": retrieval},
            "customerKey": dict(context.customer_key),
        },
    )
