"""Tasks for workers, given out under leases with fencing tokens.

A task is leased to one worker at a time. Each lease gets a higher token; whoever comes with a lower
one learns that it lost the task (`stale-lease`) and must not touch the provider any more.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping

from kgservice.jobs.database import Database
from kgservice.jobs.tasks import (
    FAILURE_CLASSES,
    Lease,
    TaskEnd,
    Timing,
    stale_lease,
    task_id,
    whole_text,
)
from kgservice.jobs.workers import WorkerIdentity, own_worker
from kgservice.model.errors import AccessDenied, InputError, NotFound
from kgservice.plan import JsonObject
from kgservice.plan.building import canonical

MAX_FACTS_BYTES = 1_000_000
_OFFER = """INSERT OR IGNORE INTO task
SELECT ?,?,?,?,?,?,'ready',coalesce(max(token),0),0,?,0,'',0,'{}','' FROM fence"""
_CANDIDATE = """
  SELECT task.id FROM task JOIN worker AS chosen ON chosen.iri = task.worker
  WHERE task.cancel = 0 AND task.attempts < :most
    AND ((task.state = 'ready' AND task.ready_at <= :now)
      OR (task.state = 'leased' AND task.lease_until < :now))
    AND (task.worker = :worker
      OR (task.pinned = 0 AND chosen.provider = :provider AND chosen.type = :type
        AND max(task.ready_at, task.lease_until) < :now - :lease))
  ORDER BY task.ready_at, task.id LIMIT 1
"""
_CLAIM = f"""
UPDATE task SET state = 'leased', token = token + 1, attempts = attempts + 1, leased_by = :worker,
  lease_until = :now + :lease
