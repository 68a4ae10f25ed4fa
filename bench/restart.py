"""How long the service is away after a kill -9, with a million statements.

python -m bench.restart [--folder DIR] [--offerings 20000]

Seconds on the clock count only on an idle machine; `load_before` says whether it was one.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from bench.generate_offerings import write
from bench.ingest import BASE, _sync
from kgservice.ingest import catalogs
from kgservice.ingest.ontologies import load_ontologies
from kgservice.store import open_store

OFFERINGS = 20_000
TARGET_S = 2.0
RUNS = 5
ASK = "ASK { ?s ?p ?o }"


def fill(folder: Path, offerings: int) -> int:
    """Take over generated offerings; give the number of statements of the merged graph."""
    source = folder / "offerings.json"
    write(offerings, source)
    store = open_store(folder / "data")
    try:
        load_ontologies(store)
        catalogs.register(store, BASE, catalogs.Catalog("bench", "tmf620", str(source)))
        _sync(store, folder)
        return store.stats()["merged_statements"]
    finally:
        store.close()


def measure(folder: Path) -> dict[str, object]:
    """Start, ask once, kill; again and again. The first start may find a cold cache."""
    runs = [_once(folder) for _ in range(RUNS)]
    return {
        "load_before": round(os.getloadavg()[0], 1),
        "listening_s": min(run[0] for run in runs),
        "first_answer_s": min(run[1] for run in runs),
        "cpu_parent_s": min(run[2] for run in runs),
        "cpu_all_s": min(run[3] for run in runs),
        "target_s": TARGET_S,
    }


def _once(folder: Path) -> tuple[float, float, float, float]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "kgservice", "serve", "--port", "0", "--data", str(folder / "data")],
        env=clean,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = next(one for one in process.stdout if one.startswith("listening on "))
    listening = time.monotonic() - begin
    parent, everyone = _cpu_s(process.pid)
    url = f"{line.split()[-1]}/sparql?{urlencode({'query': ASK})}"
    with urlopen(url, timeout=60) as answer:  # noqa: S310 - our own service
        assert answer.status == 200
    first = time.monotonic() - begin
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return round(listening, 2), round(first, 2), round(parent, 2), round(everyone, 2)


def _cpu_s(group: int) -> tuple[float, float]:
    """Give the processor time of a process and of its whole group."""
    tick, own, total = os.sysconf("SC_CLK_TCK"), 0.0, 0.0
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            used = (int(fields[11]) + int(fields[12])) / tick
            total += used
            own = used if entry.name == str(group) else own
    return own, total


def main() -> None:
    """Fill a folder unless one is given, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="one that was filled before")
    parser.add_argument("--offerings", type=int, default=OFFERINGS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        found: dict[str, object] = {}
        if not (folder / "data").exists():
            found["merged_statements"] = fill(folder, given.offerings)
        print(json.dumps(found | measure(folder), indent=1))


if __name__ == "__main__":
    main()
