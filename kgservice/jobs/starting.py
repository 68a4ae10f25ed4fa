"""Starting steps: tasks for workers, and what the service does itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from kgservice.jobs import inputs
from kgservice.jobs.facts import execution_iri
from kgservice.jobs.parts import Parts, step_name
from kgservice.jobs.recording import Recorder, ended
from kgservice.jobs.services import agreement_iris
from kgservice.jobs.tasks import task_id
from kgservice.jobs.values import Job, now
from kgservice.model.errors import InputError
from kgservice.model.terms import KG
from kgservice.plan import WORKER_VERBS, Json, JsonObject, Plan, Step
from kgservice.plan.clocks import later, moment, stamp

_WIRE_NAMES = {iri: name for name, iri in WORKER_VERBS.items()}


class Starter:
    """Starts steps; starting one again changes nothing."""

    def __init__(self, parts: Parts, recorder: Recorder) -> None:
        """Offer tasks through `parts`."""
        self._p = parts
        self._recorder = recorder

    def start(self, identity: str, rows: Sequence[dict[str, str]]) -> None:
        """Start the steps of rows: offer tasks to workers, perform what the service does itself."""
        for row in rows:
            job = self._p.journal.job(identity)
            if job.is_cancelled:
                return
            plan = self._p.plan_of(job)
            step = plan.step(step_name(row["step"]))
            if step.point_of_no_return and not self._p.journal.pass_point(identity):
                return
            worker = row.get("worker", "")
            self._p.journal.start(identity, step.name, worker, _said(step, worker))
            if step.kind:
                self._offer(job, step, worker)
            else:
                self._perform(job, plan, step)
            self._recorder.write_job(identity)

    def start_undo(self, identity: str, row: dict[str, str]) -> None:
        """Start one undo step, at the worker that did what it undoes if it is known."""
        job = self._p.journal.job(identity)
        plan = self._p.plan_of(job)
        undo = plan.step(step_name(row["undo"]))
        done = job.execution(step_name(row["step"]))
        worker = (done.worker if done else "") or self._p.worker_for(identity, undo.name)
        self._p.journal.start(identity, undo.name, worker, _said(undo, worker))
        self._offer(job, undo, worker)
        self._recorder.write_job(identity)

    def _offer(self, job: Job, step: Step, worker: str) -> None:
        pinned = self._p.sealed.pinned(job.id, step.name)
        key = task_id(job.id, step.name)
        body: dict[str, Json] = {
            "verb": _WIRE_NAMES[step.verb],
            "kind": step.kind,
            "service": step.service,
            "offering": step.offering,
            "idempotencyKey": key,
            "input": self._input(job, step),
            "deadline": None,
        }
        self._p.leases.put(
            body, job=job.id, step=step.name, worker=pinned or worker, pinned=bool(pinned)
        )

    def _input(self, job: Job, step: Step) -> dict[str, Json]:
        def fact(path: str) -> Json:
            name, _, rest = path.partition(".")
            execution = job.execution(name)
            return execution.facts.get(rest) if execution else None

        def sealed(path: str) -> Json:
            name, _, reader = path.partition(":")
            audience = f"worker:{reader}" if reader else "worker"
            return self._p.sealed.sealed(task_id(job.id, name), audience) or None

        def worker_key(name: str) -> Json:
            worker = self._p.worker_for(job.id, name)
            return self._p.workers.public_key(worker) if worker else None

        def ahead(period: str) -> Json:
            return stamp(later(datetime.now(UTC), period))

        return inputs.resolve(
            step.input,
            {"$fact": fact, "$sealed": sealed, "$workerKey": worker_key, "$clock": ahead},
        )

    def _perform(self, job: Job, plan: Plan, step: Step) -> None:
        moment_now = now()
        facts: dict[str, Json] = {}
        if step.verb == KG.Agree:
            generated = execution_iri(self._p.base_iri, job.id, step.name)
            facts = {"agreements": list(agreement_iris(step, generated)), "agreedAt": moment_now}
        elif step.verb == KG.CutOver:
            facts = _gap(self._input(job, step), moment_now)
        self._recorder.record(job.id, plan, ended(step.name, "Completed", facts, moment_now))


def _said(step: Step, worker: str) -> dict[str, Json]:
    said: dict[str, Json] = {"verb": step.verb.value, "provider": step.provider}
    return {**said, "worker": worker} if worker else said


def _gap(resolved: JsonObject, moment_now: str) -> dict[str, Json]:
    facts: dict[str, Json] = {"cutOverAt": moment_now}
    fenced = resolved.get("fencedAt")
    if isinstance(fenced, str):
        try:
            seconds = (moment(moment_now) - moment(fenced)).total_seconds()
        except InputError:  # a worker's clock that cannot be read must not stop the cut-over
            return facts
        facts |= {"fencedAt": fenced, "writeGap": f"{max(seconds, 0.0):.3f}"}
    return facts
