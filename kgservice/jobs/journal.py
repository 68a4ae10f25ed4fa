"""The journal: how far each job has come. What is written first about a step stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from kgservice.jobs.database import Database
from kgservice.jobs.values import ACTIVE, Event, Execution, Job, now
from kgservice.model.errors import NotFound, Refused
from kgservice.plan import Json, JsonObject
from kgservice.plan.building import canonical


class Journal:
    """Jobs, executions and events."""

    def __init__(self, database: Database) -> None:
        """Use the tables of `database`."""
        self._database = database
        self.signal = database.signal

    def open(self, job: Job, key: str) -> str:
        """Write a new job and give its id; a known key gives the id of the job that has it.

        Raises:
            Refused: another job is working on one of the services (`service-busy`).
        """
        with self._database.transaction() as db:
            known = db.execute("SELECT id FROM job WHERE key = ?", (key,)).fetchone()
            if known:
                return str(known["id"])
            _require_free(db, job.services)
            db.execute(
                "INSERT INTO job VALUES (?,?,?,?,?,?,?,'[]',?,'',0,0,?,0,'')",
                (
                    job.id,
                    key,
                    job.plan,
                    job.action,
                    job.customer,
                    json.dumps(list(job.services)),
                    job.state,
                    job.created,
                    int(job.has_consent),
                ),
            )
            _event(db, job.id, "state:running:0", "state", {"state": "running"})
        return job.id

    def job(self, identity: str) -> Job:
        """Give a job.

        Raises:
            NotFound: `job-unknown`.
        """
        row = self._database.row("SELECT * FROM job WHERE id = ?", (identity,))
        if row is None:
            raise NotFound(f"There is no job {identity}.", code="job-unknown")
        executions = self._database.rows(
            "SELECT * FROM execution WHERE job = ? ORDER BY number, step", (identity,)
        )
        holds = self._database.rows(
            "SELECT step, until FROM hold WHERE job = ? ORDER BY step", (identity,)
        )
        return _job(row, executions, holds)

    def jobs(self, states: tuple[str, ...] = ()) -> list[Job]:
        """List jobs, newest first; `states` restricts them."""
        rows = self._database.rows("SELECT id, state FROM job ORDER BY created DESC, id")
        return [self.job(row["id"]) for row in rows if not states or row["state"] in states]

    def job_of_plan(self, plan_iri: str) -> str:
        """Give the id of the newest job that runs a plan, or nothing."""
        text = "SELECT id FROM job WHERE plan = ? ORDER BY created DESC LIMIT 1"
        row = self._database.row(text, (plan_iri,))
        return row["id"] if row else ""

    def start(self, job: str, step: str, worker: str, data: JsonObject) -> None:
        """Note that a step starts; a second time changes nothing."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO execution SELECT ?, ?, count(*) + 1, ?, 0, 0, '', '{}', '',"
                " ?, '', 0 FROM execution WHERE job = ?",
                (job, step, worker, now(), job),
            )
            _event(db, job, f"started:{step}", "started", {"step": step, **data})

    def end(self, job: str, execution: Execution, holds: Mapping[str, str]) -> None:
        """Note how a step ended; the first note stays.

        `holds` are the moments before which steps that wait for this one must not start. They are
        noted in the same transaction: a crash in between would let a source be erased at once.
        """
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE execution SET worker = iif(? = '', worker, ?), token = ?, attempts = ?,"
                " outcome = ?, facts = ?, reason = ?, ended = ?"
                " WHERE job = ? AND step = ? AND outcome = ''",
                (
                    execution.worker,
                    execution.worker,
                    execution.token,
                    execution.attempts,
                    execution.outcome,
                    canonical(execution.facts),
                    execution.reason,
                    execution.ended,
                    job,
                    execution.step,
                ),
            ).rowcount
            if changed:
                db.executemany(
                    "INSERT OR IGNORE INTO hold VALUES (?,?,?)",
                    [(job, step, until) for step, until in holds.items()],
                )
                data: dict[str, Json] = {"step": execution.step, "outcome": execution.outcome}
                if execution.reason:
                    data["reason"] = execution.reason
                _event(db, job, f"ended:{execution.step}:{now()}", "ended", data)

    def undone(self, job: str, step: str) -> None:
        """Note that a step's effect was taken back."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE execution SET outcome = 'Undone' WHERE job = ? AND step = ?", (job, step)
            )

    def forget(self, job: str, step: str) -> None:
        """Take out a failed execution, so that the step may start again."""
        with self._database.transaction() as db:
            db.execute(
                "DELETE FROM execution WHERE job = ? AND step = ? AND outcome = 'Failed'",
                (job, step),
            )
            db.execute(
                "DELETE FROM event WHERE job = ? AND key = ?",
                (job, f"started:{step}"),
            )

    def unwritten(self, job: str) -> list[str]:
        """List ended steps whose facts may not be in the service's graph yet, in order."""
        rows = self._database.rows(
            "SELECT step FROM execution WHERE job = ? AND outcome != '' AND written = 0"
            " ORDER BY number",
            (job,),
        )
        return [row["step"] for row in rows]

    def written(self, job: str, step: str) -> None:
        """Note that a step's facts are in the service's graph."""
        with self._database.transaction() as db:
            db.execute("UPDATE execution SET written = 1 WHERE job = ? AND step = ?", (job, step))

    def note(self, job: str, key: str, kind: str, data: JsonObject) -> None:
        """Add an event, once per key."""
        with self._database.transaction() as db:
            _event(db, job, key, kind, data)

    def events(self, job: str, after: int = 0) -> list[Event]:
        """List events with a higher id than `after`."""
        rows = self._database.rows(
            "SELECT * FROM event WHERE job = ? AND id > ? ORDER BY id", (job, after)
        )
        return [Event(row["id"], row["at"], row["kind"], json.loads(row["data"])) for row in rows]

    def ready_rows(self, job: str) -> list[list[dict[str, str]]]:
        """Give the recorded answers of `ready-steps.rq`, in order."""
        rows = self._database.rows(
            "SELECT data FROM event WHERE job = ? AND kind = 'ready-steps' ORDER BY id", (job,)
        )
        return [json.loads(row["data"])["rows"] for row in rows]

    def move_to(
        self, job: str, state: str, reasons: tuple[str, ...] = (), wake_at: str = ""
    ) -> None:
        """Change a job's state."""
        ended = now() if state in ("done", "rolled-back", "failed") else ""
        with self._database.transaction() as db:
            present = db.execute("SELECT state, leg FROM job WHERE id = ?", (job,)).fetchone()
            db.execute(
                "UPDATE job SET state = ?, reasons = iif(? = '[]', reasons, ?), ended = ?,"
                " wake_at = ? WHERE id = ?",
                (state, json.dumps(reasons), json.dumps(reasons), ended, wake_at, job),
            )
            if present["state"] != state:
                data: dict[str, Json] = {"state": state, "reasons": list(reasons)}
                _event(db, job, f"state:{state}:{present['leg']}", "state", data)

    def next_leg(self, job: str, from_states: tuple[str, ...], state: str) -> bool:
        """Take a resting job up again; False when it does not rest any more."""
        marks = ",".join("?" * len(from_states))
        with self._database.transaction() as db:
            changed = db.execute(
                f"UPDATE job SET leg = leg + 1, state = ?, ended = '', wake_at = ''"  # noqa: S608
                f" WHERE id = ? AND state IN ({marks})",
                (state, job, *from_states),
            ).rowcount
            if changed:
                _event(db, job, f"state:{state}:again:{now()}", "state", {"state": state})
        return bool(changed)

    def cancel(self, job: str) -> None:
        """Ask to cancel a job; the request and the point of no return exclude each other.

        Raises:
            Refused: it is past its point of no return, or over (`job-not-cancellable`).
        """
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE job SET cancel = 1, state = 'cancelling'"
                " WHERE id = ? AND passed = 0 AND state IN ('running', 'holding', 'cancelling')",
                (job,),
            ).rowcount
            if changed:
                _event(db, job, "cancel", "state", {"state": "cancelling"})
        if not changed:
            raise Refused(
                f"The job {job} is {self.job(job).state} and cannot be cancelled.",
                code="job-not-cancellable",
                hint="A move that has cut over is taken back by a move in the other direction.",
            )

    def pass_point(self, job: str) -> bool:
        """Pass the point of no return; False when the job is being cancelled."""
        with self._database.transaction() as db:
            changed = db.execute(
                "UPDATE job SET passed = 1 WHERE id = ? AND cancel = 0", (job,)
            ).rowcount
        return bool(changed)

    def consent(self, job: str) -> None:
        """Note that the customer consented to erase before the period ends."""
        with self._database.transaction() as db:
            db.execute("UPDATE job SET consent = 1 WHERE id = ?", (job,))
            _event(db, job, "consent", "consent", {"erase": True})


