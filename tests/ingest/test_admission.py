"""The firewall: poisoned documents derive nothing about others, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.inference.closure import Reasoner
from kgservice.inference.tbox import load_tbox
from kgservice.ingest.admission import Admitted, Claim, Owners, admit
from kgservice.ingest.authority import AuthorityMatrix
from kgservice.ingest.policy import Policy
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple
from kgservice.model.terms import DCTERMS, KG, OWL, RDF, RDFS, SH

BASE = "http://kg.example/"
EX = "https://evil.example/"
EVIL, EVIL_CLASS = Iri(EX + "offering"), Iri(EX + "Class")
GOOD = Iri("https://good.example/offering")
GOOD_LABEL = Iri("https://good.example/label")
GX = "https://w3id.org/gaia-x/development#"
CATALOG = BASE + "catalog/evil"


def owl(name: str) -> Iri:
    return Iri(OWL.NS + name)


def claim_of(*own: Iri, owner: str = CATALOG, proven: bool = False) -> Claim:
    return Claim(owner, owner, proven, frozenset(x.value for x in own), (CATALOG + "/",))


def believed(policy: Policy, triples: list[Triple]) -> tuple[Admitted, set[Triple]]:
    """Admit as an unproven catalogue that owns EVIL, and derive, with GOOD's facts around."""
    owners = Owners(BASE, {GOOD.value: "did:web:good.example", GOOD_LABEL.value: "service"})
    claim = claim_of(EVIL, EVIL_CLASS)
    admitted = admit(triples, claim, owners.claim(claim), policy.matrix)
    around = [
        Triple(GOOD, RDF.type, KG.Offering),
        Triple(GOOD, KG.label, GOOD_LABEL),
        Triple(GOOD_LABEL, RDF.type, KG.Label),
    ]
    heard = [admitted.subjects]
    (derived,) = policy.reasoner.close_documents([admitted.triples], around, heard)
    return admitted, set(derived)


ATTACKS: dict[str, list[Triple]] = {
    "sameAs": [Triple(EVIL, OWL.sameAs, GOOD)],
    "sameAs the other way": [Triple(GOOD, OWL.sameAs, EVIL)],
    "subClassOf": [
        Triple(EVIL_CLASS, RDFS.subClassOf, KG.Label),
        Triple(EVIL, RDF.type, EVIL_CLASS),
    ],
    "domain": [Triple(DCTERMS.title, RDFS.domain, KG.Label)],
    "range": [Triple(KG.provider, RDFS.range, KG.Label)],
    "equivalentClass": [Triple(KG.Offering, owl("equivalentClass"), KG.Label)],
    "equivalentProperty": [Triple(DCTERMS.title, owl("equivalentProperty"), KG.label)],
    "subPropertyOf": [Triple(DCTERMS.title, RDFS.subPropertyOf, KG.label)],
    "inverseOf": [Triple(KG.label, owl("inverseOf"), KG.scope)],
    "property chain": [Triple(KG.label, owl("propertyChainAxiom"), RDF.nil)],
    "hasValue": [
        Triple(EVIL_CLASS, owl("onProperty"), KG.label),
        Triple(EVIL_CLASS, owl("hasValue"), GOOD_LABEL),
        Triple(EVIL, RDF.type, EVIL_CLASS),
    ],
    "someValuesFrom": [Triple(EVIL_CLASS, owl("someValuesFrom"), KG.Label)],
    "allValuesFrom": [Triple(EVIL_CLASS, owl("allValuesFrom"), KG.Label)],
    "intersectionOf": [Triple(KG.Label, owl("intersectionOf"), RDF.nil)],
    "unionOf": [Triple(KG.Label, owl("unionOf"), RDF.nil)],
    "oneOf": [Triple(KG.Label, owl("oneOf"), RDF.nil)],
    "functional property": [Triple(KG.provider, RDF.type, owl("FunctionalProperty"))],
    "inverse functional property": [
        Triple(KG.city, RDF.type, owl("InverseFunctionalProperty")),
        Triple(GOOD, KG.city, Literal("Delft")),
    ],
    "symmetric property": [Triple(KG.label, RDF.type, owl("SymmetricProperty"))],
    "transitive property": [Triple(KG.label, RDF.type, owl("TransitiveProperty"))],
    "key": [Triple(KG.Offering, owl("hasKey"), RDF.nil)],
    "differentFrom": [Triple(GOOD, owl("differentFrom"), GOOD)],
    "own label": [Triple(EVIL, KG.label, GOOD_LABEL)],
    "label of one's own": [Triple(EVIL, RDF.type, KG.Label)],
    "strong evidence": [Triple(EVIL, KG.evidence, KG.Certified)],
    "another's price": [Triple(GOOD, KG.price, EVIL)],
    "another's country": [Triple(GOOD, KG.location, EVIL)],
    "another's certificate": [Triple(GOOD, KG.certificate, EVIL)],
    "another's lifecycle": [Triple(GOOD, KG.lifecycleStatus, KG.Retired)],
    "another's type": [Triple(GOOD, RDF.type, KG.Container)],
    "a shape": [
        Triple(EVIL, RDF.type, SH.NodeShape),
        Triple(EVIL, SH.targetClass, KG.Offering),
    ],
    "a shape's rule": [Triple(EVIL, SH.rule, EVIL)],
    "an authority rule": [
        Triple(EVIL, RDF.type, KG.AuthorityRule),
        Triple(EVIL, KG.maySay, KG.CertificateStatements),
        Triple(EVIL, KG.forIssuer, KG.AnyIssuer),
    ],
    "a term of the vocabulary": [Triple(KG.Offering, DCTERMS.title, Literal("mine"))],
    "a named set": [Triple(KG.EEA, KG.member, EVIL)],
    "metadata": [Triple(EVIL, KG.proofResult, KG.ProofValid)],
    "a move path": [Triple(EVIL, KG.canMoveTo, GOOD)],
    "a profile": [Triple(EVIL, KG.profile, GOOD)],
    "a worker": [Triple(EVIL, RDF.type, KG.Worker)],
    "blank subject": [Triple(Blank("b"), KG.label, GOOD_LABEL)],
    "meta class": [Triple(EVIL_CLASS, RDF.type, owl("Class"))],
    "literal class": [Triple(EVIL, RDF.type, Literal("Label"))],
}


