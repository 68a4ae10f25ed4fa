"""The plan that moves a service to another offering: a saga over two workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kgservice.model.errors import Refused
from kgservice.model.terms import KG
from kgservice.plan import building
from kgservice.plan.change import frame, hold_step
from kgservice.plan.checks import require_sound, require_workers
from kgservice.plan.clocks import MINIMUM_RETRIEVAL, longest
from kgservice.plan.costs import CostLine
from kgservice.plan.values import Binding, Json, Plan, PlanContext, RunningService, Step
from kgservice.plan.ways import Way


def plan_move(
    service: RunningService,
    target: Binding,
    way: Way | str,
    context: PlanContext,
    uses: Mapping[str, int] | None = None,
    costs: tuple[CostLine, ...] = (),
) -> Plan:
    """Plan a move as a saga over two workers; the source lives until its data may be erased.

    `way` is the path that the graph derived, or just the format that the source exports and the
    target imports; empty when there is none. `costs` are those of leaving.

    Raises:
        Refused: there is no common format (`no-move-path`), the target is the present offering
            (`already-there`), or no worker performs a step (`no-worker`).
    """
    way = Way(service.iri, "", way, way) if isinstance(way, str) else way
    _require_path(service, target, way.from_format)
    plan = frame(KG.Move, service, context, (target.offering, way.from_format))
    retrieval = longest(context.made, service.binding.retrieval_period, MINIMUM_RETRIEVAL)
    # The target gets a name of its own: the source may be held at the very worker it moves to.
    instance = f"{service.iri.rsplit('/', 1)[-1]}-{plan.id[:4]}"
    undo_provision, unfence = (
        replace(
            building.about(service.iri, target),
            name="undo-provision",
            verb=KG.RollBack,
            input={"name": instance},
        ),
        replace(
            building.about(service.iri, service.binding),
            name="undo-fence",
            verb=KG.Unfence,
            leads_to=building.state(KG.Running),
            input={"name": service.instance},
        ),
    )
    plan = replace(
        plan,
        steps=(
            *_to_the_target(service, target, instance, way, context),
            *_after_the_copy(service, target, instance, retrieval, context),
        ),
        undo_steps=(undo_provision, unfence),
        uses=dict(uses or {}),
        cost=target.price,
        clocks=(building.clock("retrieval", service.iri, retrieval, context),),
        ways=(way,) if way.path else (),
        costs=costs,
    )
    return require_workers(require_sound(plan), context.performers)


def _require_path(service: RunningService, target: Binding, move_format: str) -> None:
    if target.offering == service.binding.offering:
        raise Refused(
            "The service already runs on this offering.", code="already-there", at=target.offering
        )
    if not move_format:
        raise Refused(
            f"No format leads from <{service.binding.offering}> to <{target.offering}>.",
            code="no-move-path",
            at=target.offering,
            hint="A worker at each side must export and import a common format.",
        )


def _to_the_target(
    service: RunningService,
    target: Binding,
    instance: str,
    way: Way,
    context: PlanContext,
) -> tuple[Step, ...]:
    source_step = building.about(service.iri, service.binding)
    target_step = building.about(service.iri, target)
    return (
        Step(
            name="agree",
            verb=KG.Agree,
            service=service.iri,
            provider=target.provider,
            offering=target.offering,
            input={"agreements": [building.agreement(service.iri, target, context)]},
        ),
        replace(
            target_step,
            name="provision",
            verb=KG.Provision,
            after=("agree",),
            undo="undo-provision",
            input={
                "name": instance,
                "component": target.component,
                "requirements": dict(target.requirements),
                "customerKey": dict(context.customer_key),
                "picked": dict(target.picked),
                "purpose": "move-target",
            },
        ),
        replace(
            source_step,
            name="fence",
            verb=KG.Fence,
            after=("provision",),
            undo="undo-fence",
            leads_to=building.state(KG.Moving),
            input={"name": service.instance},
        ),
        replace(
            source_step,
            name="export",
            verb=KG.Export,
            after=("fence",),
            input={
                "name": service.instance,
                "format": way.from_format,
                "recipientKey": {"$workerKey": "import"},
            },
        ),
        replace(
            target_step,
            name="import",
            verb=KG.Import,
            after=("export",),
            input={
                "name": instance,
                "sealed": {"$sealed": "export"},
                "sha256": {"$fact": "export.sha256"},
                "bytes": {"$fact": "export.bytes"},
                **_conversion(way),
            },
        ),
        replace(
            target_step,
            name="verify",
            verb=KG.Verify,
            after=("import",),
            input={"name": instance, "tables": {"$fact": "export.tables"}},
        ),
    )


def _conversion(way: Way) -> dict[str, Json]:
    """Tell the taking worker to convert, where the two formats differ."""
    if not way.conversion:
        return {}
    return {"conversion": way.conversion, "format": way.to_format}


def _after_the_copy(
    service: RunningService,
    target: Binding,
    instance: str,
    retrieval: str,
    context: PlanContext,
) -> tuple[Step, ...]:
    source_step = building.about(service.iri, service.binding)
    return (
        Step(
            name="cut-over",
            verb=KG.CutOver,
            service=service.iri,
            provider=target.provider,
            offering=target.offering,
            component=target.component,
            after=("verify",),
            point_of_no_return=True,
            leads_to=building.state(KG.Running),
            input={
                "name": instance,
                "from": service.binding.provider,
                "fencedAt": {"$fact": "fence.fencedAt"},
            },
        ),
        replace(hold_step(source_step, service.instance, retrieval, context), after=("cut-over",)),
        replace(
            source_step,
            name="erase",
            verb=KG.Erase,
            after=("hold",),
            waits=retrieval,
            input={"name": service.instance},
        ),
    )
