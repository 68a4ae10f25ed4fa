"""Jobs as their owners see them."""

from __future__ import annotations

from collections.abc import Mapping

from kgservice.jobs import Event, Job
from kgservice.model.errors import NotFound, Refused
from kgservice.model.terms import KG
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.services import find_service
from kgservice.plan import Plan


def list_jobs(application: Application, caller: Caller) -> list[dict[str, object]]:
    """List the caller's jobs, newest first."""
    jobs = application.need_jobs().jobs()
    return [_short(job) for job in jobs if caller.may("see-all") or job.customer == caller.name]


def find_job(application: Application, caller: Caller, identity: str) -> Job:
    """Give a job.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    job = application.need_jobs().job(identity)
    if not (caller.may("see-all") or job.customer == caller.name):
        raise NotFound(f"There is no job {identity}.", code="job-unknown")
    return job


def show_job(
    application: Application, caller: Caller, identity: str, *, with_query: bool = False
) -> dict[str, object]:
    """Show a job with its steps and events; on demand with what ready-steps.rq answered."""
    job = find_job(application, caller, identity)
    runner = application.need_jobs()
    shown: dict[str, object] = {
        **_short(job),
        "plan": job.plan,
        "reason": "; ".join(job.reasons),
        "steps": [
            {
                "step": one.step,
                "outcome": one.outcome or "under way",
                "worker": one.worker,
                "started": one.started,
                "ended": one.ended,
                "facts": dict(one.facts),
                "reason": one.reason,
            }
            for one in job.executions
        ],
        "events": [_event(event) for event in runner.events(identity, 0)],
    }
    for one in job.executions:
        if "writeGap" in one.facts:
            shown["writeGap"] = one.facts["writeGap"]
    if with_query:
        shown["ready"] = runner.ready_rows(identity)
    return shown


def cancel_job(application: Application, caller: Caller, identity: str) -> None:
    """Cancel a job; what it did is undone in reverse order.

    Raises:
        Refused: it has ended, or is past its point of no return.
    """
    find_job(application, caller, identity)
    application.need_jobs().cancel(identity)


def release_held_source(
    application: Application, caller: Caller, identity: str, *, consent: bool
) -> tuple[str, int]:
    """Record the customer's consent to erase what is held.

    Gives the job that goes on with it, and the id of its last event so far.

    Raises:
        Refused: there is no consent (`consent-missing`), or nothing is held (`nothing-held`).
    """
    service = find_service(application, caller, identity)
    if not consent:
        raise Refused("Nothing is erased without consent.", code="consent-missing", at="/consent")
    runner = application.need_jobs()
    for job in runner.jobs():
        if service.iri not in job.services or job.state != "holding":
            continue
        if not _holds_source_of(runner.plan(job.plan), service.iri):
            continue
        _require_alone(runner.plan(job.plan), service.id)
        seen = max((event.id for event in runner.events(job.id, 0)), default=0)
        runner.consent(job.id)
        return job.id, seen
    raise Refused(f"Nothing is held for {service.id}.", code="nothing-held")


def _holds_source_of(plan: Plan, service: str) -> bool:
    """Whether a plan erases the source of a move of this service."""
    return any(step.verb == KG.Erase and step.service == service for step in plan.steps)


def _require_alone(plan: Plan, service: str) -> None:
    """Consent to the erasure of a source must never end a service."""
    if any(step.verb == KG.End for step in plan.steps):
        raise Refused(
            f"The plan that holds the source of {service} also ends a service;"
            " consent would erase that one at once too.",
            code="release-not-alone",
            hint="Wait until its periods are over; `kg job list` tells when.",
        )


def _short(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "kind": job.action.removeprefix(KG.NS),
        "state": job.state,
        "started": job.created,
        "ended": job.ended,
        "subject": ", ".join(name.rpartition("/")[2] for name in job.services) or job.plan,
        "customer": job.customer,
    }


def _event(event: Event) -> dict[str, object]:
    data = dict(event.data)
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "message": _said(event.kind, data),
        **data,
    }


def _said(kind: str, data: Mapping[str, object]) -> str:
    """Say an event in a few words."""
    names = ("step", "state", "outcome", "message", "reason")
    parts = [_short_name(str(data[name])) for name in names if data.get(name)]
    worker = str(data.get("worker") or "")
    at = f" at {worker.rpartition('/')[2]}" if worker else ""
    rows = data.get("rows")
    if isinstance(rows, list):
        parts += [_short_name(str(row.get("step", ""))) for row in rows if isinstance(row, dict)]
    return f"{kind:<11} {' '.join(parts)}{at}"


def _short_name(text: str) -> str:
    """Show the last part of an IRI; other texts as they are."""
    return text.rpartition("#")[2] if text.startswith(("http://", "https://")) else text
