"""Durable jobs: workflows on DBOS, recovered by the same executor under the same version."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID

from kgservice.jobs.database import Database
from kgservice.jobs.journal import ACTIVE, Event, Job, Journal, now
from kgservice.jobs.leases import LeaseTable, Timing
from kgservice.jobs.queries import QueryFolder
from kgservice.jobs.saga import Parts, Saga
from kgservice.jobs.services import ServiceGraphs
from kgservice.jobs.workers import WorkerRegistry
from kgservice.model.errors import KgError, Refused
from kgservice.model.terms import KG
from kgservice.plan import Plan, from_triples, to_triples
from kgservice.plan.clocks import moment
from kgservice.store.port import GraphChange, Store

EXECUTOR = "kgservice"
APPLICATION_VERSION = "1"
"""Raised only when running workflows of the old version cannot be continued by the new one."""
_LOG = logging.getLogger("kgservice.jobs")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How jobs are run.

    Attributes:
        jobs_url: Database of the workflow engine; empty means `jobs.sqlite` in the data folder.
        queries: Folder of the deciding queries; None means the packaged one.
        timing: Times of leases.
        on_workers_changed: Called after a registration, to derive what follows from it.
    """

    jobs_url: str = ""
    queries: Path | None = None
    timing: Timing | None = None
    on_workers_changed: Callable[[], None] | None = None


