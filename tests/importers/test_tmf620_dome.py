"""What DOME adds: credentials and policies in characteristics, signed offerings, access nodes."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from kgservice_importers.tmf620.importer import Tmf620Importer
from small_vocabulary import context
from tmf620_reading import codes, documents, fact, offering, only, read, read_tree, values

from kgservice.ingest.catalogs import Catalog, register
from kgservice.ingest.ontologies import load_ontologies
from kgservice.ingest.pipeline import SyncRequest, sync
from kgservice.model.documents import Gone, SetAside, SourceDocument, Unchanged
from kgservice.model.rdf import RDF, Iri, Literal
from kgservice.model.terms import KG, SCHEMA
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.vocabulary import load_vocabulary

SPECIFICATION = "urn:ngsi-ld:product-specification:one"
LABEL = "https://w3id.org/gaia-x/development#labelLevel"
AUTHORITY = "http://publications.europa.eu/resource/authority/country/"


def token(level: str = "BL", identifier: str = "urn:uuid:kg-made-up-1") -> str:
    """Give a label credential as DOME's certifiers write it; nobody signed it."""
    credential = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://w3id.org/gaia-x/development#",
        ],
        "id": identifier,
        "type": ["gx:LabelCredential", "VerifiableCredential"],
        "issuer": "did:elsi:VATXX-00000000",
        "credentialSubject": {"id": SPECIFICATION, "gx:labelLevel": level},
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2028-01-01T00:00:00Z",
    }
    claims = {"iss": "did:elsi:VATXX-00000000", "sub": SPECIFICATION, "vc": credential}
    parts = [{"alg": "RS256", "typ": "jose"}, claims]
    written = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in written), "c2lnbmF0dXJl"])


@pytest.mark.parametrize("name", ["Compliance:VC", "compliance:vc", "COMPLIANCE:VC"])
def test_credential_in_a_characteristic_is_a_document_about_the_specification(
    tmp_path: Path, name: str
) -> None:
    items = read_tree(tmp_path, offering(fact(name, token("P+"))))
    (credential,) = (i for i in items if isinstance(i, SourceDocument) and i.credential)
    assert credential.kind == "dome/Compliance:VC"
    assert credential.source_id == "urn:uuid:kg-made-up-1"
    about = {t.object for t in credential.triples if t.predicate == KG.scope}
    assert about == {Iri(SPECIFICATION)}
    assert SPECIFICATION not in credential.own_subjects, "it is whoever's describes it"
    assert credential.content.decode() == credential.credential.token  # type: ignore[union-attr]
    assert credential.credential.issuer == "did:elsi:VATXX-00000000"  # type: ignore[union-attr]
    labels = {t.object for t in credential.triples if t.predicate.value == LABEL}
    assert {label.value for label in labels} == {"P+"}  # type: ignore[union-attr]
    assert credential.mapped


def test_offering_itself_says_nothing_of_the_label_that_a_credential_gives(tmp_path: Path) -> None:
    items = read_tree(tmp_path, offering(fact("Compliance:VC", token())))
    found = documents(items)["urn:ngsi-ld:product-offering:one"]
    assert values(found, "label") == set()
    assert not any("P+" in str(t) or "gaia-x" in str(t) for t in found.triples)
    offered = {t.object for t in found.triples if t.predicate.value == SCHEMA.NS + "itemOffered"}
    assert offered == {Iri(SPECIFICATION)}


def test_several_credentials_are_documents_each_and_a_repeated_one_is_read_once(
    tmp_path: Path,
) -> None:
    one, two = token(), token("P", "urn:uuid:kg-made-up-2")
    other = offering(fact("Compliance:VC", one))
    other["id"] = "urn:ngsi-ld:product-offering:two"
    items = read_tree(tmp_path, [offering(fact("Compliance:VC", one, two)), other])
    read_ids = [i.source_id for i in items if isinstance(i, SourceDocument) and i.credential]
    assert sorted(read_ids) == ["urn:uuid:kg-made-up-1", "urn:uuid:kg-made-up-2"]


def test_known_credential_is_not_read_again_and_one_that_was_taken_out_is_gone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "catalogue.json"
    items = read_tree(tmp_path, offering(fact("Compliance:VC", token())))
    marks = {i.source_id: i.fingerprint for i in items if isinstance(i, SourceDocument)}
    again = read(path, replace(context(), known=marks))
    assert {i.source_id for i in again if isinstance(i, Unchanged)} == set(marks)
    wanted = frozenset({"urn:uuid:kg-made-up-1"})
    assert [i.source_id for i in read(path, replace(context(), only=wanted))  # type: ignore[union-attr]
            ] == ["urn:uuid:kg-made-up-1"]  # fmt: skip
    path.write_text(json.dumps(offering()), encoding="utf-8")
    assert read(path, replace(context(), only=wanted)) == [Gone("urn:uuid:kg-made-up-1")]


