"""A database that nobody offers is made by a recipe, of a machine at another provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from tests.running import Service
from tests.scenarios.test_made_up_kind import PROVIDER, kettle

RECIPE = "https://w3id.org/kgservice/recipes/postgresql-on-virtual-machine"
KINDS = {PROVIDER: "VirtualMachine", RECIPE: "PostgreSQL"}
REQUEST = """
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, majorVersion: ">= 16", extension: [vector], memory: ">= 4 GiB", ways: any}
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    machine = kettle("vm", "Virtual machine", 1, "9.00")
    named = machine["productSpecification"]["productSpecCharacteristic"]  # type: ignore[index,call-overload]
    named[1] = {"name": "RAM", "productSpecCharacteristicValue": [{"value": "4 GiB"}]}
    (tmp_path / "offerings.json").write_text(json.dumps([machine]), encoding="utf-8")
    made = Service(tmp_path / "data").start()
    made.kg("catalog", "add", "market", "--type", "tmf620", str(tmp_path / "offerings.json"))
    yield made
    made.stop()


def call(service: Service, path: str, token: str = "", **more: Any) -> requests.Response:  # noqa: ANN401
    headers = {"Authorization": f"Bearer {token or service.token}", **more.pop("headers", {})}
    return requests.post(f"{service.url}{path}", headers=headers, timeout=120, **more)


def test_a_plan_makes_the_parts_first_and_hands_their_details_on(service: Service) -> None:
    key = ECKey.generate_key("P-256").as_dict(private=False)
    yaml = {"Content-Type": "application/yaml"}
    asked = call(service, "/mpli/v1/requests", data=REQUEST, headers=yaml).json()["id"]
    wish = {"request": asked, "rank": 1, "customerKey": key}
    refused = call(service, "/mpli/v1/plans", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "no-worker")
    for number, (provider, kind) in enumerate(KINDS.items()):
        bound = ("--type", f"maker{number}", "--provider", provider)
        name = f"maker-{number}"
        token = service.kg("token", "create", "--role", "worker", "--name", name, *bound).strip()
        body = {
            "type": f"maker{number}",
            "provider": provider,
            "kinds": [f"https://w3id.org/kgservice/ns#{kind}"],
            "verbs": ["provision", "observe", "rollback"],
            "publicKey": key,
        }
        assert call(service, "/workers/v1/workers", token, json=body).ok
    plan = call(service, "/mpli/v1/plans", json=wish).json()
    steps = {step["name"]: step for step in plan["steps"]}
    assert steps["provision-db"]["after"] == ["provision-db-vm"]
    assert steps["provision-db"]["input"]["requirements"] == {
        "majorVersion": 16,
        "extension": ["vector"],
    }
    assert steps["provision-db-vm"]["input"]["requirements"] == {"memory": "4"}
    assert list(steps["provision-db-vm"]["input"]["recipients"]) == ["db"]
    assert list(steps["provision-db"]["input"]["connections"]) == ["db-vm"]
    assert plan["cost"] == "9.00 EUR a month"
