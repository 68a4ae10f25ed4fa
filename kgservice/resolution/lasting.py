"""What is read of arrays that stay as long as a state of the graph does, read once.

Conditions come and go; which nodes there are of a kind, which values they have of a property and
which of these are distinct stays the same. An array is known by its identity: who makes one that
lasts says so (`keep`), and what is read of it lasts too. Of any other array nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


class Lasting:
    """Remembers what was read of lasting arrays: two arrays each; any thread may ask."""

    def __init__(self) -> None:
        """Nothing lasts at first."""
        self._kept: dict[int, Array] = {}
        self._read: dict[Hashable, tuple[Array, Array]] = {}

    def keep(self, array: Array) -> None:
        """Let an array last; nobody may write to it any more."""
        array.flags.writeable = False
        self._kept[id(array)] = array

    def read(
        self, what: Hashable, array: Array, make: Callable[[], tuple[Array, Array]]
    ) -> tuple[Array, Array]:
        """Give what is read of an array; it is remembered, and lasts, if the array does."""
        if id(array) not in self._kept:
            return make()
        key = (what, id(array))
        found = self._read.get(key)
        if found is None:
            found = make()
            for one in found:
                self.keep(one)
            found = self._read.setdefault(key, found)
        return found

    def distinct(self, values: Array) -> tuple[Array, Array]:
        """Give the distinct values, rising, and for each value which of them it is."""

        def make() -> tuple[Array, Array]:
            found, places = np.unique(values, return_inverse=True)
            return found, places.reshape(-1).astype(np.int32)

        return self.read("distinct", values, make)
