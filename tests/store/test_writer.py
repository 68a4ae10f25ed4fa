"""The writer process: serial commits, its death and restart, its folder."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from embedded_stores import open_embedded

from kgservice.model.errors import PreconditionFailed, Unavailable
from kgservice.model.rdf import Iri, Literal, Triple, typed
from kgservice.store.dataset import BULK
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.live import LiveStore
from kgservice.store.port import MERGED_GRAPH, GraphChange, QueryScope

COUNTER = "http://example.org/counter"
PREDICATE = Iri("http://example.org/p")
THREADS, ROUNDS = 8, 25


def facts(name: str, count: int) -> tuple[Triple, ...]:
    subject = Iri(f"http://example.org/{name}")
    return tuple(Triple(subject, PREDICATE, Literal(f"{name} {n}")) for n in range(count))


def counter(value: int) -> tuple[Triple, ...]:
    return (Triple(Iri(COUNTER), PREDICATE, typed(value)),)


def increment(store: EmbeddedStore) -> None:
    while True:
        (info,) = store.graphs(COUNTER)
        value = int(store.graph(COUNTER)[0].object[0])
        try:
            store.commit([GraphChange(COUNTER, counter(value + 1), if_version=info.version)])
        except PreconditionFailed:
            continue
        return


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(200, marks=pytest.mark.long)])
def test_no_increment_of_eight_threads_is_lost(store: EmbeddedStore, rounds: int) -> None:
    """The engine itself loses most of them without an error when threads update at once."""
    store.commit([GraphChange(COUNTER, counter(0))])

    def work() -> None:
        for _ in range(rounds):
            increment(store)

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work) for _ in range(THREADS)]:
            done.result()
    assert store.graph(COUNTER) == list(counter(THREADS * rounds))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A store whose processes may be killed."""
    opened = open_embedded(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("size", [2_000, BULK])
def test_killed_writer_leaves_a_commit_whole_or_absent(own: EmbeddedStore, size: int) -> None:
    """Both graphs of the commit, the merged graph and its private copy agree after each kill."""
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    source = random.Random(seed)  # noqa: S311
    for attempt in range(4):
        names = [f"http://example.org/{attempt}/{part}" for part in "ab"]
        changes = [GraphChange(name, facts(name[-3:], size // 2), merge=True) for name in names]
        before = len(own.graph(MERGED_GRAPH))
        timer = threading.Timer(source.uniform(0, 0.3), os.kill, (own.writer.pid, signal.SIGKILL))
        timer.start()
        try:
            own.commit(changes)
        except Unavailable as error:
            assert error.code == "writer-lost"  # noqa: PT017
        timer.join()
        while True:
            try:
                sizes = {len(own.graph(name)) for name in names}
                break
            except Unavailable:
                continue
        assert sizes in ({0}, {size // 2})
        grown = 2 * sizes.pop()
        assert len(own.graph(MERGED_GRAPH)) == before + grown
        assert len(own.graph(MERGED_GRAPH, dataset="private")) == before + grown
        answer = own.query(
            "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", scope=QueryScope(), accept="text/csv"
        )
        assert int(answer.body.split()[1]) == before + grown


def test_writer_is_restarted_and_says_that_it_was_lost(own: EmbeddedStore) -> None:
    own.commit([GraphChange(COUNTER, counter(1))])
    first = own.writer.pid
    os.kill(first, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(own.commit, [GraphChange(COUNTER, counter(2))])
        os.kill(first, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            waiting.result()
    assert caught.value.code == "writer-lost"
    assert own.commit([GraphChange(COUNTER, counter(3))]).versions[COUNTER] >= 2
    assert own.writer.pid != first
    assert own.stats()["writer_restarts"] == 1


def test_private_copy_is_repaired_after_a_crash_between_the_two_writes(tmp_path: Path) -> None:
    from kgservice.store.change import Change

    live = LiveStore(tmp_path)
    live.commit("shared", [Change("urn:g", ["<urn:a> <urn:b> <urn:c> "], "replace", True, None)])
    assert live.private.mirrored == 0, "not yet copied"
    del live
    again = LiveStore(tmp_path)
    assert again.private.statements("") == again.shared.statements("") != set()
    assert again.private.mirrored == 1


def test_bulk_addition_cut_off_before_its_clean_up_keeps_the_newer_version(tmp_path: Path) -> None:
    from kgservice.store.dataset import Dataset, Delta, version_text
    from kgservice.store.port import META_GRAPH

    dataset = Dataset(tmp_path)
    dataset.write(Delta(added={META_GRAPH: [version_text("urn:g", 1), version_text("urn:g", 2)]}))
    del dataset
    again = Dataset(tmp_path)
    assert again.versions == {"urn:g": 2}
    del again
    assert len(Dataset(tmp_path).store) == 1


def test_second_process_is_told_that_the_folder_is_in_use(
    own: EmbeddedStore, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable) as caught:
        open_embedded(tmp_path)
    assert caught.value.code == "data-folder-in-use"
    assert "KG_DATA_DIR" in caught.value.hint


def test_folder_is_free_after_its_owner_was_killed(tmp_path: Path) -> None:
    """The writer and the readers end by themselves when their parent is gone."""
    script = f"""
import sys
from pathlib import Path
from kgservice.store import open_store
from kgservice.store.port import GraphChange
from kgservice.model.rdf import Iri, Triple
store = open_store(Path({str(tmp_path)!r}))
store.commit([GraphChange("urn:g", (Triple(Iri("urn:a"), Iri("urn:b"), Iri("urn:c")),))])
print("ready", flush=True)
sys.stdin.read()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdout
    assert owner.stdin
    assert owner.stdout.readline() == b"ready\n"
    owner.kill()
    owner.wait()
    owner.stdin.close()
    owner.stdout.close()
    again = open_embedded(tmp_path)
    assert len(again.graph("urn:g")) == 1
    again.close()


def test_everything_committed_is_there_after_reopening(tmp_path: Path) -> None:
    first = open_embedded(tmp_path)
    first.commit([GraphChange("urn:g", facts("a", 3), merge=True)])
    first.commit([GraphChange("urn:g", facts("a", 2), merge=True)])
    first.close()
    again = open_embedded(tmp_path)
    assert [(i.graph, i.version, i.merge) for i in again.graphs()] == [("urn:g", 2, True)]
    assert len(again.graph(MERGED_GRAPH)) == 2
    assert again.commit([GraphChange("urn:g", facts("a", 2), merge=True)]).versions == {}
    again.close()


def test_closed_store_says_so(tmp_path: Path) -> None:
    opened = open_embedded(tmp_path)
    opened.close()
    with pytest.raises(Unavailable) as caught:
        opened.graph("urn:g")
    assert caught.value.code == "store-closed"
