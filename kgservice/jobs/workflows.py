"""The workflows of jobs on DBOS, recovered by the same executor under the same version.

Each step of a workflow is recorded with its result; a step that was interrupted runs again, which
is why everything in the saga may be repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from kgservice.jobs.chores import Chores
from kgservice.jobs.saga import Saga
from kgservice.jobs.values import Job
from kgservice.model.errors import Unavailable

EXECUTOR = "kgservice"
APPLICATION_VERSION = "1"
"""Raised only when running workflows of the old version cannot be continued by the new one."""
START_WAIT_S = 60.0
"""How long something waits for the engine while the service starts."""
_DEAD = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_T = TypeVar("_T")


class WorkflowState(Enum):
    """Whether somebody carries a job on: nobody yet, nobody any more, or the engine."""

    ABSENT = "absent"
    DEAD = "dead"
    ALIVE = "alive"


class Workflows:
    """Three workflows, `run`, `roll back` and `chore`; the engine is one per process.

    Its import and start take half a second of a processor: a service answers before that, and
    whoever wants something of the engine meanwhile waits for it.
    """

    def __init__(self, saga: Saga, chores: Chores, url: str) -> None:
        """Keep the engine's records at `url`; nothing runs before `start`."""
        self._saga = saga
        self._chores = chores
        self._url = url
        self._is_open = threading.Event()
        self._failure: Exception | None = None

    def start(self) -> None:
        """Start the engine; it takes up the workflows that were interrupted."""
        try:
            self._start()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._is_open.set()

    def wait_until_started(self) -> None:
        """Wait for the engine.

        Raises:
            Unavailable: it could not be started (`jobs-not-started`), or not in time.
        """
        if not self._is_open.wait(START_WAIT_S) or self._failure is not None:
            reason = type(self._failure).__name__ if self._failure else "it takes too long"
            raise Unavailable(
                f"Jobs could not be started: {reason}.",
                code="jobs-not-started",
                hint="See the service's log; check KG_JOBS_URL and the data folder's rights.",
            )

    def _start(self) -> None:
        from dbos import DBOS, DBOSConfig

        config = DBOSConfig(
            name="kgservice",
            system_database_url=self._url,
            log_level="WARNING",
            application_version=APPLICATION_VERSION,
            executor_id=EXECUTOR,
        )
        DBOS(config=config)

        # The engine marks the functions that it is given, which bound methods do not allow.
        def run(identity: str, leg: int) -> str:
            return self._run_workflow(identity, leg)

        def roll_back(identity: str, leg: int) -> str:
            return self._rollback_workflow(identity, leg)

        def do_chore(identity: str, leg: int) -> str:
            del leg  # names the workflow only
            return _step("chore", self._chores.run, identity)

        self._chore = DBOS.workflow(name="kgservice.chore")(do_chore)
        self._run = DBOS.workflow(name="kgservice.run")(run)
        self._roll_back = DBOS.workflow(name="kgservice.roll-back")(roll_back)
        DBOS.launch()

    def stop(self) -> None:
        """Stop the engine; interrupted workflows are taken up at the next start."""
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=5)

    def launch(self, job: Job) -> None:
        """Start the workflow that the job's state asks for; one that exists is left alone."""
        self.wait_until_started()
        workflow = self._roll_back if job.state == "rolling-back" else self._run
        if self._chores.is_chore(job):
            workflow = self._chore
        _begin(workflow, _name(job), job.id, job.leg)

    def state(self, job: Job) -> WorkflowState:
        """Say whether the workflow of a job's leg exists, and whether it can still go on."""
        from dbos import DBOS

        self.wait_until_started()
        status = DBOS.get_workflow_status(_name(job))
        if status is None:
            return WorkflowState.ABSENT
        return WorkflowState.DEAD if status.status in _DEAD else WorkflowState.ALIVE

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
                _begin(self._roll_back, f"{identity}.rollback.{leg}", identity, leg)
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


def _name(job: Job) -> str:
    return f"{job.id}.{'rollback.' if job.state == 'rolling-back' else ''}{job.leg}"


def _begin(workflow: Callable[[str, int], str], name: str, identity: str, leg: int) -> None:
    from dbos import DBOS, SetWorkflowID

    with SetWorkflowID(name):
        DBOS.start_workflow(workflow, identity, leg)


def _step(name: str, function: Callable[..., _T], *values: object) -> _T:
    """Run a part of the saga as a recorded step; what is unavailable is tried again."""
    from dbos import DBOS

    return DBOS.run_step(
        {"name": name, "retries_allowed": True, "max_attempts": 6, "interval_seconds": 0.5},
        function,
        *values,
    )
