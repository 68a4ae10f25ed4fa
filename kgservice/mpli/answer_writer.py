"""Answers on their way into their graphs: after the caller has them, before anyone reads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from kgservice.model.rdf import Triple
from kgservice.store.port import GraphChange, Store

Make = Callable[[], tuple[Triple, ...]]
_LOG: Final = logging.getLogger("kgservice.answers")


class AnswerWriter:
    """Writes answers in a thread: the statements take longer than the search.

    Whoever reads customers' graphs calls `flush` first, so that an answer that was given is seen.
    An answer that a crash keeps from being written is given again when it is asked for.
    """

    def __init__(self, store: Store) -> None:
        """Nothing waits, and no thread runs before the first answer."""
        self._store = store
        self._changed = threading.Condition()
        self._waiting: dict[str, Make] = {}
        self._is_writing = False
        self._thread: threading.Thread | None = None

    def put(self, graph: str, make: Make) -> None:
        """Let an answer become the content of its graph; the last one given counts."""
        with self._changed:
            self._waiting[graph] = make
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="answers", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until what was given so far is written; takes no time when nothing is."""
        with self._changed:
            while self._waiting or self._is_writing:
                self._changed.wait()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                while not self._waiting:
                    self._changed.wait()
                graph, make = next(iter(self._waiting.items()))
                del self._waiting[graph]
                self._is_writing = True
            try:
                self._store.commit([GraphChange(graph, make())], dataset="private")
            except Exception:  # it is given again when it is asked for
                _LOG.exception("the answer <%s> was not written", graph)
