"""Whatever a hostile catalogue combines, what is known of others stays what it is without it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from made_up_source import AT, BASE

from kgservice.ingest.pipeline import after_sync
from kgservice.ingest.policy import Policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import Credential, SourceDocument
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import KG, OWL, RDF, RDFS
from kgservice.store.port import QueryScope, Store
from tests.signing import credential, did_document, new_key, token

SEED = int(os.environ.get("KG_SEED", "20261124"))
BODY, EVIL, HONEST = "did:web:cert.tuev-fiktiv.example", "did:web:evil.example", "did:web:h.example"
KEYS = {name: new_key() for name in (BODY, EVIL, HONEST)}
OFFER, MINE = "urn:honest:offer", "urn:evil:offer"
BASIC = "https://w3id.org/kgservice/scheme/eu-cloud-basic/basic"
NAMELESS = BASE + ".well-known/genid/0"
CERTIFICATE = "urn:honest:certificate"
NLD, USA = (
    "http://publications.europa.eu/resource/authority/country/" + code for code in ("NLD", "USA")
)


def signed(issuer: str, name: str, key: str = "", **changes: Any) -> Credential:  # noqa: ANN401
    claims = credential(issuer=issuer, id=name, **changes)
    text = token(claims, KEYS[key or issuer], kid=f"{issuer}#key-1")
    return Credential(name, issuer, "vc-jwt", text)


def document(name: str, *triples: Triple, by: Credential | None = None) -> SourceDocument:
    own = frozenset(t.subject.value for t in triples if isinstance(t.subject, Iri))
    primary = next(t.subject for t in triples if isinstance(t.subject, Iri))
    content = repr((name, triples, by)).encode()
    return SourceDocument(name, "text/plain", content, primary, own, triples, by)


def say(subject: str, predicate: Iri, value: Term | str) -> Triple:
    return Triple(Iri(subject), predicate, Iri(value) if isinstance(value, str) else value)


def moment(text: str) -> Literal:
    return Literal(text, "http://www.w3.org/2001/XMLSchema#dateTime")


def certificate(scope: str, name: str = CERTIFICATE) -> tuple[Triple, ...]:
    return (
        say(name, RDF.type, KG.Certificate.value),
        say(name, KG.standard, Literal("ISO/IEC 27001:2022")),
        say(name, KG.scope, scope),
        say(name, KG.validFrom, moment("2026-01-01T00:00:00Z")),
        say(name, KG.validUntil, moment("2098-01-01T00:00:00Z")),
    )


HONEST_DOCUMENTS = (
    document(
        "provider",
        say(HONEST, RDF.type, KG.Provider.value),
        say(HONEST, KG.headquarters, NLD),
        by=signed(HONEST, "urn:c:provider"),
    ),
    document(
        "offer",
        say(OFFER, RDF.type, KG.PostgreSQL.value),
        say(OFFER, KG.provider, HONEST),
        say(OFFER, RDFS.label, Literal("honest")),
        by=signed(HONEST, "urn:c:offer"),
    ),
    document("certificate", *certificate(OFFER), by=signed(BODY, "urn:c:certificate")),
)

SUBJECTS = [
    OFFER, HONEST, MINE, CERTIFICATE, KG.PostgreSQL.value, KG.label.value, KG.provider.value,
    BASIC, "urn:kgservice:labels", "urn:kgservice:meta", BASE + "graph/honest/x", NLD, BODY,
    NAMELESS, MINE + "#c", "https://w3id.org/kgservice/authority/own-offerings",
]  # fmt: skip
PREDICATES = [
    RDF.type, OWL.sameAs, RDFS.subClassOf, RDFS.domain, RDFS.range, RDFS.subPropertyOf,
    OWL.equivalentClass, Iri(OWL.NS + "propertyChainAxiom"), Iri(OWL.NS + "hasKey"),
    KG.label, KG.level, KG.certificate, KG.scope, KG.issuer, KG.evidence, KG.proofResult,
    KG.provider, KG.headquarters, KG.noticePeriod, KG.price, KG.completeFor, KG.maySay,
    KG.forIssuer, KG.aboutSubjects, KG.describes, KG.ownerKey, RDFS.label, KG.standard,
    KG.validUntil, KG.subjectToLaw,
]  # fmt: skip
VALUES: list[Term] = [
    *(Iri(subject) for subject in SUBJECTS), Iri(USA), Iri(EVIL), KG.Label, KG.Worker, KG.Certified,
    KG.ProofValid, KG.CertificateStatements, KG.AnySubject, KG.AnyIssuer, Iri(KG.NS + "Offering"),
    Iri(OWL.NS + "InverseFunctionalProperty"), Literal("ISO/IEC 27001:2022"), Literal("P99Y"),
    Literal("honest"), moment("2098-01-01T00:00:00Z"), Literal("NaN"), Literal("x", language="en"),
]  # fmt: skip


def hostile(dice: random.Random) -> SourceDocument:
    statements = [
        Triple(Iri(dice.choice(SUBJECTS)), dice.choice(PREDICATES), dice.choice(VALUES))
        for _ in range(dice.randint(1, 12))
    ]
    statements += [say(MINE, RDF.type, KG.PostgreSQL.value), *certificate(MINE, MINE + "#c")]
    name = f"urn:c:{dice.choice(['offer', 'certificate', 'evil'])}"
    by = dice.choice(
        [
            None,
            signed(BODY, name, EVIL),
            signed(EVIL, name),
            signed(HONEST, name, EVIL),
            signed(BODY, name, validUntil="2026-01-02T00:00:00Z"),
            Credential(name, BODY),
        ]
    )
    return document(f"evil-{dice.randint(0, 2)}", *statements, by=by)


def known(store: Store) -> set[Triple]:
    """All that is believed, but for what the hostile catalogue says of its own things."""
    with store.session(scope=QueryScope()) as session:
        found = session.triples("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", where="snapshot")
    mine = ("urn:evil:", f"{BASE}graph/evil/", f"{BASE}catalog/evil", EVIL, NAMELESS)
    return {t for t in found if not str(t.subject).startswith(mine)}


@pytest.fixture(scope="module")
def trusting(policy: Policy) -> Policy:
    return replace(policy, did_documents={n: did_document(n, key) for n, key in KEYS.items()})


@pytest.fixture
def before(store: Store, take: Callable[..., SyncReport], trusting: Policy) -> set[Triple]:
    take("honest", *HONEST_DOCUMENTS, policy=trusting)
    after_sync(store, BASE, AT)
    found = known(store)
    assert any(t.subject == Iri(OFFER) and t.predicate == KG.label for t in found)
    return found


def test_random_hostile_statements_change_nothing_for_others(
    store: Store, take: Callable[..., SyncReport], trusting: Policy, before: set[Triple]
) -> None:
    dice = random.Random(SEED)  # noqa: S311 - a test
    refused = 0
    for number in range(40):
        documents = {d.source_id: d for d in (hostile(dice) for _ in range(3))}
        report = take("evil", *documents.values(), policy=trusting)
        after_sync(store, BASE, AT)
        refused += report.counts["refused"]
        now = known(store)
        difference = (sorted(map(str, now - before)), sorted(map(str, before - now)))
        assert difference == ([], []), f"seed {SEED}, round {number}"
        labelled = store.session(scope=QueryScope())
        with labelled as session:
            assert not session.triples(
                f"CONSTRUCT {{ <{MINE}> <{KG.label}> ?l }} WHERE {{ <{MINE}> <{KG.label}> ?l }}",
                where="snapshot",
            )
    assert refused > 100
