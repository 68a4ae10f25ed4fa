"""A service that is killed in the middle of a sync finishes it after its restart."""

from __future__ import annotations

import json
import time
from pathlib import Path

import requests

from tests.running import Service

OFFERINGS = 400


def offering(number: int) -> dict[str, object]:
    return {
        "id": f"urn:ngsi-ld:product-offering:killed-{number}",
        "name": f"Offering {number}",
        "lifecycleStatus": "Launched",
        "relatedParty": [{"id": "urn:ngsi-ld:organization:killed", "role": "Seller"}],
    }


def test_a_killed_sync_is_done_again_and_nothing_is_half_there(tmp_path: Path) -> None:
    source = tmp_path / "offerings.json"
    source.write_text(json.dumps([offering(n) for n in range(OFFERINGS)]), encoding="utf-8")
    service = Service(tmp_path / "data").start()
    try:
        headers = {"Authorization": f"Bearer {service.token}"}
        body = {"name": "killed", "type": "tmf620", "source": str(source)}
        made = requests.post(f"{service.url}/catalogs", json=body, headers=headers, timeout=30)
        assert made.status_code == 201, made.text
        answer = requests.post(f"{service.url}/catalogs/killed/sync", headers=headers, timeout=30)
        assert answer.status_code == 202, answer.text
        service.kill()
        service.start()
        job = requests.get(
            service.url + answer.headers["Location"], headers=headers, timeout=30
        ).json()
        deadline = time.monotonic() + 60
        while job["state"] == "running" and time.monotonic() < deadline:
            events = f"{service.url}{answer.headers['Location']}/events"
            with requests.get(events, headers=headers, stream=True, timeout=60) as stream:
                for _ in stream.iter_lines():
                    pass  # ends with the job
            job = requests.get(
                service.url + answer.headers["Location"], headers=headers, timeout=30
            ).json()
        assert job["state"] == "done", job
        counted = service.kg("query", "SELECT (COUNT(?o) AS ?n) { ?o a kg:Offering }")
        assert str(OFFERINGS) in counted
    finally:
        service.stop()
