"""What is known of each written graph: its version, its owner; and which write is under way.

A write's number, its targets and its author are noted before it begins. Whoever starts after a
crash asks the store whether that write is there, and notes it or forgets it. SQLite beside the
store, since the store's own graphs are what anybody may query.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kgservice.store.written import WRITTEN_DEFAULT, WriteResult, WrittenGraph

KEYS_KEPT_S = 86_400.0
"""How long a repeated write is recognised by its key."""

NUMBERS_LEFT_OUT = 1_000_000
"""Between those of a backup and those that are given after it was restored."""

_TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS graph (
  iri TEXT PRIMARY KEY, version INTEGER NOT NULL, owner TEXT NOT NULL, shown INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS turn (
  number INTEGER PRIMARY KEY, targets TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL,
  digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, number INTEGER NOT NULL, created INTEGER NOT NULL,
  time REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A write under way.

    Attributes:
        number: Its number.
        targets: What it may change; None: any graph.
        owner: To whom graphs belong that it makes.
        key: The author and what the author calls it; empty when nothing.
        digest: Hash of what it is, so that another write under the same key is told apart.
    """

    number: int
    targets: tuple[str, ...] | None
    owner: str
    key: str = ""
    digest: str = ""


class WrittenBook:
    """The table in memory, and the same on disk; writes come from one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)
        self._lock = threading.Lock()
        self.number = self._state("number")
        self._note_place(path.stat().st_ino)
        self.noted = self._state("noted")
        rows = self._db.execute("SELECT iri, version, owner, shown FROM graph").fetchall()
        self._graphs = {row[0]: WrittenGraph(*row[:3]) for row in rows if row[1]}
        self._unshown = {row[0] for row in rows if row[1] != row[3]}
        self._listed: tuple[int, list[WrittenGraph]] = (-1, [])

    def _note_place(self, place: int) -> None:
        """Go on with new numbers in a copy: the original may have used the next ones since."""
        if self._state("place") not in (0, place):
            self.number += NUMBERS_LEFT_OUT
        with self._transaction() as db:
            self._set(db, "number", self.number)
            self._set(db, "place", place)

    def _state(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def find(self, graph: str) -> WrittenGraph | None:
        """Give a graph."""
        with self._lock:
            return self._graphs.get(graph)

    def graphs(self) -> list[WrittenGraph]:
        """List the graphs, longest unchanged first; the list is made once a write."""
        with self._lock:
            if self._listed[0] != self.noted:
                found = sorted(self._graphs.values(), key=lambda one: (one.version, one.graph))
                self._listed = (self.noted, found)
            return self._listed[1]

    def under_way(self) -> Turn | None:
        """Give the write that was begun and neither noted nor forgotten."""
        row = self._db.execute("SELECT number, targets, owner, key, digest FROM turn").fetchone()
        if row is None:
            return None
        targets = json.loads(row[1])
        return Turn(row[0], None if targets is None else tuple(targets), *row[2:])

    def begin(self, turn: Turn) -> None:
        """Note a write before it begins."""
        targets = None if turn.targets is None else list(turn.targets)
        with self._transaction() as db:
            db.execute("DELETE FROM turn")
            db.execute(
                "INSERT INTO turn VALUES (?,?,?,?,?)",
                (turn.number, json.dumps(targets), turn.owner, turn.key, turn.digest),
            )
            self._set(db, "number", turn.number)
        self.number = turn.number

    def forget(self) -> None:
        """Note that the write under way did nothing."""
        self._db.execute("DELETE FROM turn")

    def finish(self, turn: Turn, existing: Iterable[str]) -> WriteResult:
        """Note that a write is there; `existing` are its targets that exist now."""
        existing = set(existing) | {WRITTEN_DEFAULT}
        with self._lock:
            touched = {*self._graphs, *existing} if turn.targets is None else set(turn.targets)
            now = {graph: self._after(graph, graph in existing, turn) for graph in touched}
            created = any(found and graph not in self._graphs for graph, found in now.items())
            with self._transaction() as db:
                db.executemany(
                    "INSERT INTO graph VALUES (?,?,?,?) ON CONFLICT (iri) DO UPDATE"
                    " SET version = excluded.version, owner = excluded.owner",
                    [(g, f.version if f else 0, f.owner if f else "", 0) for g, f in now.items()],
                )
                self._set(db, "noted", turn.number)
                db.execute("DELETE FROM turn")
                if turn.key:
                    self._keep_answer(db, turn, created=created)
            self.noted = turn.number
            self._unshown |= now.keys()
            for graph, found in now.items():
                if found:
                    self._graphs[graph] = found
                else:
                    self._graphs.pop(graph, None)
        return WriteResult(turn.number, created)

    def _after(self, graph: str, exists: bool, turn: Turn) -> WrittenGraph | None:
        if not exists:
            return None
        before = self._graphs.get(graph)
        owner = before.owner if before else turn.owner
        return WrittenGraph(graph, turn.number, "" if graph == WRITTEN_DEFAULT else owner)

    def _keep_answer(self, db: sqlite3.Connection, turn: Turn, *, created: bool) -> None:
        now = time.time()
        db.execute("DELETE FROM answer WHERE time < ?", (now - KEYS_KEPT_S,))
        db.execute(
            "INSERT OR REPLACE INTO answer VALUES (?,?,?,?,?)",
            (turn.key, turn.digest, turn.number, created, now),
        )

    def answer(self, key: str) -> tuple[str, WriteResult] | None:
        """Give what was done under a key: the hash of the write, and its result."""
        row = self._db.execute(
            "SELECT digest, number, created FROM answer WHERE key = ? AND time >= ?",
            (key, time.time() - KEYS_KEPT_S),
        ).fetchone()
        return (row[0], WriteResult(row[1], bool(row[2]), is_repeated=True)) if row else None

    def stale(self) -> dict[str, int]:
        """Give the graphs whose copy in the shared dataset is not as they are; 0: to be deleted."""
        with self._lock:
            found = {name: self._graphs.get(name) for name in self._unshown}
            return {name: graph.version if graph else 0 for name, graph in found.items()}

    def show(self, versions: Mapping[str, int]) -> None:
        """Note which versions the shared dataset has now."""
        with self._lock:
            for name, version in versions.items():
                graph = self._graphs.get(name)
                if (graph.version if graph else 0) == version:
                    self._unshown.discard(name)
            with self._transaction() as db:
                db.executemany(
                    "UPDATE graph SET shown = ? WHERE iri = ?",
                    [(version, name) for name, version in versions.items()],
                )
                db.execute("DELETE FROM graph WHERE version = 0 AND shown = 0")

    def copy(self, path: Path) -> None:
        """Copy the file as it is now (a backup)."""
        with closing(sqlite3.connect(path)) as target:
            self._db.backup(target)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _set(self, db: sqlite3.Connection, name: str, value: int) -> None:
        db.execute("INSERT OR REPLACE INTO state VALUES (?,?)", (name, value))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    """All of the block is written, or nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
