"""The parent's side of the writer: many threads ask, one dispatcher hands out the answers."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kgservice.model.errors import Unavailable
from kgservice.store.child import Child


class WriterLink:
    """A writer process that is started again when it dies."""

    def __init__(self, data_dir: Path) -> None:
        """Start it; `wait_until_open` says whether it could open the folder."""
        self.folder = data_dir
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, Future[Any]] = {}
        self._child: Child | None = None
        self._is_closed = False
        self.restarts = -1
        self.generations: tuple[int, int] = (0, 0)
        self._first: Child | None = _spawn(data_dir)

    def wait_until_open(self) -> None:
        """Wait for the first start.

        Raises:
            Unavailable: the folder is held by another process (`data-folder-in-use`), or its store
                cannot be opened.
        """
        with self._lock:
            if self._first is not None:
                self._start()

    @property
    def pid(self) -> int:
        """The writer's process id; 0 when it is not running."""
        child = self._child
        return child.process.pid if child else 0

    def ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - the answers differ
        """Send a request and wait for its answer.

        Raises:
            Unavailable: the writer died before it answered (`writer-lost`).
        """
        future: Future[Any] = Future()
        number = next(self._numbers)
        with self._lock:
            if self._is_closed:
                raise Unavailable("The store is closed.", code="store-closed")
            child = self._child or self._start()
            self._pending[number] = future
            with contextlib.suppress(OSError):  # the dispatcher sees the end of the pipe
                child.connection.send((number, name, arguments))
        return future.result()

    def waiting(self) -> int:
        """Count the requests that are not answered yet."""
        with self._lock:
            return len(self._pending)

    def _start(self) -> Child:
        child = self._first or _spawn(self.folder)
        self._first = None
        try:
            _, is_open, state = child.connection.recv()
        except EOFError:
            child.end()
            raise _lost() from None
        if not is_open:
            child.end()
            raise _error(state)
        self._child = child
        self.generations = state
        self.restarts += 1
        threading.Thread(target=self._dispatch, args=(child,), daemon=True).start()
        return child

    def _dispatch(self, child: Child) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, is_ok, result = child.connection.recv()
                with self._lock:
                    future = self._pending.pop(number)
                if is_ok:
                    future.set_result(result)
                else:
                    future.set_exception(_error(result))
        self._recover(child)

    def _recover(self, child: Child) -> None:
        """Fail what waits and start a new writer; when that fails, the next request tries again."""
        child.exit_code()
        with self._lock:
            waiting, self._pending = self._pending, {}
            self._child = None
            if not self._is_closed:
                with contextlib.suppress(Unavailable):
                    self._start()
        for future in waiting.values():
            future.set_exception(_lost())

    def close(self) -> None:
        """Let it finish its commit and end."""
        with self._lock:
            self._is_closed = True
            child, self._child = self._child, None
        if child:
            child.finish()


def _spawn(data_dir: Path) -> Child:
    data_dir.mkdir(parents=True, exist_ok=True)
    return Child("kgservice.store.writer", [str(data_dir)])


def _error(failure: tuple[Any, ...]) -> Exception:
    kind, detail, code, at, hint = failure
    error: Exception = kind(detail, code=code, at=at, hint=hint)
    return error


def _lost() -> Unavailable:
    return Unavailable(
        "The writer process died before it answered; the change is there as a whole or not at all.",
        code="writer-lost",
        hint="Read the graph again, then repeat the change; the writer is being restarted.",
    )
