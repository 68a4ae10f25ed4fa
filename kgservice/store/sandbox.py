"""Work on untrusted input in a process of its own: parsers can die of what they read."""

from __future__ import annotations

import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from kgservice.model.errors import (
    DeadlineExceeded,
    InputError,
    KgError,
    NotSupported,
    Refused,
    Unavailable,
)
from kgservice.store.child import Child, connect, end_with_parent, limit
from kgservice.store.spare import SPARE, import_all

Item = TypeVar("Item")
CHUNK = 200
"""Items that travel together."""

KINDS: dict[type[KgError], type[KgError]] = {
    kind: kind for kind in (InputError, NotSupported, Refused, Unavailable, DeadlineExceeded)
}
"""Errors that keep their class; others arrive as InputError with the same code."""


def run_isolated(
    function: Callable[..., Iterable[Item]],
    args: tuple[object, ...],
    *,
    memory_mb: int = 2048,
    deadline_s: float = 600.0,
    chunk: int = CHUNK,
) -> Iterator[Item]:
    """Run `function(*args)` in a child process and give the items that it yields as they come.

    Function, arguments and items must be picklable; the function must be importable by name. The
    child is killed when the caller stops iterating. `chunk` items travel together.

    Raises:
        KgError: what the function itself raised.
        DeadlineExceeded: it was not done in time (`import-deadline`).
        Unavailable: it died or raised something unforeseen (`import-crashed`).
    """
    child = SPARE.child()
    end = time.monotonic() + deadline_s
    try:
        child.connection.send((memory_mb, chunk))
        child.connection.send_bytes(pickle.dumps((function, args)))
        while True:
            kind, value = _receive(child, end, deadline_s)
            if kind == "done":
                return
            if kind == "error":
                raise _error(value)
            yield from value
    except (EOFError, OSError):
        raise _crashed(f"the process ended with {child.exit_code()}") from None
    finally:
        child.kill()
        SPARE.renew({function.__module__, *(type(argument).__module__ for argument in args)})


def _receive(child: Child, end: float, deadline_s: float) -> tuple[str, Any]:
    if not child.connection.poll(max(0.0, end - time.monotonic())):
        raise DeadlineExceeded(
            f"The input could not be read within {deadline_s:g} s.",
            code="import-deadline",
            hint="Split the input, or read a part of it.",
        )
    kind, value = child.connection.recv()
    return kind, value


def _error(value: object) -> KgError:
    if not isinstance(value, tuple):
        return _crashed(str(value))
    detail, code, at, hint, reasons, kind = value
    return KINDS.get(kind, InputError)(detail, code=code, at=at, hint=hint, reasons=reasons)


def _crashed(what: str) -> Unavailable:
    return Unavailable(
        f"Reading the input failed: {what}; nothing was changed.",
        code="import-crashed",
        hint="The input is too large or malformed in a way that its reader cannot take.",
    )


def _portable(error: Exception) -> object:
    """Give an error that survives the pipe: ours as it is, others as text."""
    if isinstance(error, MemoryError):
        return "it needs more memory than it may use"
    if not isinstance(error, KgError):
        return f"{type(error).__name__}: {error}"
    return (error.detail, error.code, error.at, error.hint, error.reasons, type(error))


def main(descriptor: str) -> None:
    """In the child: run the function, send its items in chunks; before that, import modules."""
    connection = connect(descriptor, ignore=(signal.SIGINT,))
    end_with_parent(connection)
    while isinstance(order := connection.recv(), list):
        import_all(order)
    memory_mb, size = order
    limit(memory_mb)
    try:
        function, args = pickle.loads(connection.recv_bytes())  # noqa: S301 - from our parent
        chunk: list[object] = []
        for item in function(*args):
            chunk.append(item)
            if len(chunk) == size:
                connection.send(("items", chunk))
                chunk = []
        connection.send(("items", chunk))
        connection.send(("done", None))
    except Exception as error:  # the parent must get an answer
        connection.send(("error", _portable(error)))


if __name__ == "__main__":
    main(sys.argv[1])
