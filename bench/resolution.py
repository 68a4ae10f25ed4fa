"""Resolve generated requests over generated catalogues, beside what else could answer them.

The fast engine is measured from a prepared request to its compositions, in processor time: *warm*
when the same was asked before, *cold* when none of its conditions were, *cold_and_prices* when no
price was asked for like this either (what is read of the nodes of a kind stays).
The peers get the same requests in the same run: OR-Tools CP-SAT (extra `bench`) finds one best
composition of the same options and must agree on its price; SPARQL reads candidates, or joins them
naively. The graph engine resolves a smaller request over a catalogue that is taken over by HTTP.

    python -m bench.resolution --sizes 1000 10000 100000 --requests 12
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.util import find_spec
from statistics import median

import psutil
import pyoxigraph as ox

from bench import graph_engine
from bench.generate_columns import catalogue
from bench.generate_requests import request_text
from bench.search_peers import cp_sat, join_query, seconds_for_candidates, store_of
from kgservice.model.rdf import Row
from kgservice.mpli.fast_engine import FastEngine
from kgservice.mpli.request_documents import check_request
from kgservice.resolution.judgement import all_rules
from kgservice.resolution.options import table_of
from kgservice.resolution.projection import Projection
from kgservice.resolution.request import Request
from kgservice.store.vocabulary import load_vocabulary

SIZES = (1_000, 10_000, 100_000)
COMPONENTS = (3, 5, 10)
REQUESTS = 12
RUNS = 3
PEERS_AT = 100_000
VOCABULARY = load_vocabulary()
MASKS = frozenset({"verdicts", "tally"})
"""What is worked out for conditions."""
OF_PRICES = frozenset({"prices", "numbers", "grouping"})
"""What is worked out for what prices count, and for what is ranked."""


class Values:
    """Stands for a session: the one thing that is asked of it is how values compare."""

    generation = 1

    def select(self, text: str, *, where: str = "scratch") -> list[Row]:
        """Answer a query that needs no data."""
        del where
        found = ox.Store().query(text)
        return [{"n": (row["n"].value,)} for row in found]  # type: ignore[union-attr,misc]


def requests_of(size: int, *, is_tight: bool, count: int) -> list[Request]:
    """Give some requests of a size."""
    return [
        check_request(
            request_text(size, seed, is_tight=is_tight),
            "application/yaml",
            VOCABULARY,
            iri="http://127.0.0.1:8080/request/bench",
            today=date(2026, 12, 1),
        )
        for seed in range(count)
    ]


def resolve_once(projection: Projection, request: Request) -> tuple[float, int | None]:
    """Give the seconds that a request takes, and the best price in whole millionths if known."""
    start = time.process_time()
    engine = FastEngine(Values(), projection, VOCABULARY, request)  # type: ignore[arg-type]
    engine.prepare({})
    found = engine.search(all_rules(request), request.answers)
    taken = time.process_time() - start
    if not found:
        return taken, None
    price = 0
    for name, binding in found[0].items():
        numbers, row = engine.columns[name].numbers["prefer.1"], engine.row_of(binding)
        if not numbers.known[row]:
            return taken, None
        price += int(numbers.values[row])
    return taken, price


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Give the median and the 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50_ms": round(median(ordered) * 1e3, 1), "p95_ms": round(high * 1e3, 1)}


def least(work: Callable[[], float]) -> float:
    """Give the shortest of several runs: others use the machine, too."""
    return min(work() for _ in range(RUNS))


def measure_fast(projection: Projection, requests: Sequence[Request]) -> dict[str, object]:
    """Measure requests warm and cold."""
    warm, cold, dearer = [], [], []
    for request in requests:

        def run(asked: Request = request) -> float:
            return resolve_once(projection, asked)[0]

        def run_cold(asked: Request = request) -> float:
            projection.masks.forget(MASKS)
            return resolve_once(projection, asked)[0]

        def run_colder(asked: Request = request) -> float:
            projection.masks.forget(MASKS | OF_PRICES)
            return resolve_once(projection, asked)[0]

        run()
        dearer.append(least(run_colder))
        cold.append(least(run_cold))
        warm.append(least(run))
    return {"warm": spread(warm), "cold": spread(cold), "cold_and_prices": spread(dearer)}


def measure_cp_sat(projection: Projection, requests: Sequence[Request]) -> dict[str, object]:
    """Measure CP-SAT on the same options, one best composition each; the prices must be equal."""
    seconds, wrong = [], 0
    for request in requests:
        engine = FastEngine(Values(), projection, VOCABULARY, request)  # type: ignore[arg-type]
        engine.prepare({})
        rules = all_rules(request)
        tables = {name: table_of(one, rules, 1) for name, one in engine.columns.items()}
        start = time.process_time()
        price = cp_sat(request, tables) if all(map(len, tables.values())) else None
        seconds.append(time.process_time() - start)
        wrong += price != resolve_once(projection, request)[1]
    return {**spread(seconds), "wrong": wrong}


def measure_sparql(projection: Projection) -> dict[str, object]:
    """Measure candidates of five components, and the naive join of two and of three."""
    store = store_of(projection)
    five, *_ = requests_of(5, is_tight=True, count=1)
    found: dict[str, object] = {
        "candidates_of_5_ms": round(least(lambda: seconds_for_candidates(store, five)) * 1e3, 1)
    }
    if len(projection.terms) < 20_000:
        three, *_ = requests_of(3, is_tight=True, count=1)
        start = time.process_time()
        list(store.query(join_query(three)))  # type: ignore[arg-type]
        found["naive_join_of_3_ms"] = round((time.process_time() - start) * 1e3, 1)
    return found


def rss_mib() -> int:
    """Give the resident memory: the catalogue as columns and what was remembered, no store."""
    return psutil.Process().memory_info().rss // 2**20


def measure_size(size: int, count: int) -> list[dict[str, object]]:
    """Measure one catalogue."""
    projection = catalogue(size)
    rows: list[dict[str, object]] = []
    for components in COMPONENTS:
        for is_tight in (True, False):
            requests = requests_of(components, is_tight=is_tight, count=count)
            row = {
                "offerings": size,
                "components": components,
                "filters": "tight" if is_tight else "loose",
                **measure_fast(projection, requests),
            }
            if not rows:
                row["rss_mib"] = rss_mib()
            if size <= PEERS_AT and find_spec("ortools"):
                row["cp_sat"] = measure_cp_sat(projection, requests[:4])
            rows.append(row)
    if size <= PEERS_AT:
        rows[0]["sparql"] = measure_sparql(projection)
    return rows


def measure_all(sizes: Sequence[int] = SIZES, count: int = REQUESTS) -> dict[str, object]:
    """Measure the fast engine with its peers, and the graph engine."""
    fast = [row for size in sizes for row in measure_size(size, count)]
    return {"fast": fast, "graph": graph_engine.measure_all()}


def main() -> None:
    """Read the command line and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    arguments = parser.parse_args()
    for size in arguments.sizes:
        for row in measure_size(size, arguments.requests):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