WHERE id = ({_CANDIDATE})
RETURNING *
"""  # noqa: S608


class LeaseTable:
    """The tasks of all jobs."""

    def __init__(
        self,
        database: Database,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use the tables of `database`; `clock` gives seconds and may be replaced in tests."""
        self._database = database
        self.timing = timing or Timing()
        self._clock = clock
        self._is_closed = False

    def put(self, body: JsonObject, *, job: str, step: str, worker: str, pinned: bool) -> None:
        """Offer a task to `worker`; one that exists already stays as it is.

        A worker of the same type and provider may take it over when the chosen one does not come
        for the length of a lease, unless it is `pinned` (sealed for that worker).
        """
        task, text, present = task_id(job, step), canonical(body), self._clock()
        with self._database.transaction() as db:
            db.execute(_OFFER, (task, job, step, worker, int(pinned), text, present))

    def lease(
        self,
        identity: WorkerIdentity,
        worker: str,
        wait_s: float,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> Lease | None:
        """Give the next task for a worker, waiting up to `wait_s` seconds for one.

        `is_gone` tells that nobody is there any more to take it: a task that is leased to a dead
        worker's open call would wait for the end of that lease.

        Raises:
            NotFound: the worker is not registered (`worker-unknown`).
            AccessDenied: it belongs to another token (`worker-not-yours`).
        """
        row = own_worker(self._database, identity, worker)
        until = time.monotonic() + min(wait_s, 60.0)
        while True:
            seen = self._database.signal.number
            if is_gone():
                return None
            claimed = self._claim(row)
            if claimed is not None:
                return claimed
            left = until - time.monotonic()
            if left <= 0 or self._is_closed:
                return None
            # Half a second bounds how late an expired lease is noticed.
            self._database.signal.wait(seen, min(left, 0.5))

    def close(self) -> None:
        """Send waiting workers away; they come back when the service is there again."""
        self._is_closed = True
        self._database.signal.notify()

    def _claim(self, worker: sqlite3.Row) -> Lease | None:
        values = {
            "worker": worker["iri"],
            "provider": worker["provider"],
            "type": worker["type"],
            "now": self._clock(),
            "lease": self.timing.lease_s,
            "most": self.timing.attempts,
        }
        # Read first: a poll that finds nothing must neither write nor wake the other pollers.
        if self._database.row(_CANDIDATE, values) is None:
            return None
        with self._database.transaction() as db:
            row = db.execute(_CLAIM, values).fetchone()
        if row is None:
            return None
        return Lease(
            row["id"], row["token"], self.timing.lease_s, row["attempts"], json.loads(row["body"])
        )

    def heartbeat(
        self, identity: WorkerIdentity, task: str, token: int, progress: JsonObject | None = None
    ) -> bool:
        """Renew a lease; the answer says whether the worker should stop the task.

        Raises:
            Refused: `stale-lease`.
            NotFound: there is no such task (`task-unknown`).
        """
        row = self._own_task(identity, task)
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE task SET lease_until = ? WHERE id = ? AND token = ? AND state = 'leased'",
                (self._clock() + self.timing.lease_s, task, token),
            ).rowcount
            if not changed:
                raise stale_lease(task)
            if progress:
                text = whole_text(canonical({**progress, "step": row["step"]}), "/progress")
                db.execute(
                    "INSERT OR IGNORE INTO event (job, key, at, kind, data)"
                    " VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'), 'progress', ?)",
                    (row["job"], f"progress:{row['step']}:{token}:{text}", text),
                )
        return bool(row["cancel"])

    def complete(
        self,
        identity: WorkerIdentity,
        task: str,
        token: int,
        facts: JsonObject,
        sealed: Mapping[str, str],
    ) -> None:
        """Take a worker's result; repeating it under the same token changes nothing.

        `sealed` holds JWEs for `customer`, for `worker`, or for the worker of a component
        (`worker:NAME`); they stay in this file.

        Raises:
            Refused: `stale-lease`.
            InputError: more than 1 MB of facts (`facts-too-large`).
            NotFound: there is no such task (`task-unknown`).
        """
        text = whole_text(canonical(facts), "/facts")
        if len(text.encode()) > MAX_FACTS_BYTES:
            raise InputError("The facts are larger than 1 MB.", code="facts-too-large", at="/facts")
        row = self._own_task(identity, task)
        if row["state"] == "done" and row["token"] == token:
            return
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE task SET state = 'done', facts = ?"
                " WHERE id = ? AND token = ? AND state = 'leased'",
                (text, task, token),
            ).rowcount
            if not changed:
                raise stale_lease(task)
            for audience, jwe in sealed.items():
                db.execute("INSERT OR REPLACE INTO sealed VALUES (?,?,?)", (task, audience, jwe))

    def fail(self, identity: WorkerIdentity, task: str, token: int, kind: str, reason: str) -> None:
        """Take a worker's failure; repeating it under the same token changes nothing.

        `retryable` and `unknownOutcome` are tried again.

        A worker that gets the task again must first look what is there: the idempotency key is
        the same.

        Raises:
            Refused: `stale-lease`.
            InputError: an unknown class of failure (`failure-class-unknown`).
            NotFound: there is no such task (`task-unknown`).
        """
        if kind not in FAILURE_CLASSES:
            raise InputError(
                f"{kind!r} is no class of failure.",
                code="failure-class-unknown",
                at="/class",
                hint=f"Use one of: {', '.join(FAILURE_CLASSES)}.",
            )
        row = self._own_task(identity, task)
        if row["state"] in ("failed", "ready") and row["token"] == token:
            return
        reason = whole_text(reason, "/detail")
        again = kind in ("retryable", "unknownOutcome") and row["attempts"] < self.timing.failures
        wait = self.timing.retry_s * 2 ** (row["attempts"] - 1)
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE task SET state = ?, reason = ?, ready_at = ?, lease_until = 0"
                " WHERE id = ? AND token = ? AND state = 'leased'",
                (
                    "ready" if again and not row["cancel"] else "failed",
                    reason,
                    self._clock() + wait,
                    task,
                    token,
                ),
            ).rowcount
            if not changed:
                raise stale_lease(task)

    def _own_task(self, identity: WorkerIdentity, task: str) -> sqlite3.Row:
        row = self._database.row("SELECT * FROM task WHERE id = ?", (task,))
        if row is None:
            raise NotFound(f"There is no task {task}.", code="task-unknown")
        if not row["leased_by"]:
            raise stale_lease(task)
        holder = self._database.row("SELECT * FROM worker WHERE iri = ?", (row["leased_by"],))
        if holder is None or holder["token_id"] != identity.id:
            # A colleague took it over: that is a lost lease. Anyone else has no business here.
            if holder is None or holder["provider"] == identity.provider:
                raise stale_lease(task)
            raise AccessDenied(f"The task {task} is not yours.", code="worker-not-yours")
        return row

    def withdraw(self, job: str, steps: Iterable[str]) -> None:
        """Take back tasks of a job: free ones at once, leased ones by telling their workers."""
        with self._database.transaction() as db:
            for step in steps:
                task = task_id(job, step)
                db.execute("UPDATE task SET cancel = 1 WHERE id = ?", (task,))
                db.execute(
                    "UPDATE task SET state = 'cancelled', token = token + 1"
                    " WHERE id = ? AND state = 'ready'",
                    (task,),
                )

    def renew(self, job: str, step: str) -> None:
        """Forget that a task failed, so that it is tried again under higher tokens."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE task SET state = 'ready', attempts = 0, ready_at = 0, cancel = 0"
                " WHERE id = ? AND state IN ('failed', 'cancelled')",
                (task_id(job, step),),
            )

    def ended(self, job: str) -> list[TaskEnd]:
        """List the job's tasks that ended; also ends those that nobody will finish."""
        self._give_up(job)
        rows = self._database.rows(
            "SELECT * FROM task WHERE job = ? AND state IN ('done', 'failed', 'cancelled')"
            " ORDER BY id",
            (job,),
        )
        return [
            TaskEnd(
                row["id"],
                row["step"],
                row["state"],
                row["leased_by"],
                row["token"],
                row["attempts"],
                json.loads(row["facts"]),
                row["reason"],
            )
            for row in rows
        ]

    def _give_up(self, job: str) -> None:
        lost = "job = ? AND state = 'leased' AND lease_until < ? AND (cancel = 1 OR attempts >= ?)"
        values = (job, self._clock(), self.timing.attempts)
        if self._database.row(f"SELECT 1 FROM task WHERE {lost}", values) is None:  # noqa: S608
            return
        with self._database.transaction() as db:
            db.execute(
                "UPDATE task SET token = token + 1, reason = 'worker-lost: its lease ended',"  # noqa: S608
                f" state = iif(cancel, 'cancelled', 'failed') WHERE {lost}",
                values,
            )
