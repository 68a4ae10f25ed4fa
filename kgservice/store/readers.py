"""A pool of reader processes with deadlines: what overruns is killed, and a hot one stands in."""

from __future__ import annotations

import contextlib
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from kgservice.model.errors import DeadlineExceeded, InputError, KgError, Unavailable
from kgservice.store.caps import AnswerLimits
from kgservice.store.child import Child
from kgservice.store.endings import ABORTED, died, late, not_xml, too_large
from kgservice.store.hang_ups import HangUps
from kgservice.store.mistakes import query_failed, syntax_error
from kgservice.store.port import INSIDE, Client
from kgservice.store.results import not_acceptable
from kgservice.store.turns import LONG_S, Turn, Turns

START_LIMIT_S = 30.0
MOST_SPARE = 4
"""Ready processes beyond those that can be taken now, at most: they stand in for the killed."""
_PAGE_MB = 4096 / 2**20
_LIGHT_S = 0.02
"""A query that took no longer than this has not filled the memory of its process."""
_ANSWERS: dict[str, Callable[[str], InputError]] = {
    "too-large": too_large,
    "not-xml": lambda _: not_xml(),
}
"""What is wrong with an answer, not with its query."""
Dataset = tuple[tuple[str, ...], tuple[str, ...] | None, str]
Opening = tuple[str, Dataset]


class Lease:
    """A reader process for one piece of work, with one deadline for all of it."""

    def __init__(self, child: Child, turn: Turn, end: float, deadline_s: float) -> None:
        """Take a process until `end` (`time.monotonic()`)."""
        self._child = child
        self._turn = turn
        self._deadline_s = deadline_s
        self._end = end
        self._opening: Opening | None = None
        self.is_dead = False
        turn.kill = child.process.kill
        turn.check()

    def open(self, path: str, dataset: Dataset) -> None:
        """Let the next call begin with this snapshot and dataset, and a new scratch store."""
        self._opening = (path, dataset)

    def ask(self, method: str, *arguments: object, text: str = "") -> Any:  # noqa: ANN401
        """Call a method of the reader; `text` is the query that an error shows.

        Raises:
            InputError: the query does not parse (`query-syntax`), fails in the engine, or has an
                answer that is too large (`answer-too-large`).
            DeadlineExceeded: the deadline came first; the process was killed.
            Unavailable: the process ran out of memory (`query-memory`), died (`query-died`), or was
                taken away (`query-shed`, `query-cancelled`).
        """
        if self.is_dead:
            raise died(0)
        message = pickle.dumps((self._opening, method, arguments), pickle.HIGHEST_PROTOCOL)
        self._opening = None
        try:
            code, value = pickle.loads(self._exchange(message))  # noqa: S301
        except TimeoutError:
            self._overrun()
        except (EOFError, OSError):
            self.is_dead = True
            self._turn.check()
            raise died(self._child.exit_code()) from None
        if code != "ok":
            self._fail(code, value, text)
        return value

    def query(self, text: str, accept: str, path: Path) -> tuple[str, bytes | None]:
        """Have a query answered: its media type, and its bytes unless they are many (`path`).

        Raises:
            InputError: `accept` takes no type of ours (`not-acceptable`); and what `ask` raises.
        """
        media_type, body = self.ask("query", text, accept, str(path), text=text)
        if not media_type:
            raise not_acceptable(accept, body.decode())
        return media_type, body

    def _exchange(self, message: bytes) -> bytes:
        brief_s = None if self._turn.client.is_inside else LONG_S  # then others come first
        return self._child.exchange(message, self._end, brief_s=brief_s)

    def _overrun(self) -> NoReturn:
        self.is_dead = True
        self._child.process.kill()  # its memory is given back while the caller gets the answer
        raise DeadlineExceeded(
            f"The query was stopped at its deadline of {self._deadline_s:g} s.",
            code="query-deadline",
            hint="Make it more selective, add LIMIT, or ask for a longer deadline.",
        )

    def _fail(self, code: str, value: str, text: str) -> NoReturn:
        if code == "syntax":
            raise syntax_error(value, text)
        if code == "memory":
            self.is_dead = True  # what is left of its memory may be in pieces
            self._child.process.kill()
            raise died(ABORTED)
        if code in _ANSWERS:
            raise _ANSWERS[code](value)
        raise query_failed(value)


def _size_mb(child: Child) -> float:
    """Give the address space that a process uses; 0 where nobody tells."""
    try:
        pages = Path(f"/proc/{child.process.pid}/statm").read_text("ascii").split()[0]
    except OSError:
        return 0.0
    return int(pages) * _PAGE_MB


