"""Queries whose callers have hung up: nobody waits for their answers, so they are ended."""

from __future__ import annotations

import threading
import time
from typing import Final

from kgservice.store.turns import Turns

LOOK_S: Final = 0.5
"""Seconds between two looks; a query that is younger is not looked at, and most never are."""


class HangUps:
    """A thread that looks at the queries under way until it is told to end."""

    def __init__(self, turns: Turns) -> None:
        """Begin to look."""
        self._turns = turns
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name="hang-ups")
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            before = time.monotonic() - LOOK_S
            for turn in self._turns.list():
                is_gone = turn.client.is_gone
                if turn.since < before and is_gone is not None and is_gone():
                    self._turns.stop(turn.number)
