"""Which subjects of the merged graph changed lately, for those who follow its changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Final

from kgservice.store.dataset import MERGED, Delta

MOST: Final = 50_000
"""Subjects remembered in all; older commits are forgotten first."""


class ChangeLog:
    """Kept in memory by the writer; what came before it began is not known."""

    def __init__(self, generation: int) -> None:
        """Begin at the dataset's present generation."""
        self._begin = generation
        self._entries: deque[tuple[int, frozenset[str]]] = deque()
        self._size = 0

    def note_merged(self, generation: int, merged: Delta) -> None:
        """Note what the commit of `generation` did to the merged graph."""
        parts = (merged.added, merged.removed)
        self.note(generation, chain.from_iterable(part.get(MERGED, ()) for part in parts))

    def note(self, generation: int, statements: Iterable[str]) -> None:
        """Note the statements (N-Triples) that the commit of `generation` added or removed."""
        subjects = frozenset(text[1 : text.index(">")] for text in statements)
        self._entries.append((generation, subjects))
        self._size += len(subjects)
        while self._size > MOST:
            self.forget(self._entries[0][0])

    def forget(self, generation: int) -> None:
        """Forget all up to a generation: what it changed is not known or too much."""
        self._begin = max(self._begin, generation)
        while self._entries and self._entries[0][0] <= generation:
            self._size -= len(self._entries.popleft()[1])

    def since(self, generation: int) -> frozenset[str] | None:
        """Give the subjects that changed after a generation; None when that is not known."""
        if generation < self._begin:
            return None
        return frozenset().union(*(found for number, found in self._entries if number > generation))