class JobRunner:
    """Runs plans. One per process: the workflow engine is a singleton."""

    def __init__(
        self, store: Store, data_dir: Path, base_iri: str, options: JobOptions | None = None
    ) -> None:
        """Open the journal in `data_dir`; nothing runs before `start`."""
        self._options = options or JobOptions()
        self._url = self._options.jobs_url or f"sqlite:///{data_dir.resolve()}/jobs.sqlite"
        self._stopping = threading.Event()
        self._clock: threading.Thread | None = None
        self._store = store
        self._database = Database(data_dir / "leases.sqlite")
        self._journal = Journal(self._database)
        self._services = ServiceGraphs(store, base_iri)
        self.leases = LeaseTable(self._database, self._options.timing)
        self.workers = WorkerRegistry(
            self._database, store, base_iri, self._options.on_workers_changed
        )
        parts = Parts(
            store=store,
            base_iri=base_iri,
            journal=self._journal,
            leases=self.leases,
            workers=self.workers,
            services=self._services,
            queries=QueryFolder(self._options.queries),
        )
        self._saga = Saga(parts, self._stopping)

    # Life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Repair the graph from the journal, then recover interrupted jobs and take new ones."""
        for job in self._journal.jobs((*ACTIVE, "holding")):
            self._saga.repair(job.id)
        config = DBOSConfig(
            name="kgservice",
            system_database_url=self._url,
            log_level="WARNING",
            application_version=APPLICATION_VERSION,
            executor_id=EXECUTOR,
        )
        DBOS(config=config)
        self._register()
        DBOS.launch()
        # A crash may have come between the journal's entry and the start of its workflow.
        for job in self._journal.jobs(ACTIVE):
            self._launch(job)
        self._clock = threading.Thread(target=self._watch_clock, name="kg-clock", daemon=True)
        self._clock.start()

    def _register(self) -> None:
        # The engine marks the functions that it is given, which bound methods do not allow.
        def run(identity: str, leg: int) -> str:
            return self._run_workflow(identity, leg)

        def roll_back(identity: str, leg: int) -> str:
            return self._rollback_workflow(identity, leg)

        self._run = DBOS.workflow(name="kgservice.run")(run)
        self._roll_back = DBOS.workflow(name="kgservice.roll-back")(roll_back)

    def stop(self) -> None:
        """Leave running jobs for the next start and close the files."""
        self._stopping.set()
        self._database.signal.notify()
        if self._clock is not None:
            self._clock.join(timeout=10)
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=5)
        self._database.close()

    # Use ---------------------------------------------------------------------------------------

    def start_job(self, plan: Plan, *, key: str = "", consent: bool = False) -> str:
        """Save the plan if it is not saved, and start a job for it; give the job's id.

        The same `key` (by default the plan's IRI) gives the same job. `consent` is the customer's
        recorded consent to erase held data at once.

        Raises:
            Refused: another job works on one of the services (`service-busy`).
        """
        if not self._store.graph(plan.iri, dataset="private"):
            change = GraphChange(plan.iri, to_triples(plan))
            self._store.commit([change], dataset="private")
        key = key or plan.iri
        identity = hashlib.sha256(f"{plan.iri}\x00{key}".encode()).hexdigest()[:12]
        job = Job(
            id=identity,
            plan=plan.iri,
            action=plan.action.value,
            customer=plan.customer,
            services=_services_of(plan),
            state="running",
            reasons=(),
            created=now(),
            ended="",
            is_cancelled=False,
            has_passed=False,
            has_consent=consent,
            leg=0,
            wake_at="",
        )
        known = self._journal.open(job, key)
        if known == identity:
            self._saga.repair(identity)
        present = self._journal.job(known)
        if present.state == "running":
            self._launch(present)
        return known

    def job(self, identity: str) -> Job:
        """Give a job.

        Raises:
            NotFound: `job-unknown`.
        """
        return self._journal.job(identity)

    def jobs(self, customer: str = "") -> list[Job]:
        """List jobs, newest first, of one customer or of all."""
        return [job for job in self._journal.jobs() if customer in ("", job.customer)]

    def plan(self, plan_iri: str) -> Plan:
        """Read a saved plan.

        Raises:
            InputError: there is no sound plan under this IRI (`plan-invalid`).
        """
        return from_triples(self._store.graph(plan_iri, dataset="private"))

    def events(self, identity: str, after: int = 0, wait_s: float = 0.0) -> list[Event]:
        """List a job's events after an id; with `wait_s`, wait that long for the first one."""
        seen = self._database.signal.number
        self._journal.job(identity)
        found = self._journal.events(identity, after)
        if not found and wait_s > 0:
            self._database.signal.wait(seen, wait_s)
            found = self._journal.events(identity, after)
        return found

    def cancel(self, identity: str) -> None:
        """Ask to take a job back; it is rolled back as a workflow of its own.

        Raises:
            NotFound: `job-unknown`.
            Refused: it is past its point of no return, or over (`job-not-cancellable`).
        """
        was = self._journal.job(identity).state
        self._journal.cancel(identity)
        if was == "holding" and self._journal.next_leg(identity, ("cancelling",), "cancelling"):
            self._launch(self._journal.job(identity))

    def retry(self, identity: str) -> None:
        """Try the failed steps of a failed job again.

        Raises:
            NotFound: `job-unknown`.
            Refused: the job did not fail (`job-not-failed`).
        """
        job = self._journal.job(identity)
        state = "running" if job.has_passed else "rolling-back"
        if not self._journal.next_leg(identity, ("failed",), state):
            raise Refused(f"The job {identity} is {job.state}.", code="job-not-failed")
        undo = {step.name for step in self.plan(job.plan).undo_steps}
        for execution in job.executions:
            if execution.outcome == "Failed" and (job.has_passed or execution.step in undo):
                self.leases.renew(identity, execution.step)
                self._journal.forget(identity, execution.step)
        self._saga.write_job(identity)
        self._launch(self._journal.job(identity))

    def consent(self, service: str) -> list[str]:
        """Record that the customer lets held data of a service be erased now; name the jobs."""
        found = [
            job for job in self._journal.jobs(("holding", "running")) if service in job.services
        ]
        self._services.consent(service)
        for job in found:
            self._journal.consent(job.id)
            self._saga.write_job(job.id)
            self._wake(job.id)
        return [job.id for job in found]

    def sealed_connection(self, service: str, purpose: str = "service") -> str:
        """Give the JWE with a service's connection details, for its customer alone.

        `purpose` is `service`, or `hold` for the read-only login at a held source. Empty when
        there is none.
        """
        return self.leases.connection(service, purpose)

    # Workflows ---------------------------------------------------------------------------------

    def _launch(self, job: Job) -> None:
        rolls_back = job.state == "rolling-back"
        workflow = self._roll_back if rolls_back else self._run
        name = f"{job.id}.{'rollback.' if rolls_back else ''}{job.leg}"
        with SetWorkflowID(name):
            DBOS.start_workflow(workflow, job.id, job.leg)

    def _run_workflow(self, identity: str, leg: int) -> str:
        saga = self._saga
        turn = 0
        while True:
            turn += 1
            rows = _step("ready-steps", saga.ready, identity, f"{leg}.{turn}")
            if rows:
                _step("start", saga.start, identity, rows)
            verdict = _step("wait", saga.wait, identity)
            if verdict == "undo":
                _step("begin-rollback", saga.begin_rollback, identity)
                with SetWorkflowID(f"{identity}.rollback.{leg}"):
                    DBOS.start_workflow(self._roll_back, identity, leg)
                return verdict
            if verdict != "go":
                return _step("finish", saga.finish, identity, verdict)

    def _rollback_workflow(self, identity: str, leg: int) -> str:
        saga = self._saga
        _step("settle", saga.settle, identity)
        is_clean = True
        while rows := _step("undo-steps", saga.undo_rows, identity):
            _step("start-undo", saga.start_undo, identity, rows[0])
            is_clean = _step("wait-undo", saga.wait_undo, identity, rows[0]) and is_clean
        return _step("finish", saga.finish, identity, "rolled-back" if is_clean else "failed")

    def _watch_clock(self) -> None:
        while not self._stopping.is_set():
            seen = self._database.signal.number
            for job in self._journal.jobs(("holding",)):
                if job.wake_at and moment(job.wake_at) <= moment(now()):
                    self._wake(job.id)
            # Any commit wakes it; a second's pause keeps a busy journal from being read at each.
            self._stopping.wait(1.0)
            self._database.signal.wait(seen, 29.0)

    def _wake(self, identity: str) -> None:
        try:
            if self._journal.next_leg(identity, ("holding",), "running"):
                self._saga.write_job(identity)
                self._launch(self._journal.job(identity))
        except KgError:
            _LOG.exception("job %s could not be taken up again", identity)


def _step(name: str, function: Callable[..., _T], *values: object) -> _T:
    """Run a part of the saga as a recorded step; what is unavailable is tried again."""
    return DBOS.run_step(
        {"name": name, "retries_allowed": True, "max_attempts": 6, "interval_seconds": 0.5},
        function,
        *values,
    )


def _services_of(plan: Plan) -> tuple[str, ...]:
    if plan.service:
        return (plan.service,)
    return tuple(dict.fromkeys(s.service for s in plan.steps if s.verb == KG.Provision))
