"""Ciphertexts that workers handed over, and which worker a sealed step is bound to.

They stay in this file: the graph, the events and the workflow engine never see them.
"""

from __future__ import annotations

from kgservice.jobs.database import Database


class SealedStore:
    """JWEs by task and audience (`customer`, `worker`), and the steps bound to one worker."""

    def __init__(self, database: Database) -> None:
        """Use the tables of `database`."""
        self._database = database

    def sealed(self, task: str, audience: str) -> str:
        """Give a task's ciphertext for an audience (`customer`, `worker`); empty without one."""
        row = self._database.row(
            "SELECT jwe FROM sealed WHERE task = ? AND audience = ?", (task, audience)
        )
        return row["jwe"] if row else ""

    def publish(self, service: str, purpose: str, task: str) -> None:
        """Make the customer's ciphertext of a task the service's current one."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO connection VALUES (?,?,?)", (service, purpose, task))

    def forget(self, service: str, *purposes: str) -> None:
        """Make ciphertexts unreachable: what they lead to does not exist any more."""
        with self._database.transaction() as db:
            for purpose in purposes:
                db.execute(
                    "DELETE FROM connection WHERE service = ? AND purpose = ?", (service, purpose)
                )

    def connection(self, service: str, purpose: str) -> str:
        """Give the current ciphertext with connection details; empty when there is none."""
        row = self._database.row(
            "SELECT jwe FROM connection JOIN sealed USING (task)"
            " WHERE service = ? AND purpose = ? AND audience = 'customer'",
            (service, purpose),
        )
        return row["jwe"] if row else ""

    def pin(self, job: str, step: str, worker: str) -> str:
        """Bind a step to a worker, once; give the worker that it is bound to."""
        with self._database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO pin VALUES (?,?,?)", (job, step, worker))
        return self.pinned(job, step)

    def pinned(self, job: str, step: str) -> str:
        """Give the worker that a step is bound to, or nothing."""
        row = self._database.row("SELECT worker FROM pin WHERE job = ? AND step = ?", (job, step))
        return row["worker"] if row else ""
