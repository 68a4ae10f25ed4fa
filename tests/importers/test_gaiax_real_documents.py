"""Documents that others published, read as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from kgservice_importers.gaiax import IMPORTER
from small_vocabulary import AUTHORITY, context

from kgservice.model.documents import SourceDocument
from kgservice.model.errors import Problem
from kgservice.model.rdf import RDF, Iri, Literal
from kgservice.model.terms import KG

GX = "https://w3id.org/gaia-x/2511#"
TAGUS = (
    "https://registry.lab.gaia-x.eu/development/api/trusted-shape-registry/v1/shapes/jsonld/"
    "trustframework#"
)
GAX = "http://w3id.org/gaia-x/"
TYPE = Iri(RDF + "type")
GERMANY = Iri(AUTHORITY + "DEU")


@pytest.fixture
def gaia_x(shared_data: Path) -> Path:
    return shared_data / "gaia-x"


def read(path: Path) -> tuple[list[SourceDocument], list[Problem]]:
    items = list(IMPORTER.read(str(path), context("rijn")))
    return (
        [item for item in items if isinstance(item, SourceDocument)],
        [item for item in items if isinstance(item, Problem)],
    )


def one(path: Path) -> SourceDocument:
    documents, problems = read(path)
    assert problems == []
    (document,) = documents
    return document


def values(document: SourceDocument, predicate: Iri | str) -> set[str]:
    wanted = predicate.value if isinstance(predicate, Iri) else predicate
    return {t.object.value for t in document.triples if t.predicate.value == wanted}  # type: ignore[union-attr]


def test_loire_service_offering_as_jwt(gaia_x: Path) -> None:
    document = one(gaia_x / "loire-2511-jwt/service-offering.loire.signed.jwt")
    offering = "https://service-provider.example.com/offering/1"
    assert document.primary == Iri(offering)
    assert document.source_id == "urn:uuid:bdd-so-001"
    assert (document.primary, TYPE, Iri(GX + "ServiceOffering")) in document.triples
    assert values(document, KG.headquarters) == {GERMANY.value}
    assert values(document, KG.termsDocument) == {"https://service-provider.example.com/terms"}
    credential = document.credential
    assert credential is not None
    assert (credential.issuer, credential.proof_kind) == ("did:web:did-server", "vc-jwt")
    assert credential.valid_until == "2027-12-31T23:59:59Z"
    assert credential.token.encode() == document.content


def test_the_statements_of_a_jwt_are_those_of_its_json_twin(gaia_x: Path) -> None:
    folder = gaia_x / "loire-2511-jwt"
    signed = one(folder / "service-offering.loire.signed.jwt")
    twin = one(folder / "service-offering.loire.jsonld")
    assert set(signed.triples) == set(twin.triples)
    assert twin.credential is not None
    assert twin.credential.proof_kind == ""


def test_a_presentation_within_an_envelope_is_opened_twice(gaia_x: Path) -> None:
    document = one(gaia_x / "loire-2511-jwt/participant.evp.jsonld")
    assert document.primary == Iri("did:web:participant.example.com")
    assert (document.primary, KG.headquarters, GERMANY) in document.triples


def test_a_presentation_as_jwt_gives_its_credential(gaia_x: Path) -> None:
    document = one(gaia_x / "loire-2511-jwt/participant-vp.loire.signed.jwt")
    assert document.credential is not None
    assert document.credential.token.count(".") == 2
    assert document.credential.types == (GX + "LegalPerson",)


def test_the_proof_of_a_presentation_is_not_a_proof_of_its_credential(gaia_x: Path) -> None:
    document = one(gaia_x / "loire-2511-jwt/ld-proof/participant-vp.ld-proof.jsonld")
    assert document.credential is not None
    assert document.credential.proof_kind == ""


def test_bare_claims_of_the_development_release(gaia_x: Path) -> None:
    document = one(gaia_x / "loire-development/gx_legalperson_reference.json")
    assert document.credential is None
    assert document.primary.value == (
        "did:web:test.fixture.net:LegalPerson:test_gx_legalperson_reference"
    )
    assert (document.primary, KG.headquarters, GERMANY) in document.triples


def test_tagus_participant_has_a_country_by_its_subdivision(gaia_x: Path) -> None:
    document = one(gaia_x / "tagus-2210-4plcaad/legalParticipant.json")
    assert values(document, TAGUS + "legalName") == {"msg DAVID"}
    assert (document.primary, KG.headquarters, GERMANY) in document.triples
    assert document.credential is not None
    assert document.credential.proof_kind == "data-integrity"
    assert not any("proof" in t.predicate.value for t in document.triples)


def test_tagus_presentation_becomes_one_document_a_credential(gaia_x: Path) -> None:
    documents, problems = read(gaia_x / "tagus-2210/service-offering-vp.json")
    assert problems == []
    assert len(documents) == 4
    issuers = {d.credential.issuer.partition(":v1")[0] for d in documents if d.credential}
    assert "did:web:registration.lab.gaia-x.eu" in issuers
    assert values(documents[0], TAGUS + "vatID") == {"BE0762747721"}
    assert values(documents[1], KG.headquarters) == {AUTHORITY + "BEL"}
    assert Iri(TAGUS + "ServiceOffering") in {t.object for t in documents[3].triples}


def test_a_resource_with_an_address_is_a_place(gaia_x: Path) -> None:
    document = one(gaia_x / "tagus-2210/physical-resource.json")
    assert (document.primary, TYPE, KG.Place) in document.triples
    assert (document.primary, KG.country, Iri(AUTHORITY + "USA")) in document.triples


def test_a_label_that_a_provider_brings_stays_a_word_of_gaia_x(gaia_x: Path) -> None:
    documents, _ = read(gaia_x / "tagus-2210/service-offering-label-level-1.json")
    assert len(documents) == 6
    assert all(t.predicate != KG.label for d in documents for t in d.triples)


def test_an_empty_id_does_not_become_the_catalogue(gaia_x: Path) -> None:
    document = one(gaia_x / "tagus-2210-roms/serviceOffering.json")
    assert document.primary.value.startswith("http://127.0.0.1:8080/.well-known/genid/")
    assert document.credential is not None
    assert document.credential.issuer == ""


def test_hackathon_document_loses_no_word_silently(gaia_x: Path) -> None:
    documents, _ = read(gaia_x / "gax-2022-hackathon/serviceManagedPostgreSQLOVH.json")
    (offering, compliance) = documents
    assert values(offering, GAX + "service-offering#name") == {
        "Managed OVH Cloud PostgreSQL database"
    }
    assert offering.kind == "gaia-x-2022/ServiceOfferingExperimental"
    assert {p.code for p in offering.problems} == {"document-mended", "placeholder-value"}
    assert offering.unmapped == {
        "credentialSubject/gx-service-offering:TermsAndConditions/gx-service-offering:hash"
    }
    assert compliance.unmapped == frozenset()


def test_invalid_json_ld_is_a_problem_that_names_the_file(gaia_x: Path) -> None:
    documents, problems = read(gaia_x / "gax-2021-instances/service-offering")
    assert documents
    assert {p.code for p in problems} <= {"jsonld-invalid", "json-duplicate-key"}
    assert all(p.at for p in problems)


def test_the_whole_folder_is_read_without_an_exception(gaia_x: Path) -> None:
    documents, problems = read(gaia_x)
    assert len(documents) >= 140
    assert {p.code for p in problems} <= {
        "context-unknown", "credential-empty", "document-unreadable", "json-duplicate-key",
        "jsonld-invalid", "jwt-unreadable",
    }  # fmt: skip
    assert len({d.source_id for d in documents}) == len(documents)
    text = {t.object for d in documents for t in d.triples if isinstance(t.object, Literal)}
    assert text


def test_importing_twice_gives_the_same_documents(gaia_x: Path) -> None:
    assert read(gaia_x / "tagus-2210") == read(gaia_x / "tagus-2210")


EXPECTED = frozenset(
    {
        "context-missing", "context-unknown", "credential-empty", "jwt-unreadable",
    }
)  # fmt: skip
"""What a whole file may be refused for, and nothing else."""


@pytest.mark.parametrize("folder", ["gaia-x", "credentials"])
def test_every_file_is_documents_set_aside_or_a_problem_by_code(
    shared_data: Path, folder: str
) -> None:
    """Two unreadable tokens are templates with a hole; contexts that nobody bundles are named."""
    silent, codes = [], set()
    for path in sorted(p for p in (shared_data / folder).rglob("*") if p.is_file()):
        items = list(IMPORTER.read(str(path), context("rijn")))
        if not items:
            silent.append(path)
        codes |= {item.code for item in items if isinstance(item, Problem)}
        for document in (item for item in items if isinstance(item, SourceDocument)):
            assert document.kind.count("/") == 1, path
            assert document.mapped, path
            assert not document.mapped & document.unmapped, path
    assert silent == []
    assert codes <= EXPECTED


@pytest.mark.parametrize(
    ("file", "kind", "facts"),
    [
        ("gax-2022-hackathon/Cnh_legalPerson.json", "gaia-x-2022/LegalPerson",
         {(KG.headquarters, AUTHORITY + "DEU")}),
        ("gax-2022-hackathon/datacenter_physicalNode_cnh.json", "gaia-x-2022/PhysicalResource",
         {(KG.country, AUTHORITY + "DEU")}),
        ("gax-2021-instances/provider/ACME_TFv1.0.jsonld", "gaia-x-2022/Participant",
         {(KG.headquarters, AUTHORITY + "DEU")}),
        ("gax-2021-instances/service-offering/IaaS_TFv1.0.jsonld", "gaia-x-2022/ServiceOffering",
         {(KG.termsDocument, "https://www.acme.com/IaaS/tac.pdf"),
          (KG.location, "http://example.org/DataCenter")}),
        ("tagus-2210-claims/PhysicalResource-instance.json", "gaia-x-2210/PhysicalResource",
         {(KG.country, AUTHORITY + "DEU")}),
        ("tagus-2210-claims/LegalParticipant/LegalParticipant-instance.json",
         "gaia-x-2210/LegalParticipant", {(KG.headquarters, AUTHORITY + "DEU")}),
        ("loire-development/gx_data_resource_instance.json", "gaia-x-development/DataProduct",
         {(KG.termsDocument, "https://example.org/gx/provider-terms"),
          (KG.termsDocument, "https://www.bmwgroup.com/terms")}),
    ],
)  # fmt: skip
def test_facts_are_those_of_the_file(
    gaia_x: Path, file: str, kind: str, facts: set[tuple[Iri, str]]
) -> None:
    document = one(gaia_x / file)
    assert document.kind == kind
    assert {(p, v) for p, _ in facts for v in values(document, p)} == facts


def test_each_flavor_of_a_compute_service_is_a_machine(gaia_x: Path) -> None:
    """The service has no one size; its hypervisor is in the file that it names."""
    documents, _ = read(gaia_x / "gax-2022-hackathon")
    (nova,) = [d for d in documents if d.kind == "gaia-x-2022/Compute"]
    machines = {t.subject for t in nova.triples if t.object == KG.VirtualMachine}
    found = {
        str(machine).rpartition("-")[2]: {
            t.predicate: t.object.value
            for t in nova.triples
            if t.subject == machine and isinstance(t.object, Literal)
        }
        for machine in machines
    }
    assert {name: facts[KG.vcpu] for name, facts in found.items()} == {"XS": "1", "L": "4"}
    assert found["L"][KG.memory].startswith("7.45058")  # 8 GB are 7.45 GiB
    assert found["XS"][KG.storage].startswith("9.31322")
    assert values(nova, KG.hypervisor) == {"KVM"}
    (glance,) = [d for d in documents if d.kind == "gaia-x-2022/ImageRegistry"]
    assert values(glance, KG.imageFormat) == {KG.NS + "raw"}
    assert (nova.primary, KG.vcpu) not in {(t.subject, t.predicate) for t in nova.triples}


def test_a_price_of_zero_in_a_form_is_unknown(gaia_x: Path) -> None:
    document = one(gaia_x / "gax-2021-instances/service-offering/deNBI-OpenStack.jsonld")
    assert values(document, KG.amount) == set()
    assert "password" not in {
        t.object.value for t in document.triples if isinstance(t.object, Literal)
    }
