"""Watching queries: how many, how they ended, how long they took; and a log of the slow ones.

Nothing here names a customer, a graph or a value: labels come from fixed lists, and the log has a
query's shape only (`query_shape`).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from kgservice.model.errors import KgError
from kgservice.mpli.access import Caller
from kgservice.mpli.query_shape import shape_of

SLOW = logging.getLogger("kgservice.slow")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
OUTCOMES = {
    "query-deadline": "deadline",
    "query-memory": "memory",
    "query-died": "died",
    "query-busy": "busy",
    "query-shed": "shed",
    "query-cancelled": "cancelled",
    "answer-too-large": "too-large",
}
"""How a query ended, by the code of its error; others are `refused` (4xx) or `failed`."""

RESOLUTION_OUTCOMES = ("ok", "mismatch", "refused", "failed")


class Watch:
    """What is counted in this process since it started."""

    def __init__(self, slow_query_s: float | None = None) -> None:
        """Log queries that take at least `slow_query_s` seconds; None logs none."""
        self._slow_s = slow_query_s
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "kg_query_seconds",
            "Seconds from a query's arrival to its whole answer, waiting included",
            ["outcome"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._unchanged = Counter(
            "kg_queries_unchanged",
            "Queries whose caller had the answer already (304)",
            registry=self.registry,
        )
        self._resolutions = Histogram(
            "kg_resolution_seconds",
            "Seconds to resolve a request, second judgement and proof included",
            ["outcome"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        for outcome in RESOLUTION_OUTCOMES:
            self._resolutions.labels(outcome)
        for outcome in ("ok", "refused", "failed", *OUTCOMES.values()):
            self._seconds.labels(outcome)  # so that each is there from the start

    @contextmanager
    def query(self, caller: Caller, text: str) -> Iterator[None]:
        """Count what happens to a query in this block, and log it when it is slow."""
        begin, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "ok"
        except KgError as error:
            outcome = OUTCOMES.get(error.code, "refused" if error.status < 500 else "failed")
            raise
        finally:
            seconds = time.monotonic() - begin
            self._seconds.labels(outcome).observe(seconds)
            if self._slow_s is not None and seconds >= self._slow_s:
                self._log(caller, text, outcome, seconds)

    @contextmanager
    def resolution(self) -> Iterator[None]:
        """Count what happens to a resolution in this block.

        An answer that the graph judges differently is counted as `mismatch`: there must be none.
        """
        begin, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "ok"
        except KgError as error:
            refused = "refused" if error.status < 500 else "failed"
            outcome = "mismatch" if error.code == "verification-differs" else refused
            raise
        finally:
            self._resolutions.labels(outcome).observe(time.monotonic() - begin)

    def unchanged(self) -> None:
        """Count a query that was not run."""
        self._unchanged.inc()

    def _log(self, caller: Caller, text: str, outcome: str, seconds: float) -> None:
        line = {
            "event": "slow-query",
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": round(seconds, 3),
            "outcome": outcome,
            "role": caller.role,
            "token": caller.id,
            "characters": len(text),
            "shape": shape_of(text),
        }
        SLOW.warning("%s", json.dumps(line, ensure_ascii=False))
