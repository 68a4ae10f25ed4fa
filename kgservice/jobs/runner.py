"""Running plans: start, look, cancel, consent, try again, recover."""

from __future__ import annotations

import hashlib
import logging
import threading
from pathlib import Path

from kgservice.jobs.chores import Chores
from kgservice.jobs.counting import Counts, count
from kgservice.jobs.database import Database
from kgservice.jobs.journal import Journal
from kgservice.jobs.leases import LeaseTable
from kgservice.jobs.options import JobOptions
from kgservice.jobs.parts import Parts, services_of
from kgservice.jobs.queries import QueryFolder
from kgservice.jobs.repairing import repair
from kgservice.jobs.saga import Saga
from kgservice.jobs.sealed import SealedStore
from kgservice.jobs.services import ServiceGraphs
from kgservice.jobs.values import ACTIVE, Event, Job, now
from kgservice.jobs.workers import WorkerRegistry
from kgservice.jobs.workflows import Workflows, WorkflowState
from kgservice.model.errors import KgError, Refused
from kgservice.model.terms import KG
from kgservice.plan import Plan, from_triples, to_triples
from kgservice.plan.clocks import moment
from kgservice.store.port import GraphChange, Store

_LOG = logging.getLogger("kgservice.jobs")


class JobRunner:
    """Runs plans. One per process: the workflow engine is a singleton."""

    def __init__(
        self,
        store: Store,
        data_dir: Path,
        base_iri: str,
        *,
        jobs_url: str = "",
        options: JobOptions | None = None,
    ) -> None:
        """Open the journal in `data_dir`; nothing runs before `start`.

        `jobs_url` is the workflow engine's database, by default `jobs.sqlite` in the folder.
        """
        self._options = options or JobOptions()
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._clock: threading.Thread | None = None
        self._store = store
        self._database = Database(data_dir / "leases.sqlite")
        self._journal = Journal(self._database)
        self._sealed = SealedStore(self._database)
        self._services = ServiceGraphs(store, base_iri, self._options.properties)
        self.leases = LeaseTable(self._database, self._options.timing)
        self.workers = WorkerRegistry(
            self._database,
            store,
            base_iri,
            self._options.on_workers_changed,
            self._options.properties,
        )
        parts = Parts(
            store=store,
            base_iri=base_iri,
            journal=self._journal,
            leases=self.leases,
            sealed=self._sealed,
            workers=self.workers,
            services=self._services,
            queries=QueryFolder(self._options.queries),
            on_drift=self._options.on_drift,
        )
        self._saga = Saga(parts, self._stopping)
        self._chores = Chores(self._journal, self._options.chores)
        self._workflows = Workflows(
            self._saga, self._chores, jobs_url or f"sqlite:///{data_dir.resolve()}/jobs.sqlite"
        )

    def start(self) -> None:
        """Repair the graph from the journal, then recover interrupted jobs and take new ones."""
        self.repair()
        self.work()

    def repair(self) -> None:
        """Make the graph say what the journal says, before anything else is done."""
        repair(self._journal, self._chores, self._saga.recorder)

    def work(self) -> None:
        """Recover interrupted jobs and take new ones, once; what comes in before waits for this."""
        with self._changing:
            if self._clock is None and not self._stopping.is_set():
                self._work()

    def wait_until_working(self) -> None:
        """Wait until jobs are taken; Unavailable (`jobs-not-started`) when they cannot be."""
        self._workflows.wait_until_started()

    def _work(self) -> None:
        self._workflows.start()
        # A crash may have come between the journal's entry and the start of its workflow.
        for job in self._journal.jobs(ACTIVE):
            self._take_up(job)
        self._clock = threading.Thread(target=self._watch_clock, name="kg-clock", daemon=True)
        self._clock.start()

    def _take_up(self, job: Job) -> None:
        state = self._workflows.state(job)
        if state is WorkflowState.ABSENT:
            self._workflows.launch(job)
        elif state is WorkflowState.DEAD and self._journal.next_leg(
            job.id, (job.state,), job.state
        ):
            self._workflows.launch(self._journal.job(job.id))

    def stop(self) -> None:
        """Leave running jobs for the next start and close the files."""
        self._stopping.set()
        self.leases.close()
        with self._changing:  # a start that is under way ends first
            if self._clock is not None:
                self._clock.join(timeout=10)
                self._workflows.stop()
        self._database.close()

    def start_plan(self, plan: Plan, *, key: str = "", consented: bool = False) -> str:
        """Save the plan if it is not saved, and start a job for it; give the job's id.

        The same `key` (by default the plan's IRI) gives the same job. `consented` records the
        customer's consent to erase held data at once.

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
            services=services_of(plan),
            has_consent=consented,
        )
        known = self._journal.open(job, key)
        if known == identity:
            self._saga.recorder.repair(identity)
        present = self._journal.job(known)
        if present.state == "running":
            self._take_up(present)
        return known

    def start_chore(self, action: str, subject: str, customer: str) -> str:
        """Start a chore, such as a sync of a catalogue; give the job's id.

        While one of the same action and subject runs, it is that one. After a crash it is done
        again.
        """
        job = self._chores.open(action, subject, customer)
        self._workflows.launch(job)
        return job.id

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
        job = self._journal.job(identity)
        if self._chores.is_chore(job):
            raise Refused("A sync cannot be taken back.", code="job-not-cancellable")
        was = job.state
        self._journal.cancel(identity)
        if was == "holding" and self._journal.next_leg(identity, ("cancelling",), "cancelling"):
            self._workflows.launch(self._journal.job(identity))

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
        self._saga.recorder.write_job(identity)
        self._workflows.launch(self._journal.job(identity))

    def consent(self, identity: str) -> None:
        """Record that the customer lets a job erase what it holds now, and let it go on.

        Raises:
            NotFound: `job-unknown`.
        """
        job = self._journal.job(identity)
        for step in self.plan(job.plan).steps:
            if step.verb in (KG.Erase, KG.End):
                self._services.consent(step.service)
        self._journal.consent(identity)
        self._saga.recorder.write_job(identity)
        self._wake(identity)

    def job_of_plan(self, plan_iri: str) -> str:
        """Give the id of the newest job that runs a plan, or nothing."""
        return self._journal.job_of_plan(plan_iri)

    def counts(self) -> Counts:
        """Count jobs, tasks, leases and workers."""
        return count(self._database)

    def ready_rows(self, identity: str) -> list[list[dict[str, str]]]:
        """Give what `ready-steps.rq` answered each time that it started something, as recorded."""
        return self._journal.ready_rows(identity)

    def sealed_connection(self, service: str) -> dict[str, str]:
        """Give JWEs with connection details, for the service's customer alone.

        `sealed` is the service's, `held` that of the login at a held source, where they exist.
        """
        purposes = {"sealed": "service", "held": "hold"}
        found = {name: self._sealed.connection(service, one) for name, one in purposes.items()}
        return {name: jwe for name, jwe in found.items() if jwe}

    def _watch_clock(self) -> None:
        while not self._stopping.is_set():
            seen = self._database.signal.number
            pause_s = 29.0
            for job in self._journal.jobs(("holding",)):
                left_s = (moment(job.wake_at) - moment(now())).total_seconds()
                if left_s <= 0:
                    self._wake(job.id)
                pause_s = min(pause_s, max(left_s, 0.0))
            for job in self._journal.jobs(ACTIVE):
                if self._workflows.state(job) is WorkflowState.DEAD:
                    self._take_up(job)
            # Any commit wakes it; a second's pause keeps a busy journal from being read at each.
            self._stopping.wait(1.0)
            self._database.signal.wait(seen, pause_s)

    def _wake(self, identity: str) -> None:
        try:
            if self._journal.next_leg(identity, ("holding",), "running"):
                self._saga.recorder.write_job(identity)
                self._workflows.launch(self._journal.job(identity))
        except KgError:
            _LOG.exception("job %s could not be taken up again", identity)
