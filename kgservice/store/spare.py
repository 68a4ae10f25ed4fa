"""A process that is started before there is work for it; starting one takes half a second.

Each still does one piece of work and ends: what one input did to it, the next one does not meet.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterable

from kgservice.store.child import Child

MODULE = "kgservice.store.sandbox"


class Spare:
    """At most one process in waiting, which has imported what the last piece of work needed."""

    def __init__(self) -> None:
        """Keep none until somebody wants one kept."""
        self._lock = threading.Lock()
        self._users = 0
        self._child: Child | None = None
        self._made_in: object = None

    def keep(self) -> None:
        """Have a process ready after each piece of work; `let_go` as often as this."""
        with self._lock:
            self._users += 1

    def let_go(self) -> None:
        """Keep none when nobody else wants one."""
        with self._lock:
            self._users -= 1
            child = None if self._users else self._take()
        if child is not None:
            child.kill()

    def child(self) -> Child:
        """Give the process that waits, or start one."""
        with self._lock:
            child = self._take()
        if child is not None and self._made_in == _surroundings() and child.process.poll() is None:
            return child
        if child is not None:
            child.kill()
        return Child(MODULE, quiet=True)

    def renew(self, modules: Iterable[str]) -> None:
        """Start the next one, if one is wanted, and have it import modules."""
        with self._lock:
            if not self._users or self._child is not None:
                return
            self._made_in = _surroundings()
            self._child = Child(MODULE, quiet=True)
            with contextlib.suppress(OSError):  # it died; that is seen when it is needed
                self._child.connection.send(sorted(modules))

    def _take(self) -> Child | None:
        child, self._child = self._child, None
        return child


SPARE = Spare()
"""That of this process."""


def import_all(modules: Iterable[str]) -> None:
    """In the child: import what the work will need; what cannot be, fails when it is needed."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _surroundings() -> object:
    return dict(os.environ), tuple(sys.path)
