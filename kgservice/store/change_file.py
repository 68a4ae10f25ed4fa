"""Changes that are too many for memory, on their way to the writer in a file."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from kgservice.model.errors import InputError
from kgservice.store.port import ChangeKind, GraphChange
from kgservice.store.wire import TripleWriter

FRAME: Final = 200_000
"""Statements that are written, and later applied, together; some 50 MB of text."""

MOST_AT_ONCE: Final = 50_000
"""Statements of a file up to which they are committed as if they had not been in one."""

Part: TypeAlias = tuple[str, bytes, str, bool]
"""Graph, statements as N-Triples (each `s p o .` and a line feed), kind, merge."""
Texts: TypeAlias = tuple[str, list[str], str, bool, int | None]
"""A `Change` on its way to the writer: graph, statements, kind, merge, version expected."""


def as_texts(changes: Iterable[GraphChange]) -> list[Texts]:
    """Write the statements of changes that are few enough for memory.

    Raises:
        InputError: a term cannot be stored (`statement-invalid`).
    """
    texts = TripleWriter()
    return [
        (c.graph, texts.lines(c.graph, c.triples), c.kind.value, c.merge, c.if_version)
        for c in changes
    ]


class SpooledChanges:
    """Changes in a file: frames of parts, pickled; read by our own writer only."""

    def __init__(self, folder: Path) -> None:
        """Make a file in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, suffix=".changes")
        self.path = Path(name)
        self.statements = 0
        self._file = os.fdopen(descriptor, "wb")
        self._frame: list[Part] = []
        self._waiting = 0
        self._texts = TripleWriter()

    def add(self, changes: Iterable[GraphChange]) -> None:
        """Append changes; `if_version` is not possible here.

        Raises:
            InputError: a term cannot be stored (`statement-invalid`), or a version is given.
        """
        for change in changes:
            if change.if_version is not None:
                raise InputError("A file of changes knows no versions.", code="invalid-input")
            lines = self._texts.lines(change.graph, change.triples)
            text = "".join([line + ".\n" for line in lines])
            self._frame.append((change.graph, text.encode(), change.kind.value, change.merge))
            self.statements += len(lines)
            self._waiting += len(lines) + 1
            if self._waiting >= FRAME:
                self._flush()

    def finish(self) -> Path:
        """Make sure that all of it is on disk; give the file."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self.path

    def changes(self) -> list[Texts]:
        """Give all changes as they go to the writer without a file."""
        return [
            (graph, statements_of(text), kind, merge, None)
            for frame in read_frames(self.finish())
            for graph, text, kind, merge in frame
        ]

    def close(self) -> None:
        """Take it back, unless it was committed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._frame:
            pickle.dump(self._frame, self._file, pickle.HIGHEST_PROTOCOL)
        self._frame, self._waiting = [], 0
        self._texts = TripleWriter()  # or it would remember every term of the source


def statements_of(text: bytes) -> list[str]:
    """Give the statements of a part as a commit takes them, without dots."""
    return text.decode().split(".\n")[:-1]


def read_frames(path: Path, skip: int = 0) -> Iterator[list[Part]]:
    """Read a file's frames, without the first `skip`."""
    with path.open("rb") as file:
        while True:
            try:
                frame: list[Part] = pickle.load(file)  # noqa: S301 - written by this class
            except EOFError:
                return
            if skip:
                skip -= 1
            else:
                yield [(graph, _as_bytes(text), kind, merge) for graph, text, kind, merge in frame]


REPLACE, DESCRIBE = ChangeKind.REPLACE.value, ChangeKind.DESCRIBE.value


def _as_bytes(text: bytes | str) -> bytes:
    """Give statements as they are written now; an earlier release wrote text without dots."""
    return text if isinstance(text, bytes) else text.replace(" \n", " .\n").encode()
