"""Sums over a catalogue's kept documents, carried forward, so that a report reads no document.

Kept as one text of the index, with the changes that they count.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from kgservice.ingest.report import IN_FULL, SyncReport, problem_from

COUNTED: Final = ("statements", "admitted", "refused", "derived", "offerings")
_CHUNK: Final = 500


class Sums:
    """How many documents there are, of which outcome, with which problems and fields."""

    def __init__(self, db: sqlite3.Connection, text: str) -> None:
        """Take up the sums that were saved with the index; an empty text is an empty index."""
        self._db = db
        found = json.loads(text or "{}")
        self._counts = Counter[str](found.get("counts", {}))
        self._codes = Counter[str](found.get("codes", {}))
        self._fields = Counter[str](found.get("fields", {}))

    def to_text(self) -> str:
        """Write them, to be taken up again."""
        groups = {"counts": self._counts, "codes": self._codes, "fields": self._fields}
        return json.dumps({name: +group for name, group in groups.items()})

    def count(self, ids: Iterable[str], times: int) -> None:
        """Count documents in (1) before, or out (-1) after, what is kept of them changes."""
        rest = iter(ids)
        while chunk := list(islice(rest, _CHUNK)):
            if self._count_documents(chunk, times):
                self._count_problems(chunk, times)

    def _count_documents(self, ids: Sequence[str], times: int) -> bool:
        sums = ", ".join(f"SUM({name})" for name in COUNTED)
        query = (
            f"SELECT fields, COUNT(*), SUM(outcome = 'quarantined'), {sums} FROM document"  # noqa: S608
            f" WHERE source_id IN ({_marks(ids)}) GROUP BY fields"
        )
        rows = self._db.execute(query, list(ids)).fetchall()
        for fields, documents, *numbers in rows:
            self._fields[str(fields)] += times * documents
            for name, number in zip(("quarantined", *COUNTED), numbers, strict=True):
                self._counts[name] += times * number
            self._counts["documents"] += times * documents
        return bool(rows)

    def _count_problems(self, ids: Sequence[str], times: int) -> None:
        query = (
            f"SELECT code, COUNT(*) FROM problem WHERE source_id IN ({_marks(ids)}) GROUP BY code"  # noqa: S608
        )
        for code, number in self._db.execute(query, list(ids)):
            self._codes[code] += times * number

    def tell(self, report: SyncReport) -> None:
        """Let a report say what is kept: sums, problems, coverage."""
        for name in ("documents", "quarantined", *COUNTED):
            report.counts[name] = self._counts[name]
        for code, number in sorted((+self._codes).items()):
            rows = self._db.execute(
                "SELECT text FROM problem WHERE code = ? ORDER BY rowid LIMIT ?", (code, IN_FULL)
            )
            report.find(problem_from(json.loads(row[0])) for row in rows)
            report.codes[code] += max(0, number - IN_FULL)
        texts = dict(self._db.execute("SELECT id, text FROM fields"))
        for identifier, number in (+self._fields).items():
            kind, mapped, unmapped = json.loads(texts[int(identifier)])
            if kind:
                report.cover(kind, mapped, unmapped, number)


def _marks(ids: Sequence[str]) -> str:
    return ",".join("?" * len(ids))
