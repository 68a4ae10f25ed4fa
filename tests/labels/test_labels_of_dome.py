"""Labels of DOME against an oracle: random markets, credentials, owners and sellers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from kgservice.labels import derive_labels, label_criteria, label_status
from kgservice.labels.following import LabelFollower
from kgservice.model.rdf import XSD, Iri, Literal, Triple
from kgservice.model.terms import KG, PROV, RDF, SCHEMA
from kgservice.store import open_store
from kgservice.store.port import LABEL_GRAPH, META_GRAPH, ChangeKind, GraphChange, Store

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CERTIFIER, TUEV = "did:web:certifier.example", "did:web:cert.tuev-fiktiv.example"
RULE = Iri("urn:example:certifier")
AUTHORITY = (
    Triple(RULE, KG.forIssuer, Iri(CERTIFIER)),
    Triple(RULE, KG.maySay, KG.DomeLabelStatements),
    Triple(RULE, KG.aboutSubjects, KG.AnySubject),
)
DOME = tuple(one for one in label_criteria() if one.scheme.value.endswith("/dome"))
ORDER = {"BL": "baseline", "P": "professional", "P+": "professional-plus"}
PROVIDED = Iri(SCHEMA.NS + "provider")
OFFERED = Iri(SCHEMA.NS + "itemOffered")


@dataclass
class Offer:
    """The document of an offering, and what it says of the specification."""

    document: str
    offering: str
    specification: str
    owns: bool = True
    sellers: set[str] = field(default_factory=set)
    makers: set[str] = field(default_factory=set)


@dataclass
class Stated:
    """The document of a label credential."""

    document: str
    about: str
    levels: set[str]
    issuer: str
    proof: str
    start: str
    end: str


World = dict[str, Offer | Stated]


def expected(world: World, at: datetime) -> set[tuple[str, str, str]]:
    """The oracle: offering, level and credential of every label."""
    offers = [one for one in world.values() if isinstance(one, Offer)]
    found = set()
    for one in (c for c in world.values() if isinstance(c, Stated)):
        good = one.issuer == CERTIFIER and one.proof == "ProofValid" and len(one.levels) == 1
        level = ORDER.get(next(iter(one.levels)))
        if not good or level is None or not one.start or not one.end:
            continue
        if not datetime.fromisoformat(one.start) <= at < datetime.fromisoformat(one.end):
            continue
        makers = {m for o in offers if o.owns and o.specification == one.about for m in o.makers}
        for offering in {o.offering for o in offers}:
            mine = [o for o in offers if o.offering == offering and o.specification == one.about]
            sellers = {s for o in mine for s in o.sellers}
            if any(o.owns for o in mine) and sellers == makers:
                found.add((offering, level, one.document))
    return found


def change_of(one: Offer | Stated) -> list[GraphChange]:
    node = Iri(one.document)
    about = [Triple(node, RDF.type, KG.Document)]
    if isinstance(one, Offer):
        offering, specification = Iri(one.offering), Iri(one.specification)
        stated = [
            Triple(offering, RDF.type, KG.Offering),
            Triple(offering, OFFERED, specification),
            *(Triple(offering, KG.provider, Iri(seller)) for seller in one.sellers),
            *(Triple(specification, PROVIDED, Iri(maker)) for maker in one.makers),
        ]
        about.append(Triple(node, KG.describes, offering))
        about += [Triple(node, KG.describes, specification)] if one.owns else []
    else:
        credential = Iri(f"{one.document}#credential")
        stated = [Triple(credential, KG.scope, Iri(one.about))]
        stated += [Triple(credential, KG.statedLevel, Literal(level)) for level in one.levels]
        about.append(Triple(node, KG.proofResult, Iri(KG.NS + one.proof)))
        about.append(Triple(node, PROV.wasAttributedTo, Iri(one.issuer)))
        for name, text in ((KG.proofValidFrom, one.start), (KG.proofValidUntil, one.end)):
            about += [Triple(node, name, Literal(text, XSD + "dateTime"))] if text else []
    return [
        GraphChange(one.document, tuple(stated), merge=True),
        GraphChange(META_GRAPH, tuple(about), ChangeKind.DESCRIBE),
    ]


def random_one(rng: random.Random, number: int) -> Offer | Stated:
    specification = f"urn:specification:{rng.randrange(3)}"
    people = ["urn:party:a", "urn:party:b"]
    if rng.random() < 0.6:
        maker = set(rng.sample(people, rng.choice([0, 1, 1, 1, 1, 2])))
        return Offer(
            f"urn:doc:{number}", f"urn:offering:{rng.randrange(3)}", specification,
            owns=rng.random() < 0.8, makers=maker,
            sellers=maker if rng.random() < 0.7 else set(rng.sample(people, rng.randint(0, 2))),
        )  # fmt: skip
    moments = ["2026-01-01T00:00:00+00:00", "2026-11-30T12:00:00+00:00", ""]
    ends = ["2026-12-01T00:00:00+00:00", "2027-06-01T00:00:00+00:00", "2099-01-01T00:00:00Z", ""]
    proofs = ["ProofValid"] * 5 + ["ProofExpired", "ProofRevoked", "ProofUnverifiable"]
    return Stated(
        f"urn:doc:{number}", specification,
        set(rng.sample(["BL", "P", "P+", "L1"], rng.choice([1, 1, 1, 1, 2]))),
        rng.choice([CERTIFIER] * 4 + [TUEV]), rng.choice(proofs),
        rng.choice([moments[0]] * 3 + moments), rng.choice([ends[2]] * 3 + ends),
    )  # fmt: skip


def labels(store: Store) -> set[tuple[str, str, str]]:
    stated = store.graph(LABEL_GRAPH)
    level = {t.subject: str(t.object).rpartition("/")[2] for t in stated if t.predicate == KG.level}
    source = {t.subject: str(t.object) for t in stated if t.predicate == PROV.wasDerivedFrom}
    return {
        (str(t.subject), level[t.object], source[t.object])
        for t in stated
        if t.predicate == KG.label
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("data"), query_workers=1)
    yield opened
    opened.close()


def check(store: Store, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not for cryptography
    store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in store.graphs()])
    follower = LabelFollower(store, DOME)
    world: World = {}
    at = NOW
    for _ in range(12):
        for number in rng.sample(range(8), rng.randint(1, 4)):
            name = f"urn:doc:{number}"
            if rng.random() < 0.15:
                world.pop(name, None)
                store.commit([GraphChange(name, kind=ChangeKind.DELETE)])
            else:
                world[name] = random_one(rng, number)
                store.commit(change_of(world[name]))
        at += timedelta(hours=rng.choice([0, 0, -24, 1, 5000]))
        followed = follower.follow(at, AUTHORITY)
        assert labels(store) == expected(world, at), world
        assert derive_labels(store, at, DOME, authority=AUTHORITY).changed == 0
        assert followed.labels == len(expected(world, at))
        check_status(store, world, at)


def check_status(store: Store, world: World, at: datetime) -> None:
    """A level is met exactly where a label of it, or of a higher level, was concluded."""
    order = list(ORDER.values())
    granted = {(o, order.index(level)) for o, level, _ in expected(world, at)}
    for offering in {f"urn:offering:{n}" for n in range(3)}:
        for one in label_status(store, offering, at, DOME, authority=AUTHORITY):
            place = order.index(one.level.value.rpartition("/")[2])
            is_granted = any(o == offering and has >= place for o, has in granted)
            assert (one.outcome.value == "met") == is_granted, (offering, one, world)


def test_random_markets_agree_with_the_oracle_and_so_does_following_them(store: Store) -> None:
    for seed in range(8):
        check(store, seed)


@pytest.mark.long
def test_many_random_markets_agree_with_the_oracle(store: Store) -> None:
    for seed in range(1000, 1150):
        check(store, seed)


def test_a_certifier_of_another_scheme_gives_no_label_of_dome(store: Store) -> None:
    store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in store.graphs()])
    offer = Offer("urn:doc:1", "urn:offering:1", "urn:specification:1")
    stated = Stated("urn:doc:2", "urn:specification:1", {"P+"}, TUEV, "ProofValid",
                    "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z")  # fmt: skip
    store.commit([*change_of(offer), *change_of(stated)])
    assert derive_labels(store, NOW, DOME, authority=AUTHORITY).labels == 0
    assert derive_labels(store, NOW, DOME).labels == 0, "nobody is listed by default"


def test_a_credential_about_an_offering_itself_counts_for_it(store: Store) -> None:
    store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in store.graphs()])
    offer = Offer("urn:doc:1", "urn:offering:1", "urn:specification:1", sellers={"urn:party:a"})
    stated = Stated("urn:doc:2", "urn:offering:1", {"BL"}, CERTIFIER, "ProofValid",
                    "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z")  # fmt: skip
    store.commit([*change_of(offer), *change_of(stated)])
    assert derive_labels(store, NOW, DOME, authority=AUTHORITY).offerings == ("urn:offering:1",)
