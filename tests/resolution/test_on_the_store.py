"""The same searches through the real store: reader process, snapshot and scratch store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG
from kgservice.mpli.projecting import Projector
from kgservice.mpli.reference_check import check_with_reference
from kgservice.mpli.request_documents import request_triples
from kgservice.mpli.resolve import prepared, resolve
from kgservice.store import open_store
from kgservice.store.port import META_GRAPH, ChangeKind, GraphChange, Store
from kgservice.store.vocabulary import load_vocabulary
from tests.resolution.memory_store import DOCUMENT, SIGNED, MemoryStore
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.test_against_brute_force import SEED
from tests.resolution.worlds import BASE, VOCABULARY

EVIDENCE = (
    Triple(Iri(DOCUMENT), KG.evidence, KG.SelfDeclared),
    Triple(Iri(SIGNED), KG.evidence, KG.Signed),
)


def changes(facts: tuple[Triple, ...], signed: tuple[Triple, ...] = ()) -> list[GraphChange]:
    return [
        GraphChange(DOCUMENT, facts, merge=True),
        GraphChange(SIGNED, signed, merge=True),
        GraphChange(META_GRAPH, EVIDENCE, ChangeKind.ADD),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(Path(tmp_path_factory.mktemp("store")))
    yield opened
    opened.close()


def test_the_store_answers_as_the_store_in_memory(store: Store) -> None:
    feasible = 0
    for number in range(12):
        random = Random(SEED + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        facts, signed = tuple(world.triples()), tuple(world.signed_triples())
        store.commit(changes(facts, signed))
        expected = resolve(MemoryStore(facts, signed), VOCABULARY, request, base_iri=BASE)
        for projector in (None, Projector(store, VOCABULARY)):
            found = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
            assert _unversioned(found.as_json()) == _unversioned(expected.as_json()), SEED + number
        feasible += found.status == "feasible"
    assert feasible > 2


def _unversioned(answer: dict) -> str:
    return json.dumps({**answer, "graphs": [], "engine": ""}, sort_keys=True)


def test_answer_and_request_can_be_kept_as_graphs(store: Store) -> None:
    random = Random(SEED)  # noqa: S311
    for _ in range(50):
        world = random_world(random)
        request = prepared(random_request(random), VOCABULARY, BASE)
        found = resolve(MemoryStore(world.triples()), VOCABULARY, request, base_iri=BASE)
        if found.compositions:
            break
    store.commit(changes(tuple(world.triples())))
    found = resolve(store, VOCABULARY, request, base_iri=BASE)
    check_with_reference(store, VOCABULARY, request, found.compositions[0])
    written = request_triples(request, VOCABULARY)
    store.commit(
        [
            GraphChange(request.iri, written),
            GraphChange(f"{request.iri}/resolution", found.triples()),
        ],
        dataset="private",
    )
    assert len(store.graph(request.iri, dataset="private")) == len(set(written))
    kept = store.graph(f"{request.iri}/resolution", dataset="private")
    assert len(kept) == len(found.triples())


def test_the_packaged_vocabulary_has_what_requests_name() -> None:
    vocabulary = load_vocabulary()
    names = ("monthlyPrice", "location", "country", "majorVersion", "extension", "label")
    assert set(names) <= set(vocabulary.properties)
    assert {"PostgreSQL", "Container", "VirtualMachine"} <= set(vocabulary.classes)
    assert {"EU", "EEA"} <= set(vocabulary.named_sets)
