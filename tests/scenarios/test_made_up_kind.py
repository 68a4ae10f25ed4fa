"""A new kind of service is an ontology file and a worker: no line of `kgservice/` changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.running import Service
from tests.scenarios.change_stage import document

ONTOLOGY = """
@prefix ex: <https://example.org/ns#> .
@prefix kg: <https://w3id.org/kgservice/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:TeaKettle a owl:Class ; rdfs:subClassOf kg:Offering ; rdfs:label "TeaKettle"@en .
ex:litres a owl:DatatypeProperty ; rdfs:label "litres"@en ;
  kg:valueKind kg:Single ; kg:valueType xsd:integer .
"""
NARROWER = """
@prefix ex: <https://example.org/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:Samovar a owl:Class ; rdfs:subClassOf ex:TeaKettle ; rdfs:label "Samovar"@en .
"""
PROVIDER = "urn:ngsi-ld:organization:tea-house"
REQUEST = """
request: Tea for everyone
as-of: "2026-12-01"
components:
  tea: {kind: TeaKettle, litres: ">= 2"}
prefer: [minimise monthlyPrice]
"""


def kettle(name: str, kind: str, litres: int, price: str) -> dict[str, object]:
    """Write a TMF620 offering of the made-up kind."""
    return document(name, "tea-house", price, **{"Service type": kind, "litres": litres})


@pytest.fixture
def tea_house(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    (service.folder / "ontology").mkdir(parents=True)
    (service.folder / "ontology" / "tea.ttl").write_text(ONTOLOGY, encoding="utf-8")
    offerings = [
        {"id": PROVIDER, "tradingName": "Tea House (made up)"},
        kettle("small", "TeaKettle", 1, "1.00"),
        kettle("large", "TeaKettle", 3, "9.00"),
        kettle("samovar", "Samovar", 5, "5.00"),
    ]
    (tmp_path / "offerings.json").write_text(json.dumps(offerings), encoding="utf-8")
    (tmp_path / "tea.yaml").write_text(REQUEST, encoding="utf-8")
    yield service
    if service.process is not None and service.process.poll() is None:
        service.stop()


def best(service: Service, tmp_path: Path) -> list[str]:
    answer = service.kg_json(
        "request", "resolve", str(tmp_path / "tea.yaml"), "--json", expect=None
    )
    found = answer["compositions"]
    assert isinstance(found, list)
    return [one["offerings"]["tea"].rpartition(":")[2] for one in found]


def test_one_more_axiom_changes_the_answer(tea_house: Service, tmp_path: Path) -> None:
    """The samovar is a kettle as soon as an ontology file says so; nothing else changes."""
    tea_house.kg("catalog", "add", "tea", "--type", "tmf620", str(tmp_path / "offerings.json"))
    assert best(tea_house, tmp_path) == ["large"]
    (tea_house.folder / "ontology" / "samovar.ttl").write_text(NARROWER, encoding="utf-8")
    tea_house.kg("catalog", "sync", "tea")
    assert best(tea_house, tmp_path) == ["samovar", "large"]


class TeaWorker(threading.Thread):
    """A worker in thirty lines, written from the protocol alone."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        self.done: list[tuple[str, dict[str, object]]] = []
        self._url, self._headers = f"{url}/workers/v1", {"Authorization": f"Bearer {token}"}
        self._stopping = threading.Event()
        body = {
            "type": "tea",
            "provider": PROVIDER,
            "kinds": ["https://example.org/ns#TeaKettle"],
            "verbs": ["provision", "observe", "rollback"],
            "protocol": "1",
        }
        self._worker = self._post("workers", body).json()["worker"]

    def _post(self, path: str, body: dict[str, object]) -> requests.Response:
        answer = requests.post(f"{self._url}/{path}", json=body, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return answer

    def run(self) -> None:
        while not self._stopping.is_set():
            answer = self._post("leases", {"worker": self._worker, "waitSeconds": 1})
            if answer.status_code != 200:
                continue
            task = answer.json()
            self.done.append((task["verb"], task["input"]))
            body = {"token": task["token"], "facts": {"litres": 3}}
            self._post(f"tasks/{task['task']}/complete", body)

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)


def test_a_made_up_kind_is_resolved_planned_and_provisioned(
    tea_house: Service, tmp_path: Path
) -> None:
    tea_house.start()
    tea_house.kg("catalog", "add", "tea", "--type", "tmf620", str(tmp_path / "offerings.json"))
    request = str(tmp_path / "tea.yaml")
    refused = tea_house.kg("plan", request, expect=1)
    assert "no-worker" in refused
    assert "TeaKettle" in refused
    token = tea_house.kg(
        "token", "create", "--role", "worker", "--type", "tea", "--provider", PROVIDER
    ).strip()
    worker = TeaWorker(tea_house.url, token)
    worker.start()
    plan = tea_house.kg_json("plan", request, "--json")
    tea_house.kg("apply", str(plan["id"]))
    shown = tea_house.kg_json("service", "show", "tea")
    worker.stop()
    assert [verb for verb, _ in worker.done] == ["provision", "observe"]
    assert worker.done[0][1]["requirements"] == {"litres": 2}
    assert (shown["state"], shown["facts"]) == ("Running", {"litres": 3})
