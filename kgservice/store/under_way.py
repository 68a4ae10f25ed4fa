"""What a store is doing: queries under way, and the numbers that an operator watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kgservice.store.readers import ReaderPool
from kgservice.store.snapshots import Snapshots
from kgservice.store.writer_link import WriterLink


@dataclass(frozen=True, slots=True)
class RunningQuery:
    """A query under way.

    Attributes:
        number: Its number since the service started.
        client: `Client.name` of who runs it; empty for the service's own work.
        is_known: It came with a token.
        text: The query.
        is_working: A reader works on it; otherwise it waits for one.
        seconds: How long it has been there.
    """

    number: int
    client: str
    is_known: bool
    text: str
    is_working: bool
    seconds: float


class UnderWay:
    """Looks at the processes of a store, and counts its commits; for any thread."""

    def __init__(
        self,
        readers: ReaderPool,
        writer: WriterLink | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        """Look at these; a store in somebody else's engine has readers only."""
        self._readers, self._writer, self._snapshots = readers, writer, snapshots
        self._lock = threading.Lock()
        self._commits, self._seconds = 0, 0.0

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Count the commit in this block, whether it succeeds or not."""
        begin = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._commits += 1
                self._seconds += time.monotonic() - begin

    def queries(self) -> list[RunningQuery]:
        """List the queries under way, oldest first."""
        now = time.monotonic()
        return [
            RunningQuery(
                turn.number,
                turn.client.name,
                turn.client.is_known,
                turn.text,
                turn.began is not None,
                now - turn.since,
            )
            for turn in sorted(self._readers.turns.list(), key=lambda turn: turn.number)
        ]

    def cancel(self, number: int) -> bool:
        """Stop a query under way; its caller gets `query-cancelled`. False when there is none."""
        return self._readers.turns.stop(number)

    def gauges(self) -> dict[str, float]:
        """Give the numbers; none of them takes work to find out."""
        found: dict[str, float] = dict(self._readers.turns.gauges())
        found["kills"] = self._readers.kills
        with self._lock:
            found |= {"commits": self._commits, "commit_seconds": self._seconds}
        if self._writer is not None:
            found["commits_waiting"] = self._writer.waiting()
            found["writer_restarts"] = self._writer.restarts
        if self._snapshots is not None:
            found["snapshots"] = self._snapshots.taken
            found["snapshot_age_seconds"] = self._snapshots.age_s("shared")
        return found