class ReaderPool:
    """Readers at work, those that are ready, and a thread that gets others ready."""

    def __init__(
        self,
        size: int,
        memory_mb: int,
        *,
        limits: AnswerLimits | None = None,
        warm: Callable[[], list[Path]] = list,
    ) -> None:
        """Start `size` processes and as many spares, up to 4; they get ready in the background.

        `limits` bound each answer; `warm` names the snapshots that a process opens before it counts
        as ready.
        """
        self._memory_mb = memory_mb
        self._fresh_mb = 0.0
        limits = limits or AnswerLimits()
        self._arguments = [str(n) for n in (memory_mb, limits.max_rows, limits.max_mb)]
        self._warm = warm
        self._size = size
        self._spare = min(size, MOST_SPARE)  # one deadline may come for all at once
        self.turns = Turns(size)
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # for those who wait for a process
        self._needed = threading.Condition(lock)  # for the nurse: only woken when there is work
        self._ready: deque[Child] = deque()
        self._gone: deque[Child] = deque()
        self._is_closed = False
        self.kills = 0
        self._nurse = threading.Thread(target=self._keep_ready, daemon=True, name="readers")
        self._nurse.start()
        self._hang_ups = HangUps(self.turns)

    @contextlib.contextmanager
    def lease(
        self,
        deadline_s: float,
        client: Client = INSIDE,
        text: str = "",
        *,
        end: float | None = None,
    ) -> Iterator[Lease]:
        """Take a reader; the deadline covers the wait for it, and has begun when `end` is given.

        Raises:
            Unavailable: none became free in time, or too many others wait (`query-busy`).
        """
        end = time.monotonic() + deadline_s if end is None else end
        turn = self.turns.take(client, text, end)
        try:
            child = self._take(end)
            lease = None
            try:
                lease = Lease(child, turn, end, deadline_s)
                yield lease
            finally:
                turn.kill = None
                is_dead = lease is None or lease.is_dead or bool(turn.stopped)
                was_brief = time.monotonic() - (turn.began or 0.0) < _LIGHT_S
                self._give_back(child, is_dead=is_dead, was_brief=was_brief)
        finally:
            self.turns.give_back(turn)
            with self._changed:
                self._call_nurse()

    def _take(self, end: float) -> Child:
        with self._changed:
            while True:
                if self._is_closed:
                    raise Unavailable("The store is closed.", code="store-closed")
                while self._ready:
                    child = self._ready.popleft()
                    self._call_nurse()
                    if child.process.poll() is None:
                        return child
                    self._gone.append(child)
                left = end - time.monotonic()
                if left <= 0:
                    raise late()
                self._changed.wait(left)

    def _give_back(self, child: Child, *, is_dead: bool, was_brief: bool) -> None:
        with self._changed:
            if is_dead:
                self.kills += 1
            is_surplus = len(self._ready) >= self._size + self._spare
            is_worn = not was_brief and (self._is_worn(child) or not child.come_back())
            if is_dead or is_surplus or self._is_closed or is_worn:
                self._gone.append(child)
            else:
                self._ready.appendleft(child)
                self._changed.notify()
            self._call_nurse()

    def _is_worn(self, child: Child) -> bool:
        """Say whether a process keeps so much memory that the next query would miss it."""
        return _size_mb(child) - self._fresh_mb > self._memory_mb / 4

    def _call_nurse(self) -> None:
        """Wake the nurse, if there is something to do; the lock is held."""
        if self._is_closed or self._gone or self._missing() > 0:
            self._needed.notify()

    def _keep_ready(self) -> None:
        """In a thread: bury the dead; get processes ready for the free places, and spares."""
        while True:
            with self._changed:
                while not (self._is_closed or self._gone or self._missing() > 0):
                    self._needed.wait()
                if self._is_closed:
                    return
                gone, self._gone = list(self._gone), deque()
                missing = self._missing()
            born = [self._start() for _ in range(missing)]
            for child in gone:
                child.process.kill()
                child.end()
            for child in born:
                self._raise_up(child)

    def _missing(self) -> int:
        return max(0, self._size - self.turns.short()) + self._spare - len(self._ready)

    def _start(self) -> Child:
        return Child("kgservice.store.reader", self._arguments, quiet=True)

    def _raise_up(self, child: Child) -> None:
        """Wait until a process is ready and has the latest snapshots open."""
        end = time.monotonic() + START_LIMIT_S
        paths: list[Path] = []
        try:
            child.receive(end)
            for path in (paths := self._warm()):
                child.connection.send((None, "warm", (str(path),)))
                child.receive(end)
            self._fresh_mb = _size_mb(child)
        except (EOFError, OSError):  # TimeoutError too
            if paths:  # the store is too large for it: the queries shall say so
                self._warm = list
            with contextlib.suppress(KgError, OSError):
                child.kill()
            time.sleep(0.1)  # where processes cannot start, none should be started without pause
            return
        with self._changed:
            (self._gone if self._is_closed else self._ready).append(child)
            self._changed.notify_all()

    def close(self) -> None:
        """End the ready processes; leased ones end when they are given back."""
        self._hang_ups.end()
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            self._call_nurse()
        self._nurse.join()
        with self._changed:
            children = [*self._ready, *self._gone]
            self._ready.clear()
            self._gone.clear()
        for child in children:
            child.end()
