"""The writer is killed while a source is being committed; the next sync finds all or nothing."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from made_up_source import AT, BASE, EMPTY, Careful, document

from kgservice.ingest import catalogs
from kgservice.ingest.pipeline import SyncRequest, sync
from kgservice.ingest.policy import Policy
from kgservice.model.documents import ImportContext, ImportItem
from kgservice.model.errors import Unavailable
from kgservice.store import embedded
from kgservice.store.documents import ContentStore
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.port import MERGED_GRAPH

DOCUMENTS = 300


def source(version: str) -> list[ImportItem]:
    return [document(f"https://a.example/{n}", content=f"{version} {n}") for n in range(DOCUMENTS)]


def request(store: EmbeddedStore, folder: Path, policy: Policy, version: str) -> SyncRequest:
    if not catalogs.list_catalogs(store):
        catalogs.register(store, BASE, catalogs.Catalog("a", "made-up", "nowhere"))
    return SyncRequest(
        catalogs.get_catalog(store, "a"),
        Careful(source(version)),
        ImportContext("a", BASE, EMPTY),
        ContentStore(folder / "documents"),
        policy=policy,
        at=AT,
        isolated=False,
    )


def test_a_sync_whose_writer_is_killed_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MOST_AT_ONCE", 0)
    monkeypatch.setattr("kgservice.store.change_file.FRAME", 300)
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)  # noqa: S311
    store = EmbeddedStore(
        tmp_path / "data", query_workers=1, query_timeout_s=20, query_memory_mb=1024
    )
    commit = store.commit

    def killing(*changes: object, **dataset: object) -> object:
        victim = store.writer.pid
        timer = threading.Timer(chance.uniform(0, 0.6), os.kill, (victim, signal.SIGKILL))
        timer.start()
        try:
            return commit(*changes, **dataset)  # type: ignore[arg-type]
        finally:
            timer.join()

    try:
        for version in ("one", "two", "three"):
            made = request(store, tmp_path, policy, version)
            monkeypatch.setattr(store, "commit", killing)
            try:
                sync(store, made)
            except Unavailable as error:
                assert error.code == "writer-lost"  # noqa: PT017
            monkeypatch.setattr(store, "commit", commit)
            merged = len(_patiently(store))
            assert merged in (0, merged // DOCUMENTS * DOCUMENTS)
            again = request(store, tmp_path, policy, version)
            report = sync(store, again)
            assert report.counts["documents"] == report.counts["offerings"] == DOCUMENTS
            total = report.counts["admitted"] + report.counts["derived"]
            assert len(store.graph(MERGED_GRAPH)) == total
            assert store.graph(MERGED_GRAPH) == store.graph(MERGED_GRAPH, dataset="private")
            last = sync(store, request(store, tmp_path, policy, version))
            assert last.counts["unchanged"] == DOCUMENTS
    finally:
        store.close()


def _patiently(store: EmbeddedStore) -> list[object]:
    """Read the merged graph; a kill may have come after the answer."""
    end = time.monotonic() + 60
    while True:
        try:
            return list(store.graph(MERGED_GRAPH))
        except Unavailable:
            assert time.monotonic() < end