@pytest.mark.parametrize("name", ATTACKS)
def test_poisoned_document_derives_nothing(name: str, policy: Policy) -> None:
    attack = ATTACKS[name]
    admitted, derived = believed(policy, attack)
    everything = {*admitted.triples, *derived}
    assert everything == set(), name
    assert {r.triple for r in admitted.refusals} == set(attack)
    assert all(refusal.code for refusal in admitted.refusals)


def test_refusals_say_why(policy: Policy) -> None:
    expected = {
        "sameAs": "identity-statement",
        "subPropertyOf": "vocabulary-statement",
        "own label": "label-not-granted",
        "another's price": "subject-not-owned",
        "a worker": "class-not-allowed",
        "a move path": "predicate-not-allowed",
        "strong evidence": "value-not-allowed",
    }
    found = {name: believed(policy, ATTACKS[name])[0].refusals[0].code for name in expected}
    assert found == expected


def test_an_offering_and_its_nameless_nodes_are_admitted(policy: Policy) -> None:
    price = Iri(BASE + ".well-known/genid/1")
    claim = claim_of(EVIL, price)
    facts = [
        Triple(EVIL, RDF.type, KG.PostgreSQL),
        Triple(EVIL, KG.price, price),
        Triple(price, RDF.type, KG.PriceComponent),
        Triple(price, KG.amount, Literal("1", "http://www.w3.org/2001/XMLSchema#decimal")),
        Triple(EVIL, Iri(GX + "name"), Literal("kept as found")),
    ]
    admitted = admit(facts, claim, Owners(BASE).claim(claim), policy.matrix)
    assert admitted.refusals == ()
    assert admitted.triples == tuple(facts)


def test_the_first_who_describes_a_subject_owns_it() -> None:
    owners = Owners(BASE)
    assert owners.claim(claim_of(GOOD, owner="did:web:good.example", proven=True)) == {GOOD.value}
    assert owners.claim(claim_of(GOOD)) == frozenset()


def test_the_services_own_things_and_the_vocabulary_cannot_be_claimed() -> None:
    things = [
        Iri(BASE + "service/1"),
        Iri(BASE + "catalog/other/offering/1"),
        KG.Offering,
        Iri("urn:kgservice:labels"),
        Iri("http://publications.europa.eu/resource/authority/country/USA"),
    ]
    assert Owners(BASE).claim(claim_of(*things)) == frozenset()
    mine = Iri(CATALOG + "/offering/1")
    assert Owners(BASE).claim(claim_of(mine)) == {mine.value}


