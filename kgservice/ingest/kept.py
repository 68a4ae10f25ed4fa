"""What is kept of a catalogue's documents: an index beside the store, so that a sync need not ask.

The graphs are the truth. The index is tied to them by the catalogue's `kg:syncState`, which a sync
changes in the commit that it belongs to; when the two differ, it is made again from the metadata
graph, and the next sync reads every document.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from kgservice.ingest.links import Link, Links
from kgservice.ingest.report import SyncReport, problem_as_json
from kgservice.ingest.standing import ALWAYS, NEVER, Standing
from kgservice.ingest.sums import Sums
from kgservice.model.errors import Problem

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fields (id INTEGER PRIMARY KEY, text TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS document (
  source_id TEXT PRIMARY KEY, graph TEXT, content TEXT, digest TEXT, fingerprint TEXT,
  until TEXT, outcome TEXT, proven INTEGER, statements INTEGER, admitted INTEGER,
  refused INTEGER, derived INTEGER, offerings INTEGER, fields INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS problem (source_id TEXT, code TEXT, text TEXT);
CREATE INDEX IF NOT EXISTS document_apart ON document (outcome) WHERE outcome != 'imported';
CREATE INDEX IF NOT EXISTS document_proven ON document (proven) WHERE proven;
CREATE TABLE IF NOT EXISTS whole (
  source_id TEXT PRIMARY KEY, until TEXT, basis TEXT, is_list INTEGER, packed BLOB);
CREATE INDEX IF NOT EXISTS whole_basis ON whole (basis);
CREATE INDEX IF NOT EXISTS problem_of ON problem (source_id);
CREATE INDEX IF NOT EXISTS problem_code ON problem (code);
CREATE TABLE IF NOT EXISTS named (subject TEXT, owner TEXT, source_id TEXT);
CREATE INDEX IF NOT EXISTS named_of ON named (source_id);
CREATE INDEX IF NOT EXISTS named_subject ON named (subject);
"""
_VERSION: Final = "3"
_OF_DOCUMENTS: Final = ("document", "problem", "named", "whole", "link")
_BEFORE: Final = "source_id, graph, content, digest, outcome"
UNKNOWN: Final = Standing(NEVER)
"""Of a document that is read each time."""


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """What is kept of one document.

    Attributes:
        source_id: Its identity in the catalogue.
        graph: Name of its graph.
        content: SHA-256 of its bytes.
        digest: Hash of what its graphs hold.
        fingerprint: As the importer gave it.
        standing: Until when the outcome stays as it is, while the fingerprint does.
        outcome: `imported`, `quarantined` or `refused`.
        proven: Somebody else's valid proof is on it.
        counts: Numbers of statements, of admitted, refused and derived ones, and of offerings.
        kind: Kind of source document.
        mapped: Fields that became statements.
        unmapped: Fields that did not.
        problems: What was found about it.
        named: Providers that it names, each with the other catalogue or issuer that describes it.
        whole: The document itself as bytes, when it may have to be judged again without having
            changed; else empty.
        is_list: It is a status list.
        links: What it describes and refers to, where documents are read together.
    """

    source_id: str
    graph: str
    content: str
    digest: str
    fingerprint: str = ""
    standing: Standing = UNKNOWN
    outcome: str = "imported"
    proven: bool = False
    counts: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    kind: str = ""
    mapped: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    whole: bytes = b""
    is_list: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What a sync needs to know of a document as it was."""

    graph: str
    content: str
    digest: str
    outcome: str


class KeptIndex:
    """The index of one catalogue; what is put in counts when `save` is called."""

    def __init__(self, folder: Path) -> None:
        """Open or make it; one that cannot be read is made anew."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "kept.db"
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)
            self._open()
        self._fields: dict[str, int] = {}

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, timeout=60, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        if self.get("version") not in ("", _VERSION):
            raise sqlite3.DatabaseError("another version")
        self._db.execute("PRAGMA cache_size = -16000")
        self._sums = Sums(self._db, self.get("sums"))
        self.links = Links(self._db)

    def __enter__(self) -> KeptIndex:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget what was not saved."""
        self._db.rollback()
        self._db.close()

    def get(self, name: str) -> str:
        """Give a remembered text, such as the `state` that the index belongs to."""
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def save(self, **texts: str) -> None:
        """Make what was put in count, with texts to remember."""
        rows = {**texts, "version": _VERSION, "sums": self._sums.to_text()}.items()
        self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", list(rows))
        self._db.commit()

    def forget_changes(self) -> None:
        """Go back to what was saved last."""
        self._db.rollback()
        self._sums = Sums(self._db, self.get("sums"))
        self._fields = {}

    def rebuild(self, documents: Iterable[KeptDocument]) -> None:
        """Start again from what the metadata graph says."""
        for table in (*_OF_DOCUMENTS, "fields", "state"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        self._sums, self._fields = Sums(self._db, ""), {}
        self.put(list(documents))
        self.save(state="", rules="")

    def known(self, only: Collection[str] = ()) -> dict[str, str]:
        """Give the fingerprints of what needs not be read again when they are the same.

        Of all documents, or of those in `only`.
        """
        query = (
            "SELECT source_id, fingerprint FROM document WHERE fingerprint != ''"
            " AND (until = ? OR source_id IN (SELECT source_id FROM whole))"
        )
        if not only:
            return dict(self._db.execute(query, (ALWAYS,)))
        query += " AND source_id = ?"
        return dict(row for one in only for row in self._db.execute(query, (ALWAYS, one)))

    def due(self, moment: str, stands: Callable[[str], bool]) -> set[str]:
        """Give the documents that have to be judged again at a moment, xsd:dateTime text in UTC.

        `stands` says whether what a verdict rests on (`Standing.basis`) is as it was. When the
        clock went back, all of them are.
        """
        if moment < self.get("judged"):
            return {row[0] for row in self._db.execute("SELECT source_id FROM whole")}
        rows = self._db.execute("SELECT source_id FROM whole WHERE until <= ?", (moment,))
        found = {row[0] for row in rows}
        bases = self._db.execute("SELECT DISTINCT basis FROM whole WHERE basis != ''").fetchall()
        query = "SELECT source_id FROM whole WHERE basis = ?"
        fallen = [row for row in bases if not stands(row[0])]
        return found.union(*({r[0] for r in self._db.execute(query, row)} for row in fallen))

    def wholes(self, ids: Iterable[str]) -> Iterator[bytes]:
        """Give documents themselves; one that is not there gives nothing."""
        query = "SELECT packed FROM whole WHERE source_id = ?"
        for one in ids:
            yield from (row[0] for row in self._db.execute(query, (one,)))

    def lists(self) -> list[str]:
        """Name the documents that are status lists."""
        return [row[0] for row in self._db.execute("SELECT source_id FROM whole WHERE is_list")]

    def names(self) -> dict[str, str]:
        """Give the providers that documents name, with who else described them then."""
        return dict(self._db.execute("SELECT DISTINCT subject, owner FROM named"))

    def naming(self, subjects: Iterable[str]) -> set[str]:
        """Give the documents that name some of these providers."""
        query = "SELECT source_id FROM named WHERE subject = ?"
        return {row[0] for s in subjects for row in self._db.execute(query, (s,))}

    def find(self, ids: Sequence[str]) -> dict[str, Before]:
        """Give what is kept of documents, as far as they are there."""
        marks = ",".join("?" * len(ids))
        query = f"SELECT {_BEFORE} FROM document WHERE source_id IN ({marks})"  # noqa: S608
        return {row[0]: Before(*row[1:]) for row in self._db.execute(query, list(ids))}

    def ids(self) -> Iterator[tuple[str, str]]:
        """Give the ids of all documents with the names of their graphs."""
        yield from self._db.execute("SELECT source_id, graph FROM document").fetchall()

    def has_proven(self) -> bool:
        """Say whether some document belongs to an issuer."""
        query = "SELECT 1 FROM document WHERE proven LIMIT 1"
        return self._db.execute(query).fetchone() is not None

    def put(self, documents: Sequence[KeptDocument]) -> None:
        """Note documents, in place of what was kept of them."""
        names = [one.source_id for one in documents]
        self._sums.count(names, -1)
        ids = [(name,) for name in names]
        self._db.executemany("DELETE FROM problem WHERE source_id = ?", ids)
        self._db.executemany("DELETE FROM named WHERE source_id = ?", ids)
        self._db.executemany("DELETE FROM whole WHERE source_id = ?", ids)
        self._db.executemany(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(one.source_id, one.graph, one.content, one.digest, one.fingerprint),
                    *(one.standing.until, one.outcome, one.proven, *one.counts),
                    self._fields_of(one),
                )
                for one in documents
            ],
        )
        self._db.executemany(
            "INSERT INTO problem VALUES (?, ?, ?)",
            [
                (one.source_id, p.code, json.dumps(problem_as_json(p), ensure_ascii=False))
                for one in documents
                for p in one.problems
            ],
        )
        self._db.executemany(
            "INSERT INTO named VALUES (?, ?, ?)",
            [(*pair, one.source_id) for one in documents for pair in one.named],
        )
        self._db.executemany(
            "INSERT INTO whole VALUES (?, ?, ?, ?, ?)",
            [
                (one.source_id, one.standing.until, one.standing.basis, one.is_list, one.whole)
                for one in documents
                if one.whole
            ],
        )
        self.links.put(names, [(*link, one.source_id) for one in documents for link in one.links])
        self._sums.count(names, 1)

    def drop(self, ids: Iterable[str]) -> None:
        """Forget documents."""
        names = list(ids)
        self._sums.count(names, -1)
        rows = [(name,) for name in names]
        for table in _OF_DOCUMENTS:
            self._db.executemany(f"DELETE FROM {table} WHERE source_id = ?", rows)  # noqa: S608

    def _fields_of(self, document: KeptDocument) -> int:
        text = json.dumps(
            [document.kind, sorted(document.mapped), sorted(document.unmapped)], ensure_ascii=False
        )
        found = self._fields.get(text)
        if found is None:
            self._db.execute("INSERT OR IGNORE INTO fields (text) VALUES (?)", (text,))
            row = self._db.execute("SELECT id FROM fields WHERE text = ?", (text,)).fetchone()
            found = self._fields[text] = int(row[0])
        return found

    def tell(self, report: SyncReport) -> None:
        """Let a report say what is kept: sums, problems, coverage."""
        self._sums.tell(report)

    def apart(self) -> Iterator[tuple[str, str]]:
        """Give outcome and id of the documents that are quarantined or refused."""
        query = "SELECT outcome, source_id FROM document WHERE outcome != 'imported'"
        yield from self._db.execute(query).fetchall()
