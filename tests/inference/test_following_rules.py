"""Following changes comes to the same as looking at everything; the full run is the oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.inference import following
from kgservice.inference.following import RuleFollower
from kgservice.inference.rules import run_rules
from kgservice.inference.tbox import load_tbox
from kgservice.model.rdf import RDF, XSD, Blank, Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG, RDFS
from kgservice.store import open_store
from kgservice.store.port import (
    RULES_GRAPH,
    VOCABULARY_GRAPH,
    WORKER_GRAPH,
    ChangeKind,
    GraphChange,
    Store,
)

BASE = "http://kg.example/"
TYPE = Iri(RDF + "type")
MADE_UP = Iri(KG.NS + "made-up-database")
OFFERINGS = [Iri(f"https://x.example/offering/{n}") for n in range(6)]
PROVIDERS = [Iri(f"https://x.example/provider/{n}") for n in range(2)]
WORKERS = [Iri(f"https://x.example/worker/{n}") for n in range(2)]
GRAPHS = [f"{BASE}graph/a/{n}" for n in range(6)] + [f"{BASE}graph/a/0/quarantine"]
FORMATS = [KG.pg_dump_directory, KG.qcow2, KG.raw]
OWN_RULE = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/kgservice/ns#> .\n"
    "<urn:rule:own> a sh:NodeShape ; sh:targetClass {target} ; sh:rule [ a sh:SPARQLRule ;"
    " sh:order 3 ; sh:construct 'CONSTRUCT {{ {head} }} WHERE {{ {body} }}' ] ."
)


def vocabulary() -> tuple[Triple, ...]:
    return tuple(
        t
        for t in load_tbox()
        if not isinstance(t.subject, Blank) and not isinstance(t.object, Blank)
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("data"), query_workers=1)
    yield opened
    opened.close()


def empty(store: Store) -> None:
    store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in store.graphs()])
    store.commit([GraphChange(VOCABULARY_GRAPH, vocabulary(), merge=True)])


def random_statement(rng: random.Random) -> Triple:
    """Say something about an offering, a worker, or a node that may be either."""
    node = rng.choice([*OFFERINGS, *OFFERINGS, *OFFERINGS, *WORKERS])
    version = Literal(str(rng.randint(15, 18)), XSD + "integer")
    kind = rng.choice([KG.PostgreSQL, KG.VirtualMachine, KG.Offering, KG.Worker, MADE_UP])
    predicate, value = rng.choice(
        [
            (TYPE, kind),
            (TYPE, kind),
            (KG.exportFormat, rng.choice(FORMATS)),
            (KG.importFormat, rng.choice(FORMATS)),
            (KG.majorVersion, version),
            (KG.provider, rng.choice(PROVIDERS)),
            (KG.forProvider, rng.choice(PROVIDERS)),
            (KG.converts, KG.qcow2_to_raw),
            (KG.performs, Iri(f"{node}#capability")),
            (DCTERMS.title, Literal("title")),
        ]
    )
    return Triple(node, predicate, value)


def capability(rng: random.Random, worker: Iri) -> list[Triple]:
    node = Iri(f"{worker}#capability")
    return [
        Triple(worker, TYPE, KG.Worker),
        Triple(worker, KG.forProvider, rng.choice(PROVIDERS)),
        Triple(worker, KG.performs, node),
        Triple(worker, KG.exportFormat, rng.choice(FORMATS)),
        Triple(worker, KG.importFormat, rng.choice(FORMATS)),
        Triple(node, KG.kind, rng.choice([KG.PostgreSQL, KG.VirtualMachine])),
        Triple(node, KG.verb, KG.Export),
        Triple(node, KG.verb, KG.Import),
    ]


def random_change(rng: random.Random) -> GraphChange:
    graph = rng.choice(GRAPHS)
    merge = not graph.endswith("quarantine")
    what = rng.random()
    if what < 0.15:
        return GraphChange(WORKER_GRAPH, tuple(capability(rng, rng.choice(WORKERS))), merge=True)
    if what < 0.2:
        return GraphChange(WORKER_GRAPH, kind=ChangeKind.DELETE)
    if what < 0.3:
        return GraphChange(graph, kind=ChangeKind.DELETE)
    if what < 0.33:
        above = Triple(MADE_UP, RDFS.subClassOf, rng.choice([KG.PostgreSQL, KG.Offering]))
        kind = rng.choice([ChangeKind.ADD, ChangeKind.REMOVE])
        return GraphChange(VOCABULARY_GRAPH, (above,), kind, merge=True)
    statements = tuple(random_statement(rng) for _ in range(rng.randint(1, 8)))
    kind = rng.choice([ChangeKind.REPLACE, ChangeKind.REPLACE, ChangeKind.ADD, ChangeKind.REMOVE])
    return GraphChange(graph, statements, kind, merge)


def concluded_too(rng: random.Random, store: Store) -> GraphChange:
    """State, in a document, what the rules concluded, or take it back."""
    known = store.graph(RULES_GRAPH)
    kind = rng.choice([ChangeKind.ADD, ChangeKind.REMOVE])
    return GraphChange(rng.choice(GRAPHS[:2]), tuple(rng.sample(known, 1)), kind, merge=True)


def check(store: Store, seed: int, extra: list[Path]) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not for cryptography
    empty(store)
    follower = RuleFollower(store, BASE, extra)
    follower.follow()
    for _ in range(8):
        changes = [random_change(rng) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.3 and store.graph(RULES_GRAPH):
            changes.append(concluded_too(rng, store))
        store.commit(changes)
        report = follower.follow()
        followed = set(store.graph(RULES_GRAPH))
        whole = run_rules(store, BASE, extra)
        assert set(store.graph(RULES_GRAPH)) == followed
        assert (whole.changed, whole.profiles) == (0, report.profiles)
        assert whole.statements == report.statements == len(followed)


def test_random_changes_come_to_what_looking_at_everything_does(store: Store) -> None:
    for seed in range(8):
        check(store, seed, [])


@pytest.mark.long
def test_many_random_changes_come_to_what_looking_at_everything_does(store: Store) -> None:
    for seed in range(1000, 1150):
        check(store, seed, [])


@pytest.mark.parametrize(
    ("target", "head", "body"),
    [
        ("kg:Profile", "$this kg:made-up ?o", "?o kg:profile $this"),
        ("kg:Offering", "$this kg:made-up kg:raw", "$this kg:exportFormat kg:raw"),
        ("kg:Worker", "?o kg:majorVersion 99", "$this kg:forProvider ?p . ?o kg:provider ?p"),
        ("kg:Profile", "$this kg:made-up ?f", "$this kg:exportFormat ?f . ?f kg:restoresInto ?r"),
    ],
)
def test_rules_of_other_footprints_are_followed_too(
    store: Store, tmp_path: Path, target: str, head: str, body: str
) -> None:
    """Some look at offerings, or conclude what profiles are made of: then all is looked at."""
    path = tmp_path / "own.ttl"
    path.write_text(OWN_RULE.format(target=target, head=head, body=body))
    rng = random.Random(5)  # noqa: S311 - not for cryptography
    empty(store)
    follower = RuleFollower(store, BASE, [path])
    for _ in range(10):
        store.commit([random_change(rng) for _ in range(3)])
        follower.follow()
        assert run_rules(store, BASE, [path]).changed == 0


def test_an_edited_title_reaches_no_rule(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    empty(store)
    follower = RuleFollower(store, BASE)
    offering = (Triple(OFFERINGS[0], TYPE, KG.PostgreSQL), Triple(OFFERINGS[0], TYPE, KG.Offering))
    store.commit([GraphChange(GRAPHS[0], offering, merge=True)])
    follower.follow()
    monkeypatch.setattr(following, "conclude_all", None)
    monkeypatch.setattr(following, "conclude", None)
    title = Triple(OFFERINGS[0], DCTERMS.title, Literal("new"))
    store.commit([GraphChange(GRAPHS[0], (*offering, title), merge=True)])
    assert follower.follow().changed == 0
    twin = tuple(Triple(OFFERINGS[1], t.predicate, t.object) for t in offering)
    store.commit([GraphChange(GRAPHS[1], twin, merge=True)])
    assert follower.follow().changed == 1
    store.commit([GraphChange(GRAPHS[1], kind=ChangeKind.DELETE)])
    assert follower.follow().changed == 1


def test_somebody_elses_write_to_the_rules_graph_is_put_right(store: Store) -> None:
    empty(store)
    follower = RuleFollower(store, BASE)
    follower.follow()
    stray = Triple(OFFERINGS[0], KG.canMoveTo, OFFERINGS[1])
    store.commit([GraphChange(RULES_GRAPH, (stray,), ChangeKind.ADD, merge=True)])
    store.commit([GraphChange(GRAPHS[0], (Triple(OFFERINGS[0], TYPE, KG.PostgreSQL),), merge=True)])
    follower.follow()
    assert run_rules(store, BASE).changed == 0
    assert stray not in store.graph(RULES_GRAPH)
