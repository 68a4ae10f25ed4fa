"""Recorded payloads of DOME, FIWARE and TM Forum are read, with the facts that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from tmf620_reading import codes, documents, only, prices, read, values

from kgservice.model.documents import SetAside
from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import DCTERMS, KG

BASE = "http://127.0.0.1:8080/catalog/polder-market/"


def test_private_docker_registry_has_price_owner_and_a_self_declared_certificate(
    shared_data: Path,
) -> None:
    folder = shared_data / "dome" / "production-offerings-2024"
    items = read(folder / "product-offering-private-docker-registry.json")
    found = only(items)
    assert found.source_id == ("urn:ngsi-ld:product-offering:321dc5f8-666d-426e-a82b-1169ad436fd7")
    assert found.modified == "2024-07-04T07:35:02.207172331Z"
    owner = "urn:ngsi-ld:organization:76cfa304-4937-4d46-85c6-8291ed58f1be"
    assert values(found, "provider") == {owner}
    assert values(found, "lifecycleStatus") == {"Launched"}
    assert values(found, "offeringVersion") == {"0.1"}
    (price,) = prices(found)
    assert (price["amount"], price["currency"], price["period"]) == ("150", "EUR", "P1Y")
    assert price["priceType"] == "Recurring"
    (certificate,) = values(found, "certificate")
    assert values(found, "standard", certificate) == {"ISO/IEC 27001"}
    assert values(found, "evidence", certificate) == {"SelfDeclared"}
    assert values(found, "scope", certificate) == {found.source_id}
    assert certificate in found.own_subjects


def test_elliot_smart_city_with_an_empty_price_has_an_unknown_price(shared_data: Path) -> None:
    folder = shared_data / "dome" / "production-offerings-2024"
    found = only(read(folder / "product-offering-elliot-smart-city.json"))
    assert values(found, "price") == set()
    assert "price-on-request" in codes(found)
    assert values(found, "provider") == {
        "urn:ngsi-ld:organization:f389dd59-c26d-4868-bdfc-d90e4556744d"
    }
    assert any("📲" in o.value for _, p, o in found.triples if p == DCTERMS.description)  # type: ignore[union-attr]


def test_process_data_analyzer_says_the_same_plain_and_signed(shared_data: Path) -> None:
    folder = shared_data / "dome" / "production-offerings-2024"
    found = only(read(folder / "product-offering-process-data-analyzer.json"))
    assert found.primary == Iri("urn:ngsi-ld:product-offering:eedfc2d9-3003-407a-aa1c-358fee128fca")
    assert (found.primary, DCTERMS.title, Literal("Process Data Analyzer")) in found.triples
    assert values(found, "lifecycleStatus") == {"Launched"}
    signed = only(read(folder / "product-offering-process-data-analyzer.vc.json"))
    assert signed.kind == "dome/SignedOffering"
    assert signed.primary == found.primary
    assert signed.source_id.startswith("https://example.com/credentials/urn:")
    assert set(signed.triples) == set(found.triples)
    assert signed.credential is not None
    assert signed.credential.issuer.startswith("urn:ngsi-ld:organization:")
    assert [proof.cryptosuite for proof in signed.credential.proofs] == ["ecdsa-sd-2023"]


def test_operator_catalogue_of_mixed_objects_finds_the_seller_in_the_specification(
    shared_data: Path,
) -> None:
    items = read(shared_data / "dome" / "operator-catalogue-2025" / "all-dome-dev.json")
    found = documents(items)
    assert set(found) == {
        "urn:ngsi-ld:product-offering:c7247c95-9468-4a0d-8cdc-7d3fe7c61d29",
        "urn:ngsi-ld:product-offering:6622d6fa-6cbd-4d28-900e-2223f5c65100",
    }
    for document in found.values():
        assert values(document, "provider") == {
            "urn:ngsi-ld:organization:a195013a-a0e4-493a-810a-b040e10da58f"
        }
        assert values(document, "price") == set()
        assert b'"productSpecification":[{' in document.content


def test_create_body_without_id_gets_an_iri_of_the_catalogue_and_reports_its_placeholders(
    shared_data: Path,
) -> None:
    found = only(read(shared_data / "dome" / "operator-catalogue-2025" / "basic-offering.json"))
    name = "Basic%20Membership%20Offering%20for%202025"
    assert found.source_id == f"{BASE}productOffering/{name}"
    assert {"link-missing", "provider-unknown"} <= codes(found)
    assert values(found, "price") == set()
    places = {problem.at for problem in found.problems if problem.code == "link-missing"}
    assert places == {
        "basic-offering.json#/productSpecification",
        "basic-offering.json#/productOfferingPrice/0",
    }


def test_billing_example_links_specification_and_reports_missing_price_plans(
    shared_data: Path,
) -> None:
    found = only(read(shared_data / "dome" / "billing-prices"))
    assert found.source_id == "urn:ProductOffering:1234"
    assert values(found, "provider") == {f"{BASE}organization/1234"}
    assert values(found, "vcpu") == {"4"}
    assert values(found, "memory") == {"7.450580597"}
    assert values(found, "storage") == {"9.313225746"}
    assert "default-taken" in codes(found)
    missing = [problem for problem in found.problems if problem.code == "link-missing"]
    assert len(missing) == 3
    assert values(found, "price") == set(), "a sum without the missing plans would be too low"


def test_bundled_price_is_the_sum_of_components_per_processor_and_gigabyte(
    shared_data: Path, tmp_path: Path
) -> None:
    for path in (shared_data / "dome" / "billing-prices").glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    offer = tmp_path / "ProductOffering_Example1.json"
    text = offer.read_text(encoding="utf-8")
    start, end = text.index("urn:ProductOfferingPrice:1747"), text.index('"productSpecification"')
    cut = text.rindex("{", 0, start)
    offer.write_text(text[:cut].rstrip().rstrip(",") + "]," + text[end:], encoding="utf-8")
    found = only(read(tmp_path))
    rows = [
        (price["amount"], price["perProperty"], price.get("perUnit"), price["period"])
        for price in prices(found)
    ]
    assert rows == [
        ("1.5", "vcpu", None, "P1M"),
        ("1", "memory", "GB", "P1M"),
        ("0.2", "storage", "GB", "P1M"),
    ]


def test_telco_offerings_keep_what_the_vocabulary_has_no_term_for_as_findings(
    shared_data: Path,
) -> None:
    items = read(shared_data / "dome" / "tmf-oda")
    found = documents(items)
    ddos = found[f"{BASE}productOffering/Standard%20DDoS%20Protection"]
    assert values(ddos, "lifecycleStatus") == {"Active"}
    assert values(ddos, "offeringVersion") == {"3.2"}
    unmapped = [problem for problem in ddos.problems if problem.code == "characteristic-unmapped"]
    assert [problem.at for problem in unmapped] == [
        "enterprise_ddos_standard_offering.json#/prodSpecCharValueUse/0",
        "enterprise_ddos_standard_offering.json#/prodSpecCharValueUse/1",
    ]
    firewall = found[f"{BASE}productOffering/Basic%20Firewall%20for%20Business"]
    assert values(firewall, "location") == {f"{BASE}place/san-francisco-bay-area"}
    assert "place-without-country" in codes(firewall)


def test_version_5_examples_use_the_newest_of_two_versions_of_an_offering(
    shared_data: Path,
) -> None:
    items = read(shared_data / "dome" / "tmf-v5-userguide")
    found = only(items)
    assert values(found, "offeringVersion") == {"2.0"}
    assert "duplicate-id" in codes(items)


def test_fiware_create_bodies_with_policies_as_values_are_read(shared_data: Path) -> None:
    found = documents(read(shared_data / "dome" / "fiware-dsc" / "from-docs"))
    kubernetes = found[f"{BASE}productOffering/M%26P%20K8S%20Offering"]
    assert values(kubernetes, "lifecycleStatus") == {"Active"}
    provider = found[f"{BASE}organization/M%26P%20Operations%20Org."]
    assert (provider.primary, DCTERMS.title, Literal("M&P Operations Org.")) in provider.triples


@pytest.mark.parametrize("folder", ["odrl-profile", "openapi", "trust-framework", "fiware-dsc"])
def test_folder_of_other_json_is_reported_and_breaks_nothing(
    shared_data: Path, folder: str
) -> None:
    for item in read(shared_data / "dome" / folder):
        if isinstance(item, Problem):
            assert item.at
            assert item.severity in (Severity.INFO, Severity.ERROR)
        elif isinstance(item, SetAside):
            assert item.kind
            assert item.at
        else:
            assert item.triples


def test_every_recorded_file_is_read_without_an_exception(shared_data: Path) -> None:
    items = read(shared_data / "dome")
    assert len(documents(items)) > 10
    assert not any(t.predicate == KG.label for d in documents(items).values() for t in d.triples)
