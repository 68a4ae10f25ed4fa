"""Run an importer over a source, in a process of its own; what it gives comes in batches."""

from __future__ import annotations

import gc
import hashlib
import pickle
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from kgservice.model.documents import (
    ImportContext,
    Importer,
    ImportItem,
    SourceDocument,
    Unchanged,
)
from kgservice.store.sandbox import run_isolated

BATCH: Final = 200
"""Items that travel and are worked on together."""
BATCH_BYTES: Final = 4 << 20
"""Of original documents, after which a batch is long enough."""
DEADLINE_S: Final = 3600.0
"""A large source behind a slow network takes its time; what hangs is stopped all the same."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items of a source.

    Attributes:
        documents: The documents among them.
        unchanged: Ids of those that are as they were.
        others: All else.
        packed: The documents as bytes, for the spool.
    """

    documents: list[SourceDocument]
    unchanged: list[str]
    others: list[ImportItem]
    packed: bytes


_Packed: TypeAlias = tuple[bytes, list[str], list[ImportItem]]
"""A batch on its way: most documents of most syncs are unchanged, and an id is quick to send."""


def read_batches(
    importer: Importer, source: str, context: ImportContext, *, isolated: bool = True
) -> Iterator[Batch]:
    """Read a source lazily; the importer works on the next batch while one is worked on here.

    Raises:
        Unavailable: the source cannot be reached or broke half-way.
    """
    arguments = (importer, source, context)
    blobs: Iterable[_Packed] = (
        run_isolated(read_in_child, arguments, chunk=1, deadline_s=DEADLINE_S)
        if isolated
        else _batches(importer.read(source, context))
    )
    for packed, unchanged, others in blobs:
        yield Batch(unpack(packed), unchanged, others, packed)


def unpack(packed: bytes) -> list[SourceDocument]:
    """Give the documents of a batch again."""
    found: list[SourceDocument] = pickle.loads(packed)  # noqa: S301 - from our own process
    return found


def pack(documents: Sequence[SourceDocument]) -> bytes:
    """Make bytes of documents."""
    return pickle.dumps(documents, pickle.HIGHEST_PROTOCOL)


def read_in_child(importer: Importer, source: str, context: ImportContext) -> Iterator[_Packed]:
    """Run the importer; a function by name, since the child process imports it."""
    gc.disable()  # the process ends after this one task
    yield from _batches(importer.read(source, context))


def _batches(items: Iterable[ImportItem]) -> Iterator[_Packed]:
    """Part items into batches of `BATCH`; fewer when they are large."""
    documents: list[SourceDocument] = []
    unchanged: list[str] = []
    others: list[ImportItem] = []
    size = number = 0
    for item in items:
        if isinstance(item, Unchanged):
            unchanged.append(item.source_id)
        elif isinstance(item, SourceDocument):
            documents.append(item)
            size += len(item.content)
        else:
            others.append(item)
        number += 1
        if number == BATCH or size > BATCH_BYTES:
            yield pack(documents), unchanged, others
            documents, unchanged, others = [], [], []
            size = number = 0
    if number:
        yield pack(documents), unchanged, others


class Spool:
    """Batches of documents on disk, in a file without a name."""

    def __init__(self, folder: Path) -> None:
        """Make it in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._sizes: list[int] = []

    def add(self, packed: bytes) -> None:
        """Append a batch."""
        self._file.write(packed)
        self._sizes.append(len(packed))

    def batches(self) -> Iterator[list[SourceDocument]]:
        """Read all batches again, one at a time."""
        self._file.seek(0)
        for size in self._sizes:
            yield unpack(self._file.read(size))

    def close(self) -> None:
        """Forget them."""
        self._file.close()


def code_digest(importer: Importer) -> str:
    """Hash the files that an importer is made of: code, mappings, contexts."""
    module = sys.modules.get(type(importer).__module__)
    file = getattr(module, "__file__", None)
    if file is None:
        return ""
    top = sys.modules.get(type(importer).__module__.partition(".")[0])
    folders = [Path(p) for p in getattr(top, "__path__", ())]
    paths = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ) or [Path(file)]
    return _hash_files(tuple((path, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=16)
def _hash_files(files: tuple[tuple[Path, int], ...]) -> str:
    whole = hashlib.sha256()
    for path, _ in files:
        whole.update(str(path.name).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Keep the cyclic collector from walking a source's millions of terms again and again.

    Statements hold no cycles; what else makes some is collected when this is over.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