def test_an_accredited_body_may_certify_others_but_only_with_a_valid_proof(
    policy: Policy,
) -> None:
    body = "did:web:cert.tuev-fiktiv.example"
    certificate = Iri("https://cert.tuev-fiktiv.example/c/1")
    facts = [
        Triple(GOOD, KG.certificate, certificate),
        Triple(certificate, RDF.type, KG.Certificate),
        Triple(GOOD, KG.noticePeriod, Literal("P1M")),
    ]
    outcomes = {}
    for proven in (True, False):
        claim = claim_of(certificate, owner=body, proven=proven)
        admitted = admit(facts, claim, frozenset({certificate.value}), policy.matrix)
        outcomes[proven] = [r.triple for r in admitted.refusals]
    assert outcomes == {True: [facts[2]], False: [facts[0], facts[2]]}


def test_nothing_is_laundered_through_an_alignment(policy: Policy) -> None:
    """A predicate of an allowed namespace that our axioms turn into a label is refused."""
    alias = Iri(GX + "label")
    schema = [*load_tbox(), Triple(alias, RDFS.subPropertyOf, KG.label)]
    rules = [
        Triple(Iri("urn:rule"), KG.forIssuer, KG.AnyIssuer),
        Triple(Iri("urn:rule"), KG.maySay, KG.ForeignStatements),
        Triple(KG.ForeignStatements, KG.includesNamespace, Literal(GX)),
    ]
    claim = claim_of(EVIL)
    matrix = AuthorityMatrix(rules, schema)
    facts = [Triple(EVIL, alias, GOOD_LABEL), Triple(EVIL, Iri(GX + "name"), Literal("x"))]
    admitted = admit(facts, claim, frozenset({EVIL.value}), matrix)
    assert [r.triple for r in admitted.refusals] == facts[:1]


def test_an_inverse_does_not_let_one_speak_about_anothers_things() -> None:
    offers = Iri(EX + "offers")
    reasoner = Reasoner(
        [
            Triple(offers, owl("inverseOf"), KG.provider),
            Triple(KG.subjectToLaw, owl("propertyChainAxiom"), Blank("c")),
            Triple(Blank("c"), RDF.first, KG.provider),
            Triple(Blank("c"), RDF.rest, Blank("d")),
            Triple(Blank("d"), RDF.first, KG.headquarters),
            Triple(Blank("d"), RDF.rest, RDF.nil),
        ]
    )
    evil = [Triple(EVIL, offers, GOOD), Triple(EVIL, KG.headquarters, KG.EEA)]
    good = [Triple(GOOD, KG.provider, GOOD_LABEL)]
    assert Triple(GOOD, KG.provider, EVIL) in reasoner.close(evil).derived
    derived = reasoner.close_documents([evil, good], (), [{EVIL.value}, {GOOD.value}])
    assert derived == [(), ()]


subjects = st.sampled_from([EVIL, GOOD, KG.Offering, Iri(BASE + "plan/1"), Blank("x")])
predicates = st.sampled_from(
    [
        KG.price,
        KG.storage,
        KG.label,
        KG.evidence,
        KG.canMoveTo,
        OWL.sameAs,
        RDFS.subClassOf,
        RDF.type,
        DCTERMS.title,
        SH.rule,
        Iri(GX + "name"),
        Iri("urn:unknown"),
        RDFS.label,
    ]
)
values: st.SearchStrategy[Term] = st.sampled_from(
    [KG.PostgreSQL, KG.Label, KG.Worker, KG.SelfDeclared, KG.Certified, GOOD, Literal("x")]
)
SAYABLE = {KG.price, KG.storage, DCTERMS.title, Iri(GX + "name"), RDFS.label}


def may_be_said(triple: Triple) -> bool:
    """The matrix as a reader would say it: own things, plain facts, kinds of offerings."""
    if triple.subject != EVIL:
        return False
    if triple.predicate == RDF.type:
        return triple.object == KG.PostgreSQL
    if triple.predicate == KG.evidence:
        return triple.object == KG.SelfDeclared
    return triple.predicate in SAYABLE


@settings(max_examples=300, deadline=None)
@given(triples=st.lists(st.builds(Triple, subjects, predicates, values), max_size=8))
def test_what_is_admitted_is_what_may_be_said(policy: Policy, triples: list[Triple]) -> None:
    admitted, derived = believed(policy, triples)
    assert list(admitted.triples) == [t for t in triples if may_be_said(t)]
    assert len(admitted.refusals) + len(admitted.triples) == len(triples)
    assert all(t.subject == EVIL for t in derived)
