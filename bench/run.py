"""`make bench`: every benchmark; writes `bench/results.json` and prints a table."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import inference, ingest, resolution

RESULTS = Path(__file__).parent / "results.json"
OFFERINGS = 10_000


def main() -> None:
    """Run, write, print."""
    with tempfile.TemporaryDirectory() as folder:
        taken = ingest.measure(OFFERINGS, Path(folder))
    results = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load_before": round(os.getloadavg()[0], 1),
        },
        "ingest": taken,
        "inference": inference.measure(OFFERINGS),
        "resolution": resolution.measure_all(),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _print(results)


def _print(results: dict[str, object]) -> None:
    for name in ("ingest", "inference"):
        print(f"\n{name}")
        for key, value in _flat(results[name]):
            print(f"  {key:<44} {value}")
    print("\nresolution, two components, graph engine")
    rows = results["resolution"]
    for row in rows if isinstance(rows, list) else []:
        said = row.get("median_s", row.get("detail"))
        print(f"  {row['offerings']:>7} offerings   {said}")
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
