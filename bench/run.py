"""`make bench`: every benchmark; writes `bench/results.json` and prints a table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import beside_hostile, inference, ingest, resolution, restart, rights, sparql

RESULTS = Path(__file__).parent / "results.json"
OFFERINGS = 10_000
MANY = 100_000
STATEMENTS = 1_000_000


def main() -> None:
    """Run, write, print; `--large` takes over `MANY` offerings too, in some five minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    sizes = (OFFERINGS, MANY) if parser.parse_args().large else (OFFERINGS,)
    taken = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            taken[size] = ingest.measure(size, Path(folder))
    results: dict[str, object] = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(os.getloadavg()[0], 1),
        },
        "ingest": taken[OFFERINGS],
        "inference": inference.measure(OFFERINGS),
        "resolution": resolution.measure_all(),
    }
    with tempfile.TemporaryDirectory() as folder:
        results["sparql"] = sparql.measure(STATEMENTS, Path(folder))
    results["rights"] = rights.measure()
    results["beside_hostile"] = beside_hostile.measure()
    if MANY in taken:
        with tempfile.TemporaryDirectory() as folder:
            statements = restart.fill(Path(folder), restart.OFFERINGS)
            results["restart"] = {"merged_statements": statements, **restart.measure(Path(folder))}
        results["ingest_large"] = taken[MANY]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _print(results)


def _print(results: dict[str, object]) -> None:
    parts = ("ingest", "ingest_large", "inference", "sparql", "rights", "beside_hostile", "restart")
    for name in parts:
        if name not in results:
            continue
        print(f"\n{name}")
        for key, value in _flat(results[name]):
            print(f"  {key:<44} {value}")
    resolved = results["resolution"]
    if isinstance(resolved, dict):
        print("\nresolution, two components, graph engine")
        for row in resolved["graph"]:
            said = row.get("median_s", row.get("detail"))
            print(f"  {row['offerings']:>7} offerings   {said}")
        print("\nresolution, fast engine")
        for row in resolved["fast"]:
            what = f"{row['offerings']:>7} x {row['components']:>2} {row['filters']}"
            print(f"  {what}  warm {row['warm']}  cold {row['cold']}  cp-sat {row.get('cp_sat')}")
    print(f"\nwritten to {RESULTS.name}")


def _flat(value: object, prefix: str = "") -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [
        pair
        for key, inner in value.items()
        for pair in _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    ]


if __name__ == "__main__":
    main()
