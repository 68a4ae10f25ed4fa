"""Places for calls that hold a thread while they wait, so that some threads always stay free."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from kgservice.model.errors import Unavailable


class Places:
    """A bounded number of calls that may wait at once, in all and for each caller."""

    def __init__(self, in_all: int, each: int) -> None:
        """Allow `in_all` waiting calls, `each` of them for one caller."""
        self._in_all, self._each = in_all, each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold a place while the block runs; `caller` is whose it is.

        Raises:
            Unavailable: none is free (`too-many-waiting`).
        """
        self.take(caller)
        try:
            yield
        finally:
            self.give_back(caller)

    def take(self, caller: str) -> None:
        """Take a place; it must be given back.

        Raises:
            Unavailable: none is free (`too-many-waiting`).
        """
        with self._lock:
            if self._taken[caller] >= self._each or self._taken.total() >= self._in_all:
                raise Unavailable(
                    "Too many calls are waiting for an answer.",
                    code="too-many-waiting",
                    hint="Try again shortly; end other calls first.",
                )
            self._taken[caller] += 1

    def give_back(self, caller: str) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
