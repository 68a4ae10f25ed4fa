"""Holding jobs still for a backup, and giving restored tasks tokens that nobody has had.

A backup of the journal must be as old as the workflow engine's or newer: a step that the engine
thinks done and the journal does not know would never be done. So the journal cannot be written
while both are copied; whoever wants to write waits.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

JOURNAL = "leases.sqlite"
WORKFLOWS = "jobs.sqlite"
_WAIT_S = 60.0


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Let nobody write the journal of a data folder while the block runs."""
    path = folder / JOURNAL
    if not path.exists():
        yield
        return
    with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            db.execute("ROLLBACK")


def fence_restored(folder: Path) -> int:
    """Raise the fencing tokens of a restored journal; give the number of its open tasks.

    After the backup, workers were given tokens that the restored journal does not know. Each token
    grows by the present time in seconds, and those of new tasks begin there, which is more than a
    service gives in that time: whoever holds one from before is refused (`stale-lease`), and a
    provider that has seen one from before takes the new ones for newer. Leases are over; the tasks
    are given out again.
    """
    path = folder / JOURNAL
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        base = int(time.time())
        db.execute("UPDATE task SET token = token + ?", (base,))
        db.execute("CREATE TABLE IF NOT EXISTS fence (token INTEGER NOT NULL)")
        db.execute("INSERT INTO fence VALUES (?)", (base,))
        found = db.execute(
            "UPDATE task SET lease_until = 0, ready_at = min(ready_at, ?) WHERE state = 'leased'",
            (time.time(),),
        ).rowcount
        db.execute("COMMIT")
    return found
