"""Recording: journal first, then the service's graph, then the job's graph."""

from __future__ import annotations

from dataclasses import replace

from kgservice.jobs.facts import job_iri, job_triples
from kgservice.jobs.parts import Parts
from kgservice.jobs.tasks import TaskEnd, task_id
from kgservice.jobs.values import Execution, now
from kgservice.model.terms import KG
from kgservice.plan import Json, JsonObject, Plan, Step
from kgservice.plan.clocks import later, moment, stamp
from kgservice.store.port import GraphChange


class Recorder:
    """Writes what happened; everything may be repeated."""

    def __init__(self, parts: Parts) -> None:
        """Write to the journal and the store of `parts`."""
        self._p = parts

    def collect(self, identity: str) -> list[str]:
        """Journal the tasks that ended, write their facts, and name them."""
        job = self._p.journal.job(identity)
        open_steps = {found.step for found in job.executions if not found.outcome}
        ended = [end for end in self._p.leases.ended(identity) if end.step in open_steps]
        if ended:
            plan = self._p.plan_of(job)
            for end in ended:
                self.record(identity, plan, _execution_of(end))
        return [end.step for end in ended]

    def record(self, identity: str, plan: Plan, execution: Execution) -> None:
        """Journal how a step ended, start the clocks that this starts, write the graphs."""
        holds = {
            step.name: stamp(later(moment(execution.ended), step.waits))
            for step in plan.steps
            if step.waits and execution.step in step.after and execution.outcome == "Completed"
        }
        self._p.journal.end(identity, execution, holds)
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
                self._tell_drift(identity, step)
            elif execution is not None and plan.action == KG.Observation:
                step = plan.step(name)
                self._p.services.record_absence(job, step, execution)
                self._tell_drift(identity, step)
            self._p.journal.written(identity, name)

    def _tell_drift(self, identity: str, step: Step) -> None:
        """Say as an event what an observation found to differ; a repair is only proposed."""
        if step.verb != KG.Observe:
            return
        drifts = self._p.services.drifts(step.service)
        if drifts:
            said = ", ".join(f"{one.name} {one.observed} (made: {one.planned})" for one in drifts)
            data: dict[str, Json] = {
                "step": step.name,
                "service": step.service,
                "message": f"drift: {said}",
                "differs": [dict(one.as_json()) for one in drifts],
            }
            self._p.journal.note(identity, f"drift:{step.name}", "drift", data)
            if self._p.on_drift:
                self._p.on_drift(step.service)

    def _publish(self, identity: str, plan: Plan, step: Step) -> None:
        """Make connection details current: of a new service, of a held source, of a cut-over."""
        task = task_id(identity, step.name)
        if step.verb == KG.Provision and step.input.get("purpose") == "service":
            self._p.sealed.publish(step.service, "service", task)
        elif step.verb == KG.Hold:
            self._p.sealed.publish(step.service, "hold", task)
        elif step.verb == KG.Erase:
            self._p.sealed.forget(step.service, "hold")
        elif step.leads_to == KG.Ended.value:
            self._p.sealed.forget(step.service, "service", "hold")
        elif step.verb == KG.CutOver:
            target = next(
                one
                for one in plan.steps
                if one.verb == KG.Provision and one.service == step.service
            )
            self._p.sealed.publish(step.service, "service", task_id(identity, target.name))

    def write_job(self, identity: str) -> None:
        """Make the job's graph what the journal says."""
        job = self._p.journal.job(identity)
        change = GraphChange(
            job_iri(self._p.base_iri, identity).value, job_triples(job, self._p.base_iri)
        )
        self._p.store.commit([change], dataset="private")

    def repair(self, identity: str) -> None:
        """Bring the graph up to the journal; called at start."""
        job = self._p.journal.job(identity)
        plan = self._p.plan_of(job)
        self._p.services.open(plan)
        self.write_facts(identity, plan)
        self.write_job(identity)


def ended(step: str, outcome: str, facts: JsonObject, moment_now: str) -> Execution:
    """Make the execution of a step that starts and ends at once."""
    return Execution(step, 0, "", 0, 0, outcome, facts, "", moment_now, moment_now)


def _execution_of(end: TaskEnd) -> Execution:
    outcome = {"done": "Completed", "failed": "Failed"}.get(end.state, "Failed")
    if end.state == "cancelled" and end.attempts == 0:
        outcome = "Undone"
    return replace(
        ended(end.step, outcome, end.facts, now()),
        worker=end.worker,
        token=end.token,
        attempts=end.attempts,
        reason=end.reason if outcome == "Failed" else "",
    )
