"""A record in one SQLite file, which several threads of one process may use."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class Book:
    """The file; for its owner only, and read and written in one thread at a time."""

    def __init__(self, path: Path, schema: str) -> None:
        """Open or make the file; `schema` makes what is not there yet."""
        self._path = path
        self._lock = threading.RLock()
        with self._open() as db:
            db.executescript(schema)
        path.chmod(0o600)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give a connection; what the block does is kept together or not at all."""
        with self._lock, closing(sqlite3.connect(self._path, timeout=30)) as db, db:
            yield db
