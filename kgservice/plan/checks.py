"""What must hold before a plan is given out, and before it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from kgservice.model.errors import InputError, Problem, Refused, Severity
from kgservice.model.terms import KG
from kgservice.plan.clocks import moment
from kgservice.plan.values import Performer, Plan, Step


def missing_workers(steps: Iterable[Step], performers: Iterable[Performer]) -> tuple[Problem, ...]:
    """Name each component, kind and provider for which no worker performs what the plan needs."""
    can = {(row.provider, row.kind, row.verb) for row in performers}
    lacking: dict[tuple[str, str, str], list[str]] = {}
    for step in steps:
        if step.kind and (step.provider, step.kind, step.verb.value) not in can:
            key = (step.component, step.kind, step.provider)
            lacking.setdefault(key, []).append(step.verb.value.removeprefix(KG.NS).lower())
    return tuple(
        Problem(
            "no-worker",
            f"{component}: no worker at <{provider}> performs"
            f" {', '.join(dict.fromkeys(verbs))} for <{kind}>",
            at=component,
            hint="Start one with `kg worker run`, or choose another provider.",
            severity=Severity.ERROR,
        )
        for (component, kind, provider), verbs in lacking.items()
    )


def require_workers(plan: Plan, performers: Iterable[Performer]) -> Plan:
    """Give the plan back when every step and undo step has a worker.

    Raises:
        Refused: `no-worker`, with one reason for each component that nobody performs.
    """
    reasons = missing_workers((*plan.steps, *plan.undo_steps), tuple(performers))
    if reasons:
        raise Refused(
            reasons[0].detail + ".",
            code="no-worker",
            at=reasons[0].at,
            hint=reasons[0].hint,
            reasons=reasons,
        )
    return plan


def require_fresh(plan: Plan, versions: Mapping[str, int], now: datetime) -> None:
    """Refuse a plan that has expired or whose graphs have changed since.

    `versions` are the present versions of the graphs in `plan.uses`; an absent one is gone.

    Raises:
        Refused: `plan-expired` or `plan-stale`; nothing was done.
    """
    if now >= moment(plan.expires):
        raise Refused(
            f"The plan expired at {plan.expires}.", code="plan-expired", hint="Make a new plan."
        )
    changed = tuple(
        Problem(
            "plan-stale",
            f"<{graph}> has version {versions.get(graph, 0)}, the plan used {version}",
            at=graph,
            severity=Severity.ERROR,
        )
        for graph, version in sorted(plan.uses.items())
        if versions.get(graph, 0) != version
    )
    if changed:
        raise Refused(
            "What the plan rests on has changed since it was made.",
            code="plan-stale",
            hint="Make a new plan and compare.",
            reasons=changed,
        )


def require_sound(plan: Plan) -> Plan:
    """Give the plan back when names are unique and `after` and `undo` lead somewhere, acyclic.

    Raises:
        InputError: `plan-invalid`.
    """
    seen: set[str] = set()
    undo_names = {step.name for step in plan.undo_steps}
    for step in plan.steps:
        if step.name in seen or step.name in undo_names:
            raise _invalid(f"two steps are called {step.name!r}")
        absent = [name for name in step.after if name not in seen]
        if absent:
            raise _invalid(f"{step.name!r} comes before {', '.join(absent)}, which it waits for")
        if step.undo and step.undo not in undo_names:
            raise _invalid(f"the undo of {step.name!r}, {step.undo!r}, does not exist")
        seen.add(step.name)
    if not plan.steps:
        raise _invalid("it has no steps")
    return plan


def _invalid(what: str) -> InputError:
    return InputError(f"The plan is not sound: {what}.", code="plan-invalid")
