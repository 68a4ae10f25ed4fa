"""A registration survives the service's death, and nothing that changed stays untold."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from tests.callbacks import listening
from tests.running import Service

CREATED, DELETED = "ProductOfferingCreateEvent", "ProductOfferingDeleteEvent"


def write(folder: Path, *numbers: int) -> None:
    folder.mkdir(exist_ok=True)
    offerings = [
        {
            "id": f"urn:ngsi-ld:product-offering:made-up-{number}",
            "name": f"Made up {number}",
            "lifecycleStatus": "Active",
            "relatedParty": [{"id": "urn:made-up:seller", "name": "Seller", "role": "Seller"}],
            "category": [{"id": "urn:made-up:db", "name": "PostgreSQL"}],
        }
        for number in numbers
    ]
    (folder / "productOffering.json").write_text(json.dumps(offerings), encoding="utf-8")


def test_notices_come_after_a_kill(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source, 1, 2)
    with listening() as callback:
        service = Service(tmp_path / "data", {"KG_ALLOW_HOSTS": callback.host}).start()
        made = requests.post(
            f"{service.url}/tmf-api/productCatalogManagement/v4/hub",
            json={"callback": callback.url},
            headers={"Authorization": f"Bearer {service.token}"},
            timeout=30,
        )
        assert made.status_code == 201, made.text
        callback.status = 503
        service.kg("catalog", "add", "made-up", "--type", "tmf620", str(source))
        service.kill()
        callback.status = 201
        service.start()
        callback.wait_for(2)
        write(source, 2, 3)
        service.kg("catalog", "sync", "made-up")
        callback.wait_for(4)
        service.stop()
    first = {(kind, one[-1]) for kind, one in callback.told[:2]}
    assert first == {(CREATED, "1"), (CREATED, "2")}
    assert {(CREATED, "3"), (DELETED, "1")} <= {(k, one[-1]) for k, one in callback.told[2:]}
