"""Copies for a backup: whole files on disk, and SQLite files by SQLite's own online backup."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from kgservice.store.disk import to_disk

_CHUNK = 1 << 20
_SQLITE = b"SQLite format 3\x00"


def is_sqlite(path: Path) -> bool:
    """Say whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that others may be writing: what was committed when it ends, as a whole.

    See https://www.sqlite.org/backup.html; the file is on disk and readable by its owner only.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with (
        closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60)
        ) as one,
        closing(sqlite3.connect(target)) as other,
    ):
        one.backup(other)
        other.execute("PRAGMA journal_mode = DELETE")
    to_disk(target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that nobody changes; it is on disk and readable by its owner only."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as copy, source.open("rb") as original:
        while chunk := original.read(_CHUNK):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file's content in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
