"""The parts of a job's workflow, each safe to repeat: look, start, wait, record.

Order of every effect: journal, then graph, and only then the next look at the graph.
"""

from __future__ import annotations

import threading

from kgservice.jobs.parts import Parts, step_name
from kgservice.jobs.recording import Recorder
from kgservice.jobs.starting import Starter
from kgservice.jobs.values import Job, now
from kgservice.model.terms import KG
from kgservice.plan.clocks import moment, stamp

LOOK_AGAIN_S = 5.0
"""How often a waiting job looks at the graph without being woken."""


class Stopping(BaseException):
    """The process is going down: leave the workflow as it is, it will be recovered.

    Not an `Exception`, so that the workflow engine does not record it as the step's result.
    """


class Saga:
    """What workflows call; has no state besides the journal, the leases and the graph."""

    def __init__(self, parts: Parts, stopping: threading.Event) -> None:
        """Work with `parts` until `stopping` is set."""
        self._p = parts
        self._stopping = stopping
        self.recorder = Recorder(parts)
        starter = Starter(parts, self.recorder)
        self.start = starter.start
        self.start_undo = starter.start_undo

    def ready(self, identity: str, key: str) -> list[dict[str, str]]:
        """Ask `ready-steps.rq` what may start and keep its rows as an event."""
        rows = self._p.ask("ready-steps", identity)
        if rows:
            names = ", ".join(step_name(row["step"]) for row in rows)
            self._p.journal.note(
                identity,
                f"ready:{key}",
                "ready-steps",
                {"message": f"may start: {names}", "rows": [{**row} for row in rows]},
            )
        return rows

    def undo_rows(self, identity: str) -> list[dict[str, str]]:
        """Ask `undo-steps.rq` what must be taken back, last first."""
        return self._p.ask("undo-steps", identity)

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
        recorded = self.recorder.collect(identity)
        job = self._p.journal.job(identity)
        if job.is_cancelled and not job.has_passed:
            return "undo"
        if any(execution.outcome == "Failed" for execution in job.executions):
            return "failed" if job.has_passed else "undo"
        if recorded or self._p.ask("ready-steps", identity):
            return "go"
        if any(not execution.outcome for execution in job.executions):
            return ""
        return self._rest(job)

    def _rest(self, job: Job) -> str:
        plan = self._p.plan_of(job)
        done = {execution.step for execution in job.executions}
        open_steps = [step for step in plan.steps if step.name not in done]
        if not open_steps:
            return "done"
        held = {step_name(row["step"]) for row in self._p.ask("held-steps", job.id)}
        startable = {step.name for step in open_steps if done.issuperset(step.after)}
        return "holding" if startable and startable <= held else ""

    def next_wake(self, identity: str) -> str:
        """Say when the first held step may start."""
        rows = self._p.ask("held-steps", identity)
        return min((stamp(moment(row["until"])) for row in rows), default=now())

    def settle(self, identity: str) -> None:
        """Take back a job's tasks and wait until no worker has one any more."""
        plan = self._p.plan_of(self._p.journal.job(identity))
        self._p.leases.withdraw(identity, (step.name for step in plan.steps))
        signal = self._p.journal.signal
        while True:
            self._check()
            seen = signal.number
            self.recorder.collect(identity)
            job = self._p.journal.job(identity)
            if all(execution.outcome for execution in job.executions):
                return
            signal.wait(seen, 1.0)

    def wait_undo(self, identity: str, row: dict[str, str]) -> bool:
        """Wait until an undo step ended; say whether it succeeded."""
        signal = self._p.journal.signal
        name = step_name(row["undo"])
        while True:
            self._check()
            seen = signal.number
            self.recorder.collect(identity)
            execution = self._p.journal.job(identity).execution(name)
            if execution is not None and execution.outcome:
                break
            signal.wait(seen, LOOK_AGAIN_S)
        if execution.outcome == "Completed":
            self._p.journal.undone(identity, step_name(row["step"]))
            self.recorder.write_job(identity)
        return execution.outcome == "Completed"

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopping

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
        self.recorder.write_job(identity)
        return state

    def _close_services(self, job: Job, state: str) -> None:
        plan = self._p.plan_of(job)
        if state == "rolled-back":
            self._p.services.invalidate_agreements(job, plan, now())
            new = {
                step.service
                for step in plan.steps
                if step.verb == KG.Provision and step.input.get("purpose") == "service"
            }
            touched = {step.service for step in plan.steps if step.kind}
            for service in job.services:
                if service in touched:
                    self._p.services.set_state(service, KG.Ended if service in new else KG.Running)
        elif not job.has_passed:
            touched = {step.service for step in plan.steps if step.kind}
            for service in job.services:
                if service in touched:
                    self._p.services.set_state(service, KG.Failing)

    def begin_rollback(self, identity: str) -> None:
        """Say that the job is being rolled back."""
        self._p.journal.move_to(identity, "rolling-back")
        self.recorder.write_job(identity)
