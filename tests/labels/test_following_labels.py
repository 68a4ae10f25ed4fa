"""Following changes and time comes to the same as looking at every certificate: the oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import resources

import pytest
from test_label_derivation import BODY, NOW, Certificate, random_certificate

from kgservice.labels import derive_labels
from kgservice.labels import following as module
from kgservice.labels.following import LabelFollower
from kgservice.labels.locality import local_rule
from kgservice.labels.schemes import Criterion, label_criteria, read_criteria
from kgservice.model.rdf import RDF, XSD, Iri, Literal, Triple
from kgservice.model.terms import KG, PROV
from kgservice.store import open_store
from kgservice.store.port import LABEL_GRAPH, META_GRAPH, ChangeKind, GraphChange, Store
from kgservice.store.vocabulary import turtle_triples

CLAIMS = [KG.standard, KG.scope, KG.validFrom, KG.validUntil, KG.issuer, KG.proofResult]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("data"), query_workers=1)
    yield opened
    opened.close()


def empty(store: Store) -> None:
    store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in store.graphs()])


def stated(certificates: list[Certificate], document: str) -> GraphChange:
    triples = []
    for certificate in certificates:
        node = Iri(f"urn:certificate:{certificate.number}")
        triples += [
            Triple(node, Iri(RDF + "type"), KG.Certificate),
            Triple(node, KG.standard, Literal(certificate.standard)),
            *(Triple(node, KG.scope, Iri(scope)) for scope in certificate.scope),
        ]
        for predicate, text in (
            (KG.validFrom, certificate.start),
            (KG.validUntil, certificate.end),
        ):
            if text:
                triples.append(Triple(node, predicate, Literal(text, XSD + "dateTime")))
    return GraphChange(document, tuple(triples), merge=True)


def proof(document: str, result: str, issuer: str) -> GraphChange:
    node = Iri(document)
    about = (
        Triple(node, Iri(RDF + "type"), KG.Document),
        Triple(node, KG.proofResult, Iri(KG.NS + result)),
        Triple(node, PROV.wasAttributedTo, Iri(issuer)),
    )
    return GraphChange(META_GRAPH, about, ChangeKind.DESCRIBE)


def random_changes(rng: random.Random) -> list[GraphChange]:
    document = f"urn:doc:{rng.randrange(5)}"
    what = rng.random()
    if what < 0.2:
        return [GraphChange(document, kind=ChangeKind.DELETE)]
    if what < 0.45:  # revoked, or checked again
        issuer = rng.choice([BODY, BODY, "did:web:prairie.example"])
        return [proof(document, rng.choice(["ProofValid", "ProofRevoked"]), issuer)]
    found = [random_certificate(rng, rng.randrange(6)) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.2:
        odd = rng.choice(["2026-12-01T24:00:00Z", "12026-01-01T00:00:00Z", "soon"])
        found[0] = replace(found[0], end=odd)
    return [stated(found, document), proof(document, found[0].proof, found[0].issuer)]


def check(store: Store, seed: int, criteria: tuple[Criterion, ...]) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not for cryptography
    empty(store)
    follower = LabelFollower(store, criteria)
    as_of = NOW
    for _ in range(15):
        if rng.random() < 0.8:
            store.commit([c for _ in range(rng.randint(1, 2)) for c in random_changes(rng)])
        if rng.random() < 0.5:
            as_of += timedelta(hours=rng.choice([-9000, -24, -1, 1, 9, 14, 24, 5000, 20000]))
        followed = follower.follow(as_of)
        whole = derive_labels(store, as_of, criteria)
        assert whole.changed == 0
        assert (whole.labels, whole.offerings) == (followed.labels, followed.offerings)
        assert whole.claims == followed.claims


def test_random_evidence_and_time_come_to_what_looking_at_everything_does(store: Store) -> None:
    for seed in range(10):
        check(store, seed, label_criteria())


@pytest.mark.long
def test_much_random_evidence_comes_to_what_looking_at_everything_does(store: Store) -> None:
    for seed in range(1000, 1200):
        check(store, seed, label_criteria())


def scheme(**changes: str) -> tuple[Criterion, ...]:
    source = resources.files("kgservice_shapes") / "labels" / "eu-cloud-basic.ttl"
    text = source.read_text(encoding="utf-8")
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return read_criteria(turtle_triples(text))


END = "FILTER(?from <= ?now && ?now < ?until)"
OTHERS = {
    "another certificate decides": (
        END,
        END + " FILTER NOT EXISTS { ?second kg:issuer ?issuer ; kg:proofResult kg:ProofRevoked }",
    ),
    "a grace period": (END, "FILTER(?from <= ?now && YEAR(?now) <= YEAR(?until))"),
    "the moment is told": ("?until ;\n    kg:evidence", "?now ;\n    kg:evidence"),
    "the clock decides": (END, "FILTER(?from <= ?now && NOW() < ?until)"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OTHERS))
def test_a_rule_that_looks_further_is_run_over_everything(store: Store, name: str) -> None:
    criteria = scheme(change=OTHERS[name])
    assert any(local_rule(one.rule, CLAIMS) is None for one in criteria)
    check(store, 7, criteria)


def test_the_bundled_rule_judges_each_certificate_by_itself() -> None:
    assert all(local_rule(one.rule, CLAIMS) is not None for one in label_criteria())


def test_what_did_not_change_is_not_judged_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(store)
    for number in range(3):
        name = f"urn:doc:{number}"
        one = Certificate(number, name, scope=(f"urn:offering:{number}",))
        store.commit([stated([one], name), proof(name, one.proof, one.issuer)])
    follower = LabelFollower(store)
    assert follower.follow(NOW).labels == 3
    judged: list[str] = []
    asked = module.claims_of
    monkeypatch.setattr(
        module, "claims_of", lambda names: judged.extend(map(str, names)) or asked(names)
    )
    follower.follow(NOW + timedelta(minutes=1))
    assert judged == []
    store.commit([proof("urn:doc:1", "ProofRevoked", BODY)])
    assert follower.follow(NOW + timedelta(minutes=2)).labels == 2
    assert judged == ["urn:doc:1"]


def test_somebody_elses_write_to_the_label_graph_is_put_right(store: Store) -> None:
    empty(store)
    one = Certificate(1)
    store.commit([stated([one], one.document), proof(one.document, one.proof, one.issuer)])
    follower = LabelFollower(store)
    follower.follow(NOW)
    stray = Triple(Iri("urn:x"), KG.label, Iri("urn:l"))
    store.commit([GraphChange(LABEL_GRAPH, (stray,), ChangeKind.ADD, merge=True)])
    store.commit([GraphChange(one.document, kind=ChangeKind.DELETE)])
    assert follower.follow(NOW).labels == 0
    assert store.graph(LABEL_GRAPH) == []
