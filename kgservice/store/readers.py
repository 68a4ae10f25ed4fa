"""A pool of reader processes with deadlines: what overruns is killed and replaced."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, NoReturn

from kgservice.model.errors import DeadlineExceeded, InputError, Unavailable
from kgservice.store.child import Child
from kgservice.store.mistakes import syntax_error

START_LIMIT_S = 30.0
MAX_WAITING = 32
"""Callers that may wait for a reader at once; each holds a thread of the service."""
_ABORTED = -6
_HINT_MEMORY = "Ask for less at once: add LIMIT, select fewer variables, or drop ORDER BY."


class Lease:
    """A reader process for one piece of work, with one deadline for all of it."""

    def __init__(self, child: Child, deadline_s: float) -> None:
        """Start the clock."""
        self._child = child
        self._deadline_s = deadline_s
        self._end = time.monotonic() + deadline_s
        self.is_dead = False

    def ask(self, method: str, *arguments: object, text: str = "") -> Any:  # noqa: ANN401
        """Call a method of the reader; `text` is the query that an error shows.

        Raises:
            InputError: the query does not parse (`query-syntax`) or fails in the engine.
            DeadlineExceeded: the deadline came first; the process was killed.
            Unavailable: the process ran out of memory (`query-memory`) or died (`query-died`).
        """
        if self.is_dead:
            raise _died(0)
        connection = self._child.connection
        try:
            connection.send((method, arguments))
            if not connection.poll(max(0.0, self._end - time.monotonic())):
                self._overrun()
            code, value = connection.recv()
        except (EOFError, OSError):
            self.is_dead = True
            raise _died(self._child.exit_code()) from None
        if code != "ok":
            self._fail(code, value, text)
        return value

    def _overrun(self) -> NoReturn:
        self.is_dead = True
        self._child.kill()
        raise DeadlineExceeded(
            f"The query was stopped at its deadline of {self._deadline_s:g} s.",
            code="query-deadline",
            hint="Make it more selective, add LIMIT, or ask for a longer deadline.",
        )

    def _fail(self, code: str, value: str, text: str) -> NoReturn:
        if code == "syntax":
            raise syntax_error(value, text)
        if code == "memory":
            self.is_dead = True  # what is left of its memory may be in pieces
            self._child.kill()
            raise _died(_ABORTED)
        raise InputError(f"The query failed in the engine: {value}.", code="query-failed")


def _died(exit_code: int) -> Unavailable:
    if exit_code == _ABORTED:  # a failed allocation aborts the engine
        return Unavailable(
            "The query needed more memory than a query may use.",
            code="query-memory",
            hint=_HINT_MEMORY,
        )
    return Unavailable(
        "The query ended the process that worked on it; nothing else was touched.",
        code="query-died",
        hint="Simplify it: less nesting, fewer alternatives. Please report it with the query.",
    )


class ReaderPool:
    """`size` readers may work at once; one more is kept ready for the one that gets killed."""

    def __init__(self, size: int, memory_mb: int) -> None:
        """Start `size` + 1 processes; they get ready in the background."""
        self._memory_mb = memory_mb
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: deque[Child] = deque()
        self._is_closed = False
        self._waiting = 0
        self.kills = 0
        for _ in range(size + 1):
            self._idle.append(self._start())

    def _start(self) -> Child:
        return Child("kgservice.store.reader", [str(self._memory_mb)], quiet=True)

    @contextlib.contextmanager
    def lease(self, deadline_s: float) -> Iterator[Lease]:
        """Take a reader; the deadline covers the wait for it.

        Raises:
            Unavailable: none became free before the deadline, or too many others wait
                (`query-busy`).
        """
        begin = time.monotonic()
        if not self._slots.acquire(blocking=False) and not self._wait(deadline_s):
            raise Unavailable(
                "All query processes were busy until the query's deadline.",
                code="query-busy",
                hint="Try again later, or raise KG_QUERY_WORKERS.",
            )
        try:
            child = self._take()
            lease = Lease(child, max(0.0, deadline_s - (time.monotonic() - begin)))
            try:
                yield lease
            finally:
                self._give_back(child, lease)
        finally:
            self._slots.release()

    def _wait(self, deadline_s: float) -> bool:
        with self._lock:
            if self._waiting >= MAX_WAITING:
                return False
            self._waiting += 1
        try:
            return self._slots.acquire(timeout=deadline_s)
        finally:
            with self._lock:
                self._waiting -= 1

    def _take(self) -> Child:
        """Give a ready process; its start-up is not part of a query's deadline."""
        while True:
            with self._lock:
                if self._is_closed:
                    raise Unavailable("The store is closed.", code="store-closed")
                child = self._idle.popleft() if self._idle else self._start()
            if _is_ready(child):
                return child

    def _give_back(self, child: Child, lease: Lease) -> None:
        if not lease.is_dead:
            with self._lock:
                if not self._is_closed:
                    self._idle.appendleft(child)
                    return
            child.end()
            return
        self.kills += 1
        with self._lock:
            if not self._is_closed:
                self._idle.append(self._start())

    def close(self) -> None:
        """End the idle processes; leased ones end when they are given back."""
        with self._lock:
            self._is_closed = True
            children, self._idle = list(self._idle), deque()
        for child in children:
            child.end()


_READY = "is_ready"


def _is_ready(child: Child) -> bool:
    """Wait for a process's first word, once; a process that died while idle is not ready."""
    if child.process.poll() is not None:
        child.end()
        return False
    if getattr(child, _READY, False):
        return True
    try:
        if child.connection.poll(START_LIMIT_S):
            child.connection.recv()
            setattr(child, _READY, True)
            return True
    except (EOFError, OSError):
        pass
    child.kill()
    raise Unavailable("A query process did not start.", code="query-died")
