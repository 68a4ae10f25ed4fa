"""Answers that are remembered for as long as what they were made from has not changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from kgservice.store.spool import QueryAnswer

MOST_BYTES: Final = 32 << 20
LARGEST: Final = 64 << 10
_BESIDE: Final = 500
"""About what an answer takes beside its bytes."""


class RememberedAnswers:
    """The answers that were asked for last, by entity tag: the tag names all that decides them.

    A dashboard and its readers ask the same few questions; the second one needs no reader. A
    commit changes the tag, so that nothing here has to be found and taken out.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Start with none."""
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, QueryAnswer] = OrderedDict()
        self._size = 0

    def get(self, tag: str) -> QueryAnswer | None:
        """Give the answer of a tag, if it is still there."""
        with self._lock:
            if tag in self._kept:
                self._kept.move_to_end(tag)
                return self._kept[tag]
        return None

    def keep(self, tag: str, answer: QueryAnswer) -> None:
        """Remember an answer, unless it is large or has no tag; forget the oldest for it."""
        content = answer.content
        if not tag or not isinstance(content, bytes) or len(content) > LARGEST:
            return
        with self._lock:
            if tag not in self._kept:
                self._kept[tag] = answer
                self._size += len(content) + _BESIDE
            while self._size > self._most:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone.body) + _BESIDE
