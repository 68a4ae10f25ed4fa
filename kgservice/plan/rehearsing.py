"""The rehearsal of a move: copy, verify, throw the copy away; the service is not touched."""

from __future__ import annotations

from dataclasses import replace

from kgservice.model.errors import Refused
from kgservice.model.terms import KG
from kgservice.plan import building
from kgservice.plan.checks import require_sound, require_workers
from kgservice.plan.clocks import stamp
from kgservice.plan.costs import CostLine
from kgservice.plan.values import Json, Plan, PlanContext, Step


def plan_rehearsal(
    move: Plan, service: str, context: PlanContext, costs: tuple[CostLine, ...] = ()
) -> Plan:
    """Plan the rehearsal of one service's move as a plan has it, with an instance of its own.

    `costs` are those of using both places for the time being. The source is not fenced, so it goes
    on taking writes; nothing is agreed and nothing cuts over.

    Raises:
        Refused: the plan moves no such service (`nothing-to-do`), or no worker performs a step.
    """
    steps = {step.verb: step for step in move.steps if step.service == service}
    if not {KG.Provision, KG.Export, KG.Import, KG.Verify} <= steps.keys():
        raise Refused("The plan does not move this service.", code="nothing-to-do")
    identity = building.short_hash("rehearsal", move.iri, service, stamp(context.made))
    instance = f"{service.rsplit('/', 1)[-1]}-r{identity[:4]}"
    provision = _own(steps[KG.Provision], "provision", (), name=instance)
    provision = replace(provision, undo="undo-provision")
    export = _own(steps[KG.Export], "export", ("provision",), rehearsal=True)
    export = replace(export, input={**export.input, "recipientKey": {"$workerKey": "import"}})
    import_ = _own(steps[KG.Import], "import", ("export",), name=instance)
    import_ = replace(import_, input={**import_.input, **_from_the_export()})
    verify = _own(steps[KG.Verify], "verify", ("import",), name=instance)
    verify = replace(verify, input={"name": instance, "tables": {"$fact": "export.tables"}})
    away = replace(provision, verb=KG.RollBack, undo="", input={"name": instance})
    plan = Plan(
        id=identity,
        iri=f"{context.base_iri}plan/{identity}",
        action=KG.Rehearsal,
        customer=context.customer,
        made=stamp(context.made),
        expires=building.expiry(context),
        steps=(
            provision,
            export,
            import_,
            verify,
            replace(away, name="remove", after=("verify",)),
        ),
        undo_steps=(replace(away, name="undo-provision"),),
        service=service,
        uses=dict(move.uses),
        ways=tuple(way for way in move.ways if way.service == service),
        costs=costs,
    )
    return require_workers(require_sound(plan), context.performers)


def _own(step: Step, called: str, after: tuple[str, ...], **changed: Json) -> Step:
    return replace(
        step, name=called, after=after, undo="", leads_to="", input={**step.input, **changed}
    )


def _from_the_export() -> dict[str, Json]:
    return {
        "sealed": {"$sealed": "export"},
        "sha256": {"$fact": "export.sha256"},
        "bytes": {"$fact": "export.bytes"},
    }
