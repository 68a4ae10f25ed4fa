"""The original bytes of source documents, by content hash: a file each, or many in a pack."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kgservice.model.errors import NotFound
from kgservice.store.disk import to_disk

_INDEX = "packs.db"
_MADE = (
    "CREATE TABLE IF NOT EXISTS content (name BLOB PRIMARY KEY, pack TEXT, start INTEGER,"
    " length INTEGER) WITHOUT ROWID"
)
_HASH = re.compile(r"[0-9a-f]{64}")


class ContentStore:
    """A folder of immutable files; the same content is kept once. Safe from many processes."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in `folder`, which is made when the first one comes."""
        self._folder = folder

    def beside(self, name: str) -> Path:
        """Give the folder for what is known about the documents of a catalogue; not made here."""
        return self._folder / ".catalogs" / name

    def put(self, content: bytes) -> str:
        """Keep the bytes and give their SHA-256 in hexadecimal.

        The file is on disk before the name appears, so that a crash leaves all of it or nothing.
        """
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.is_file():
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        to_disk(path.parent)
        return name

    def put_many(self, contents: Sequence[bytes]) -> None:
        """Keep many at once, in one file: a file each would cost more than reading them.

        The pack is on disk before its index names what it holds.
        """
        names = [hashlib.sha256(content).hexdigest() for content in contents]
        if not names:
            return
        folder = self._folder / "packs"
        folder.mkdir(parents=True, exist_ok=True)
        pack = hashlib.sha256("".join(names).encode()).hexdigest()[:32]
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".")
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(contents))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(folder / pack)
        to_disk(folder)
        rows, start = [], 0
        for name, content in zip(names, contents, strict=True):
            rows.append((bytes.fromhex(name), pack, start, len(content)))
            start += len(content)
        with closing(self._index()) as index, index:
            index.execute(_MADE)
            index.executemany("INSERT OR IGNORE INTO content VALUES (?, ?, ?, ?)", rows)

    def get(self, name: str) -> bytes:
        """Give the bytes back.

        Raises:
            NotFound: nothing with this hash was kept (`content-not-found`).
        """
        if _HASH.fullmatch(name):
            if (path := self._path(name)).is_file():
                return path.read_bytes()
            if (content := self._packed(name)) is not None:
                return content
        raise NotFound(f"No document with the hash {name!r} is kept.", code="content-not-found")

    def _packed(self, name: str) -> bytes | None:
        if not (self._folder / _INDEX).is_file():
            return None
        query = "SELECT pack, start, length FROM content WHERE name = ?"
        with closing(self._index()) as index:
            row = index.execute(query, (bytes.fromhex(name),)).fetchone()
        if row is None:
            return None
        pack, start, length = row
        with (self._folder / "packs" / pack).open("rb") as file:
            file.seek(start)
            content: bytes = file.read(length)
            return content

    def _index(self) -> sqlite3.Connection:
        return sqlite3.connect(self._folder / _INDEX, timeout=60)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
