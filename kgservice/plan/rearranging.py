"""The plan that turns a running situation into another: several services in one saga.

Whatever can be taken back comes first, for all services; then all moves cut over together; only
then anything ends. So a failure before the first cut-over leaves the situation as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kgservice.model.errors import Refused
from kgservice.model.terms import KG
from kgservice.plan import building
from kgservice.plan.change import plan_adjustment, plan_ending
from kgservice.plan.checks import require_sound, require_workers
from kgservice.plan.clocks import stamp
from kgservice.plan.costs import CostLine
from kgservice.plan.move import plan_move
from kgservice.plan.provisioning import plan_provisioning
from kgservice.plan.values import (
    Binding,
    Composition,
    Json,
    Plan,
    PlanContext,
    RunningService,
    Step,
)
from kgservice.plan.ways import Way


@dataclass(frozen=True, slots=True)
class Moved:
    """A service that goes to another offering."""

    service: RunningService
    target: Binding
    way: Way | None
    costs: tuple[CostLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A service that stays and gets other settings."""

    service: RunningService
    changes: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """What becomes of a situation.

    Attributes:
        composition: What it is turned into; its bindings are those that are new.
        situation: IRI of the situation that the services belong to.
        kept: IRIs of the services that stay in the situation, moved or not.
        moved: Services that go elsewhere.
        adjusted: Services that change in place.
        ended: Services that are not wanted any more.
    """

    composition: Composition
    situation: str
    kept: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    adjusted: tuple[Adjusted, ...] = ()
    ended: tuple[RunningService, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether no service is touched."""
        return not (self.moved or self.adjusted or self.ended or self.composition.bindings)


@dataclass(slots=True)
class _Parts:
    """Steps by what they are for, in the order of the plan."""

    agree: list[Step] = field(default_factory=list)
    prepare: list[Step] = field(default_factory=list)
    carry: list[Step] = field(default_factory=list)
    cut_over: list[Step] = field(default_factory=list)
    adopt: list[Step] = field(default_factory=list)
    afterwards: list[Step] = field(default_factory=list)
    undo: list[Step] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)


def plan_rearrangement(change: Rearrangement, context: PlanContext) -> Plan:
    """Plan how a situation becomes another one; only what is listed is touched.

    Raises:
        Refused: a move has no path (`no-move-path`), or no worker performs a step (`no-worker`).
    """
    composition = change.composition
    identity = building.short_hash(
        "adjustment", composition.iri, change.situation, stamp(context.made), *_told(change)
    )
    parts = _Parts()
    _add_new(parts, change, context)
    for moved in change.moved:
        _add_move(parts, moved, context)
    for one in change.adjusted:
        _add_adjustment(parts, one, context)
    _join(parts, change)
    for service in change.ended:
        _add_ending(parts, service, context)
    plan = Plan(
        id=identity,
        iri=f"{context.base_iri}plan/{identity}",
        action=KG.Adjustment,
        customer=context.customer,
        made=stamp(context.made),
        expires=building.expiry(context, composition.evidence_until),
        steps=(
            *parts.agree,
            *parts.prepare,
            *parts.carry,
            *parts.cut_over,
            *parts.adopt,
            *parts.afterwards,
        ),
        undo_steps=tuple(parts.undo),
        composition=composition.iri,
        uses=dict(composition.uses),
        cost=composition.price,
        clocks=tuple(clock for one in parts.plans for clock in one.clocks),
        ways=tuple(way for one in parts.plans for way in one.ways),
        costs=tuple(line for one in parts.plans for line in one.costs),
    )
    return require_workers(require_sound(plan), context.performers)


def _told(change: Rearrangement) -> Iterable[str]:
    yield from (f"{one.service.iri} {one.target.offering}" for one in change.moved)
    yield from (f"{one.service.iri} {building.canonical(one.changes)}" for one in change.adjusted)
    yield from (one.iri for one in change.ended)


def _add_new(parts: _Parts, change: Rearrangement, context: PlanContext) -> None:
    bindings = change.composition.bindings
    if not bindings:
        return
    new = {binding.component for binding in bindings}
    # what they need beside each other runs already
    alone = tuple(
        replace(binding, needs=tuple(name for name in binding.needs if name in new))
        for binding in bindings
    )
    plan = plan_provisioning(replace(change.composition, bindings=alone), context)
    parts.agree += [step for step in plan.steps if step.verb == KG.Agree]
    parts.prepare += [step for step in plan.steps if step.verb != KG.Agree]
    parts.undo += plan.undo_steps
    parts.plans.append(plan)


def _add_move(parts: _Parts, moved: Moved, context: PlanContext) -> None:
    plan = plan_move(moved.service, moved.target, moved.way or "", context, costs=moved.costs)
    suffix = moved.target.component
    steps = {step.name: renamed(step, suffix, plan) for step in plan.steps}
    agree = _agree_with(parts, plan.step("agree"), moved.target.provider)
    parts.prepare.append(replace(steps["provision"], after=(agree,)))
    parts.carry += [steps[name] for name in ("fence", "export", "import", "verify")]
    parts.cut_over.append(steps["cut-over"])
    parts.afterwards += [steps["hold"], steps["erase"]]
    parts.undo += [renamed(step, suffix, plan) for step in plan.undo_steps]
    parts.plans.append(plan)


def _agree_with(parts: _Parts, wanted: Step, provider: str) -> str:
    """Agree once with each provider; give the name of the step that does."""
    for number, step in enumerate(parts.agree):
        if step.provider == provider:
            both = [*_agreements(step), *_agreements(wanted)]
            parts.agree[number] = replace(step, input={"agreements": both})
            return step.name
    taken = {step.name for step in parts.agree}
    base = f"agree-{building.slug(provider)}"
    names = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
    name = next(name for name in names if name not in taken)
    parts.agree.append(replace(wanted, name=name))
    return name


def _agreements(step: Step) -> list[Json]:
    found = step.input.get("agreements")
    return list(found) if isinstance(found, list) else []


def _add_adjustment(parts: _Parts, one: Adjusted, context: PlanContext) -> None:
    plan = plan_adjustment(one.service, one.changes, context)
    suffix = one.service.binding.component
    parts.prepare += [renamed(step, suffix, plan) for step in plan.steps]
    parts.undo += [renamed(step, suffix, plan) for step in plan.undo_steps]
    parts.plans.append(plan)


def _add_ending(parts: _Parts, service: RunningService, context: PlanContext) -> None:
    plan = plan_ending(service, context)
    suffix = service.binding.component
    steps = [renamed(step, suffix, plan) for step in plan.steps]
    first = replace(steps[0], after=("adopt",), undo="")  # it is past the point of no return
    parts.afterwards += [first, *steps[1:]]
    parts.plans.append(plan)


def _join(parts: _Parts, change: Rearrangement) -> None:
    """Let nothing be fenced before all is prepared, and all cut over when all is verified."""
    prepared = tuple(step.name for step in parts.prepare if step.verb != KG.Observe)
    verified = tuple(step.name for step in parts.carry if step.verb == KG.Verify)
    parts.carry = [
        replace(step, after=tuple(dict.fromkeys((*step.after, *prepared))))
        if step.verb == KG.Fence
        else step
        for step in parts.carry
    ]
    parts.cut_over = [
        replace(step, after=tuple(dict.fromkeys((*step.after, *verified))))
        for step in parts.cut_over
    ]
    before = tuple(step.name for step in parts.cut_over) or prepared
    first = next(iter(parts.prepare), None)
    if first is None and not change.ended:
        raise Refused("The situation already is as you wish.", code="nothing-to-do")
    new = [step.service for step in parts.prepare if step.verb == KG.Provision]
    services = list(dict.fromkeys((*change.kept, *new)))
    anchor = change.ended[0] if first is None else None
    parts.adopt.append(
        Step(
            name="adopt",
            verb=KG.Adopt,
            service=anchor.iri if anchor else first.service if first else "",
            provider=anchor.binding.provider if anchor else first.provider if first else "",
            after=before,
            point_of_no_return=True,
            input={
                "services": list(services),
                "composition": change.composition.iri,
                "situation": change.situation,
            },
        )
    )


def renamed(step: Step, suffix: str, plan: Plan) -> Step:
    """Give a step of a plan for one service a name of its own among the steps for several."""
    names = {one.name: f"{one.name}-{suffix}" for one in (*plan.steps, *plan.undo_steps)}
    return replace(
        step,
        name=names[step.name],
        after=tuple(names[name] for name in step.after if name != "agree"),
        undo=names.get(step.undo, ""),
        input={name: _referring(value, names) for name, value in step.input.items()},
    )


def _referring(value: Json, names: Mapping[str, str]) -> Json:
    if not isinstance(value, dict) or len(value) != 1:
        return value
    (kind, of), *_ = value.items()
    if kind not in ("$fact", "$sealed", "$workerKey") or not isinstance(of, str):
        return value
    name, dot, rest = of.partition(".")
    return {kind: names.get(name, name) + dot + rest}
