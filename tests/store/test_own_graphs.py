"""A customer's own graph is the union of the customer's graphs, whatever was committed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.model.rdf import Iri, Literal, Triple, typed
from kgservice.model.terms import KG
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.names import EVERYONES_GRAPH, own_graph
from kgservice.store.port import ChangeKind, GraphChange, QueryScope
from tests.store.embedded_stores import open_embedded

GRAPHS = [f"http://x/request/{n}" for n in range(5)]
NAMES = ["anna", "bob", 'who "quotes" and \\ é\n']


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = open_embedded(tmp_path / "data")
    yield store
    store.close()


def random_content(rng: random.Random, graph: str) -> tuple[Triple, ...]:
    """Give a few of a few statements, and now and then no owner or two."""
    found = [
        Triple(Iri(f"urn:s{rng.randrange(3)}"), Iri("urn:p"), Literal(str(rng.randrange(3))))
        for _ in range(rng.randrange(5))
    ]
    owners = rng.choices(range(3), [1, 8, 1])[0]
    found += [Triple(Iri(graph), KG.customer, typed(n)) for n in rng.sample(NAMES, owners)]
    return tuple(found)


def random_change(rng: random.Random) -> GraphChange:
    graph = rng.choice(GRAPHS)
    kind = rng.choice(
        [ChangeKind.REPLACE] * 3
        + [ChangeKind.ADD, ChangeKind.REMOVE, ChangeKind.DESCRIBE, ChangeKind.DELETE]
    )
    content = () if kind is ChangeKind.DELETE else random_content(rng, graph)
    return GraphChange(graph, content, kind)


def check(store: EmbeddedStore) -> None:
    """Compare all own graphs with what the graphs say; the oracle reads graph by graph."""
    contents = {graph: set(store.graph(graph, dataset="private")) for graph in GRAPHS}
    everyones: set[Triple] = set().union(*contents.values())
    assert set(store.graph(EVERYONES_GRAPH, dataset="private")) == everyones
    for name in NAMES:
        owned = [
            content
            for graph, content in contents.items()
            if {t.object for t in content if t[:2] == (Iri(graph), KG.customer)} == {typed(name)}
        ]
        expected: set[Triple] = set().union(*owned)
        assert set(store.graph(own_graph(name), dataset="private")) == expected, name


@pytest.mark.parametrize("seed", range(4))
def test_own_graphs_follow_every_commit(store: EmbeddedStore, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    for _ in range(40):
        changes = [random_change(rng) for _ in range(rng.randrange(1, 4))]
        store.commit(changes, dataset="private")
        check(store)


def test_a_folder_without_own_graphs_gets_them_when_it_is_opened(tmp_path: Path) -> None:
    rng = random.Random(7)  # noqa: S311
    store = open_embedded(tmp_path / "data")
    store.commit([GraphChange(g, random_content(rng, g)) for g in GRAPHS], dataset="private")
    dump = {g: store.graph(g, dataset="private") for g in GRAPHS}
    store.close()
    shutil.rmtree(tmp_path / "data" / "store" / "private")
    _commit_as_before(tmp_path / "data", dump)

    again = open_embedded(tmp_path / "data")

    check(again)
    again.close()


def _commit_as_before(folder: Path, dump: dict[str, list[Triple]]) -> None:
    """Write private graphs as a store did that kept no own graphs."""
    from kgservice.store.change import Change, Commit
    from kgservice.store.dataset import Dataset
    from kgservice.store.wire import TripleWriter

    dataset = Dataset(folder / "store" / "private")
    texts = TripleWriter()
    commit = Commit(
        dataset,
        [Change(g, texts.lines(g, content), "replace", False, None) for g, content in dump.items()],
    )
    dataset.write(commit.delta)


def test_own_graphs_are_no_graphs_to_list_or_to_change(store: EmbeddedStore) -> None:
    content = (Triple(Iri(GRAPHS[0]), KG.customer, typed("anna")),)
    store.commit([GraphChange(GRAPHS[0], content)], dataset="private")

    assert [info.graph for info in store.graphs(dataset="private")] == [GRAPHS[0]]


def test_quarantine_is_committed_and_listed_as_shared_but_in_no_query(
    store: EmbeddedStore,
) -> None:
    document, aside = "http://x/graph/a/1", "http://x/graph/a/1/quarantine"
    said = Triple(Iri("urn:a"), Iri("urn:b"), Literal("said"))
    refused = Triple(Iri("urn:a"), Iri("urn:b"), Literal("refused"))

    result = store.commit(
        [GraphChange(document, (said,), merge=True), GraphChange(aside, (refused,))]
    )
    answer = store.query(
        "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }",
        scope=QueryScope("shared"),
        accept="text/csv",
    )

    assert result.versions == {document: 1, aside: 1}
    assert store.graph(aside) == [refused]
    assert [info.graph for info in store.graphs("http://x/")] == [document, aside]
    assert b"said" in answer.body
    assert b"refused" not in answer.body
    assert b"quarantine" not in answer.body

    store.commit([GraphChange(aside, (), ChangeKind.DELETE)])
    assert store.graph(aside) == []
    assert [info.graph for info in store.graphs("http://x/")] == [document]
