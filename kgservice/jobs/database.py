"""The SQLite file of leases and journal: one connection a thread, short transactions, a signal."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kgservice.model.errors import Unavailable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS worker (
  iri TEXT PRIMARY KEY, token_id TEXT NOT NULL, type TEXT NOT NULL, provider TEXT NOT NULL,
  description TEXT NOT NULL, registered REAL NOT NULL, seen REAL NOT NULL, written REAL NOT NULL);
CREATE TABLE IF NOT EXISTS task (
  id TEXT PRIMARY KEY, job TEXT NOT NULL, step TEXT NOT NULL, worker TEXT NOT NULL,
  pinned INTEGER NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, token INTEGER NOT NULL,
  attempts INTEGER NOT NULL, ready_at REAL NOT NULL, lease_until REAL NOT NULL,
  leased_by TEXT NOT NULL, cancel INTEGER NOT NULL, facts TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS task_open ON task (state, worker, ready_at);
CREATE INDEX IF NOT EXISTS task_job ON task (job);
CREATE TABLE IF NOT EXISTS fence (token INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sealed (
  task TEXT NOT NULL, audience TEXT NOT NULL, jwe TEXT NOT NULL, PRIMARY KEY (task, audience));
CREATE TABLE IF NOT EXISTS connection (
  service TEXT NOT NULL, purpose TEXT NOT NULL, task TEXT NOT NULL, PRIMARY KEY (service, purpose));
CREATE TABLE IF NOT EXISTS pin (
  job TEXT NOT NULL, step TEXT NOT NULL, worker TEXT NOT NULL, PRIMARY KEY (job, step));
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, plan TEXT NOT NULL, action TEXT NOT NULL,
  customer TEXT NOT NULL, services TEXT NOT NULL, state TEXT NOT NULL, reasons TEXT NOT NULL,
  created TEXT NOT NULL, ended TEXT NOT NULL, cancel INTEGER NOT NULL, passed INTEGER NOT NULL,
  consent INTEGER NOT NULL, leg INTEGER NOT NULL, wake_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS execution (
  job TEXT NOT NULL, step TEXT NOT NULL, number INTEGER NOT NULL, worker TEXT NOT NULL,
  token INTEGER NOT NULL, attempts INTEGER NOT NULL, outcome TEXT NOT NULL, facts TEXT NOT NULL,
  reason TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL, written INTEGER NOT NULL,
  PRIMARY KEY (job, step));
CREATE TABLE IF NOT EXISTS hold (
  job TEXT NOT NULL, step TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (job, step));
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, key TEXT NOT NULL, at TEXT NOT NULL,
  kind TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (job, key));
"""


class Signal:
    """Wakes whoever waits for a change, within this process."""

    def __init__(self) -> None:
        """Start with no change."""
        self._condition = threading.Condition()
        self._number = 0

    @property
    def number(self) -> int:
        """The number of changes so far; read it before looking, then `wait` for a higher one."""
        with self._condition:
            return self._number

    def notify(self) -> None:
        """Say that something changed."""
        with self._condition:
            self._number += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Return when there was a change after `seen`, or after `timeout_s` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._number > seen, timeout_s)


class Database:
    """The file, which holds ciphertexts for customers and is therefore readable by its owner only.

    A commit is on disk when it returns (`synchronous=FULL`): a fencing token is never given twice.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self.signal = Signal()
        path.touch(mode=0o600)
        self._connection().executescript(_SCHEMA)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if self._is_closed:
            raise Unavailable("The service is going down.", code="service-stopping")
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=30, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write atomically; others wait. Waiters are woken after the commit."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        self.signal.notify()

    def rows(self, text: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Read."""
        return self._connection().execute(text, tuple(values)).fetchall()

    def row(
        self, text: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> sqlite3.Row | None:
        """Read the first row, if there is one."""
        found: sqlite3.Row | None = self._connection().execute(text, values).fetchone()
        return found

    def close(self) -> None:
        """Close every thread's connection; later calls find the service unavailable."""
        self._is_closed = True
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
