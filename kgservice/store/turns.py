"""Whose query may use a reader now: a short one soon gets a place, long ones have shares.

A query begins in one of `size` places. After `LONG_S` it makes room for others: it moves to one of
as many places for long queries, of which one client may hold half, and callers without a token all
but one. A query that has to move and cannot is stopped as soon as somebody else waits, so that a
query waits about a second for each that is before it, whatever the others ask (decision 0022).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kgservice.model.errors import Unavailable
from kgservice.store.port import Client

LONG_S = 1.0
"""Seconds after which a query makes room when others wait."""
MAX_WAITING, MAX_WAITING_EACH = 64, 32
"""Queries that may wait at once, in all and of one client; each holds a thread of the service."""
LONGEST_WAIT_S = 10.0

SHED, CANCELLED = "query-shed", "query-cancelled"


@dataclass(eq=False, slots=True)
class Turn:
    """A query that waits or works.

    Attributes:
        number: Its number since the service started.
        client: On whose behalf it runs.
        text: The query; empty for the service's own work.
        since: When it came, by `time.monotonic()`.
        began: When it got its place; None while it waits.
        is_long: It has moved to a place for long queries.
        stopped: Why it was stopped, as a code; empty while it was not.
        kill: Ends the process that works on it.
        wake: Wakes its thread while it waits.
    """

    number: int
    client: Client
    text: str
    since: float
    began: float | None = None
    is_long: bool = False
    stopped: str = ""
    kill: Callable[[], None] | None = None
    wake: threading.Condition | None = None

    def check(self) -> None:
        """Raise what it was stopped for, if it was."""
        if self.stopped:
            raise _STOPPED[self.stopped]()


def _shed() -> Unavailable:
    return Unavailable(
        f"The query was stopped: it ran for more than {LONG_S:g} s while others waited, and the"
        " places for long queries were taken.",
        code="query-shed",
        hint="Try again later, or make it more selective; a token gives a better place.",
    )


def _cancelled() -> Unavailable:
    return Unavailable("The query was cancelled.", code="query-cancelled")


def _busy(why: str) -> Unavailable:
    return Unavailable(
        f"All query processes are busy: {why}.",
        code="query-busy",
        hint="Try again after a moment. An operator can raise KG_QUERY_WORKERS.",
    )


_STOPPED: dict[str, Callable[[], Unavailable]] = {SHED: _shed, CANCELLED: _cancelled}


class Turns:
    """Gives out the places; everything happens under one lock, in the threads of the queries."""

    def __init__(self, size: int) -> None:
        """Allow `size` queries that began just now, and as many long ones beside them."""
        self._size = size
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._waiting: list[Turn] = []
        self._working: list[Turn] = []
        self.shed = 0

    def take(self, client: Client, text: str, end: float) -> Turn:
        """Wait for a place, at most until `end` and no longer than `LONGEST_WAIT_S`.

        Raises:
            Unavailable: too many wait, or it waited for too long (`query-busy`); or it was
                cancelled while it waited.
        """
        now = time.monotonic()
        turn = Turn(next(self._numbers), client, text, now)
        give_up = min(end, now + LONGEST_WAIT_S)
        with self._lock:
            self._require_room_to_wait(client)
            self._waiting.append(turn)
            try:
                self._await(turn, give_up)
            finally:
                self._waiting.remove(turn)
                self._wake_next()
            turn.began = time.monotonic()
            self._working.append(turn)
        return turn

    def give_back(self, turn: Turn) -> None:
        """Leave the place."""
        with self._lock:
            self._working.remove(turn)
            self._wake_next()

    def stop(self, number: int) -> bool:
        """Cancel a query that waits or works; says whether there was one."""
        with self._lock:
            for turn in (*self._waiting, *self._working):
                if turn.number == number:
                    self._stop(turn, CANCELLED)
                    return True
        return False

    def list(self) -> list[Turn]:
        """Give what works and what waits, oldest first."""
        with self._lock:
            return [*self._working, *self._waiting]

    def gauges(self) -> dict[str, float]:
        """Give the numbers that an operator watches."""
        with self._lock:
            running, waiting = len(self._working), len(self._waiting)
            return {"queries_running": running, "queries_waiting": waiting, "shed": self.shed}

    def short(self) -> int:
        """Count the queries in the places that are not for long ones."""
        with self._lock:
            return sum(not turn.is_long for turn in self._working)

    def _require_room_to_wait(self, client: Client) -> None:
        each = sum(turn.client == client for turn in self._waiting)
        if len(self._waiting) >= MAX_WAITING:
            raise _busy(f"{MAX_WAITING} queries wait already")
        if client.name and each >= MAX_WAITING_EACH:
            raise _busy(f"{MAX_WAITING_EACH} queries of this client wait already")

    def _await(self, turn: Turn, give_up: float) -> None:
        while True:
            turn.check()
            now = time.monotonic()
            if self._next() is turn:
                if self._make_room(turn.client, now):
                    return
                wake = min(give_up, self._next_old(now))
            else:
                wake = give_up
            if now >= give_up:
                raise _busy("none became free in time")
            if turn.wake is None:
                turn.wake = threading.Condition(self._lock)
            turn.wake.wait(wake - now)

    def _wake_next(self) -> None:
        """Let the one look again whose turn it is: with all of them, 30 would wake for one place.

        Whoever comes, goes or is stopped calls this; whose turn it is changes by nothing else.
        """
        if self._waiting:
            wake = self._next().wake
            if wake is not None:
                wake.notify()

    def _next(self) -> Turn:
        """Choose who is next: by rank, then who has least at work, then who came first."""

        def order(turn: Turn) -> tuple[int, int, int]:
            has = sum(other.client == turn.client for other in self._working)
            return turn.client.rank, has, turn.number

        return min(self._waiting, key=order)

    def _next_old(self, now: float) -> float:
        """Give the moment at which the next query has to make room."""
        ends = [(t.began or 0.0) + LONG_S for t in self._working if not t.is_long]
        return min((end for end in ends if end > now), default=now + LONGEST_WAIT_S)

    def _make_room(self, client: Client, now: float) -> bool:
        """Say whether a place is free; if none is, move or stop a query that holds one too long."""
        short = [turn for turn in self._working if not turn.is_long]
        if len(short) < self._size:
            return True
        old = [turn for turn in short if now - (turn.began or now) >= LONG_S]
        for turn in old:
            if self._may_be_long(turn.client):
                turn.is_long = True
                return True
        others = [t for t in old if t.client != client and t.client.rank >= max(1, client.rank)]
        if others and not any(turn.stopped for turn in short):
            self.shed += 1
            self._stop(max(others, key=lambda t: (t.client.rank, t.began or 0.0)), SHED)
        return False

    def _may_be_long(self, client: Client) -> bool:
        long = [turn for turn in self._working if turn.is_long]
        of_rank = sum(turn.client.rank == client.rank for turn in long)
        own = sum(turn.client == client for turn in long)
        if len(long) >= self._size:
            return False
        if client.is_inside:
            return True
        half, most = max(1, self._size // 2), max(1, self._size - 1)
        return own < half and (client.is_known or of_rank < most)

    def _stop(self, turn: Turn, code: str) -> None:
        if not turn.stopped:
            turn.stopped = code  # first: a query that ends just now looks at it last
            kill = turn.kill
            if kill is not None:
                kill()
            if turn.wake is not None:
                turn.wake.notify()
            self._wake_next()
