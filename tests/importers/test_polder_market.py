"""The sample catalogue `polder-market` holds the demo's story, and real catalogues' blemishes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from small_vocabulary import ROOT
from tmf620_reading import codes, documents, prices, read, values

from kgservice.model.documents import SourceDocument

FOLDER = Path(str(files("kgservice_importers.samples").joinpath("polder-market")))
OFFERING = "urn:ngsi-ld:product-offering:"
AUTHORITY = "http://publications.europa.eu/resource/authority/country/"


@pytest.fixture(scope="module")
def market() -> dict[str, SourceDocument]:
    return documents(read(FOLDER))


def monthly(document: SourceDocument, gib: int) -> float:
    """Add up what a month costs with this much storage."""
    return sum(
        float(price["amount"]) * (gib if price.get("perProperty") == "storage" else 1)
        for price in prices(document)
        if price["priceType"] == "Recurring"
    )


def test_there_are_twenty_offerings_of_three_kinds_and_five_providers(
    market: dict[str, SourceDocument],
) -> None:
    kinds = [
        kind
        for document in market.values()
        for kind in _types(document) & {"PostgreSQL", "Container", "VirtualMachine"}
    ]
    assert (kinds.count("PostgreSQL"), kinds.count("Container"), kinds.count("VirtualMachine")) == (
        8,
        6,
        6,
    )
    assert sum("Provider" in _types(document) for document in market.values()) == 5


def _types(document: SourceDocument) -> set[str]:
    return {
        triple.object.value.rpartition("#")[2]  # type: ignore[union-attr]
        for triple in document.triples
        if triple.subject == document.primary and triple.predicate.value.endswith("#type")
    }


@pytest.mark.parametrize(
    ("slug", "versions", "provider", "country"),
    [
        ("waterlinie-postgresql", {"15", "16"}, "waterlinie-cloud", "NLD"),
        ("noordzee-postgresql", {"18"}, "noordzee-hosting", "NLD"),
        ("lage-landen-postgresql", {"16", "17"}, "lage-landen-it", "BEL"),
        ("prairie-postgresql", {"16", "17", "18"}, "prairie-cloud", "USA"),
    ],
)
def test_databases_of_the_story_have_their_versions_vector_and_dump(
    market: dict[str, SourceDocument],
    slug: str,
    versions: set[str],
    provider: str,
    country: str,
) -> None:
    found = market[OFFERING + slug]
    assert values(found, "majorVersion") == versions
    assert "vector" in values(found, "extension")
    assert "pg_dump-directory" in values(found, "exportFormat")
    assert values(found, "provider") == {f"urn:ngsi-ld:organization:{provider}"}
    party = market[f"urn:ngsi-ld:organization:{provider}"]
    assert values(party, "headquarters") == {AUTHORITY + country}
    assert all(float(size) >= 100 for size in values(found, "storage"))


def test_cheapest_database_is_american_and_next_comes_one_without_notice_period(
    market: dict[str, SourceDocument],
) -> None:
    usable = [
        document
        for document in market.values()
        if "PostgreSQL" in _types(document)
        and prices(document)
        and "vector" in values(document, "extension")
    ]
    ranked = sorted(usable, key=lambda document: monthly(document, 100))
    names = [document.source_id.removeprefix(OFFERING) for document in ranked]
    assert names[:4] == [
        "prairie-postgresql",
        "lage-landen-postgresql",
        "waterlinie-postgresql",
        "noordzee-postgresql",
    ]
    assert values(ranked[1], "noticePeriod") == set()
    assert monthly(ranked[0], 100) == pytest.approx(14.90)
    assert monthly(ranked[2], 100) + monthly(ranked[3], 100) < 450


def test_completeness_for_sub_processors_is_declared_by_some_only(
    market: dict[str, SourceDocument],
) -> None:
    complete = {
        name
        for name, document in market.items()
        if "subprocessor" in values(document, "completeFor")
    }
    assert OFFERING + "waterlinie-postgresql" in complete
    assert OFFERING + "kanaal-vm" not in complete


def test_blemishes_of_real_catalogues_are_found(market: dict[str, SourceDocument]) -> None:
    assert values(market[OFFERING + "noordzee-postgresql-legacy"], "lifecycleStatus") == {"Retired"}
    assert "price-ambiguous" in codes(market[OFFERING + "waterlinie-postgresql-shared"])
    assert "price-on-request" in codes(market[OFFERING + "waterlinie-containers-dedicated"])
    assert "credential-not-read" in codes(read(FOLDER))
    assert {"unit-missing", "value-unmapped"} <= codes(market[OFFERING + "kanaal-vm"])
    assert "unit-assumed" in codes(market[OFFERING + "kanaal-postgresql"])
    premium = prices(market[OFFERING + "kanaal-postgresql-premium"])
    assert sorted(price["amount"] for price in premium) == ["0.22", "189.5"]
    assert "urn:ngsi-ld:ProductOffering:12234" in market
    assert any(name.endswith("/catalog/polder-market/productOffering/22") for name in market)


def test_files_say_that_the_providers_are_made_up_and_follow_from_the_table() -> None:
    before = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    for item in json.loads(before["organization.json"]):
        assert item["description"] == "Fictitious provider for demonstration."
    script = ROOT / "tools" / "make_polder_market.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, capture_output=True)
