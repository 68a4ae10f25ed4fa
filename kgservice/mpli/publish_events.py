"""A log of what happened to published self-descriptions, as the credential event service tells it.

The log is written when it is read: what differs from what was logged last is appended, in the order
in which it is found, so that a cursor misses nothing that is committed later, whatever time a sync
notes. It keeps one event for each description, the latest: readers want to know what holds now.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgservice.model.errors import NotFound
from kgservice.mpli.publish_gaia_x import Descriptions, Entry, Wanted

FILE: Final = "published-events.sqlite"
NEW, CHANGED, RETIRED = "new", "changed", "retired"
_NAMESPACE: Final = uuid.UUID("6f1a4a0e-5d0f-5e57-9a55-0d3a3f1f7c11")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL, at TEXT NOT NULL, change TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passed (id TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS state (generation INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a description.

    Attributes:
        seq: Place in the log.
        id: Stable name.
        document: The document that it is about.
        hash: What the description was fetched by then.
        at: When it changed, xsd:dateTime text.
        change: `new`, `changed` or `retired`.
    """

    seq: int
    id: str
    document: str
    hash: str
    at: str
    change: str


class EventLog:
    """The log of a data folder; safe from many threads."""

    def __init__(self, folder: Path) -> None:
        """Keep the log in a file of the folder, which is made when it is first read."""
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._generation = -1

    def after(
        self, descriptions: Descriptions, generation: int, last: str = "", page: int = 0,
        size: int = 20,
    ) -> list[Event]:  # fmt: skip
        """Give events that come after one, oldest first.

        Args:
            descriptions: What is published now.
            generation: Number of the state that it is.
            last: Id of the last event that the caller knows; empty for all.
            page: Pages of events to leave out.
            size: Events of a page.

        Raises:
            NotFound: no such event was ever told here (`event-unknown`).
        """
        self._bring_up_to_date(descriptions, generation)
        with self._open() as db:
            start = self._place(db, last) if last else 0
            rows = db.execute(
                "SELECT seq, id, document, hash, at, change FROM event WHERE seq > ?"
                " ORDER BY seq LIMIT ? OFFSET ?",
                (start, size, page * size),
            ).fetchall()
        return [Event(*row) for row in rows]

    def one(self, descriptions: Descriptions, generation: int, name: str) -> Event:
        """Give one event.

        Raises:
            NotFound: there is none, or a later one took its place (`event-unknown`).
        """
        self._bring_up_to_date(descriptions, generation)
        with self._open() as db:
            row = db.execute(
                "SELECT seq, id, document, hash, at, change FROM event WHERE id = ?", (name,)
            ).fetchone()
        if row is None:
            raise _unknown(name)
        return Event(*row)

    def _bring_up_to_date(self, descriptions: Descriptions, generation: int) -> None:
        with self._lock:
            if generation <= self._generation:
                return
            entries = descriptions.entries(Wanted(statuses=()))
            with self._open() as db:
                _append(db, entries)
            self._generation = generation

    def _place(self, db: sqlite3.Connection, name: str) -> int:
        """Find the place of an event, also of one that a later one replaced."""
        for table in ("event", "passed"):
            row = db.execute(f"SELECT seq FROM {table} WHERE id = ?", (name,)).fetchone()  # noqa: S608 - two names of ours
            if row is not None:
                return int(row[0])
        raise _unknown(name)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the log for one transaction; it is written all at once or not."""
        connection = sqlite3.connect(self._path, timeout=10)
        try:
            connection.executescript(_SCHEMA)
            with connection:
                yield connection
        finally:
            connection.close()


def _append(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    known = {
        row[0]: (row[1], row[2], row[3], row[4])
        for row in db.execute("SELECT document, hash, change, id, seq FROM event")
    }
    for entry in entries:
        before = known.get(entry.document)
        is_live = entry.status != "deprecated"
        if before is None and not is_live:
            continue  # it came and went before anybody asked
        change = _change(entry, before)
        if not change:
            continue
        if before is not None:
            db.execute("INSERT OR REPLACE INTO passed VALUES (?, ?)", (before[2], before[3]))
            db.execute("DELETE FROM event WHERE document = ?", (entry.document,))
        name = uuid.uuid5(_NAMESPACE, f"{entry.document} {entry.hash} {entry.changed} {change}")
        db.execute(
            "INSERT INTO event (id, document, hash, at, change) VALUES (?, ?, ?, ?, ?)",
            (str(name), entry.document, entry.hash, entry.changed, change),
        )


def _change(entry: Entry, before: tuple[str, str, str, int] | None) -> str:
    """Name what happened since the logged state, or nothing."""
    if entry.status == "deprecated":
        return "" if before is None or before[1] == RETIRED else RETIRED
    if before is None or before[1] == RETIRED:
        return NEW
    return "" if before[0] == entry.hash else CHANGED


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"There is no event {name[:80]!r}.",
        code="event-unknown",
        hint="Read the feed from its beginning, without lastReceivedID.",
    )
