"""A service with made-up providers, and workers that answer by a script: for tests of change.

The workers are written from the protocol alone and make nothing; what they report can be set.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.running import Service
from tests.scenarios.stage import ENDED, until

NS = "https://w3id.org/kgservice/ns#"
VERBS = [
    *("provision", "observe", "adjust", "fence", "unfence", "export", "import"),
    *("verify", "hold", "erase", "end", "rollback"),
]
Json = dict[str, Any]


def provider(name: str) -> str:
    return f"urn:ngsi-ld:organization:{name}"


def offering(name: str) -> str:
    return f"urn:ngsi-ld:product-offering:{name}"


def document(name: str, seller: str, price: str, **facts: object) -> Json:
    """Write a TMF620 offering; facts by the names of characteristics."""
    return {
        "id": offering(name),
        "name": name,
        "lifecycleStatus": "Launched",
        "relatedParty": [{"id": provider(seller), "role": "Seller"}],
        "productOfferingPrice": [
            {
                "id": f"urn:ngsi-ld:product-offering-price:{name}",
                "priceType": "recurring",
                "recurringChargePeriodType": "month",
                "recurringChargePeriodLength": 1,
                "price": {"unit": "EUR", "value": price},
            }
        ],
        "productSpecification": {
            "id": f"urn:ngsi-ld:product-specification:{name}",
            "productSpecCharacteristic": [
                {"name": key, "productSpecCharacteristicValue": [{"value": value}]}
                for key, value in facts.items()
            ],
        },
    }


def database(name: str, seller: str, price: str, **facts: object) -> Json:
    """Write a PostgreSQL offering that can be moved by a dump."""
    known = {
        "Service type": "PostgreSQL",
        "PostgreSQL version": "16",
        "Storage": "500 GiB",
        "Max connections": "200",
        "Import format": "pg_dump-directory",
        "Export format": "pg_dump-directory",
        "Switching charge": "25 EUR",
        "Egress price": "0.05 EUR",
    }
    return document(name, seller, price, **{**known, **facts})


class ScriptedWorker(threading.Thread):
    """A worker that reports what it was told to, and does nothing."""

    def __init__(self, url: str, token: str, registration: Json) -> None:
        super().__init__(daemon=True)
        self.done: list[tuple[str, Json]] = []
        self.facts: dict[str, Json] = {}
        self.failing: dict[str, Json] = {}
        self.pausing = ""
        self.paused, self.go_on = threading.Event(), threading.Event()
        self.registration = registration
        self._url, self._headers = f"{url}/workers/v1", {"Authorization": f"Bearer {token}"}
        self._stopping = threading.Event()
        self.iri = self.register()

    def register(self, **changed: object) -> str:
        self.registration = {**self.registration, **changed}
        return str(self._post("workers", self.registration).json()["worker"])

    def _post(self, path: str, body: Json) -> requests.Response:
        answer = requests.post(f"{self._url}/{path}", json=body, headers=self._headers, timeout=60)
        assert answer.ok, answer.text
        return answer

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work()
            except requests.ConnectionError:  # the service was killed; it comes again
                self._stopping.wait(0.05)

    def _work(self) -> None:
        answer = self._post("leases", {"worker": self.iri, "waitSeconds": 1})
        if answer.status_code == 200:
            task = answer.json()
            self.done.append((task["verb"], task["input"]))
            self._perform(task)

    def _perform(self, task: Json) -> None:
        if task["verb"] == self.pausing:
            self.paused.set()
            self.go_on.wait(60)
        try:
            if task["verb"] in self.failing:
                body = {"token": task["token"], **self.failing[task["verb"]]}
                self._post(f"tasks/{task['task']}/fail", body)
                return
            facts = {**self._facts(task), **self.facts.get(task["verb"], {})}
            body = {"token": task["token"], "facts": facts, "sealed": {}}
            if task["verb"] == "export":
                body["sealed"] = {"worker": "sealed-offer"}
            self._post(f"tasks/{task['task']}/complete", body)
        except AssertionError:  # the lease went to somebody else meanwhile: the protocol's 409
            if not self.pausing:
                raise

    @staticmethod
    def _facts(task: Json) -> Json:
        given = task["input"]
        by_verb: dict[str, Json] = {
            "provision": given.get("requirements", {}),
            "fence": {"fencedAt": "2026-11-24T12:00:00Z"},
            "export": {"sha256": "00", "bytes": 1000, "tables": {}},
            "verify": {"rows": 1, "equal": True},
            "adjust": given.get("changes", {}),
        }
        return dict(by_verb.get(task["verb"], {}))

    def verbs(self) -> list[str]:
        """Name what it was given to do, without looks."""
        return [verb for verb, _ in self.done if verb != "observe"]

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)


@dataclass
class ChangeStage:
    """A running service with a catalogue in one file."""

    folder: Path
    service: Service
    workers: dict[str, ScriptedWorker] = field(default_factory=dict)
    token: str = ""
    """Of who calls; empty for the operator."""

    def publish(self, *documents: Json, add: bool = False) -> None:
        """Make these offerings the whole catalogue."""
        sellers = {one["relatedParty"][0]["id"] for one in documents}
        parties = [{"id": one, "tradingName": one.rpartition(":")[2]} for one in sorted(sellers)]
        file = self.folder / "catalogue.json"
        file.write_text(json.dumps([*parties, *documents]), encoding="utf-8")
        if add:
            self.service.kg("catalog", "add", "made-up", "--type", "tmf620", str(file))
        else:
            self.service.kg("catalog", "sync", "made-up")

    def add_worker(self, name: str, **registration: object) -> ScriptedWorker:
        bound = ("--type", "scripted", "--provider", provider(name))
        token = self.service.kg("token", "create", "--role", "worker", *bound).strip()
        body = {
            "type": "scripted",
            "provider": provider(name),
            "kinds": [f"{NS}PostgreSQL"],
            "verbs": VERBS,
            "importFormats": [f"{NS}pg_dump-directory"],
            "exportFormats": [f"{NS}pg_dump-directory"],
            "publicKey": {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"},
            **registration,
        }
        worker = ScriptedWorker(self.service.url, token, body)
        worker.start()
        self.workers[name] = worker
        return worker

    def call(self, method: str, path: str, body: object = None, expect: int = 0) -> Json:
        """Call `/mpli/v1`; text goes out as YAML, anything else as JSON."""
        headers = {"Authorization": f"Bearer {self.token or self.service.token}"}
        if isinstance(body, str):
            headers["Content-Type"] = "application/yaml"
        given: Json = {"data": body} if isinstance(body, str) else {"json": body}
        answer = requests.request(
            method,
            f"{self.service.url}/mpli/v1/{path}",
            headers=headers,
            timeout=120,
            **given,
        )
        assert answer.ok if not expect else answer.status_code == expect, answer.text
        found: Json = answer.json()
        return found

    def provision(self, request: str) -> dict[str, str]:
        """Have a request's best composition made; service ids by component."""
        identity = self.call("POST", "requests", request)["id"]
        return self.apply(self.call("POST", "plans", {"request": identity})["id"])

    def apply(self, plan: str, state: str = "done") -> dict[str, str]:
        """Apply a plan and wait for its end; service ids by component."""
        job = self.call("POST", f"plans/{plan}/apply", {"eraseConsent": True})
        self.wait(job["id"], state)
        shown = self.call("GET", f"plans/{plan}")
        return {
            step["component"]: step["service"].rpartition("/")[2]
            for step in shown["steps"]
            if step.get("component")
        }

    def wait(self, job: str, state: str = "done") -> Json:
        """Wait for the end of a job."""
        shown: Json = {}

        def is_over() -> bool:
            shown.update(self.call("GET", f"jobs/{job}"))
            return shown["state"] in ENDED

        until(is_over, f"job {job} ends")
        assert shown["state"] == state, shown
        return shown

    def kill_at(self, verb: str, worker: str) -> None:
        """Kill the service while a worker performs a verb, and start it again."""
        one = self.workers[worker]
        assert one.paused.wait(60), f"{verb} never came"
        port = self.service.url.rpartition(":")[2]
        self.service.kill()
        self.service.start("--port", port)
        one.pausing = ""
        one.go_on.set()

    def at(self, service: str) -> str:
        """Give the short name of the offering that a service runs on."""
        shown = self.call("GET", f"services/{service}")
        return str(shown["offering"]).rpartition(":")[2]

    def forget(self) -> None:
        """Let the workers forget what they were given to do."""
        for worker in self.workers.values():
            worker.done.clear()


@contextmanager
def change_stage(folder: Path, *documents: Json) -> Iterator[ChangeStage]:
    """Run a service with these offerings; workers are added by the caller."""
    stage = ChangeStage(folder, Service(folder / "data"))
    stage.service.start()
    try:
        stage.publish(*documents, add=True)
        yield stage
    finally:
        for worker in stage.workers.values():
            worker.stop()
        if stage.service.process is not None and stage.service.process.poll() is None:
            stage.service.stop()
