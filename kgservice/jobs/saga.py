"""The parts of a job's workflow, each safe to repeat: look, start, wait, record.

Order of every effect: journal, then graph, and only then the next look at the graph.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kgservice.jobs import inputs
from kgservice.jobs.facts import execution_iri, job_iri, job_triples
from kgservice.jobs.journal import Execution, Job, Journal, now
from kgservice.jobs.leases import LeaseTable, TaskEnd, task_id
from kgservice.jobs.queries import QueryFolder
from kgservice.jobs.services import ServiceGraphs, agreement_iris
from kgservice.jobs.workers import WorkerRegistry
from kgservice.model.errors import NotFound
from kgservice.model.rdf import Blank, Iri, Row, Term, typed
from kgservice.model.terms import KG
from kgservice.plan import WORKER_VERBS, Json, JsonObject, Plan, Step, from_triples, step_iri
from kgservice.plan.clocks import later, moment, stamp
from kgservice.store.port import MERGED_GRAPH, GraphChange, Store

FRESH_S = 120.0
"""A worker that was not seen for so long gets no new steps."""
LOOK_AGAIN_S = 5.0
"""How often a waiting job looks at the graph without being woken."""
_WIRE_NAMES = {iri: name for name, iri in WORKER_VERBS.items()}


class Stopping(BaseException):
    """The process is going down: leave the workflow as it is, it will be recovered.

    Not an `Exception`, so that the workflow engine does not record it as the step's result.
    """


@dataclass(frozen=True, slots=True)
class Parts:
    """What a saga works with."""

    store: Store
    base_iri: str
    journal: Journal
    leases: LeaseTable
    workers: WorkerRegistry
    services: ServiceGraphs
    queries: QueryFolder


class Saga:
    """What workflows call; has no state besides the journal, the leases and the graph."""

    def __init__(self, parts: Parts, stopping: threading.Event) -> None:
        """Work with `parts` until `stopping` is set."""
        self._p = parts
        self._stopping = stopping

    def plan_of(self, job: Job) -> Plan:
        """Read a job's plan from its graph.

        Raises:
            NotFound: the plan is gone (`plan-unknown`).
        """
        triples = self._p.store.graph(job.plan, dataset="private")
        if not triples:
            raise NotFound(f"There is no plan <{job.plan}>.", code="plan-unknown")
        return from_triples(triples)

    # Looking -----------------------------------------------------------------------------------

    def ready(self, identity: str, key: str) -> list[dict[str, str]]:
        """Ask `ready-steps.rq` what may start and keep its rows as an event."""
        rows = [_plain(row) for row in self._ask("ready-steps", identity)]
        if rows:
            self._p.journal.note(
                identity, f"ready:{key}", "ready-steps", {"rows": [{**row} for row in rows]}
            )
        return rows

    def undo_rows(self, identity: str) -> list[dict[str, str]]:
        """Ask `undo-steps.rq` what must be taken back, last first."""
        return [_plain(row) for row in self._ask("undo-steps", identity)]

    def _ask(self, query: str, identity: str, step: str = "") -> list[Row]:
        job = self._p.journal.job(identity)
        present = datetime.now(UTC)
        parameters: dict[str, Term] = {
            "plan": Iri(job.plan),
            "job": job_iri(self._p.base_iri, identity),
            "step": step_iri(job.plan, step),
            "now": typed(stamp(present), "dateTime"),
            "freshSince": typed(stamp(present - timedelta(seconds=FRESH_S)), "dateTime"),
        }
        graphs = (job.plan, job_iri(self._p.base_iri, identity).value, MERGED_GRAPH)
        text = self._p.queries.text(query, **parameters)
        return self._p.store.read(text, dataset="private", graphs=graphs)

    def worker_for(self, identity: str, step: str) -> str:
        """Give the worker that will carry out a step; the choice is kept.

        A fresh worker goes before one that was not seen lately; of several the lowest IRI.
        """
        pinned = self._p.leases.pinned(identity, step)
        if pinned:
            return pinned
        rows = [_plain(row) for row in self._ask("workers-for-step", identity, step)]
        limit = stamp(datetime.now(UTC) - timedelta(seconds=FRESH_S))
        fresh = [row for row in rows if stamp(moment(row["seen"])) >= limit]
        chosen = (fresh or rows)[0]["worker"] if rows else ""
        return self._p.leases.pin(identity, step, chosen) if chosen else ""

    # Starting ----------------------------------------------------------------------------------

    def start(self, identity: str, rows: Sequence[dict[str, str]]) -> None:
        """Start the steps of rows: offer tasks to workers, perform what the service does itself."""
        for row in rows:
            job = self._p.journal.job(identity)
            if job.is_cancelled:
                return
            plan = self.plan_of(job)
            step = plan.step(row["step"].rsplit("#", 1)[-1])
            if step.point_of_no_return and not self._p.journal.pass_point(identity):
                return
            worker = row.get("worker", "")
            self._p.journal.start(identity, step.name, worker, {**row})
            if step.kind:
                self._offer(job, step, worker)
            else:
                self._perform(job, plan, step)
            self.write_job(identity)

    def start_undo(self, identity: str, row: dict[str, str]) -> None:
        """Start one undo step, at the worker that did what it undoes if it is known."""
        job = self._p.journal.job(identity)
        plan = self.plan_of(job)
        undo = plan.step(row["undo"].rsplit("#", 1)[-1])
        done = job.execution(row["step"].rsplit("#", 1)[-1])
        worker = (done.worker if done else "") or self.worker_for(identity, undo.name)
        self._p.journal.start(identity, undo.name, worker, {**row, "worker": worker})
        self._offer(job, undo, worker)
        self.write_job(identity)

    def _offer(self, job: Job, step: Step, worker: str) -> None:
        pinned = self._p.leases.pinned(job.id, step.name)
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

        def sealed(name: str) -> Json:
            return self._p.leases.sealed(task_id(job.id, name), "worker") or None

        def worker_key(name: str) -> Json:
            worker = self.worker_for(job.id, name)
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
        self._record(job.id, plan, _ended(step.name, "Completed", facts, moment_now))

    # Waiting and recording ---------------------------------------------------------------------

    def wait(self, identity: str) -> str:
        """Wait until something can be done: `go`, `undo`, `failed`, `holding` or `done`.

        Ended tasks are journalled and written to the graph before this returns.
        """
        signal = self._p.journal.signal
        while True:
            self._check()
            seen = signal.number
            verdict = self._verdict(identity)
            if verdict:
                return verdict
            signal.wait(seen, LOOK_AGAIN_S)

    def _verdict(self, identity: str) -> str:
        recorded = self.collect(identity)
        job = self._p.journal.job(identity)
        if job.is_cancelled and not job.has_passed:
            return "undo"
        if any(execution.outcome == "Failed" for execution in job.executions):
            return "failed" if job.has_passed else "undo"
        if recorded or self._ask("ready-steps", identity):
            return "go"
        if any(not execution.outcome for execution in job.executions):
            return ""
        return self._rest(job)

    def _rest(self, job: Job) -> str:
        plan = self.plan_of(job)
        done = {execution.step for execution in job.executions}
        open_steps = [step for step in plan.steps if step.name not in done]
        if not open_steps:
            return "done"
        held = {_plain(row)["step"].rsplit("#", 1)[-1] for row in self._ask("held-steps", job.id)}
        startable = {step.name for step in open_steps if done.issuperset(step.after)}
        return "holding" if startable and startable <= held else ""

    def next_wake(self, identity: str) -> str:
        """Say when the first held step may start."""
        rows = [_plain(row) for row in self._ask("held-steps", identity)]
        return min((stamp(moment(row["until"])) for row in rows), default=now())

    def collect(self, identity: str) -> list[str]:
        """Journal the tasks that ended, write their facts, and name them."""
        job = self._p.journal.job(identity)
        open_steps = {found.step for found in job.executions if not found.outcome}
        ended = [end for end in self._p.leases.ended(identity) if end.step in open_steps]
        if ended:
            plan = self.plan_of(job)
            for end in ended:
                self._record(identity, plan, _execution_of(end))
        return [end.step for end in ended]

    def settle(self, identity: str) -> None:
        """Take back a job's tasks and wait until no worker has one any more."""
        self._p.leases.withdraw(identity)
        signal = self._p.journal.signal
        while True:
            self._check()
            seen = signal.number
            self.collect(identity)
            job = self._p.journal.job(identity)
            if all(execution.outcome for execution in job.executions):
                return
            signal.wait(seen, 1.0)

    def wait_undo(self, identity: str, row: dict[str, str]) -> bool:
        """Wait until an undo step ended; say whether it succeeded."""
        signal = self._p.journal.signal
        name = row["undo"].rsplit("#", 1)[-1]
        while True:
            self._check()
            seen = signal.number
            self.collect(identity)
            execution = self._p.journal.job(identity).execution(name)
            if execution is not None and execution.outcome:
                break
            signal.wait(seen, LOOK_AGAIN_S)
        if execution.outcome == "Completed":
            self._p.journal.undone(identity, row["step"].rsplit("#", 1)[-1])
            self.write_job(identity)
        return execution.outcome == "Completed"

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopping

    def _record(self, identity: str, plan: Plan, execution: Execution) -> None:
        self._p.journal.end(identity, execution)
        if execution.outcome == "Completed":
            for step in plan.steps:
                if step.waits and execution.step in step.after:
                    until = stamp(later(moment(execution.ended), step.waits))
                    self._p.journal.hold(identity, step.name, until)
        self.write_facts(identity, plan)
        self.write_job(identity)

    def write_facts(self, identity: str, plan: Plan) -> None:
        """Write the facts of ended steps that may not be in their service's graph yet."""
        for name in self._p.journal.unwritten(identity):
            job = self._p.journal.job(identity)
            execution = job.execution(name)
            if execution is not None and execution.outcome == "Completed":
                step = plan.step(name)
                self._p.services.record(job, plan, step, execution)
                self._publish(identity, plan, step)
            self._p.journal.written(identity, name)

    def _publish(self, identity: str, plan: Plan, step: Step) -> None:
        """Make connection details current: of a new service, of a held source, of a cut-over."""
        task = task_id(identity, step.name)
        if step.verb == KG.Provision and step.input.get("purpose") == "service":
            self._p.leases.publish_connection(step.service, "service", task)
        elif step.verb == KG.Hold:
            self._p.leases.publish_connection(step.service, "hold", task)
        elif step.verb == KG.CutOver:
            target = next(s for s in plan.steps if s.verb == KG.Provision)
            self._p.leases.publish_connection(
                step.service, "service", task_id(identity, target.name)
            )

    def write_job(self, identity: str) -> None:
        """Make the job's graph what the journal says."""
        job = self._p.journal.job(identity)
        change = GraphChange(
            job_iri(self._p.base_iri, identity).value, job_triples(job, self._p.base_iri)
        )
        self._p.store.commit([change], dataset="private")

    # Ending ------------------------------------------------------------------------------------

    def finish(self, identity: str, state: str) -> str:
        """Put the job to rest in `state` and say why."""
        job = self._p.journal.job(identity)
        reasons = tuple(f"{found.step}: {found.reason}" for found in job.executions if found.reason)
        if job.is_cancelled and not job.has_passed:
            reasons = ("cancelled by its owner", *reasons)
        wake_at = self.next_wake(identity) if state == "holding" else ""
        if state in ("rolled-back", "failed"):
            self._close_services(job, state)
        self._p.journal.move_to(identity, state, reasons, wake_at)
        self.write_job(identity)
        return state

    def _close_services(self, job: Job, state: str) -> None:
        plan = self.plan_of(job)
        if state == "rolled-back":
            self._p.services.invalidate_agreements(job, plan, now())
            if plan.action == KG.Provisioning:
                for service in job.services:
                    self._p.services.set_state(service, KG.Ended)
        elif not job.has_passed:
            for service in job.services:
                self._p.services.set_state(service, KG.Failing)

    def begin_rollback(self, identity: str) -> None:
        """Say that the job is being rolled back."""
        self._p.journal.move_to(identity, "rolling-back")
        self.write_job(identity)

    def repair(self, identity: str) -> None:
        """Bring the graph up to the journal; called at start."""
        job = self._p.journal.job(identity)
        plan = self.plan_of(job)
        self._p.services.open(plan)
        self.write_facts(identity, plan)
        self.write_job(identity)


def _plain(row: Row) -> dict[str, str]:
    return {name: term.value for name, term in row.items() if not isinstance(term, Blank)}


def _ended(step: str, outcome: str, facts: JsonObject, moment_now: str) -> Execution:
    return Execution(step, 0, "", 0, 0, outcome, facts, "", moment_now, moment_now)


def _execution_of(end: TaskEnd) -> Execution:
    outcome = {"done": "Completed", "failed": "Failed"}.get(end.state, "Failed")
    if end.state == "cancelled" and end.attempts == 0:
        outcome = "Undone"
    return replace(
        _ended(end.step, outcome, end.facts, now()),
        worker=end.worker,
        token=end.token,
        attempts=end.attempts,
        reason=end.reason if outcome == "Failed" else "",
    )


def _gap(resolved: JsonObject, moment_now: str) -> dict[str, Json]:
    facts: dict[str, Json] = {"cutOverAt": moment_now}
    fenced = resolved.get("fencedAt")
    if isinstance(fenced, str):
        seconds = (moment(moment_now) - moment(fenced)).total_seconds()
        facts |= {"fencedAt": fenced, "writeGap": str(Decimal(f"{max(seconds, 0.0):.3f}"))}
    return facts
