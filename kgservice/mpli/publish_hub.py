"""Notices of changed offerings, to callbacks that registered for them.

A thread notes which offerings changed since it last looked, and posts a notice of each to every
callback that wants it: at least once, and in order for each callback. Nothing is looked at while
nobody is registered. (TMF630 part 1, notifications; TMF620 4.1.0, notification resources.)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from kgservice.model.errors import InputError, KgError
from kgservice.mpli.hub_book import HubBook
from kgservice.mpli.hub_changes import Changes
from kgservice.mpli.hub_query import read_query
from kgservice.mpli.hub_values import Notice, Registration, new_identity
from kgservice.net.fetch import Fetcher, Limits
from kgservice.store.port import Store

MOST_ATTEMPTS: Final = 12
"""Attempts after which a notice is given up; with the growing pauses that is after 2.3 hours."""

_LOOK_EVERY_S: Final = 1.0
_AT_ONCE: Final = 4
_LIMITS: Final = Limits(max_bytes=65_536, total_s=15, connect_s=5, redirects=0, attempts=1)
_LOG: Final = logging.getLogger("kgservice.hub")


class Hub:
    """Registrations, and the thread that serves them."""

    def __init__(
        self,
        store: Store,
        book: HubBook,
        base_iri: str,
        allowed_hosts: frozenset[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Serve what a store publishes; callbacks must be on allowed hosts."""
        self.book = book
        self._changes = Changes(store, book, base_iri)
        self._fetcher = Fetcher(allowed_hosts, _LIMITS)
        self._clock = clock
        self._looking = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was not sent yet is sent when the service starts again."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def register(self, callback: str, query: str, owner: str) -> Registration:
        """Keep a registration; changes are told from now on.

        Raises:
            InputError: the callback may not be contacted (`host-not-allowed`, `url-invalid`), or
                the query cannot be read (`filter-unknown`, `filter-invalid`).
            Refused: the caller has too many (`too-many-registrations`).
        """
        self._fetcher.check(callback)
        read_query(query)
        with self._looking:
            if not self.book.registrations():
                self._changes.forget()
                self._changes.look([])  # what there is now is no news
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            return self.book.add(Registration(new_identity(), callback, query, owner, moment))

    def look(self) -> int:
        """Note what changed since the last look, and the notices of it; give their number."""
        with self._looking:
            listeners = [(one.id, read_query(one.query)) for one in self.book.registrations()]
            return self._changes.look(listeners) if listeners else 0

    def deliver(self) -> int:
        """Send what is due, one notice for each registration; give the number of attempts."""
        due = self.book.due(self._clock())
        if due:
            callbacks = {one.id: one for one in self.book.registrations()}
            pairs = [(n, callbacks[n.registration]) for n in due if n.registration in callbacks]
            with ThreadPoolExecutor(_AT_ONCE, "hub") as pool:
                list(pool.map(lambda pair: self._send(*pair), pairs))
        return len(due)

    def _send(self, notice: Notice, to: Registration) -> None:
        address = f"{to.callback.rstrip('/')}/listener/{notice.type[0].lower()}{notice.type[1:]}"
        try:
            answer = self._fetcher.post(address, notice.body, {"Content-Type": "application/json"})
        except InputError as error:
            self.book.give_up(notice, f"{error.code}: {error.detail}")
        except KgError as error:
            self._retry(notice, to, f"{error.code}: {error.detail}")
        else:
            if 200 <= answer.status < 300:
                self.book.taken(notice)
            else:
                self._retry(notice, to, f"the callback answered with status {answer.status}")

    def _retry(self, notice: Notice, to: Registration, problem: str) -> None:
        if to.failures + 1 >= MOST_ATTEMPTS:
            self.book.give_up(notice, problem)
        else:
            self.book.failed(notice, problem, self._clock() + 2.0 ** (to.failures + 1))

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self.look()
                while self.deliver() and not self._end.is_set():
                    pass
            except Exception:  # the thread must live on
                _LOG.exception("notices of changed offerings")
            self._end.wait(_LOOK_EVERY_S)
