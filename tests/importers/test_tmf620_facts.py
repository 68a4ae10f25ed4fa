"""How written characteristics become facts, and when they stay unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from tmf620_reading import codes, documents, fact, offering, only, read_tree, values

from kgservice.model.errors import Problem

OWNER = {"id": "urn:ngsi-ld:organization:c", "role": "Owner"}
AUTHORITY = "http://publications.europa.eu/resource/authority/country/"


@pytest.mark.parametrize(
    ("characteristic", "name", "expected"),
    [
        (fact("PostgreSQL version", "15,16"), "majorVersion", {"15", "16"}),
        (fact("PostgreSQL version", "15", "16"), "majorVersion", {"15", "16"}),
        (fact("Database version", "PostgreSQL 16.4"), "majorVersion", {"16"}),
        (fact("Extensions", "vector, pg_trgm"), "extension", {"vector", "pg_trgm"}),
        (fact("export_format", "PG_DUMP directory"), "exportFormat", {"pg_dump-directory"}),
        (fact("CPU Cores", "4"), "vcpu", {"4"}),
        (fact("vCPU", 4.0), "vcpu", {"4"}),
        (fact("RAM Memory", "8 GiB"), "memory", {"8"}),
        (fact("Memory", {"amount": 8, "units": "GiB"}), "memory", {"8"}),
        (fact("Disk", "1,5", unit="TiB"), "storage", {"1536"}),
        (fact("Storage", "100", unit="gb"), "storage", {"93.132257462"}),
        (fact("Storage", 100, unit={"amount": 1, "units": "GiB"}), "storage", {"100"}),
        (fact("Availability", "99,95 %"), "availability", {"99.95"}),
        (fact("SLA", 99.9), "availability", {"99.9"}),
        (fact("Notice period", "2 months"), "noticePeriod", {"P2M"}),
        (fact("notice-period", "P2M"), "noticePeriod", {"P2M"}),
        (fact("Notice period", "30 days"), "noticePeriod", {"P30D"}),
        (fact("Notice period", 30, unit="days"), "noticePeriod", {"P30D"}),
        (fact("Notice period", "2 weeks"), "noticePeriod", {"P14D"}),
        (fact("RPO", "5 minutes"), "recoveryPoint", {"PT5M"}),
        (fact("PITR", "yes"), "pointInTimeRecovery", {"true"}),
        (fact("PITR", False), "pointInTimeRecovery", {"false"}),
        (fact("Governing law", "Netherlands"), "governingLaw", {AUTHORITY + "NLD"}),
        (fact("Data location", "NL, DEU; Belgium"), "dataLocation", {
            AUTHORITY + "NLD", AUTHORITY + "DEU", AUTHORITY + "BEL"}),
        (fact("Transfers", "none"), "completeFor", {"transferCountry"}),
        (fact("Complete for", "Sub-processors, Transfers"), "completeFor",
         {"subprocessor", "transferCountry"}),
        (fact("maxConnections", "100 connections"), "maxConnections", {"100"}),
        (fact("Support", "24x7"), "support", {"24x7"}),
    ],
)  # fmt: skip
def test_written_value_becomes_the_fact(
    tmp_path: Path, characteristic: dict[str, object], name: str, expected: set[str]
) -> None:
    assert values(only(read_tree(tmp_path, offering(characteristic))), name) == expected


@pytest.mark.parametrize(
    ("characteristic", "name", "code"),
    [
        (fact("Extensions", "timescaledb"), "extension", "value-unmapped"),
        (fact("RAM", "16"), "memory", "unit-missing"),
        (fact("RAM", "16", unit="litres"), "memory", "unit-unmapped"),
        (fact("Storage", "1,234", unit="GiB"), "storage", "number-ambiguous"),
        (fact("Storage", "-5 GiB"), "storage", "number-invalid"),
        (fact("Storage", float("nan"), unit="GiB"), "storage", "number-invalid"),
        (fact("Storage", float("inf"), unit="GiB"), "storage", "number-invalid"),
        (fact("Storage", 10**40, unit="GiB"), "storage", "number-invalid"),
        (fact("Storage", "1e999999999 GiB"), "storage", "number-invalid"),
        (fact("vCPU", "2.5"), "vcpu", "number-invalid"),
        (fact("vCPU", "2", "4"), "vcpu", "value-conflict"),
        (fact("Notice period", "soon"), "noticePeriod", "value-unmapped"),
        (fact("Notice period", "30"), "noticePeriod", "unit-missing"),
        (fact("Governing law", "Ruritania"), "governingLaw", "value-unmapped"),
        (fact("PITR", "perhaps"), "pointInTimeRecovery", "value-unmapped"),
        (fact("API", {"odrl:uid": "x"}), "api", "value-unmapped"),
        (fact("Carrier", "fibre"), "carrier", "characteristic-unmapped"),
        (fact("Compliance:VC", "a.b.c"), "label", "credential-not-read"),
    ],
)
def test_value_that_is_not_understood_is_a_finding_with_its_place_and_no_fact(
    tmp_path: Path, characteristic: dict[str, object], name: str, code: str
) -> None:
    found = only(read_tree(tmp_path, offering(characteristic)))
    assert values(found, name) == set()
    (problem,) = [problem for problem in found.problems if problem.code == code]
    assert problem.at.startswith("catalogue.json#/productSpecification/productSpecCharacteristic/0")


def test_all_names_for_characteristics_and_their_values_are_known(tmp_path: Path) -> None:
    for outer, inner in (
        ("productSpecCharacteristic", "productSpecCharacteristicValue"),
        ("productSpecCharacteristic", "characteristicValueSpecification"),
        ("specCharacteristic", "characteristicValueSpecification"),
        ("resourceSpecCharacteristic", "resourceSpecCharacteristicValue"),
        ("prodSpecCharValueUse", "productSpecCharacteristicValue"),
    ):
        tree = offering()
        specification = tree["productSpecification"]
        assert isinstance(specification, dict)
        specification[outer] = [{"name": "vCPU", inner: [{"value": "4"}]}]
        assert values(only(read_tree(tmp_path, tree)), "vcpu") == {"4"}, (outer, inner)


def test_value_of_the_offering_replaces_that_of_its_specification(tmp_path: Path) -> None:
    tree = offering(fact("vCPU", "2"), prodSpecCharValueUse=[fact("vCPU", "8")])
    assert values(only(read_tree(tmp_path, tree)), "vcpu") == {"8"}


def test_specification_fetched_apart_wins_over_the_embedded_copy(tmp_path: Path) -> None:
    apart = {
        "id": "urn:ngsi-ld:product-specification:one",
        "brand": "Test",
        "productSpecCharacteristic": [fact("vCPU", "16")],
    }
    items = read_tree(tmp_path, [offering(fact("vCPU", "2")), apart])
    assert values(only(items), "vcpu") == {"16"}


def test_contract_term_with_a_duration_is_a_notice_period(tmp_path: Path) -> None:
    term = {"name": "Notice period", "duration": {"amount": 3, "units": "Month"}}
    assert values(
        only(read_tree(tmp_path, offering(productOfferingTerm=[term]))), "noticePeriod"
    ) == {"P3M"}


def test_sub_processors_become_parties_with_their_countries(tmp_path: Path) -> None:
    tree = offering(fact("Sub-processors", "Kabel Beheer BV (NL), Prairie Support LLC (US)"))
    found = only(read_tree(tmp_path, tree))
    nodes = values(found, "subprocessor")
    countries = {code for node in nodes for code in values(found, "headquarters", node)}
    assert countries == {AUTHORITY + "NLD", AUTHORITY + "USA"}
    assert nodes <= found.own_subjects
    assert values(found, "completeFor") == set(), "a list is not complete unless it says so"


def test_certificate_is_claimed_by_presence_and_not_by_a_no(tmp_path: Path) -> None:
    bare = {"name": "ISO 9001", "productSpecCharacteristicValue": [{"isDefault": True}]}
    assert len(values(only(read_tree(tmp_path, offering(bare))), "certificate")) == 1
    denied = fact("ISO/IEC 27001:2022", "no")
    assert values(only(read_tree(tmp_path, offering(denied))), "certificate") == set()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([fact("Location", "Amsterdam, NL")], {("NLD", "Amsterdam", "")}),
        ([fact("Location", "Gent (BE)")], {("BEL", "Gent", "")}),
        ([fact("Location", "Gent, BE", "NL")], {("BEL", "Gent", ""), ("NLD", "", "")}),
        ([fact("Location", "NL; DE")], {("NLD", "", ""), ("DEU", "", "")}),
        ([fact("Country", "BE"), fact("City", "Brugge")], {("BEL", "Brugge", "")}),
        ([fact("Country", "NL,DE"), fact("Region", "west")], {("NLD", "", ""), ("DEU", "", "")}),
        ([fact("Region", "eu-west")], {("", "", "eu-west")}),
    ],
)
def test_location_texts_become_places(
    tmp_path: Path, facts: list[dict[str, object]], expected: set[tuple[str, str, str]]
) -> None:
    found = only(read_tree(tmp_path, offering(*facts)))

    def text(place: str, name: str) -> str:
        return next(iter(values(found, name, place)), "").removeprefix(AUTHORITY)

    assert {
        (text(place, "country"), text(place, "city"), text(place, "region"))
        for place in values(found, "location")
    } == expected


def test_provider_is_the_seller_whatever_the_case_of_its_role(tmp_path: Path) -> None:
    parties = [
        {"id": "urn:ngsi-ld:organization:buyer", "role": "Buyer"},
        {"id": "urn:ngsi-ld:organization:owner", "role": "owner"},
        {"id": "urn:ngsi-ld:organization:seller", "role": "SELLER"},
    ]
    tree = {"id": "urn:ProductOffering:1", "name": "x", "relatedParty": parties}
    assert values(only(read_tree(tmp_path, [tree])), "provider") == {
        "urn:ngsi-ld:organization:seller"
    }


def test_owner_of_the_only_catalogue_provides_what_names_no_party(tmp_path: Path) -> None:
    catalogue = {
        "catalog": [{"id": "c", "relatedParty": [OWNER]}],
        "productOffering": [{"id": "1", "name": "x"}],
    }
    assert values(only(read_tree(tmp_path, catalogue)), "provider") == {
        "urn:ngsi-ld:organization:c"
    }


def test_organization_says_its_headquarters_parent_and_owners(tmp_path: Path) -> None:
    tree = {
        "id": "urn:ngsi-ld:organization:p",
        "tradingName": "P",
        "organizationParentRelationship": {"organization": {"id": "urn:ngsi-ld:organization:q"}},
        "partyCharacteristic": [
            {"name": "Headquarters country", "value": "NL"},
            {"name": "Owner", "value": "Fonds 12,5% (US); Stichting 87.5 % (NL)"},
        ],
    }
    found = only(read_tree(tmp_path, tree))
    assert values(found, "headquarters") == {AUTHORITY + "NLD"}
    assert values(found, "parent") == {"urn:ngsi-ld:organization:q"}
    owners = values(found, "owner")
    assert {
        (*values(found, "share", owner), *values(found, "country", owner)) for owner in owners
    } == {("12.5", AUTHORITY + "USA"), ("87.5", AUTHORITY + "NLD")}


def test_content_changes_with_every_object_that_was_joined(tmp_path: Path) -> None:
    def content(cpu: str) -> bytes:
        apart = {"id": "s", "brand": "b", "productSpecCharacteristic": [fact("vCPU", cpu)]}
        tree = {"id": "o", "name": "x", "productSpecification": {"id": "s"}}
        return only(
            read_tree(tmp_path, {"productOffering": [tree], "productSpecification": [apart]})
        ).content

    assert content("2") != content("4")
    assert content("2") == content("2")


def test_bad_files_are_reported_and_the_good_ones_read(tmp_path: Path) -> None:
    from tmf620_reading import read

    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "b.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "c.json").write_bytes(
        b"\xff\xfe" + '{"id": "1", "isSellable": true}'.encode("utf-16-le")
    )
    (tmp_path / "d.json").write_text("1" * 10_000, encoding="utf-8")
    items = read(tmp_path)
    assert [item.at for item in items if isinstance(item, Problem)] == [
        "a.json",
        "b.json",
        "d.json",
    ]
    assert len(documents(items)) == 1
    assert codes(items) >= {"json-invalid"}
