"""Answers to requests, kept for as long as the graphs that decide them have not changed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from kgservice.resolution.answer import Resolution

MOST: Final = 64
"""Answers that are kept; each with its proofs may take a megabyte."""


@dataclass(slots=True)
class Kept:
    """An answer, and what it was written as by media type."""

    answer: Resolution
    written: dict[str, tuple[bytes, str]] = field(default_factory=dict)


Key = TypeVar("Key")
Value = TypeVar("Value")


class Lately(Generic[Key, Value]):
    """What was used last; safe from many threads."""

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Give what is kept, if it is still there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        return None

    def keep(self, key: Key, value: Value) -> None:
        """Keep something; forget the oldest for it."""
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class KeptResolutions:
    """The answers that were asked for last, by a tag that names all that decides them.

    A commit to the shared graphs changes the state's name and with it the tag, so nothing here has
    to be found and taken out.
    """

    def __init__(self, most: int = MOST) -> None:
        """Start with none."""
        self._kept: Lately[str, Kept] = Lately(most)

    def get(self, tag: str) -> Kept | None:
        """Give the answer of a tag, if it is still there."""
        return self._kept.get(tag)

    def keep(self, tag: str, answer: Resolution) -> Kept:
        """Keep an answer, unless its tag is empty or a deadline may have cut it."""
        kept = Kept(answer)
        if tag and answer.is_complete:
            self._kept.keep(tag, kept)
        return kept


def tag_of(state: str, *parts: str) -> str:
    """Name what decides an answer; empty when the store cannot name its state."""
    if not state:
        return ""
    named = "\0".join((state, *parts))
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
