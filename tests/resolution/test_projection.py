"""The projection says what the graph says, also after changes, in memory and on the real store."""

from __future__ import annotations

from pathlib import Path
from random import Random

from kgservice.model.rdf import Iri, Triple, to_text
from kgservice.mpli.projecting import Projector, projected
from kgservice.mpli.resolve import resolve
from kgservice.resolution.projection import Projection, projection_of
from kgservice.store import open_store
from kgservice.store.port import ChangeKind, GraphChange, QueryScope, Store
from tests.resolution.memory_store import DOCUMENT
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import BASE, VOCABULARY

SEED = 20261124
OTHER = DOCUMENT + "-other"


def contents(projection: Projection) -> set[tuple[str, str, str]]:
    text = projection.terms.text
    return {
        (text(int(subject)), name, text(int(value)))
        for name, column in projection.columns.items()
        for subject, value in zip(column.subjects, column.values, strict=True)
    }


def texts(triples: list[Triple]) -> list[tuple[str, str, str]]:
    return [(to_text(s), to_text(p), to_text(o)) for s, p, o in triples]


def test_changing_subjects_is_as_good_as_reading_all_again() -> None:
    for seed in range(SEED, SEED + 40):
        random = Random(seed)  # noqa: S311
        state: dict[Iri, set[Triple]] = {}
        projection = projection_of([])
        for _ in range(6):
            changed = [Iri(f"urn:s:{random.randrange(6)}") for _ in range(random.randint(1, 4))]
            for subject in changed:
                state[subject] = {
                    Triple(subject, Iri(f"urn:p:{random.randrange(3)}"), Iri(f"urn:o:{n}"))
                    for n in range(random.randrange(4))
                }
            told = [triple for subject in set(changed) for triple in state[subject]]
            projection = projection.changed(map(to_text, changed), texts(told))
            everything = [triple for triples in state.values() for triple in triples]
            assert contents(projection) == contents(projection_of(texts(everything))), seed


def merged(store: Store) -> set[tuple[str, str, str]]:
    listed = {prop.value for prop in projected(VOCABULARY)}
    with store.session(scope=QueryScope()) as session:
        found = session.triples("CONSTRUCT WHERE { ?s ?p ?o }", where="snapshot")
    return {(to_text(s), p.value, to_text(o)) for s, p, o in found if p.value in listed}


def followed(store: Store, projector: Projector) -> Projection:
    with store.session(scope=QueryScope()) as session:
        return projector.at(session)


def test_the_projector_follows_the_store(tmp_path: Path) -> None:
    random = Random(SEED)  # noqa: S311
    worlds = [tuple(random_world(random).triples()) for _ in range(6)]
    store = open_store(tmp_path)
    try:
        store.commit([GraphChange(DOCUMENT, worlds[0], merge=True)])
        projector = Projector(store, VOCABULARY)
        assert contents(followed(store, projector)) == merged(store)
        for facts in worlds[1:]:
            graph = random.choice([DOCUMENT, OTHER])
            store.commit([GraphChange(graph, facts, merge=True)])
            assert contents(followed(store, projector)) == merged(store)
        store.commit([GraphChange(OTHER, (), ChangeKind.DELETE, merge=True)])
        assert contents(followed(store, projector)) == merged(store)
        assert projector.rebuilt == 1  # all else were changes, subject by subject
    finally:
        store.close()


def test_a_service_that_starts_again_reads_all_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    facts = tuple(random_world(Random(SEED)).triples())  # noqa: S311
    store.commit([GraphChange(DOCUMENT, facts, merge=True)])
    generation = 1
    assert store.changed_subjects(generation) is not None
    store.close()
    store = open_store(tmp_path)
    try:
        assert store.changed_subjects(0) is None
        projector = Projector(store, VOCABULARY)
        assert contents(followed(store, projector)) == merged(store)
    finally:
        store.close()


def test_answers_change_with_the_graph(tmp_path: Path) -> None:
    """The same projector, world after world: never an answer of an earlier state."""
    store = open_store(tmp_path)
    try:
        projector = Projector(store, VOCABULARY)
        for seed in range(SEED, SEED + 12):
            random = Random(seed)  # noqa: S311
            world, request = random_world(random), random_request(random)
            store.commit([GraphChange(DOCUMENT, tuple(world.triples()), merge=True)])
            fast = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
            graph = resolve(store, VOCABULARY, request, base_iri=BASE)
            assert {**fast.as_json(), "engine": ""} == {**graph.as_json(), "engine": ""}, seed
    finally:
        store.close()
