"""How long an explanation takes beside the search that it explains, on generated catalogues.

Requests of five components are made infeasible by a budget or a notice period; CPU milliseconds of
one conflict, of the single relaxations with their best compositions, and of the whole explanation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TypeVar

import pyoxigraph as ox

from bench.generate_columns import catalogue
from bench.generate_requests import request_text
from kgservice.model.rdf import Literal
from kgservice.mpli.fast_engine import FastEngine
from kgservice.mpli.relaxing import Relaxing
from kgservice.mpli.request_documents import check_request
from kgservice.resolution.assumptions import asked_ids
from kgservice.resolution.conflicts import find_causes, one_conflict
from kgservice.resolution.judgement import Rules, all_rules
from kgservice.resolution.projection import Projection
from kgservice.store.vocabulary import load_vocabulary

_T = TypeVar("_T")
WANTED = 20


def infeasible(projection: Projection) -> Iterator[FastEngine]:
    """Give engines that are prepared for requests of which nothing meets all."""
    vocabulary = load_vocabulary()
    for seed in range(400):
        text = _tighter(request_text(5, seed, is_tight=True), seed % 4)
        request = check_request(
            text, "application/yaml", vocabulary, iri="urn:bench", today=date(2026, 12, 1)
        )
        engine = FastEngine(_ValueSession(), projection, vocabulary, request)  # type: ignore[arg-type]
        engine.prepare({})
        if not engine.is_feasible(all_rules(request)):
            yield engine


def _tighter(text: str, way: int) -> str:
    """Ask for too short a notice, for too little money, or for both."""
    lines = []
    for line in text.splitlines():
        if "sum:" in line and way != 0:
            line = f'  - sum: {{of: monthlyPrice, max: "{(60, 110, 160)[way - 1]} EUR"}}'
        if "noticePeriod" in line and way in (0, 3):
            line = '  noticePeriod: "<= 10 days"'
        lines.append(line)
    return "\n".join(lines) + "\n"


class _ValueSession:
    """Stands where a session is: answers questions about values, which need no store."""

    def select(self, text: str) -> list[dict[str, Literal]]:
        """Run a SELECT over nothing."""
        found = ox.Store().query(text)
        assert isinstance(found, ox.QuerySolutions)
        return [{"n": Literal(row["n"].value)} for row in found]  # type: ignore[union-attr]


def timed(work: Callable[[], _T]) -> tuple[float, _T]:
    """Give the CPU milliseconds of some work, the least of three, and what it gave."""
    best, found = 1e9, None
    for _ in range(3):
        start = time.process_time()
        found = work()
        best = min(best, (time.process_time() - start) * 1e3)
    return best, found  # type: ignore[return-value]


def quantiles(numbers: Sequence[float]) -> dict[str, float]:
    """Give the middle, the 95th percentile and the largest."""
    ordered = sorted(numbers)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 1.0)]
    return dict(zip(("p50", "p95", "max"), (round(one, 1) for one in at), strict=True))


def measure(count: int) -> dict[str, object]:
    """Explain `WANTED` infeasible requests over `count` offerings."""
    projection = catalogue(count)
    times: dict[str, list[float]] = {"search": [], "conflict": [], "single": [], "all": []}
    relaxed = 0
    for number, engine in enumerate(infeasible(projection)):
        if number == WANTED:
            break
        request = engine.request
        rules = all_rules(request)

        def is_feasible(names: frozenset[str], engine: FastEngine = engine) -> bool:
            return engine.is_feasible(Rules(engine.request, names))

        names = asked_ids(request)
        times["search"].append(timed(lambda: engine.is_feasible(rules))[0])  # noqa: B023
        times["conflict"].append(timed(lambda: one_conflict(names, is_feasible))[0])  # noqa: B023
        spent, causes = timed(lambda: find_causes(names, is_feasible))  # noqa: B023
        single = [one for one in causes.corrections if len(one) == 1]
        again, _ = timed(lambda: Relaxing(engine).relaxations(single))  # noqa: B023
        times["single"].append(again)
        whole, found = timed(lambda: Relaxing(engine).relaxations(causes.corrections))  # noqa: B023
        times["all"].append(spent + whole)
        relaxed += len(found)
    return {
        "offerings": count,
        "requests": len(times["all"]),
        "relaxations": relaxed,
        **{f"{name}_ms": quantiles(numbers) for name, numbers in times.items() if numbers},
    }


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000]
    print(json.dumps([measure(size) for size in sizes], indent=1))
