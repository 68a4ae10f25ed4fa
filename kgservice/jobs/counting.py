"""How many jobs, tasks, leases and workers there are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from kgservice.jobs.database import Database
from kgservice.model.terms import KG


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of the journal.

    Attributes:
        jobs: By action (the local name of its term) and state.
        tasks: By state.
        leases: Tasks that a worker holds now.
        workers: Registered workers.
    """

    jobs: Mapping[tuple[str, str], int]
    tasks: Mapping[str, int]
    leases: int
    workers: int


def count(database: Database) -> Counts:
    """Count by four short queries."""
    jobs = database.rows("SELECT action, state, count(*) AS n FROM job GROUP BY action, state")
    tasks = database.rows("SELECT state, count(*) AS n FROM task GROUP BY state")
    leased = database.row(
        "SELECT count(*) AS n FROM task WHERE state = 'leased' AND lease_until >= ?",
        (time.time(),),
    )
    workers = database.row("SELECT count(*) AS n FROM worker")
    return Counts(
        {(row["action"].removeprefix(KG.NS), row["state"]): row["n"] for row in jobs},
        {row["state"]: row["n"] for row in tasks},
        leased["n"] if leased else 0,
        workers["n"] if workers else 0,
    )
