"""An answer's bytes on their way: small ones in memory, large ones in a file without a name."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

IN_MEMORY = 1 << 20
"""Bytes of an answer up to which it is not written to a file."""

CHUNK = 256 << 10


class Spool:
    """A writer that an engine serialises into; it moves to the file when that is worth it."""

    def __init__(self, path: str) -> None:
        """Write to a new file of this path, if to any."""
        self._path = path
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None
        self.size = 0

    def write(self, part: bytes) -> int:
        """Take some bytes."""
        self.size += len(part)
        if self._file is None and self.size > IN_MEMORY:
            self._file = open(self._path, "xb", buffering=CHUNK)  # noqa: PTH123, SIM115
            self._file.writelines(self._parts)
            self._parts = []
        if self._file is not None:
            self._file.write(part)
        else:
            self._parts.append(part)
        return len(part)

    def flush(self) -> None:
        """Do nothing: `finish` writes what is left."""

    def finish(self) -> bytes | None:
        """Give all bytes; None when they are in the file."""
        if self._file is None:
            return b"".join(self._parts)
        self._file.close()
        return None


class SpoolFolder:
    """Where large answers wait until they are sent; empty again when the service starts."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, without what an earlier process left in it."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._folder = folder
        self._numbers = itertools.count(1)

    @contextmanager
    def new_path(self) -> Iterator[Path]:
        """Give a path that nothing has; what is there is deleted when the block breaks."""
        path = self._folder / str(next(self._numbers))
        try:
            yield path
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    @staticmethod
    def content(body: bytes | None, path: Path) -> bytes | BinaryIO:
        """Give what `Spool.finish` left: bytes, or a file that is gone when nobody reads it."""
        if body is not None:
            return body
        file = path.open("rb")
        path.unlink()
        return file


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Give a file's bytes from its beginning, in pieces that one call sends."""
    position = 0
    while part := os.pread(file.fileno(), CHUNK, position):
        yield part
        position += len(part)


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A finished, serialised answer: status and length are known before the first byte is sent.

    Attributes:
        media_type: What it was written as.
        content: Its bytes, or a file without a name when they are many.
        generation: Of the dataset that answered.
        state: Names what the query saw: of one state, one query has one answer; see `Store.state`.
    """

    media_type: str
    content: bytes | BinaryIO
    generation: int
    state: str = ""

    @property
    def body(self) -> bytes:
        """All bytes of the answer, in memory."""
        return self.content if isinstance(self.content, bytes) else b"".join(chunks(self.content))
