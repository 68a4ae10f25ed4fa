"""The parent's side of the written dataset's writer: deadlines by kill, and what a death left."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kgservice.model.errors import Unavailable
from kgservice.store.child import Child

MEMORY_ABORT = -6
"""A failed allocation aborts the engine."""


class Overrun(Exception):
    """The deadline came first; the process was killed."""


class Died(Exception):
    """The process died of the work, with this exit code."""

    def __init__(self, exit_code: int) -> None:
        """Keep the code."""
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code


class Answered(Exception):
    """The engine refused the work: `kind` is `syntax` or `failed`."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep the engine's words."""
        super().__init__(message)
        self.kind = kind


class WrittenLink:
    """A writer process that is started again after it died or was killed."""

    def __init__(self, folder: Path, memory_mb: int, noted: int) -> None:
        """Start it; `noted` is the number of the last write that is known to be there.

        Raises:
            Unavailable: it does not start (`data-folder-in-use`, `store-unreadable`).
        """
        self._folder, self._memory_mb = folder, memory_mb
        self.noted = noted
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pending: dict[int, Future[Any]] = {}
        self._child: Child | None = None
        self._spare: Child | None = None
        self._is_closed = False
        self.turn = 0
        self.starts = 0
        with self._lock:
            self._start()

    @property
    def pid(self) -> int:
        """The process id; 0 when it is not running."""
        child = self._child
        return child.process.pid if child else 0

    def ask(self, name: str, *arguments: object, deadline_s: float | None = None) -> Any:  # noqa: ANN401
        """Send work and wait for its answer; kill the process when it takes longer.

        Raises:
            Overrun: it was killed at the deadline.
            Died: it died.
            Answered: the engine refused the work.
        """
        future: Future[Any] = Future()
        with self._lock:
            child = self._running()
            number = next(self._numbers)
            self._pending[number] = future
            with contextlib.suppress(OSError):  # the dispatcher sees the end of the pipe
                child.connection.send((number, name, arguments))
        try:
            return future.result(deadline_s)
        except TimeoutError:
            child.process.kill()
            with contextlib.suppress(Died):  # it may have answered meanwhile
                return future.result()
            raise Overrun from None

    def settle(self, number: int) -> None:
        """Say that a write is noted."""
        self.noted, self.turn = number, 0
        with self._lock, contextlib.suppress(OSError):
            self._running().connection.send((0, "settle", (number,)))

    def unsettled(self) -> int:
        """Give the number of the write that the store has and nobody noted; starts the process."""
        with self._lock:
            self._running()
        return self.turn

    def _running(self) -> Child:
        if self._is_closed:
            raise Unavailable("The store is closed.", code="store-closed")
        return self._child or self._start()

    def _start(self) -> Child:
        child, self._spare = self._spare or self._spawn(), None
        if child.process.poll() is not None:
            child.end()
            child = self._spawn()
        try:
            child.connection.send(self.noted)
            _, code, value = child.connection.recv()
        except (EOFError, OSError):
            raise _unreadable(f"its process ended with {child.exit_code()}") from None
        if code != "ok":
            child.end()
            raise _unreadable(str(value))
        self._child, self.turn = child, int(value)
        self.starts += 1
        # When this one is killed at a deadline, its caller waits until another has the store open.
        self._spare = self._spawn()
        threading.Thread(target=self._dispatch, args=(child,), daemon=True).start()
        return child

    def _spawn(self) -> Child:
        arguments = [str(self._folder), str(self._memory_mb)]
        return Child("kgservice.store.written_writer", arguments, quiet=True)

    def _dispatch(self, child: Child) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, code, value = child.connection.recv()
                with self._lock:
                    future = self._pending.pop(number)
                if code == "ok":
                    future.set_result(value)
                else:
                    future.set_exception(Answered(code, value))
        exit_code = child.exit_code()
        with self._lock:
            waiting, self._pending = self._pending, {}
            if self._child is child:
                self._child = None
        for future in waiting.values():
            future.set_exception(Died(exit_code))
        with contextlib.suppress(Unavailable):  # the next write tries again
            self.unsettled()

    def close(self) -> None:
        """Let it finish and end."""
        with self._lock:
            self._is_closed = True
            child, self._child = self._child, None
            spare, self._spare = self._spare, None
        if spare:
            spare.end()
        if child:
            child.finish()


def _unreadable(what: str) -> Unavailable:
    if "lock" in what.lower():
        return Unavailable(
            "The data folder is in use by another process.",
            code="data-folder-in-use",
            hint="Stop the other service, or give this one a folder of its own (KG_DATA_DIR).",
        )
    return Unavailable(
        f"The written graphs cannot be opened: {what}.",
        code="store-unreadable",
        hint="Check the folder's rights and free space; restore a backup when it is damaged.",
    )
