"""The mirror drill: 10,000 offerings over HTTP, from a server that is killed again and again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kgservice_importers.tmf620 import IMPORTER

from kgservice.ingest import catalogs
from kgservice.ingest.documents import graph_name
from kgservice.ingest.pipeline import SyncRequest, sync
from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.errors import Unavailable
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import META_GRAPH, Store
from kgservice.store.vocabulary import load_vocabulary
from tests.scenarios.mirror import BAD, bad_offerings, lists

BASE = "http://127.0.0.1:8080/"
COUNT = 10_000
KILLED_AT = ("productOffering 3", "productOffering 8", "productSpecification", "organization")


class Mirror:
    """The server's process; killed whenever it comes to certain pages, and started again."""

    def __init__(self, count: int, killed_at: tuple[str, ...] = ()) -> None:
        self.count = count
        self.killed_at = list(killed_at)
        self.port = 0
        self.pages: Counter[str] = Counter()
        self.is_over = False
        self.is_listening = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.is_listening.wait(60)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _run(self) -> None:
        while not self.is_over:
            command = [
                sys.executable,
                "-m",
                "tests.scenarios.mirror",
                str(self.port),
                str(self.count),
            ]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert self.process.stdout is not None
            for line in self.process.stdout:
                word, *rest = line.split()
                if word == "listening":
                    self.port = int(rest[0])
                    self.is_listening.set()
                    continue
                self.pages[rest[0]] += 1
                if self.killed_at and " ".join(rest).startswith(self.killed_at[0]):
                    self.killed_at.pop(0)
                    self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Kill it for good."""
        self.is_over = True
        self.process.kill()
        self.thread.join(30)


@contextmanager
def mirror(count: int, *killed_at: str) -> Iterator[Mirror]:
    running = Mirror(count, killed_at)
    try:
        yield running
    finally:
        running.end()


class Place:
    """A store with one catalogue, that of the mirror."""

    def __init__(self, folder: Path, host: str, **options: str) -> None:
        self.store: Store = open_store(folder / "data", query_workers=1)
        self.contents = ContentStore(folder / "documents")
        source = f"http://{host}/tmf-api/productCatalogManagement/v4"
        catalogs.register(self.store, BASE, catalogs.Catalog("mirror", "tmf620", source, options))
        self.context = context(host, options)

    def sync(self) -> dict[str, object]:
        catalog = catalogs.get_catalog(self.store, "mirror")
        request = SyncRequest(catalog, IMPORTER, self.context, self.contents)
        return sync(self.store, request).as_json()

    def holds(self) -> dict[str, str]:
        """Give the hash of what is held of each document."""
        rows = self.store.read(
            f"SELECT ?d ?h {{ GRAPH <{META_GRAPH}> {{ ?d <https://w3id.org/kgservice/ns#contentHash>"
            " ?h FILTER NOT EXISTS { ?d <http://www.w3.org/ns/prov#invalidatedAtTime> ?t } } }"
        )
        return {str(row["d"]): getattr(row["h"], "value", "") for row in rows}


def context(host: str, options: dict[str, str]) -> ImportContext:
    return ImportContext("mirror", BASE, load_vocabulary(), frozenset({host}), options)


def clean_import(folder: Path, count: int) -> dict[str, str]:
    """Read what the server holds from files that never fail, one line an object."""
    folder.mkdir()
    for name, texts in lists(count).items():
        (folder / f"{name}.jsonl").write_bytes(b"\n".join(texts))
    found = IMPORTER.read(str(folder), context("", {}))
    documents = [one for one in found if isinstance(one, SourceDocument)]
    return {
        graph_name(BASE, "mirror", one.source_id): hashlib.sha256(one.content).hexdigest()
        for one in documents
    }


def test_the_mirror_drill(tmp_path: Path) -> None:
    with mirror(COUNT, *KILLED_AT) as server:
        place = Place(tmp_path, server.host)
        try:
            report = place.sync()
            assert server.killed_at == []
            assert place.holds() == clean_import(tmp_path / "clean", COUNT)
            _each_bad_offering_is_told(report)
            _a_dead_server_changes_nothing(place, server)
        finally:
            place.store.close()


def _each_bad_offering_is_told(report: dict[str, object]) -> None:
    problems = report["problems"]
    assert isinstance(problems, list)
    bad = bad_offerings(COUNT)
    told = {(one["code"], _position(one["at"])) for one in problems}
    expected = {(BAD[kind][0], number) for number, kind in bad.items()}
    assert expected <= told, sorted(expected - told)[:5]
    # Nothing is said about good ones.
    assert {number for _, number in told if number is not None} <= set(bad)


def _position(at: str) -> int | None:
    """Give the number of the offering at a place: its URN's, or its position in the list."""
    if ":product-offering:mirror-" in at:
        return int(at.rpartition("-")[2])
    query, _, pointer = at.partition("?")[2].partition("#/")
    offset = query.partition("offset=")[2].partition("&")[0]
    is_offering = "/productOffering?" in at
    return int(offset) + int(pointer.partition("/")[0] or 0) if offset and is_offering else None


def _a_dead_server_changes_nothing(place: Place, server: Mirror) -> None:
    before, synced = place.holds(), catalogs.get_catalog(place.store, "mirror").synced
    server.end()
    with pytest.raises(Unavailable) as caught:
        place.sync()
    assert caught.value.code == "source-unreachable"
    assert place.holds() == before
    assert catalogs.get_catalog(place.store, "mirror").synced == synced  # how old it is


def test_a_server_that_dies_for_good_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    with mirror(600) as server:
        place = Place(tmp_path, server.host, patience="2")
        try:
            place.sync()
            before = place.holds()
            server.killed_at.append("productOffering 4")
            server.is_over = True  # nobody starts it again
            with pytest.raises(Unavailable) as caught:
                place.sync()
            assert caught.value.code == "source-broke"
            assert server.killed_at == []
            assert place.holds() == before
        finally:
            place.store.close()