def _require_free(db: sqlite3.Connection, services: tuple[str, ...]) -> None:
    # A move that holds its source is done with the service; an ending that waits is not.
    marks = ",".join("?" * len(ACTIVE))
    busy = db.execute(
        f"SELECT id, services FROM job WHERE state IN ({marks})"  # noqa: S608
        " OR (state = 'holding' AND passed = 0)",
        ACTIVE,
    )
    for row in busy.fetchall():
        shared = set(services) & set(json.loads(row["services"]))
        if shared:
            raise Refused(
                f"The job {row['id']} is working on <{min(shared)}>.",
                code="service-busy",
                at=min(shared),
                hint="Wait for it (`kg job watch`), or cancel it.",
            )


def _event(db: sqlite3.Connection, job: str, key: str, kind: str, data: JsonObject) -> None:
    db.execute(
        "INSERT OR IGNORE INTO event (job, key, at, kind, data) VALUES (?,?,?,?,?)",
        (job, key, now(), kind, canonical(data)),
    )


def _job(row: sqlite3.Row, executions: list[sqlite3.Row], holds: list[sqlite3.Row]) -> Job:
    return Job(
        id=row["id"],
        plan=row["plan"],
        action=row["action"],
        customer=row["customer"],
        services=tuple(json.loads(row["services"])),
        state=row["state"],
        reasons=tuple(json.loads(row["reasons"])),
        created=row["created"],
        ended=row["ended"],
        is_cancelled=bool(row["cancel"]),
        has_passed=bool(row["passed"]),
        has_consent=bool(row["consent"]),
        leg=row["leg"],
        wake_at=row["wake_at"],
        executions=tuple(
            Execution(
                found["step"],
                found["number"],
                found["worker"],
                found["token"],
                found["attempts"],
                found["outcome"],
                json.loads(found["facts"]),
                found["reason"],
                found["started"],
                found["ended"],
            )
            for found in executions
        ),
        holds=tuple((hold["step"], hold["until"]) for hold in holds),
    )
