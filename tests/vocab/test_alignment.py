"""Alignment and vocabulary only give sufficient conditions, and never compliance."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from turtle_graphs import KG as NAMESPACE
from turtle_graphs import ROOT, quads_of

from kgservice.inference.closure import Reasoner
from kgservice.inference.tbox import load_tbox
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG, RDF
from kgservice.store.vocabulary import alignment_triples, vocabulary_triples

OWL = "http://www.w3.org/2002/07/owl#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SUB_CLASS, SUB_PROPERTY = RDFS + "subClassOf", RDFS + "subPropertyOf"
COMPLIANCE = {
    iri.value
    for iri in (
        KG.Label, KG.LabelLevel, KG.LabelScheme, KG.Certificate, KG.CodeOfConduct, KG.Criterion,
        KG.FeasibleComposition, KG.label, KG.certificate, KG.codeOfConduct, KG.level, KG.evidence,
        KG.completeFor, KG.proofResult,
    )
}  # fmt: skip
FORBIDDEN_WORDS = """allValuesFrom sameAs equivalentClass equivalentProperty hasKey unionOf oneOf
FunctionalProperty InverseFunctionalProperty maxCardinality maxQualifiedCardinality"""
FORBIDDEN = {OWL + word for word in FORBIDDEN_WORDS.split()} | {RDFS + "domain", RDFS + "range"}
ALIGN_FILES = sorted((ROOT / "vocab" / "align").glob("*.ttl"))
GENERATIONS = (
    "https://w3id.org/gaia-x/2511#",
    "https://w3id.org/gaia-x/2411#",
    "https://w3id.org/gaia-x/development#",
    "https://registry.lab.gaia-x.eu/development/api/trusted-shape-registry/v1/shapes/jsonld/"
    "trustframework#",
)


@pytest.mark.parametrize("path", ALIGN_FILES, ids=lambda path: path.stem)
def test_alignment_uses_sub_class_and_sub_property_only(path: Path) -> None:
    odd = [q for q in quads_of(path) if q.predicate.value not in (SUB_CLASS, SUB_PROPERTY)]
    assert not odd
    assert all(isinstance(q.object, ox.NamedNode) for q in quads_of(path))


@pytest.mark.parametrize("path", ALIGN_FILES, ids=lambda path: path.stem)
def test_each_alignment_goes_one_way(path: Path) -> None:
    def own(node: object) -> bool:
        return isinstance(node, ox.NamedNode) and node.value.startswith(NAMESPACE)

    quads = quads_of(path)
    if path.stem == "outbound":
        assert all(own(q.subject) and not own(q.object) for q in quads)
    else:
        assert not any(own(q.subject) for q in quads)


def test_no_axiom_leads_to_labels_certificates_or_completeness() -> None:
    """Whoever could be inferred into these classes would have compliance made up by OWL."""
    axioms = {SUB_CLASS, SUB_PROPERTY}
    leading = [
        triple
        for triple in (*alignment_triples(), *vocabulary_triples())
        if triple.predicate.value in axioms
        and isinstance(triple.object, Iri)
        and triple.object.value in COMPLIANCE
    ]
    assert not leading


def test_vocabulary_and_alignment_have_no_axiom_that_fabricates_facts() -> None:
    odd = [
        triple
        for triple in (*alignment_triples(), *vocabulary_triples())
        if triple.predicate.value in FORBIDDEN
        or (triple.predicate == RDF.type and str(triple.object) in FORBIDDEN)
    ]
    assert not odd


@pytest.mark.parametrize("namespace", GENERATIONS)
def test_provider_and_kind_follow_from_every_gaia_x_generation(namespace: str) -> None:
    offering, party = Iri("urn:x:o"), Iri("urn:x:p")
    stated = [
        Triple(offering, RDF.type, Iri(namespace + "ServiceOffering")),
        Triple(offering, Iri(namespace + "providedBy"), party),
        Triple(party, RDF.type, Iri(namespace + "LegalPerson")),
        Triple(party, Iri(namespace + "legalName"), Iri("urn:x:name")),
    ]
    derived = set(Reasoner(load_tbox()).close(stated).derived)
    assert Triple(offering, RDF.type, KG.Offering) in derived
    assert Triple(offering, KG.provider, party) in derived
    assert Triple(party, RDF.type, KG.Provider) in derived
    assert Triple(offering, Iri("http://schema.org/provider"), party) in derived


def test_schema_org_statements_become_no_facts_of_ours() -> None:
    stated = [Triple(Iri("urn:x:o"), Iri("http://schema.org/provider"), Iri("urn:x:p"))]
    derived = Reasoner(load_tbox()).close(stated).derived
    assert not [t for t in derived if t.predicate.value.startswith(NAMESPACE)]
