"""The newest issue of each credential that was ever valid here: an older one does not come back."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class Issued:
    """Remembers by issuer and credential when the newest valid issue began to hold."""

    def __init__(self, file: Path | None) -> None:
        """Open or make the file; without one it is remembered until the process ends."""
        if file is not None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(file or ":memory:", timeout=60, check_same_thread=False)
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS issued (issuer TEXT, credential TEXT, since TEXT,"
            " PRIMARY KEY (issuer, credential)) WITHOUT ROWID"
        )

    def newest(self, issuer: str, credential: str) -> str:
        """Give the newest known start of validity, xsd:dateTime text in UTC, or nothing."""
        query = "SELECT since FROM issued WHERE issuer = ? AND credential = ?"
        row = self._db.execute(query, (issuer, credential)).fetchone()
        return str(row[0]) if row else ""

    def note(self, issuer: str, credential: str, since: str) -> None:
        """Remember an issue that is the newest."""
        with self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO issued VALUES (?, ?, ?)", (issuer, credential, since)
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()
