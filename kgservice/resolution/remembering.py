"""What is worked out once for a state of the graph, and forgotten when it takes too much room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Hashable
from dataclasses import fields, is_dataclass
from typing import Final, TypeVar

import numpy as np

Made = TypeVar("Made")

MOST_BYTES: Final = 128 * 2**20
"""Room for the masks and numbers of one state: some thousand masks at 100,000 offerings."""


class Remembered:
    """Keeps arrays by key, those that were used last; any thread may ask."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Nothing is there at first."""
        self._most = most_bytes
        self._size = 0
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, kind: type[Made], make: Callable[[], Made]) -> Made:
        """Give what was made under a key; make it when it is not there (any more)."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        if found is not None:
            assert isinstance(found[0], kind)  # noqa: S101 - a key is used for one thing
            return found[0]
        made = make()
        self._keep(key, made)
        return made

    def forget(self, kinds: Container[Hashable]) -> None:
        """Forget what was made under keys that begin with one of these."""
        with self._lock:
            for key in [key for key in self._kept if isinstance(key, tuple) and key[0] in kinds]:
                self._size -= self._kept.pop(key)[1]

    def _keep(self, key: Hashable, made: object) -> None:
        size = _bytes(made)
        with self._lock:
            if key in self._kept:  # another thread was faster
                return
            self._kept[key] = (made, size)
            self._size += size
            while self._size > self._most and len(self._kept) > 1:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._size -= dropped


def _bytes(made: object) -> int:
    """Count the bytes of the arrays in a value, roughly."""
    if isinstance(made, np.ndarray):
        return int(made.nbytes)
    if is_dataclass(made):
        return 64 + sum(_bytes(getattr(made, one.name)) for one in fields(made))
    if isinstance(made, dict):
        return 64 + sum(_bytes(one) for one in made.values())
    return 64  # a tuple holds what something was made of, which counts elsewhere
