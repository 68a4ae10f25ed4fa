"""Who wants to hear of changed offerings, what they were last told of, and what waits to be sent.

One SQLite file, so that a change of the record of what is known and the notices that follow from
it are kept together or not at all: a crash between a commit of the store and the notices is made
good when the service starts again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from kgservice.model.errors import Refused
from kgservice.mpli.book import Book
from kgservice.mpli.hub_values import DEAD, WAITING, Notice, Registration, Seen, unknown

MOST_OF_ONE: Final = 20
"""Registrations of one caller."""

MOST_WAITING: Final = 200_000
"""Notices that may wait for one callback; what comes beyond is dead from the beginning."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS registration (
  id TEXT PRIMARY KEY, callback TEXT NOT NULL, query TEXT NOT NULL, owner TEXT NOT NULL,
  created TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS graph (name TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS about (
  graph TEXT NOT NULL, offering TEXT NOT NULL, PRIMARY KEY (graph, offering)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offering (
  iri TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notice (
  number INTEGER PRIMARY KEY AUTOINCREMENT, registration TEXT NOT NULL, id TEXT NOT NULL,
  type TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL, problem TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS notice_waiting ON notice (registration, state, number);
"""


class HubBook(Book):
    """The record; safe from many threads of one process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, for its owner only."""
        super().__init__(path, _SCHEMA)

    def add(self, registration: Registration) -> Registration:
        """Keep a registration; the same callback and query of the same caller are one.

        Raises:
            Refused: the caller has too many (`too-many-registrations`).
        """
        mine = [one for one in self.registrations() if one.owner == registration.owner]
        for one in mine:
            if (one.callback, one.query) == (registration.callback, registration.query):
                return one
        if len(mine) >= MOST_OF_ONE:
            raise Refused(
                f"There are {len(mine)} registrations of yours already.",
                code="too-many-registrations",
                hint="Delete one that is not needed any more.",
            )
        row = (
            registration.id,
            registration.callback,
            registration.query,
            registration.owner,
            registration.created,
        )
        with self._open() as db:
            db.execute(
                "INSERT INTO registration (id, callback, query, owner, created) VALUES (?,?,?,?,?)",
                row,
            )
        return registration

    def registrations(self) -> list[Registration]:
        """List the registrations, the oldest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT id, callback, query, owner, created, sent, failures, problem"
                " FROM registration ORDER BY created, id"
            ).fetchall()
        return [Registration(*row) for row in rows]

    def remove(self, identity: str) -> None:
        """Forget a registration and its notices; with the last one, what is known of offerings.

        Raises:
            NotFound: there is none (`registration-unknown`).
        """
        with self._open() as db:
            if not db.execute("DELETE FROM registration WHERE id = ?", (identity,)).rowcount:
                raise unknown(identity)
            db.execute("DELETE FROM notice WHERE registration = ?", (identity,))
            if not db.execute("SELECT 1 FROM registration LIMIT 1").fetchone():
                for table in ("graph", "about", "offering"):
                    db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own

    def counts(self, identity: str) -> dict[str, int]:
        """Count a registration's notices by state."""
        with self._open() as db:
            rows = db.execute(
                "SELECT state, COUNT(*) FROM notice WHERE registration = ? GROUP BY state",
                (identity,),
            ).fetchall()
        return {WAITING: 0, DEAD: 0, **dict(rows)}

    def dead(self, identity: str, most: int = 100) -> list[Notice]:
        """List the notices that were given up, the latest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, registration, id, type, body, state, problem FROM notice"
                " WHERE registration = ? AND state = ? ORDER BY number DESC LIMIT ?",
                (identity, DEAD, most),
            ).fetchall()
        return [Notice(*row) for row in rows]

    def graphs(self) -> dict[str, int]:
        """Give the version of each graph that was last looked at."""
        with self._open() as db:
            return dict(db.execute("SELECT name, version FROM graph").fetchall())

    def offerings_of(self, graphs: Sequence[str]) -> set[str]:
        """Give the offerings that some graphs said something about."""
        with self._open() as db:
            return {
                row[0]
                for graph in graphs
                for row in db.execute("SELECT offering FROM about WHERE graph = ?", (graph,))
            }

    def seen(self, offerings: Iterable[str]) -> dict[str, Seen]:
        """Give what is known of some offerings; unknown ones are left out."""
        with self._open() as db:
            found = {}
            for one in offerings:
                row = db.execute(
                    "SELECT name, status FROM offering WHERE iri = ?", (one,)
                ).fetchone()
                if row:
                    found[one] = Seen(*row)
        return found

    def note(
        self,
        versions: Mapping[str, int],
        about: Mapping[str, set[str]],
        offerings: Mapping[str, Seen | None],
        notices: Iterable[tuple[str, str, str, bytes]],
    ) -> None:
        """Keep what was found and the notices of it, all or nothing.

        Args:
            versions: Graphs that changed, with their version; 0 for those that are gone.
            about: The offerings of each of those graphs.
            offerings: What is known now; None for what is gone.
            notices: Registration, id, type and body of each.
        """
        with self._open() as db:
            for graph, version in versions.items():
                db.execute("DELETE FROM about WHERE graph = ?", (graph,))
                if version:
                    db.execute("INSERT OR REPLACE INTO graph VALUES (?,?)", (graph, version))
                    pairs = [(graph, one) for one in about.get(graph, ())]
                    db.executemany("INSERT OR IGNORE INTO about VALUES (?,?)", pairs)
                else:
                    db.execute("DELETE FROM graph WHERE name = ?", (graph,))
            for iri, seen in offerings.items():
                if seen is None:
                    db.execute("DELETE FROM offering WHERE iri = ?", (iri,))
                else:
                    row = (iri, seen.name, seen.status)
                    db.execute("INSERT OR REPLACE INTO offering VALUES (?,?,?)", row)
            _insert(db, notices)

    def due(self, now: float) -> list[Notice]:
        """Give the oldest waiting notice of each registration whose time has come."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, registration, id, type, body, state, problem FROM notice"
                " WHERE number IN (SELECT MIN(n.number) FROM notice n JOIN registration r"
                " ON r.id = n.registration WHERE n.state = ? AND r.due <= ? GROUP BY r.id)",
                (WAITING, now),
            ).fetchall()
        return [Notice(*row) for row in rows]

    def taken(self, notice: Notice) -> None:
        """Note that a notice was taken."""
        with self._open() as db:
            db.execute("DELETE FROM notice WHERE number = ?", (notice.number,))
            db.execute(
                "UPDATE registration SET sent = sent + 1, failures = 0, due = 0, problem = ''"
                " WHERE id = ?",
                (notice.registration,),
            )

    def failed(self, notice: Notice, problem: str, due: float) -> None:
        """Note that a notice was not taken, and when the next attempt is."""
        with self._open() as db:
            db.execute(
                "UPDATE registration SET failures = failures + 1, due = ?, problem = ?"
                " WHERE id = ?",
                (due, problem, notice.registration),
            )

    def give_up(self, notice: Notice, problem: str) -> None:
        """Note that a notice is not sent any more; the next one may be."""
        with self._open() as db:
            db.execute(
                "UPDATE notice SET state = ?, problem = ? WHERE number = ?",
                (DEAD, problem, notice.number),
            )
            db.execute(
                "UPDATE registration SET failures = 0, due = 0, problem = ? WHERE id = ?",
                (problem, notice.registration),
            )


def _insert(db: sqlite3.Connection, notices: Iterable[tuple[str, str, str, bytes]]) -> None:
    room: dict[str, int] = {}
    for registration, identity, kind, body in notices:
        if registration not in room:
            waiting = db.execute(
                "SELECT COUNT(*) FROM notice WHERE registration = ? AND state = ?",
                (registration, WAITING),
            ).fetchone()[0]
            room[registration] = MOST_WAITING - waiting
        room[registration] -= 1
        state, problem = (WAITING, "") if room[registration] >= 0 else (DEAD, "too many waited")
        db.execute(
            "INSERT INTO notice (registration, id, type, body, state, problem)"
            " VALUES (?,?,?,?,?,?)",
            (registration, identity, kind, body, state, problem),
        )
