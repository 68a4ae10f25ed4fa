"""The worker's memory of what it did, so that a repeated task has the same result.

Holds facts and ciphertexts only. A crash between an effect and its entry is covered by the verbs,
which look at what is there before they act.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

from kgservice_workers.sdk.values import Task, TaskResult

_UNDOING = frozenset({"unfence", "rollback", "erase", "end"})


class Journal:
    """Results by idempotency key, in a SQLite file of the state folder."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        with self._lock, self._db:
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY, verb TEXT, name TEXT,"
                " result TEXT) STRICT"
            )

    def result(self, key: str) -> TaskResult | None:
        """Give the result of a task that was performed, if it still holds."""
        with self._lock:
            row = self._db.execute("SELECT result FROM done WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        value = json.loads(row[0])
        return TaskResult(value["facts"], value["sealed"], value.get("sealedFor", {}))

    def record(self, task: Task, result: TaskResult) -> None:
        """Keep a result; a task that undoes makes what was done to the instance be forgotten.

        Otherwise a step repeated after a rollback would be answered from memory and not done.
        """
        kept = {"sealed": dict(result.sealed), "sealedFor": dict(result.sealed_for)}
        content = json.dumps({"facts": result.facts, **kept})
        with self._lock, self._db:
            if task.verb in _UNDOING and task.name:
                self._db.execute("DELETE FROM done WHERE name = ?", (task.name,))
            self._db.execute(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?)",
                (task.key, task.verb, task.name, content),
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
