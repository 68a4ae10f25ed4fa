"""The written dataset's writer process: takes writes one at a time, until it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kgservice.store.child import connect
from kgservice.store.confinement import confine
from kgservice.store.written_engine import WrittenEngine

LOCK_WAIT_S = 3.0
"""How long the lock of a process that was just killed is waited for."""
_POLL_S = 0.02


class _Server:
    """Takes `(number, name, arguments)` from the pipe, answers `(number, code, value)`."""

    def __init__(self, connection: Connection[Any, Any], engine: WrittenEngine) -> None:
        self._connection, self._engine = connection, engine
        self._sending = threading.Lock()

    def serve(self) -> None:
        """Work until the parent closes the pipe."""
        with (
            ThreadPoolExecutor(1) as writes,
            ThreadPoolExecutor(1) as snapshots,
            contextlib.suppress(EOFError, OSError),
        ):
            while True:
                number, name, arguments = self._connection.recv()
                work = getattr(self._engine, name)
                if name == "settle":  # before the next write begins, which comes after it
                    work(*arguments)
                    continue
                threads = snapshots if name == "snapshot" else writes
                threads.submit(self._answer, number, work, arguments)

    def _answer(self, number: int, work: Callable[..., object], arguments: Any) -> None:  # noqa: ANN401
        try:
            answer: tuple[int, str, object] = (number, "ok", work(*arguments))
        except SyntaxError as error:
            answer = (number, "syntax", str(error))
        except MemoryError:
            os._exit(1)  # what is left of its memory may be in pieces
        except Exception as error:  # the parent must get an answer
            answer = (number, "failed", f"{error}")
        with self._sending, contextlib.suppress(OSError):
            self._connection.send(answer)


def _open(folder: Path, noted: int) -> WrittenEngine:
    end = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return WrittenEngine(folder, noted)
        except OSError as error:
            if "lock" not in str(error).lower() or time.monotonic() > end:
                raise
            threading.Event().wait(_POLL_S)


def main(descriptor: str, folder: str, memory_mb: str) -> None:
    """Take the limits, wait for the call, open the store, say which write is unsettled, serve."""
    connection = connect(descriptor, ignore=(signal.SIGINT, signal.SIGTERM))
    confine(connection, int(memory_mb))  # LOAD and SERVICE reach nothing
    try:
        noted = connection.recv()
    except EOFError:  # it was never needed
        return
    try:
        engine = _open(Path(folder), int(noted))
    except OSError as error:
        connection.send((0, "failed", str(error)))
        return
    connection.send((0, "ok", engine.turn()))
    _Server(connection, engine).serve()


if __name__ == "__main__":
    main(*sys.argv[1:4])
