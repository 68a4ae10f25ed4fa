"""Labels follow the evidence: an oracle in plain Python, and the stories behind it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from label_store import MemoryStore

from kgservice.labels import Outcome, accredited_issuers, derive_labels, label_status
from kgservice.labels.schemes import label_criteria, read_criteria
from kgservice.model.rdf import RDF, XSD, Iri, Literal, Triple
from kgservice.model.terms import KG, PROV
from kgservice.store.port import LABEL_GRAPH, META_GRAPH
from kgservice.store.vocabulary import turtle_triples

NOW = datetime(2026, 12, 1, tzinfo=UTC)
BODY = "did:web:cert.tuev-fiktiv.example"
ISO = "ISO/IEC 27001:2022"
BASIC = [one for one in label_criteria() if one.scheme.value.endswith("/eu-cloud-basic")]
OFFERING = "urn:ngsi-ld:product-offering:1"


@dataclass(frozen=True)
class Certificate:
    number: int
    document: str = "urn:doc:1"
    scope: tuple[str, ...] = (OFFERING,)
    standard: str = ISO
    issuer: str = BODY
    proof: str = "ProofValid"
    start: str = "2026-01-01T00:00:00Z"
    end: str = "2028-12-31T23:59:59Z"


def date_time(text: str) -> Literal:
    return Literal(text, XSD + "dateTime")


def store_with(*certificates: Certificate) -> MemoryStore:
    store = MemoryStore()
    for certificate in certificates:
        node = Iri(f"urn:certificate:{certificate.number}")
        triples = [
            Triple(node, Iri(RDF + "type"), KG.Certificate),
            Triple(node, KG.standard, Literal(certificate.standard)),
            *(Triple(node, KG.scope, Iri(scope)) for scope in certificate.scope),
        ]
        if certificate.start:
            triples.append(Triple(node, KG.validFrom, date_time(certificate.start)))
        if certificate.end:
            triples.append(Triple(node, KG.validUntil, date_time(certificate.end)))
        store.put(certificate.document, triples)
        document = Iri(certificate.document)
        store.put(
            META_GRAPH,
            [
                Triple(document, Iri(RDF + "type"), KG.Document),
                Triple(document, KG.proofResult, Iri(KG.NS + certificate.proof)),
                Triple(document, PROV.wasAttributedTo, Iri(certificate.issuer)),
            ],
        )
    return store


def test_a_signed_certificate_in_force_gives_the_label_with_validity_and_source() -> None:
    store = store_with(Certificate(1))
    report = derive_labels(store, NOW)
    assert (report.labels, report.offerings) == (1, (OFFERING,))
    facts = {(t.predicate, t.object) for t in store.graph(LABEL_GRAPH)}
    scheme = "https://w3id.org/kgservice/scheme/eu-cloud-basic"
    assert (KG.scheme, Iri(scheme)) in facts
    assert (KG.level, Iri(scheme + "/basic")) in facts
    assert (KG.validUntil, date_time("2028-12-31T23:59:59Z")) in facts
    assert (KG.evidence, KG.Certified) in facts
    assert (PROV.wasDerivedFrom, Iri("urn:doc:1")) in facts
    assert Triple(Iri(OFFERING), KG.certificate, Iri("urn:certificate:1")) in store.graph(
        LABEL_GRAPH
    )


def test_deriving_twice_changes_nothing() -> None:
    store = store_with(Certificate(1))
    derive_labels(store, NOW)
    assert derive_labels(store, NOW).changed == 0


def test_a_label_disappears_when_its_certificate_expires() -> None:
    store = store_with(Certificate(1, end="2026-12-31T00:00:00Z"))
    assert derive_labels(store, NOW).labels == 1
    assert derive_labels(store, NOW + timedelta(days=30)).labels == 0
    assert store.graph(LABEL_GRAPH) == []


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({"proof": "ProofInvalid"}, Outcome.UNKNOWN, "signature"),
        ({"proof": "ProofAbsent"}, Outcome.UNKNOWN, "signature"),
        ({"issuer": "did:web:prairie.example"}, Outcome.UNKNOWN, "not listed"),
        ({"end": "2026-11-30T00:00:00Z"}, Outcome.NOT_MET, "expired"),
        ({"start": "2027-01-01T00:00:00Z"}, Outcome.NOT_MET, "not valid yet"),
        ({"end": ""}, Outcome.UNKNOWN, "from when until when"),
        ({"end": "2028-12-31T00:00:00"}, Outcome.UNKNOWN, "from when until when"),
        ({"standard": "ISO 9001:2015"}, Outcome.UNKNOWN, "no source has"),
        ({"scope": ("urn:other",)}, Outcome.UNKNOWN, "no source has"),
        ({}, Outcome.MET, "every condition"),
    ],
)
def test_each_outcome_has_its_reason(
    change: dict[str, object], outcome: Outcome, reason: str
) -> None:
    store = store_with(replace(Certificate(1), **change))  # type: ignore[arg-type]
    (status,) = label_status(store, OFFERING, NOW, BASIC)
    assert status.outcome is outcome
    assert any(reason in item.message for item in status.reasons)
    labelled = derive_labels(store, NOW).offerings
    assert (OFFERING in labelled) == (outcome is Outcome.MET)


def test_a_stranger_cannot_widen_the_scope_of_a_good_certificate() -> None:
    """The same certificate IRI in a second, unsigned document makes a claim of its own."""
    evil = "urn:ngsi-ld:product-offering:prairie"
    forged = Certificate(
        1, document="urn:doc:2", scope=(evil,), issuer="did:web:x.example", proof="ProofAbsent"
    )
    store = store_with(Certificate(1), forged)
    assert derive_labels(store, NOW).offerings == (OFFERING,)
    (status,) = label_status(store, evil, NOW, BASIC)
    assert status.outcome is Outcome.UNKNOWN


def random_certificate(rng: random.Random, number: int) -> Certificate:
    dates = ["2025-01-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-06-01T00:00:00+02:00",
             "2029-01-01T00:00:00Z", "2026-01-01T00:00:00", ""]  # fmt: skip
    return Certificate(
        number=number,
        document=f"urn:doc:{number}",
        scope=tuple(rng.sample([f"urn:offering:{n}" for n in range(4)], rng.randint(1, 2))),
        standard=rng.choice(
            [ISO, ISO, "ISO/IEC 27001", "ISO 27001:2013", "ISO 9001", "xISO 27001"]
        ),
        issuer=rng.choice([BODY, BODY, BODY, "did:web:prairie.example"]),
        proof=rng.choice(["ProofValid"] * 4 + ["ProofInvalid", "ProofUnverifiable"]),
        start=rng.choice(dates),
        end=rng.choice(dates),
    )


def claim_outcome(certificate: Certificate) -> Outcome:
    """The oracle: what one relevant certificate says, in the words of the scheme."""
    if certificate.proof != "ProofValid" or certificate.issuer != BODY:
        return Outcome.UNKNOWN
    if "" in (certificate.start, certificate.end):
        return Outcome.UNKNOWN
    start, end = (datetime.fromisoformat(t) for t in (certificate.start, certificate.end))
    if start.tzinfo is None or end.tzinfo is None:
        return Outcome.UNKNOWN
    return Outcome.MET if start <= NOW < end else Outcome.NOT_MET


def expected(certificates: list[Certificate], offering: str) -> Outcome:
    outcomes = [
        claim_outcome(c)
        for c in certificates
        if offering in c.scope and c.standard in (ISO, "ISO/IEC 27001", "ISO 27001:2013")
    ]
    for outcome in (Outcome.MET, Outcome.UNKNOWN, Outcome.NOT_MET):
        if outcome in outcomes:
            return outcome
    return Outcome.UNKNOWN


def check(seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not for cryptography
    certificates = [random_certificate(rng, n) for n in range(rng.randint(0, 8))]
    store = store_with(*certificates)
    labelled = set(derive_labels(store, NOW).offerings)
    for number in range(4):
        offering = f"urn:offering:{number}"
        outcome = expected(certificates, offering)
        (status,) = label_status(store, offering, NOW, BASIC)
        assert status.outcome is outcome, (offering, certificates)
        assert (offering in labelled) == (outcome is Outcome.MET), (offering, certificates)


def test_random_certificates_agree_with_the_oracle() -> None:
    for seed in range(60):
        check(seed)


@pytest.mark.long
def test_many_random_certificates_agree_with_the_oracle() -> None:
    for seed in range(1000, 3000):
        check(seed)


def test_another_rule_file_and_no_code_changes_who_gets_the_label() -> None:
    source = resources.files("kgservice_shapes") / "labels" / "eu-cloud-basic.ttl"
    text = source.read_text(encoding="utf-8")
    stricter = text.replace("ISO(/IEC)? 27001", "ISO(/IEC)? 42001")
    criteria = read_criteria(turtle_triples(stricter))
    store = store_with(Certificate(1), Certificate(2, "urn:doc:2", standard="ISO/IEC 42001:2023"))
    assert derive_labels(store, NOW, criteria).labels == 1
    sources = {t.object for t in store.graph(LABEL_GRAPH) if t.predicate == PROV.wasDerivedFrom}
    assert sources == {Iri("urn:doc:2")}


def test_a_rule_that_lists_no_accreditation_accredits_nobody() -> None:
    """Everyone may make certificate statements about their own; that accredits nobody."""
    assert accredited_issuers() == {BODY}
