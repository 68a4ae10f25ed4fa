"""Take over generated TMF620 offerings: import, admission, inference, validation, commit.

python -m bench.ingest 10000
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

from bench.generate_offerings import generate, write
from kgservice.ingest import catalogs
from kgservice.ingest.ontologies import load_ontologies
from kgservice.ingest.pipeline import SyncRequest, after_sync, sync, sync_documents
from kgservice.model.documents import ImportContext, ImportItem, SourceDocument
from kgservice.model.rdf import Literal, Triple
from kgservice.model.terms import DCTERMS
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import QueryScope, Store
from kgservice.store.vocabulary import load_vocabulary

BASE = "http://127.0.0.1:8080/"
TARGET_S = {10_000: 15.0, 100_000: 240.0}
"""Seconds for the first take-over with what follows from it, by number of offerings."""


def measure(count: int, folder: Path) -> dict[str, object]:
    """Take over `count` offerings, then again unchanged, with 1 % and with one changed; seconds.

    Memory is the peak of resident memory, in MB, of this process and those that it started.
    """
    source = folder / "offerings.json"
    write(count, source)
    store = open_store(folder / "data")
    try:
        load_ontologies(store)
        catalogs.register(store, BASE, catalogs.Catalog("bench", "tmf620", str(source)))
        with memory() as first_mb:
            first = _sync(store, folder)
            first["follow_s"] = _follow(store)
        unchanged = _sync(store, folder)
        _change(source, count, step=100)
        with memory() as again_mb:
            hundredth = _sync(store, folder)
            hundredth["follow_s"] = _follow(store)
        one = _one_document(store, folder, count)
        stats = store.stats()
    finally:
        store.close()
    return {
        "offerings": count,
        "first": first,
        "first_mb": first_mb,
        "unchanged": unchanged,
        "hundredth_changed": hundredth,
        "hundredth_mb": again_mb,
        "one_changed": one,
        "merged_statements": stats["merged_statements"],
        "target_s": TARGET_S.get(count),
    }


def _follow(store: Store) -> float:
    start = time.perf_counter()
    after_sync(store, BASE, datetime.now(UTC))
    return round(time.perf_counter() - start, 2)


def _change(source: Path, count: int, *, step: int) -> None:
    """Change each `step`th offering, holding one at a time."""
    with source.open("w", encoding="utf-8") as file:
        for number, offering in enumerate(generate(count)):
            if number % step == 0:
                offering["description"] = "changed"
            file.write("[" if number == 0 else ",")
            json.dump(offering, file, separators=(",", ":"))
        file.write("]")


class _Given:
    """An importer that gives one document, as a notice of a change brings it."""

    type = "tmf620"

    def __init__(self, document: SourceDocument) -> None:
        self._document = document

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        yield self._document


def _one_document(store: Store, folder: Path, count: int) -> dict[str, object]:
    """Bring one document up to date; seconds until a query sees it.

    The document is given, as one that an API was asked for; the importer's process is not started.
    """
    (point,) = entry_points(group="kgservice.importers", name="tmf620")
    part = folder / "one.json"
    write(1, part)
    context = ImportContext("bench", BASE, load_vocabulary())
    items = [i for i in point.load().read(str(part), context) if isinstance(i, SourceDocument)]
    found = items[-1]
    title = Triple(found.primary, DCTERMS.title, Literal("one changed document"))
    kept = tuple(t for t in found.triples if t.predicate != DCTERMS.title)
    changed = replace(found, triples=(*kept, title), content=b"changed", fingerprint="changed")
    _Given.__module__ = type(point.load()).__module__  # or the rules would count as changed
    request = SyncRequest(
        catalogs.get_catalog(store, "bench"),
        _Given(changed),
        context,
        ContentStore(folder / "documents"),
        isolated=False,
    )
    text = "ASK { ?o <http://purl.org/dc/terms/title> 'one changed document' }"
    start = time.perf_counter()
    report = sync_documents(store, request, [found.source_id])
    following = _follow(store)
    answer = store.query(text, scope=QueryScope(), accept="application/sparql-results+json")
    total = time.perf_counter() - start
    return {
        "total_s": round(total, 2),
        "phases_s": report.seconds,
        "follow_s": following,
        "is_seen": b"true" in answer.body,
        "is_partial": report.is_partial,
    }


@contextmanager
def memory() -> Iterator[dict[str, int]]:
    """Watch resident memory of this process and its children; peaks in MB by what they run."""
    peaks: dict[str, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            now = _resident()
            for name, size in (*now.items(), ("together", sum(now.values()))):
                peaks[name] = max(peaks.get(name, 0), size)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peaks
    finally:
        over.set()
        watching.join()


def _resident() -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, KeyError, IndexError):
            facts = dict(
                line.split(":", 1) for line in status.read_text().splitlines() if ":" in line
            )
            if os.getpid() in (int(facts["Pid"]), int(facts["PPid"])):
                command = (status.parent / "cmdline").read_bytes().split(b"\0")
                name = command[command.index(b"-m") + 1].decode() if b"-m" in command else "bench"
                name = "parent" if int(facts["Pid"]) == os.getpid() else name
                found[name] = found.get(name, 0) + (int(facts["VmRSS"].split()[0]) >> 10)
    return found


def take_over(store: Store, folder: Path, count: int) -> dict[str, object]:
    """Fill an empty store with `count` generated offerings and what follows from them."""
    source = folder / "offerings.json"
    write(count, source)
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
