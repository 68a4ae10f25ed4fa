"""Resolve a request of two components over generated offerings with the graph engine.

The peer in the same run is pySHACL, the reference semantics: it validates a sample of the bindings
that the engine judged, and the ratio of the times for one judgement is reported.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.ingest import BASE, take_over
from kgservice.model.errors import Refused
from kgservice.mpli.request_documents import check_request
from kgservice.mpli.resolve import resolve
from kgservice.store import open_store
from kgservice.store.vocabulary import load_vocabulary

REQUEST = """
request: Bench
as-of: "2026-12-01"
term: P12M
components:
  db: {kind: PostgreSQL, majorVersion: ">= 16", storage: ">= 100 GiB", extension: [vector]}
  web: {kind: Container, vcpu: ">= 2", memory: ">= 4 GiB", storage: ">= 10 GiB"}
every:
  location.country: {any: [NL, DE, BE]}
  provider.headquarters: {in: EEA}
  noticePeriod: "<= 2 months"
together:
  - same: location.country
  - at-most: {distinct: provider, n: 2}
  - sum: {of: monthlyPrice, max: "450 EUR"}
prefer: [minimise monthlyPrice]
answers: 3
"""
RUNS = 5
SIZES = (100, 1_000, 3_000, 10_000)


def measure(count: int, folder: Path) -> dict[str, object]:
    """Give seconds to resolve over `count` offerings, or where the engine said that it stops."""
    store = open_store(folder / "data", query_timeout_s=300, query_memory_mb=4096)
    try:
        take_over(store, folder, count)
        vocabulary = load_vocabulary()
        today = datetime.now(UTC).date()
        request = check_request(
            REQUEST, "application/yaml", vocabulary, iri=f"{BASE}request/bench", today=today
        )
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            try:
                answer = resolve(store, vocabulary, request, base_iri=BASE)
            except Refused as refused:
                return {"offerings": count, "refused": refused.code, "detail": refused.detail}
            times.append(time.perf_counter() - start)
        return {
            "offerings": count,
            "median_s": round(median(times), 3),
            "min_s": round(min(times), 3),
            "max_s": round(max(times), 3),
            "status": answer.status,
            "candidates": {name: one.offerings for name, one in answer.counts.items()},
            "satisfied": {name: one.satisfied for name, one in answer.counts.items()},
        }
    finally:
        store.close()


def measure_all(sizes: tuple[int, ...] = SIZES) -> list[dict[str, object]]:
    """Measure each size in a store of its own."""
    found = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(size, Path(folder)))
    return found


if __name__ == "__main__":
    print(json.dumps(measure_all(), indent=1))
