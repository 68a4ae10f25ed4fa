"""What is published is what was admitted; a new kind of service needs no code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask.testing import FlaskClient
from rdflib import RDF, Graph, Literal, Namespace, URIRef

from kgservice.api.app import create_app
from kgservice.model.settings import resolve_settings
from kgservice.mpli import catalogs
from kgservice.mpli.application import Application
from kgservice.mpli.opening import open_application

KG = Namespace("https://w3id.org/kgservice/ns#")
BASE = "/tmf-api/productCatalogManagement/v4"
PATHS = [
    f"{BASE}/productOffering",
    f"{BASE}/productOffering/x",
    f"{BASE}/productSpecification",
    f"{BASE}/productOfferingPrice",
    f"{BASE}/category",
    f"{BASE}/catalog",
    "/tmf-api/party/v4/organization",
    "/dcat",
    "/.well-known/void",
]

ONTOLOGY = """
@prefix kg: <https://w3id.org/kgservice/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix new: <https://made-up.example/ns#> .
new:Telescope a owl:Class ; rdfs:subClassOf kg:Offering ; rdfs:label "telescope"@en ;
  rdfs:comment "A telescope by the hour."@en .
new:aperture a owl:DatatypeProperty ; kg:valueKind kg:Single ; kg:valueType xsd:decimal ;
  kg:storedUnit "GiB" ; rdfs:label "aperture"@en ; rdfs:comment "How much light it takes."@en .
new:filter a owl:DatatypeProperty ; kg:valueKind kg:Choice ; kg:valueType xsd:string ;
  rdfs:label "filter"@en ; rdfs:comment "A filter that can be had."@en .
"""


def offering(number: int, **characteristics: object) -> dict[str, object]:
    return {
        "id": f"urn:ngsi-ld:product-offering:scope-{number}",
        "name": f"Scope {number}",
        "lifecycleStatus": "Active",
        "relatedParty": [{"id": "urn:made-up:seller", "name": "Seller", "role": "Seller"}],
        "productSpecification": {
            "id": f"s{number}",
            "productSpecCharacteristic": [
                {"name": name, "productSpecCharacteristicValue": values}
                for name, values in {"kind": [{"value": "Telescope"}], **characteristics}.items()
            ],
        },
    }


@dataclass(frozen=True)
class World:
    application: Application
    client: FlaskClient


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "data" / "ontology").mkdir(parents=True)
    (folder / "data" / "ontology" / "telescopes.ttl").write_text(ONTOLOGY, encoding="utf-8")
    good = offering(
        1,
        aperture=[{"value": 3, "unitOfMeasure": "GiB"}],
        filter=[{"value": "red"}, {"value": "green"}],
    )
    # so much memory is against the admission shapes: the document is quarantined
    bad = offering(2, memory=[{"value": 10**14, "unitOfMeasure": "GiB"}])
    source = folder / "productOffering.json"
    source.write_text(json.dumps([good, bad]), encoding="utf-8")
    settings = resolve_settings({"KG_DATA_DIR": str(folder / "data")}, {})
    application = open_application(settings, with_jobs=False)
    try:
        catalogs.add_catalog(application, "scopes", "tmf620", str(source), {})
        report = catalogs.sync_now(application, "scopes")
        assert report["counts"]["quarantined"] == 1, report  # type: ignore[index]
        yield World(application, create_app(application).test_client())
    finally:
        application.close()


def test_a_new_kind_is_a_category_and_its_facts_are_characteristics(world: World) -> None:
    (category,) = world.client.get(f"{BASE}/category?name=telescope").get_json()
    assert category["description"] == "A telescope by the hour."
    (one,) = world.client.get(f"{BASE}/productOffering").get_json()
    assert [kind["name"] for kind in one["category"]] == ["telescope"]
    (spec,) = world.client.get(f"{BASE}/productSpecification").get_json()
    facts = {item["name"]: item for item in spec["productSpecCharacteristic"]}
    (aperture,) = facts["aperture"]["productSpecCharacteristicValue"]
    assert aperture == {"value": 3, "unitOfMeasure": "GiB", "isDefault": True}
    assert facts["filter"]["configurable"] is True
    chosen = [value["value"] for value in facts["filter"]["productSpecCharacteristicValue"]]
    assert chosen == ["green", "red"]


def test_a_new_kind_is_in_dcat_and_void(world: World) -> None:
    data = Graph().parse(data=world.client.get("/dcat").data, format="turtle")
    node = URIRef("urn:ngsi-ld:product-offering:scope-1")
    new = Namespace("https://made-up.example/ns#")
    assert (node, RDF.type, new.Telescope) in data
    assert {value for value in data.objects(node, new.filter)} == {Literal("red"), Literal("green")}
    counted = world.client.get("/.well-known/void").get_data(as_text=True)
    assert "https://made-up.example/ns#Telescope" in counted


@pytest.mark.parametrize("path", PATHS)
def test_what_is_quarantined_is_nowhere(world: World, path: str) -> None:
    for query in ("", "?limit=1000"):
        assert "scope-2" not in world.client.get(path + query).get_data(as_text=True)
    assert world.client.get(f"{BASE}/productOffering").headers["X-Total-Count"] == "1"


@pytest.mark.parametrize("path", PATHS)
def test_a_closed_service_publishes_nothing_to_strangers(world: World, path: str) -> None:
    application = world.application
    closed = replace(application, settings=replace(application.settings, public_read=False))
    client = create_app(closed).test_client()
    assert client.get(path).status_code == 401
    token = application.tokens.create("analyst", name="ada")
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(path, headers=headers)
    assert answer.status_code in (200, 404)
    assert "public" not in answer.headers.get("Cache-Control", "")


def test_a_commit_is_seen_at_once(world: World) -> None:
    before = world.client.get(f"{BASE}/catalog")
    catalogs.add_catalog(world.application, "another", "tmf620", "http://127.0.0.1:9/", {})
    after = world.client.get(f"{BASE}/catalog", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert len(after.get_json()) == len(before.get_json()) + 1
    catalogs.remove_catalog(world.application, "another")
    again = world.client.get(f"{BASE}/catalog", headers={"If-None-Match": before.headers["ETag"]})
    assert again.status_code == 304, "what is as it was has the tag that it had"
