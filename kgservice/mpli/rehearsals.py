"""Rehearse the way out: what it took, and whether it works, without touching the service."""

from __future__ import annotations

from kgservice.jobs import Job
from kgservice.model.errors import Refused
from kgservice.model.terms import KG
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.exits import current_exit
from kgservice.mpli.kept_exits import KeptExit
from kgservice.mpli.move_terms import amount_of, costs_of_leaving
from kgservice.mpli.plans import apply_plan, as_json, get_plan, plan_context, save_plan
from kgservice.mpli.services import KnownService, customer_key_of, find_service, running
from kgservice.plan.clocks import moment
from kgservice.plan.rehearsing import plan_rehearsal


def show_exit(application: Application, caller: Caller, identity: str) -> dict[str, object]:
    """Show the way out that is kept for a service, with its plan and its last rehearsal.

    Raises:
        NotFound: there is no such service, or its request asks for no exit (`exit-not-kept`).
    """
    service = find_service(application, caller, identity)
    kept = current_exit(application, caller, service)
    plan = get_plan(application, caller, kept.plan) if kept.plan else None
    return {
        **exit_json(kept),
        "plan": as_json(application, plan) if plan else None,
        "rehearsal": last_rehearsal(application, service),
    }


def exit_json(kept: KeptExit) -> dict[str, object]:
    """Show a kept exit in short."""
    return {
        "service": kept.service,
        "state": kept.state,
        "planned": kept.plan or None,
        "reason": kept.reason or None,
        "checked": kept.checked,
    }


def rehearse_exit(application: Application, caller: Caller, identity: str) -> str:
    """Have the way out of a service rehearsed, as a job; give its id.

    Raises:
        Refused: there is no way out at present (`exit-none`).
        NotFound: as `show_exit` says.
    """
    service = find_service(application, caller, identity)
    kept = current_exit(application, caller, service)
    if not kept.plan:
        raise Refused(
            f"There is no way out for {service.id} at present.",
            code="exit-none",
            hint=kept.reason,
        )
    key = customer_key_of(application, service)
    context = plan_context(application, service.customer, key)
    move = get_plan(application, caller, kept.plan)
    now = running(application, service)
    lines = costs_of_leaving(
        application, now, context, amount_of(application, now), is_parallel=True
    )
    egress = tuple(line for line in lines if line.name == "egress")  # the copy is gone at once
    plan = save_plan(application, plan_rehearsal(move, service.iri, context, egress))
    return apply_plan(application, caller, plan.id)


def last_rehearsal(application: Application, service: KnownService) -> dict[str, object] | None:
    """Tell how the last rehearsal of a service's way out went, and how long the copy took."""
    if application.jobs is None:
        return None
    for job in application.jobs.jobs():
        if job.action == KG.Rehearsal.value and service.iri in job.services:
            return {
                "job": job.id,
                "state": job.state,
                "ended": job.ended or None,
                "reason": "; ".join(job.reasons) or None,
                "copySeconds": _copy_seconds(job),
            }
    return None


def _copy_seconds(job: Job) -> str | None:
    """Give the time from the start of the export to the end of the check: a gap as measured."""
    first, last = job.execution("export"), job.execution("verify")
    if first is None or last is None or last.outcome != "Completed":
        return None
    seconds = (moment(last.ended) - moment(first.started)).total_seconds()
    return f"{max(seconds, 0.0):.3f}"
