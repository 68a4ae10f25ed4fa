"""The thread that has documents read again which notices were given of: not each at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from kgservice.mpli.notice_book import WHOLE, NoticeBook

_QUIET_S: Final = 0.3
"""How long notices are gathered before something is read."""
_GAP_S: Final = 1.0
_GAP_OF_WHOLE_S: Final = 30.0
"""Between readings of one source: of some documents, and of all."""
_LONGEST_GAP_S: Final = 300.0
_LOG: Final = logging.getLogger("kgservice.notices")


class NoticeClerk:
    """Starts a job for each catalogue with documents to read again.

    What could not be read is tried again after a growing pause; it waits on disk until then.
    """

    def __init__(
        self,
        book: NoticeBook,
        start_job: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve a record; `start_job` is called with the name of a catalogue."""
        self.book = book
        self._start_job = start_job
        self._clock = clock
        self._due: dict[str, float] = {}
        self._last: dict[str, tuple[int, float]] = {}
        self._changed = threading.Condition()
        self._is_over = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits is read when the service starts again."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def wake(self) -> None:
        """Say that something was noted."""
        with self._changed:
            self._changed.notify_all()

    def look(self) -> float:
        """Start what is due; give the seconds until something may be."""
        now = self._clock()
        waiting = self.book.catalogs_waiting()
        for name in waiting:
            if self._due.setdefault(name, now + _QUIET_S) <= now:
                self._start(name, now)
        return max(0.05, min((self._due[name] for name in waiting), default=now + 3600) - now)

    def _start(self, name: str, now: float) -> None:
        number, documents = self.book.waiting(name)
        before, gap = self._last.get(name, (-1, 0.0))
        shortest = _GAP_OF_WHOLE_S if WHOLE in documents else _GAP_S
        gap = min(max(2 * gap, shortest), _LONGEST_GAP_S) if number == before else shortest
        self._last[name] = (number, gap)
        self._due[name] = now + gap
        try:
            self._start_job(name)
        except Exception:  # the thread must live on
            _LOG.exception("a sync after notices from %s", name)

    def _run(self) -> None:
        while not self._is_over:
            try:
                pause = self.look()
            except Exception:  # the thread must live on
                _LOG.exception("notices of sources")
                pause = _GAP_S
            with self._changed:
                if not self._is_over:
                    self._changed.wait(pause)
