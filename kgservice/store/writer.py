"""The writer child: owns the store's locks, commits serially, answers trusted live reads."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kgservice.model.errors import InputError, KgError, PreconditionFailed, Unavailable
from kgservice.store.change import Change
from kgservice.store.child import connect
from kgservice.store.live import LiveStore
from kgservice.store.port import CommitResult
from kgservice.store.showing import changes_to_show

LOCK_WAIT_S = 3.0
"""How long the lock of a writer that has just lost its parent is waited for."""

READ_THREADS = 4
STORE_FAILED = 70
_POLL_S = 0.02

Work = tuple[int, Callable[[], object]]
Failure = tuple[type[KgError], str, str, str, str]


class Writer:
    """Takes requests `(id, name, arguments)` from the pipe, answers `(id, is_ok, result)`."""

    def __init__(self, connection: Connection[Any, Any], store: LiveStore) -> None:
        """Serve one parent."""
        self._connection = connection
        self._store = store
        self._sending = threading.Lock()
        self._committing = threading.Thread(target=self._commit_all)
        self._writes: queue.Queue[Work | None] = queue.Queue()

    def serve(self) -> None:
        """Work until the parent closes the pipe; a commit that has begun is finished."""
        self._committing.start()
        with ThreadPoolExecutor(READ_THREADS) as readers, contextlib.suppress(EOFError, OSError):
            while True:
                number, name, arguments = self._connection.recv()
                if name == "commit":
                    dataset, changes = arguments
                    content = [Change(*change) for change in changes]
                    self._writes.put((number, partial(self._commit, dataset, content)))
                    continue
                if name == "show":
                    self._writes.put((number, partial(self._show, *arguments)))
                    continue
                work = partial(getattr(self._store, name), *arguments)
                if name == "take":
                    self._writes.put((number, partial(self._take, *arguments)))
                elif name in ("snapshot", "backup"):  # in turn with the commits
                    self._writes.put((number, work))
                else:
                    readers.submit(self._answer, number, work)
        self._writes.put(None)
        self._committing.join()

    def _take(self, path: str) -> CommitResult:
        """Commit a file; between its parts, other commits go on, while snapshots wait."""
        added = removed = 0
        result = CommitResult(0, {}, 0, 0)
        for result in self._store.take(path):
            added += result.added
            removed += result.removed
            self._let_commits_through()
        return CommitResult(result.generation, {}, added, removed)

    def _let_commits_through(self) -> None:
        waiting: list[Work | None] = []
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.append(self._writes.get_nowait())
        for work in waiting:
            if work is not None and getattr(work[1], "func", None) == self._commit:
                self._answer(*work)
            else:
                self._writes.put(work)

    def _commit_all(self) -> None:
        while (work := self._writes.get()) is not None:
            try:
                self._answer(*work)
                if self._writes.empty():
                    self._store.catch_up()
            except OSError:
                # What is on disk is whole, but no longer what this process has in memory.
                logging.exception("The store failed; the writer ends and is started again.")
                os._exit(STORE_FAILED)

    def _commit(self, dataset: str, changes: list[Change]) -> CommitResult:
        try:
            return self._store.commit(dataset, changes)
        except SyntaxError as error:
            raise InputError(
                f"A statement cannot be stored: {error}.", code="statement-invalid"
            ) from error

    def _show(self, path: str, versions: dict[str, int]) -> CommitResult:
        return self._store.commit("shared", changes_to_show(path, versions), is_input=False)

    def _answer(self, number: int, work: Callable[[], object]) -> None:
        try:
            answer: tuple[int, bool, object] = (number, True, work())
        except Exception as error:  # the parent must get an answer
            if isinstance(error, OSError) and threading.current_thread() is self._committing:
                raise
            answer = (number, False, _failure(error))
        with self._sending, contextlib.suppress(OSError):
            self._connection.send(answer)


def _failure(error: Exception) -> Failure:
    if isinstance(error, KgError):
        kind = PreconditionFailed if isinstance(error, PreconditionFailed) else InputError
        return kind, error.detail, error.code, error.at, error.hint
    if isinstance(error, SyntaxError):
        return InputError, str(error), "query-syntax", "", ""
    detail = f"The store could not do it: {type(error).__name__}: {error}."
    return Unavailable, detail, "store-failed", "", "See the service's log; nothing was changed."


def _open(data_dir: Path) -> LiveStore:
    end = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return LiveStore(data_dir)
        except OSError as error:
            if "lock" not in str(error).lower() or time.monotonic() > end:
                raise
            threading.Event().wait(_POLL_S)


def main(descriptor: str, folder: str) -> None:
    """Open the store, say so, serve."""
    connection = connect(descriptor, ignore=(signal.SIGINT, signal.SIGTERM))
    data_dir = Path(folder)
    try:
        store = _open(data_dir)
    except OSError as error:
        connection.send((0, False, _failure_to_open(error, folder)))
        return
    state = (store.shared.generation, store.private.generation)
    connection.send((0, True, state))
    Writer(connection, store).serve()


def _failure_to_open(error: OSError, folder: str) -> Failure:
    if "lock" in str(error).lower():
        detail = f"The data folder {folder} is in use by another process."
        hint = "Stop the other service, or give this one a folder of its own (KG_DATA_DIR)."
        return Unavailable, detail, "data-folder-in-use", folder, hint
    detail = f"The store in {folder} cannot be opened: {error}."
    hint = "Check the folder's rights and free space; restore a backup when it is damaged."
    return Unavailable, detail, "store-unreadable", folder, hint


if __name__ == "__main__":
    main(*sys.argv[1:3])
