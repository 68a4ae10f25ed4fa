"""Commits from a file: the same as from memory, whole or absent for readers, and hard to kill."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_stores import open_embedded

from kgservice.model.errors import InputError, Unavailable
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store import embedded
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.port import MERGED_GRAPH, META_GRAPH, ChangeKind, GraphChange, QueryScope

P = Iri("http://example.org/p")
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def fact(name: str, value: str = "x") -> Triple:
    return Triple(Iri(f"http://example.org/{name}"), P, Literal(value))


def random_changes(source: random.Random, number: int) -> list[GraphChange]:
    """Changes of few graphs with few statements, so that they meet."""
    found = []
    for _ in range(number):
        kind = source.choice(list(ChangeKind))
        triples = tuple(fact(source.choice("abc"), source.choice("xyz")) for _ in range(3))
        graph = f"http://example.org/graph/{source.randrange(12)}"
        if source.random() < 0.2:
            graph, kind = META_GRAPH, source.choice((ChangeKind.ADD, ChangeKind.DESCRIBE))
        merge = graph != META_GRAPH and source.random() < 0.7
        found.append(GraphChange(graph, triples, kind, merge))
    return found


def content(store: EmbeddedStore) -> dict[str, tuple[bool, list[Triple]]]:
    """Give what graphs hold; an empty one may be left over or not."""
    graphs = {info.graph: (info.merge, store.graph(info.graph)) for info in store.graphs()}
    found = {name: held for name, held in graphs.items() if held[1]}
    found[MERGED_GRAPH] = (True, store.graph(MERGED_GRAPH))
    private = store.graph(MERGED_GRAPH, dataset="private")
    assert private == found[MERGED_GRAPH][1], "the private copy"
    return found


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each file go the long way, in parts of a few statements."""
    monkeypatch.setattr(embedded, "MOST_AT_ONCE", 0)
    monkeypatch.setattr("kgservice.store.change_file.FRAME", 10)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[EmbeddedStore, EmbeddedStore]]:
    one, other = open_embedded(tmp_path / "one"), open_embedded(tmp_path / "other")
    yield one, other
    one.close()
    other.close()


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.long)])
def test_a_file_of_changes_means_what_the_changes_mean(
    stores: tuple[EmbeddedStore, EmbeddedStore], rounds: int
) -> None:
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    source = random.Random(seed)  # noqa: S311
    from_file, from_memory = stores
    for _ in range(rounds):
        changes = random_changes(source, 30)
        file = from_file.change_file()
        file.add(changes)
        from_file.commit(file)
        from_memory.commit(changes)
        assert content(from_file) == content(from_memory)


def test_a_short_file_is_one_transaction(store: EmbeddedStore) -> None:
    file = store.change_file()
    file.add([GraphChange("http://example.org/short", (fact("a"), fact("b")))])
    assert store.commit(file).versions == {"http://example.org/short": 1}


def test_what_cannot_be_stored_or_is_taken_back_leaves_nothing(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    file = store.change_file()
    bad = Triple(Iri("no iri"), P, Literal("x"))
    with pytest.raises(InputError) as caught:
        file.add([GraphChange("http://example.org/bad", (bad,))])
    assert caught.value.code == "statement-invalid"
    with pytest.raises(InputError):
        file.add([GraphChange("http://example.org/bad", if_version=1)])
    file.close()
    assert not store.graphs("http://example.org/bad")


GRAPHS, SIZE = 120, 100


def test_queries_see_a_file_as_a_whole_and_a_killed_writer_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the moment it was committed; before that, nothing of it is there."""
    monkeypatch.setattr(embedded, "MOST_AT_ONCE", 0)
    monkeypatch.setattr("kgservice.store.change_file.FRAME", 500)
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    source = random.Random(seed)  # noqa: S311
    store = open_embedded(tmp_path)
    try:
        total = 0
        for attempt in range(4):
            file = store.change_file()
            for number in range(GRAPHS):
                name = f"http://example.org/{attempt}/{number}"
                triples = tuple(fact(f"{attempt}-{number}", str(n)) for n in range(SIZE))
                file.add([GraphChange(name, triples, merge=True)])
            kill = threading.Timer(
                source.uniform(0, 0.8), os.kill, (store.writer.pid, signal.SIGKILL)
            )
            kill.start()
            try:
                store.commit(file)
            except Unavailable as error:
                assert error.code == "writer-lost"  # noqa: PT017
            kill.join()
            counted = _counted(store)
            assert counted in (total, total + GRAPHS * SIZE)
            total = counted
            assert len(store.graph(MERGED_GRAPH)) == total
            assert len(store.graph(MERGED_GRAPH, dataset="private")) == total
            file.close()
    finally:
        store.close()
    assert not list((tmp_path / "store").glob("journal*"))


def _counted(store: EmbeddedStore) -> int:
    end = time.monotonic() + 60
    while True:
        try:
            answer = store.query(COUNT, scope=QueryScope(), accept="text/csv")
            return int(answer.body.split()[1])
        except Unavailable:
            assert time.monotonic() < end


@pytest.mark.usefixtures("in_parts")
def test_a_file_of_changes_tells_what_it_touched(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    known, new = "http://example.org/graph/1", "http://example.org/graph/2"
    store.commit([GraphChange(known, (fact("a"),), merge=True)])
    before = store.changes(0, []).number
    about = Triple(Iri("http://example.org/graph/3"), P, Literal("x"))
    try:
        file = store.change_file()
        file.add([GraphChange(known, (fact("b"),), merge=True)])
        file.add([GraphChange(new, (fact("c"), fact("d")), merge=True)])
        file.add([GraphChange(META_GRAPH, (about,), ChangeKind.DESCRIBE)])
        store.commit(file)
        found = store.changes(before, [P.value])
        assert found.is_complete
        assert set(found.statements) == {fact(name) for name in "abcd"}
        assert {known, new} <= found.graphs
    finally:
        store.close()
