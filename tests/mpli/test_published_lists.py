"""A list that follows changes is the list that is read anew; the oracle is a new publisher."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice.mpli.publish import Publisher
from kgservice.store import open_store
from kgservice.store.port import ChangeKind, GraphChange, Store

BASE = "http://kg.example/"
LISTS = ("publish-tmf620-offering-ids", "publish-tmf620-specification-ids")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", query_workers=1)
    yield opened
    opened.close()


def changes(source: random.Random) -> list[GraphChange]:
    found = []
    for _ in range(source.randint(1, 3)):
        node = Iri(f"https://a.example/{source.randrange(6)}")
        graph = f"{BASE}graph/{source.randrange(4)}"
        is_offering = Triple(node, RDF.type, KG.Offering)
        title = Triple(node, DCTERMS.title, Literal(str(source.random())))
        kind = source.choice((ChangeKind.REPLACE, ChangeKind.ADD, ChangeKind.REMOVE))
        triples = (is_offering, title) if source.random() < 0.7 else (title,)
        found.append(GraphChange(graph, triples, kind, kind is not ChangeKind.REMOVE))
    return found


def lists(publisher: Publisher) -> list[dict[str, str]]:
    with publisher.edition() as edition:
        return [edition.ids(name, {"federated": Iri(BASE)}) for name in LISTS]


def test_a_list_that_follows_changes_is_the_list_that_is_read_anew(store: Store) -> None:
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    source = random.Random(seed)  # noqa: S311
    following = Publisher(store, BASE)
    for _ in range(25):
        store.commit(changes(source))
        found = lists(following)
        assert found == lists(Publisher(store, BASE))
        assert [list(one) for one in found] == [sorted(one) for one in found]
