"""The original bytes of source documents, by content hash."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from kgservice.model.errors import NotFound

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
        _sync_folder(path.parent)
        return name

    def get(self, name: str) -> bytes:
        """Give the bytes back.

        Raises:
            NotFound: nothing with this hash was kept (`content-not-found`).
        """
        if not _HASH.fullmatch(name) or not (path := self._path(name)).is_file():
            raise NotFound(f"No document with the hash {name!r} is kept.", code="content-not-found")
        return path.read_bytes()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