@pytest.mark.parametrize("written", ["a.b.c", "eyJ.x", "eyJhbGciOiJub25lIn0.bm90IGpzb24.", "P+"])
def test_what_is_no_credential_is_told_and_gives_no_label(tmp_path: Path, written: str) -> None:
    items = read_tree(tmp_path, offering(fact("Compliance:VC", written)))
    assert "credential-not-read" in codes(items)
    assert not any(i.credential for i in items if isinstance(i, SourceDocument))


def test_policy_in_a_characteristic_is_kept_whole_as_json(tmp_path: Path) -> None:
    policy = {"@type": "odrl:Policy", "odrl:uid": "https://made-up.example/p", "n": [1, {"a": "é"}]}
    characteristic = {**fact("policyConfig", policy), "valueType": "authorizationPolicy"}
    found = only(read_tree(tmp_path, offering(characteristic)))
    (kept,) = (t.object for t in found.triples if t.predicate.value == SCHEMA.NS + "value")
    assert isinstance(kept, Literal)
    assert kept.datatype == RDF + "JSON"
    assert json.loads(kept.value) == policy
    assert codes(found) == {"offering-kind-unknown"}


def test_three_ways_to_write_a_country_restrict_an_operator_as_odrl(tmp_path: Path) -> None:
    term = {
        "@type": "OperatorRestriction",
        "name": "Operators",
        "permittedLegalRegion": [
            {"id": "urn:iso-3166-1:DE"},
            {"href": "https://example.test/iso/3166-1/countries/NL"},
            {"country": "FR"},
        ],
        "prohibitedOperator": [{"id": "urn:ngsi-ld:organization:kg-made-up"}],
    }
    found = only(read_tree(tmp_path, offering(productOfferingTerm=[term])))
    odrl = {
        (t.predicate.value.rpartition("/")[2], t.object.value)  # type: ignore[union-attr]
        for t in found.triples
        if t.predicate.value.startswith("http://www.w3.org/ns/odrl/2/")
    }
    operands = {value for name, value in odrl if name == "rightOperand"}
    assert operands == {
        AUTHORITY + "DEU", AUTHORITY + "NLD", AUTHORITY + "FRA",
        "urn:ngsi-ld:organization:kg-made-up",
    }  # fmt: skip
    assert {name for name, _ in odrl} >= {"hasPolicy", "permission", "prohibition", "target"}
    assert not any("Restriction" in path for path in found.unmapped)


def test_region_that_nobody_knows_is_told_and_not_guessed(tmp_path: Path) -> None:
    term = {"@type": "OperatorRestriction", "prohibitedLegalRegion": [{"country": "Atlantis"}]}
    found = only(read_tree(tmp_path, offering(productOfferingTerm=[term])))
    assert "value-unmapped" in codes(found)
    assert "productOfferingTerm/prohibitedLegalRegion/country" in found.unmapped


def test_licence_is_an_spdx_document_when_it_is_known(tmp_path: Path) -> None:
    terms = [{"name": "European Union Public License"}, {"name": "Made-up licence 7"},
             {"name": "Read me", "description": "Be nice."}]  # fmt: skip
    found = only(read_tree(tmp_path, offering(productOfferingTerm=terms)))
    stated = {(t.predicate.value.rpartition("/")[2], t.object.value) for t in found.triples}  # type: ignore[union-attr]
    assert ("license", "https://spdx.org/licenses/EUPL-1.2") in stated
    assert ("rights", "Made-up licence 7") in stated
    assert ("termsOfService", "Read me: Be nice.") in stated


def entity(body: dict[str, object]) -> dict[str, object]:
    """Wrap an object as a context broker serves it (ETSI GS CIM 009)."""
    return {
        "id": "urn:ngsi-ld:ProductOffering:12234",
        "type": "ProductOffering",
        "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
        **body,
    }


