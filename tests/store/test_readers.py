"""Reader processes: deadlines, memory, crashes, snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from embedded_stores import open_embedded

from kgservice.model.errors import DeadlineExceeded, InputError, Unavailable
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.port import GraphChange, QueryScope

CROSS = "?a ?p ?x . ?b ?p ?y . ?c ?p ?z . ?d ?p ?w"
COUNT = f"SELECT (COUNT(*) AS ?n) WHERE {{ {CROSS} FILTER(?x < ?y) }}"
SORT = f"SELECT ?a ?b WHERE {{ {CROSS} }} ORDER BY CONCAT(?y, ?x, ?z, ?w)"
SCOPE = QueryScope()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A store with enough for a cross product that never ends, and a small memory."""
    store = open_embedded(tmp_path_factory.mktemp("data"), memory_mb=1024)
    subject, predicate = "http://example.org/s", Iri("http://example.org/p")
    facts = [Triple(Iri(f"{subject}{n}"), predicate, Literal(f"value {n}")) for n in range(400)]
    store.commit([GraphChange("http://example.org/g", tuple(facts), merge=True)])
    yield store
    store.close()


def ask(store: EmbeddedStore) -> bytes:
    return store.query("ASK { ?s ?p ?o }", scope=SCOPE, accept="text/csv").body


@pytest.mark.parametrize("text", [COUNT, SORT])
def test_query_is_stopped_at_its_deadline(filled: EmbeddedStore, text: str) -> None:
    ask(filled)
    begin = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        filled.query(text, scope=SCOPE, accept="*/*", deadline_s=0.5)
    assert caught.value.code == "query-deadline"
    assert time.monotonic() - begin < 2
    assert ask(filled) == b"true"


def test_query_beyond_its_memory_is_stopped(filled: EmbeddedStore) -> None:
    with pytest.raises(Unavailable) as caught:
        filled.query(SORT, scope=SCOPE, accept="*/*", deadline_s=60)
    assert caught.value.code == "query-memory"
    assert ask(filled) == b"true"


def test_query_that_ends_its_process_leaves_the_service_alive(filled: EmbeddedStore) -> None:
    """Sessions are trusted and skip the gate, so a deep query reaches the engine."""
    deep = "ASK " + "{" * 30_000 + "}" * 30_000
    with pytest.raises(InputError) as refused:
        filled.query(deep, scope=SCOPE, accept="*/*")
    assert refused.value.code == "query-too-complex"
    kills = filled.stats()["kills"]
    for _ in range(4):
        with pytest.raises(Unavailable) as caught, filled.session(scope=SCOPE) as session:
            session.select(deep)
        assert caught.value.code in ("query-died", "query-memory")
    assert filled.stats()["kills"] == kills + 4
    assert ask(filled) == b"true"


def test_one_deadline_holds_for_a_whole_session(filled: EmbeddedStore) -> None:
    begin = time.monotonic()

    def work() -> None:
        with filled.session(scope=SCOPE, deadline_s=0.5) as session:
            while True:
                session.select("SELECT (COUNT(*) AS ?n) { ?a ?p ?x }", where="snapshot")

    with pytest.raises(DeadlineExceeded):
        work()
    assert time.monotonic() - begin < 2


def test_session_ends_when_its_body_raises(filled: EmbeddedStore) -> None:
    for _ in range(5):
        with pytest.raises(KeyError), filled.session(scope=SCOPE):
            raise KeyError
    assert ask(filled) == b"true"


def test_busy_readers_are_waited_for(filled: EmbeddedStore) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: ask(filled), range(60)))
    assert answers == [b"true"] * 60


def test_wait_for_a_reader_ends_at_the_deadline(filled: EmbeddedStore) -> None:
    with filled.session(scope=SCOPE), filled.session(scope=SCOPE):
        with pytest.raises(Unavailable) as caught:
            filled.query("ASK {}", scope=SCOPE, accept="*/*", deadline_s=0.1)
        assert caught.value.code == "query-busy"


def test_session_keeps_its_snapshot_while_others_commit(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    text = "SELECT ?s WHERE { ?s ?p ?o }"

    def put(name: str) -> None:
        fact = Triple(Iri(f"urn:{name}"), Iri("urn:p"), Literal("x"))
        store.commit([GraphChange(f"urn:g:{name}", (fact,), merge=True)])

    put("first")
    with store.session(scope=SCOPE) as session:
        for name in ("second", "third"):
            put(name)
            ask(store)
        assert [str(row["s"]) for row in session.select(text, where="snapshot")] == ["urn:first"]
    assert len(store.query(text, scope=SCOPE, accept="text/csv").body.split()) == 4
    assert len(list((tmp_path / "snapshots").iterdir())) == 1, "old snapshots are deleted"
    store.close()


def test_long_dataset_is_refused(filled: EmbeddedStore) -> None:
    scope = QueryScope(default_graphs=tuple(f"urn:{n}" for n in range(21)))
    with pytest.raises(InputError) as caught:
        filled.query("ASK {}", scope=scope, accept="*/*")
    assert caught.value.code == "dataset-too-long"
