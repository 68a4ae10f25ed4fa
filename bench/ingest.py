"""Take over generated TMF620 offerings: import, admission, inference, validation, commit.

python -m bench.ingest 10000
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

from bench.generate_offerings import generate
from kgservice.ingest import catalogs
from kgservice.ingest.ontologies import load_ontologies
from kgservice.ingest.pipeline import SyncRequest, after_sync, sync
from kgservice.model.documents import ImportContext
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store
from kgservice.store.vocabulary import load_vocabulary

BASE = "http://127.0.0.1:8080/"
TARGET_S = 15.0


def measure(count: int, folder: Path) -> dict[str, object]:
    """Take over `count` offerings, then again unchanged, then with one changed; seconds."""
    source = folder / "offerings.json"
    offerings = list(generate(count))
    source.write_text(json.dumps(offerings), encoding="utf-8")
    store = open_store(folder / "data")
    try:
        load_ontologies(store)
        catalogs.register(store, BASE, catalogs.Catalog("bench", "tmf620", str(source)))
        first = _sync(store, folder)
        start = time.perf_counter()
        after_sync(store, BASE, datetime.now(UTC))
        rules_s = time.perf_counter() - start
        unchanged = _sync(store, folder)
        offerings[-1]["name"] = "changed"
        source.write_text(json.dumps(offerings), encoding="utf-8")
        changed = _sync(store, folder)
        stats = store.stats()
    finally:
        store.close()
    return {
        "offerings": count,
        "first": first,
        "unchanged": unchanged,
        "one_changed": changed,
        "rules_and_labels_s": round(rules_s, 2),
        "merged_statements": stats["merged_statements"],
        "target_s": TARGET_S,
    }


def take_over(store: Store, folder: Path, count: int) -> dict[str, object]:
    """Fill an empty store with `count` generated offerings and what follows from them."""
    source = folder / "offerings.json"
    source.write_text(json.dumps(list(generate(count))), encoding="utf-8")
    load_ontologies(store)
    catalogs.register(store, BASE, catalogs.Catalog("bench", "tmf620", str(source)))
    report = _sync(store, folder)
    after_sync(store, BASE, datetime.now(UTC))
    return report


def _sync(store: Store, folder: Path) -> dict[str, object]:
    (point,) = entry_points(group="kgservice.importers", name="tmf620")
    context = ImportContext("bench", BASE, load_vocabulary())
    catalog = catalogs.get_catalog(store, "bench")
    contents = ContentStore(folder / "documents")
    start = time.perf_counter()
    report = sync(store, SyncRequest(catalog, point.load(), context, contents))
    total = time.perf_counter() - start
    return {"total_s": round(total, 2), "phases_s": report.seconds, "counts": report.counts}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(parser.parse_args().count, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