def test_entity_of_an_access_node_says_what_the_plain_object_says(tmp_path: Path) -> None:
    wrapped = entity(
        {
            "name": {"type": "Property", "value": "One"},
            "lifecycleStatus": {"type": "Property", "value": "Launched"},
            "validFor": {"type": "Property", "value": {"startDateTime": "2026-01-01T00:00:00Z"}},
            "relatedParty": [
                {"type": "Relationship", "object": "urn:ngsi-ld:organization:p", "datasetId": "x",
                 "role": {"type": "Property", "value": "Seller"}},
            ],
            "productSpecification": {
                "type": "Relationship", "object": "urn:ngsi-ld:ProductSpecification:1"},
        }
    )  # fmt: skip
    specification = {
        "id": "urn:ngsi-ld:ProductSpecification:1",
        "type": "ProductSpecification",
        "productSpecCharacteristic": {"type": "Property", "value": [fact("vCPU", "4")]},
    }
    plain = {
        "id": "urn:ngsi-ld:ProductOffering:12234",
        "name": "One",
        "lifecycleStatus": "Launched",
        "validFor": {"startDateTime": "2026-01-01T00:00:00Z"},
        "relatedParty": [{"id": "urn:ngsi-ld:organization:p", "role": "Seller"}],
        "productSpecification": {"id": "urn:ngsi-ld:ProductSpecification:1"},
    }
    given = only(read_tree(tmp_path, [wrapped, specification]))
    expected = only(
        read_tree(
            tmp_path,
            [plain, {"id": specification["id"], "productSpecCharacteristic": [fact("vCPU", "4")]}],
        )
    )
    assert set(given.triples) == set(expected.triples)
    assert values(given, "vcpu") == {"4"}
    assert given.kind == "ngsi-ld/productOffering"
    assert expected.kind == "tmf620-v4/productOffering"


def test_replication_notice_is_set_aside(tmp_path: Path) -> None:
    notice = {
        "eventType": "ProductOffering",
        "dataLocation": "http://node.example/ngsi-ld/v1/entities/urn:x:1?hl=0xabc",
    }
    assert read_tree(tmp_path, [notice]) == [
        SetAside("catalogue.json#/0", "dome/replication-notice")
    ]


def test_signed_offering_carries_its_credential_and_says_what_the_plain_one_says(
    tmp_path: Path,
) -> None:
    plain = offering(fact("vCPU", "4"))
    signed = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "id": "https://made-up.example/credentials/1",
        "type": ["VerifiableCredential", "SignedOffering"],
        "issuer": {"id": "did:web:made-up.example"},
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": plain,
        "proof": {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-sd-2023", "proofValue": "u2"},
    }
    items = read_tree(tmp_path, [plain, signed])
    first, second = (item for item in items if isinstance(item, SourceDocument))
    assert set(first.triples) == set(second.triples)
    assert (second.kind, second.source_id) == ("dome/SignedOffering", signed["id"])
    credential = second.credential
    assert credential is not None
    assert (credential.issuer, credential.proof_kind) == (
        "did:web:made-up.example",
        "data-integrity",
    )
    assert credential.proofs[0].problem, "what is imported is not what was signed"


def test_recorded_label_credential_is_read_with_its_level(
    shared_data: Path, tmp_path: Path
) -> None:
    recorded = shared_data / "credentials" / "dome" / "compliance-vc-sandbox-1.jwt"
    tree = offering(fact("Compliance:VC", recorded.read_text("utf-8").strip()))
    items = read_tree(tmp_path, tree)
    (found,) = (i for i in items if isinstance(i, SourceDocument) and i.credential)
    assert found.source_id == "urn:uuid:12eccee4-6eb8-400f-8e22-a68dbf6ef658"
    assert {t.object.value for t in found.triples if t.predicate.value == LABEL} == {"BL"}  # type: ignore[union-attr]
    assert found.credential is not None
    assert found.credential.issuer == "did:elsi:VATES-B60645900"
    assert [entry.type for entry in found.credential.status] == ["PlainListEntity"]


def test_levels_of_dome_are_a_scheme_of_their_own_in_their_order() -> None:
    order = load_vocabulary().level_order
    scheme = "https://w3id.org/kgservice/scheme/dome"
    assert [level.value.removeprefix(scheme) for level in order[scheme]] == [
        "/baseline", "/professional", "/professional-plus",
    ]  # fmt: skip
    assert all(set(order[scheme]).isdisjoint(o) for name, o in order.items() if name != scheme)


def test_whole_folder_of_recorded_dome_data_is_taken_with_no_statement_refused(
    shared_data: Path, tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    try:
        base = context().base_iri
        load_ontologies(store)
        catalog = Catalog("dome", "tmf620", str(shared_data / "dome"))
        register(store, base, catalog)
        known = replace(context("dome"), vocabulary=load_vocabulary())
        contents = ContentStore(tmp_path / "contents")
        report = sync(store, SyncRequest(catalog, Tmf620Importer(), known, contents))
    finally:
        store.close()
    assert report.counts["documents"] > 20
    assert report.counts["refused"] == 0
    assert report.counts["quarantined"] == 0
