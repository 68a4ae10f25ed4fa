"""Which requests stand, what their answer was last, and what became of it since.

One SQLite file: an outcome and the event of its change are kept together or not at all, so that a
crash between a commit of the store and the event is made good when the service starts again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from kgservice.mpli.book import Book

FILE: Final = "standing.sqlite"
MOST_EVENTS: Final = 100_000
"""Events that are kept; older ones are forgotten."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS standing (
  request TEXT PRIMARY KEY, customer TEXT NOT NULL, since TEXT NOT NULL, outcome TEXT);
CREATE TABLE IF NOT EXISTS event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT NOT NULL, customer TEXT NOT NULL,
  at TEXT NOT NULL, kind TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  graphs TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_of ON event (customer, number);
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer came to.

    Attributes:
        status: `feasible`, `infeasible` or `unknown`.
        order: What the best composition was ranked by, without the names of offerings.
        offerings: Component name to offering of the best composition.
        price: Its monthly price, for people; empty when it is unknown.
    """

    status: str
    order: tuple[tuple[int, int], ...] = ()
    offerings: tuple[tuple[str, str], ...] = ()
    price: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A request that stands, and its last outcome; None before the first."""

    request: str
    customer: str
    since: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became of a standing request.

    Attributes:
        number: Place in the feed.
        request: IRI.
        customer: Whose it is.
        at: xsd:dateTime text.
        kind: `better`, `worse`, `different`, `possible` or `impossible`.
        before: The outcome before.
        after: The outcome now.
        graphs: Graphs that the answer rests on now, with their versions.
    """

    number: int
    request: str
    customer: str
    at: str
    kind: str
    before: Outcome
    after: Outcome
    graphs: dict[str, int]


class StandingBook(Book):
    """The record; safe from many threads of one process."""

    def __init__(self, folder: Path) -> None:
        """Open or make the file, for its owner only."""
        super().__init__(folder / FILE, _SCHEMA)

    def add(self, request: str, customer: str, at: str) -> None:
        """Let a request stand; one that stands already stays as it is."""
        with self._open() as db:
            db.execute(
                "INSERT OR IGNORE INTO standing VALUES (?, ?, ?, NULL)", (request, customer, at)
            )

    def remove(self, request: str) -> None:
        """Let a request stand no longer; its events stay."""
        with self._open() as db:
            db.execute("DELETE FROM standing WHERE request = ?", (request,))

    def standing(self) -> list[Standing]:
        """List what stands."""
        with self._open() as db:
            rows = db.execute("SELECT request, customer, since, outcome FROM standing").fetchall()
        return [Standing(r, c, since, _outcome(o) if o else None) for r, c, since, o in rows]

    def note(self, request: str, outcome: Outcome, event: Event | None) -> int:
        """Keep an outcome, with the event of its change; gives the event's number, or 0.

        Nothing is kept of a request that does not stand any more.
        """
        with self._open() as db:
            text = json.dumps(asdict(outcome))
            changed = db.execute(
                "UPDATE standing SET outcome = ? WHERE request = ?", (text, request)
            )
            if not changed.rowcount or event is None:
                return 0
            row = (
                event.request,
                event.customer,
                event.at,
                event.kind,
                json.dumps(asdict(event.before)),
                text,
                json.dumps(event.graphs),
            )
            made = db.execute(
                "INSERT INTO event (request, customer, at, kind, before, after, graphs)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            number = int(made.lastrowid or 0)
            db.execute("DELETE FROM event WHERE number <= ?", (number - MOST_EVENTS,))
            return number

    def events(
        self, after: int, *, customer: str = "", request: str = "", most: int = 100
    ) -> list[Event]:
        """Give events after a number, oldest first: a customer's, a request's, or all."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, request, customer, at, kind, before, after, graphs FROM event"
                " WHERE number > ? AND (? = '' OR customer = ?) AND (? = '' OR request = ?)"
                " ORDER BY number LIMIT ?",
                (after, customer, customer, request, request, most),
            ).fetchall()
        return [
            Event(number, name, whose, at, kind, _outcome(old), _outcome(new), json.loads(graphs))
            for number, name, whose, at, kind, old, new, graphs in rows
        ]


def _outcome(text: str) -> Outcome:
    found = json.loads(text)
    return Outcome(
        found["status"],
        tuple((int(flag), int(number)) for flag, number in found["order"]),
        tuple((str(name), str(iri)) for name, iri in found["offerings"]),
        found["price"],
    )
