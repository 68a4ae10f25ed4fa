"""A queue in which everybody has a turn, in the order of coming."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from kgservice.model.errors import Unavailable


class WriteQueue:
    """One holds the turn; the others wait, first come, first served."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    @property
    def length(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, wait_s: float) -> Iterator[None]:
        """Hold the turn while the block runs.

        Raises:
            Unavailable: it did not come in time (`update-busy`).
        """
        self._take(wait_s)
        try:
            yield
        finally:
            self._pass_on()

    def _take(self, wait_s: float) -> None:
        event = threading.Event()
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            self._waiting.append(event)
        if event.wait(wait_s):
            return
        with self._lock:
            if event.is_set():  # it came at the last moment
                return
            self._waiting.remove(event)
        raise Unavailable(
            f"Other writes took longer than {wait_s:g} s; this one has not begun.",
            code="update-busy",
            hint="Try again later.",
        )

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
