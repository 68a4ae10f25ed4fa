"""Where this service listens, and which documents it was given notice of; in one SQLite file.

Of the secret in a listener's address only the hash is kept.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgservice.mpli.book import Book

MOST_WAITING: Final = 1_000
"""Documents of one catalogue that may wait; with more of them the whole source is read."""

WHOLE: Final = ""
"""Stands for all documents of a catalogue."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS listening (
  catalog TEXT PRIMARY KEY, secret TEXT NOT NULL, source TEXT NOT NULL, hub TEXT NOT NULL,
  id TEXT NOT NULL, since TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
  number INTEGER PRIMARY KEY AUTOINCREMENT, catalog TEXT NOT NULL, document TEXT NOT NULL,
  UNIQUE (catalog, document));
"""


@dataclass(frozen=True, slots=True)
class Listening:
    """A registration at a source.

    Attributes:
        catalog: The catalogue's name.
        secret: Hash of the secret in the callback's address; empty when there is none.
        source: The source that it was made for.
        hub: Where it was registered.
        id: Under which id; empty when it could not be registered.
        since: When, xsd:dateTime text.
        problem: Why it could not be registered, else empty.
    """

    catalog: str
    secret: str
    source: str
    hub: str
    id: str
    since: str
    problem: str = ""

    def is_meant(self, secret: str) -> bool:
        """Say whether somebody knows the secret."""
        return bool(self.secret) and hmac.compare_digest(self.secret, hashed(secret))


def hashed(secret: str) -> str:
    """Give the hash of a secret that is random enough to need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class NoticeBook(Book):
    """The record; safe from many threads of one process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, for its owner only."""
        super().__init__(path, _SCHEMA)

    def listening(self, catalog: str) -> Listening | None:
        """Give the registration for a catalogue."""
        with self._open() as db:
            row = db.execute(
                "SELECT catalog, secret, source, hub, id, since, problem FROM listening"
                " WHERE catalog = ?",
                (catalog,),
            ).fetchone()
        return Listening(*row) if row else None

    def keep(self, one: Listening) -> None:
        """Keep the registration for a catalogue, instead of an earlier one."""
        row = (one.catalog, one.secret, one.source, one.hub, one.id, one.since, one.problem)
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO listening VALUES (?,?,?,?,?,?,?)", row)

    def forget(self, catalog: str) -> None:
        """Forget a registration, and what waits."""
        with self._open() as db:
            db.execute("DELETE FROM listening WHERE catalog = ?", (catalog,))
            db.execute("DELETE FROM waiting WHERE catalog = ?", (catalog,))

    def note(self, catalog: str, documents: Iterable[str]) -> None:
        """Note documents to read again; those that wait already wait once."""
        with self._open() as db:
            for document in documents:
                # A new number: a sync that runs may have read it already.
                db.execute(
                    "INSERT OR REPLACE INTO waiting (catalog, document) VALUES (?,?)",
                    (catalog, document),
                )
            (count,) = db.execute(
                "SELECT COUNT(*) FROM waiting WHERE catalog = ?", (catalog,)
            ).fetchone()
            if count > MOST_WAITING:
                db.execute("DELETE FROM waiting WHERE catalog = ?", (catalog,))
                db.execute("INSERT INTO waiting (catalog, document) VALUES (?,?)", (catalog, WHOLE))

    def waiting(self, catalog: str) -> tuple[int, frozenset[str]]:
        """Give the documents that wait, and the number up to which they were noted."""
        with self._open() as db:
            rows = db.execute(
                "SELECT number, document FROM waiting WHERE catalog = ?", (catalog,)
            ).fetchall()
        return max((row[0] for row in rows), default=0), frozenset(row[1] for row in rows)

    def catalogs_waiting(self) -> list[str]:
        """Name the catalogues of which something waits."""
        with self._open() as db:
            return [row[0] for row in db.execute("SELECT DISTINCT catalog FROM waiting")]

    def done(self, catalog: str, number: int) -> None:
        """Strike out what was noted up to a number."""
        with self._open() as db:
            db.execute("DELETE FROM waiting WHERE catalog = ? AND number <= ?", (catalog, number))
