"""Which kept documents describe a node, and which have to be read with its description."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, TypeAlias

Link: TypeAlias = tuple[str, bool]
"""A node, and whether the document describes it; else it refers to it."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS link (node TEXT, described INTEGER, source_id TEXT);
CREATE INDEX IF NOT EXISTS link_of ON link (source_id);
CREATE INDEX IF NOT EXISTS link_node ON link (node);
"""
_CHUNK: Final = 500


class Links:
    """A table of the index of a catalogue; it holds documents that are read together only."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use the index's file."""
        self._db = db
        db.executescript(_SCHEMA)

    def put(self, ids: Iterable[str], rows: Sequence[tuple[str, bool, str]]) -> None:
        """Note the links of documents (node, described, document) in place of what was kept."""
        self._db.executemany("DELETE FROM link WHERE source_id = ?", [(one,) for one in ids])
        self._db.executemany("INSERT INTO link VALUES (?, ?, ?)", rows)

    def nodes(self, ids: Iterable[str], *, described: bool) -> set[str]:
        """Give what documents describe, or else refer to."""
        return self._find("node", "source_id", ids, described)

    def documents(self, nodes: Iterable[str], *, described: bool) -> set[str]:
        """Give the documents that describe nodes, or else refer to them."""
        return self._find("source_id", "node", nodes, described)

    def _find(self, wanted: str, given: str, values: Iterable[str], described: bool) -> set[str]:
        found: set[str] = set()
        rest = iter(values)
        while chunk := list(islice(rest, _CHUNK)):
            marks = ",".join("?" * len(chunk))
            query = f"SELECT {wanted} FROM link WHERE {given} IN ({marks}) AND described = ?"  # noqa: S608
            found.update(row[0] for row in self._db.execute(query, (*chunk, described)))
        return found
