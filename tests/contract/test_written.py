"""What people write, beside every adapter of the store port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store import open_remote_store, open_store
from kgservice.store.caps import QueryLimits
from kgservice.store.port import MERGED_GRAPH, GraphChange, QueryScope, Store
from kgservice.store.update_text import WRITTEN_DEFAULT, read_update
from kgservice.store.written import NO_CONDITION, Author
from tests.virtuoso import running_virtuoso

NOTES, DOCUMENT = "http://example.org/notes", "http://example.org/document"
ANNA = Author("anna")
pytestmark = pytest.mark.xdist_group("store contract")


@contextmanager
def adapter(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "embedded":
        store = open_store(folder / "data", query_workers=1)
        yield store
        store.close()
        return
    with running_virtuoso(folder / "virtuoso") as server:
        store = open_remote_store(folder / "data", server.settings, QueryLimits(workers=1))
        yield store
        store.close()


@pytest.fixture(scope="module", params=["embedded", "virtuoso"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    document = Triple(Iri("urn:a:s"), Iri("urn:a:p"), Literal("shared"))
    with adapter(str(request.param), tmp_path_factory.mktemp("written")) as opened:
        opened.commit([GraphChange(DOCUMENT, (document,), merge=True)])
        yield opened


def write(store: Store, text: str) -> None:
    store.written.update(read_update(text, "urn:base:"), ANNA)


def rows(store: Store, text: str, scope: QueryScope) -> list[str]:
    content = store.query(text, scope=scope, accept="text/csv").content
    assert isinstance(content, bytes)
    return sorted(content.decode().split("\r\n")[1:-1])


def test_written_graphs_are_shown_beside_the_shared_ones(store: Store) -> None:
    graphs = f"GRAPH <{NOTES}> {{ <urn:a:s> <urn:a:p> 'written', 'ö\"\\n', 1.5 ; <urn:a:q> [] }}"
    write(store, f"INSERT DATA {{ <urn:a:s> <urn:a:p> 'default' . {graphs} }}")
    store.written.show(lambda _graph: True)
    together = QueryScope("shared", (MERGED_GRAPH, NOTES, WRITTEN_DEFAULT))
    found = rows(store, "SELECT ?o { <urn:a:s> <urn:a:p> ?o FILTER(ISLITERAL(?o)) }", together)
    assert {"shared", "written", "default"} <= set(found)
    assert rows(store, "SELECT ?o { <urn:a:s> <urn:a:p> ?o }", QueryScope()) == ["shared"]
    write(store, f"DROP GRAPH <{NOTES}>; CLEAR DEFAULT")
    store.written.show(lambda _graph: True)
    assert rows(store, "SELECT ?o { <urn:a:s> <urn:a:p> ?o }", together) == ["shared"]


def test_what_may_not_be_shown_stays_away(store: Store) -> None:
    write(store, f"INSERT DATA {{ GRAPH <{DOCUMENT}> {{ <urn:a:s> <urn:a:p> 'forged' }} }}")
    store.written.show(lambda graph: graph != DOCUMENT)
    assert [t.object for t in store.graph(DOCUMENT)] == [Literal("shared")]
    write(store, f"DROP GRAPH <{DOCUMENT}>")
    store.written.show(lambda graph: graph != DOCUMENT)
    assert [t.object for t in store.graph(DOCUMENT)] == [Literal("shared")]


def test_increments_of_many_threads_are_all_counted(store: Store) -> None:
    write(store, f"INSERT DATA {{ GRAPH <{NOTES}> {{ <urn:a:c> <urn:a:v> 0 }} }}")
    one = read_update(
        f"WITH <{NOTES}> DELETE {{ ?c ?v ?n }} INSERT {{ ?c ?v ?m }}"
        " WHERE { ?c ?v ?n BIND(?n + 1 AS ?m) }",
        "urn:base:",
    )
    threads = [
        threading.Thread(target=lambda: [store.written.update(one, ANNA) for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scope = QueryScope("written", (NOTES,), ())
    assert rows(store, "SELECT ?n { ?c <urn:a:v> ?n }", scope) == ["100"]


def test_a_graphs_version_is_that_of_the_snapshot_that_was_read(store: Store) -> None:
    for number in range(3):
        content = f'<urn:a:s> <urn:a:p> "{number}" .\n'.encode()
        done = store.written.put(NOTES, content, ANNA, how="replace", condition=NO_CONDITION)
        answer = store.query(
            "SELECT ?o { ?s ?p ?o }", scope=QueryScope("written", (NOTES,), ()), accept="text/csv"
        )
        assert store.written.version_at(NOTES, answer.generation) == done.number
