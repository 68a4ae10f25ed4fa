"""The plan that brings a composition into being."""

from __future__ import annotations

from dataclasses import replace

from kgservice.model.errors import InputError
from kgservice.model.terms import KG
from kgservice.plan import building
from kgservice.plan.checks import require_sound, require_workers
from kgservice.plan.clocks import stamp
from kgservice.plan.values import Binding, Composition, Json, Plan, PlanContext, Step


def plan_provisioning(composition: Composition, context: PlanContext) -> Plan:
    """Plan: agree with each provider, provision each component after what it needs, observe.

    What a component needs hands its connection details, sealed, to that component's worker. With
    what a recipe makes there is nobody to agree with: it is made of parts that are agreed on.

    Raises:
        InputError: components need each other in a circle (`needs-circular`).
        Refused: no worker performs a component (`no-worker`).
    """
    identity = building.short_hash(
        "provisioning", composition.iri, context.customer, stamp(context.made)
    )
    services = {
        binding.component: f"{context.base_iri}service/" + service_id(identity, binding.component)
        for binding in composition.bindings
    }
    steps = _agreements(composition, services, context)
    agree_of = {step.provider: step.name for step in steps}
    undo = []
    for binding in in_order(composition.bindings):
        provision, observe, rollback = _steps_of(binding, services[binding.component], context)
        provision = _connected(provision, binding, composition)
        agreed = () if binding.is_made else (agree_of[binding.provider],)
        after = (*agreed, *(f"provision-{name}" for name in binding.needs))
        steps += [replace(provision, after=after), observe]
        undo.append(rollback)
    plan = Plan(
        id=identity,
        iri=f"{context.base_iri}plan/{identity}",
        action=KG.Provisioning,
        customer=context.customer,
        made=stamp(context.made),
        expires=building.expiry(context, composition.evidence_until),
        steps=tuple(steps),
        undo_steps=tuple(undo),
        composition=composition.iri,
        uses=dict(composition.uses),
        cost=composition.price,
        clocks=tuple(
            building.clock("notice", services[b.component], b.notice_period, context)
            for b in composition.bindings
            if b.notice_period
        ),
    )
    return require_workers(require_sound(plan), context.performers)


def service_id(plan_id: str, component: str) -> str:
    """Name a new service: its component and eight digits of its plan."""
    digits = building.short_hash(plan_id, component, length=8)
    return f"{building.slug(component)}-{digits}"


def in_order(bindings: tuple[Binding, ...]) -> list[Binding]:
    """Order bindings so that each comes after those that it needs; else as given.

    Raises:
        InputError: `needs-circular`, or `needs-unknown` for a component that is not there.
    """
    known = {binding.component for binding in bindings}
    for binding in bindings:
        for name in binding.needs:
            if name not in known:
                raise InputError(
                    f"{binding.component} needs {name}, which is no component.",
                    code="needs-unknown",
                    at=binding.component,
                )
    ordered: list[Binding] = []
    waiting = list(bindings)
    while waiting:
        done = {binding.component for binding in ordered}
        free = next((b for b in waiting if done.issuperset(b.needs)), None)
        if free is None:
            names = ", ".join(binding.component for binding in waiting)
            raise InputError(
                f"These components need each other in a circle: {names}.", code="needs-circular"
            )
        ordered.append(free)
        waiting.remove(free)
    return ordered


def _agreements(
    composition: Composition, services: dict[str, str], context: PlanContext
) -> list[Step]:
    agreed = [binding for binding in composition.bindings if not binding.is_made]
    names = building.slugs([binding.provider for binding in agreed])
    steps = []
    for provider, name in names.items():
        ours = [binding for binding in agreed if binding.provider == provider]
        steps.append(
            Step(
                name=f"agree-{name}",
                verb=KG.Agree,
                service=services[ours[0].component],
                provider=provider,
                offering=ours[0].offering,
                input={
                    "agreements": [
                        building.agreement(services[b.component], b, context) for b in ours
                    ]
                },
            )
        )
    return steps


def _connected(provision: Step, binding: Binding, composition: Composition) -> Step:
    """Have connection details sealed for the workers of what needs this, and hand over theirs."""
    needing = [one.component for one in composition.bindings if binding.component in one.needs]
    added: dict[str, Json] = {}
    if needing:
        added["recipients"] = {name: {"$workerKey": f"provision-{name}"} for name in needing}
    if binding.needs:
        added["connections"] = {
            name: {"$sealed": f"provision-{name}:{binding.component}"} for name in binding.needs
        }
    return replace(provision, input={**provision.input, **added})


def _steps_of(binding: Binding, service: str, context: PlanContext) -> tuple[Step, Step, Step]:
    name = service.rsplit("/", 1)[-1]
    component = binding.component
    pattern = building.about(service, binding)
    provision = replace(
        pattern,
        name=f"provision-{component}",
        verb=KG.Provision,
        undo=f"undo-provision-{component}",
        leads_to=building.state(KG.Running),
        input={
            "name": name,
            "component": component,
            "requirements": dict(binding.requirements),
            "customerKey": dict(context.customer_key),
            "picked": dict(binding.picked),
            "purpose": "service",
        },
    )
    observe = replace(
        pattern,
        name=f"observe-{component}",
        after=(provision.name,),
        input={"name": name},
    )
    rollback = replace(
        pattern,
        name=provision.undo,
        verb=KG.RollBack,
        leads_to=building.state(KG.Ended),
        input={"name": name},
    )
    return provision, observe, rollback
