"""A worker says what is true of itself only, whatever its messages hold."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kgservice.jobs.facts import observed
from kgservice.model.rdf import Iri
from tests.security.attacked import KG_NS, Attacked

MINE, VICTIM = "urn:example:mine", "urn:example:victim"
STORAGE = {"storage": Iri(KG_NS + "storage")}


def register(attacked: Attacked, **changed: Any) -> tuple[int, Any]:  # noqa: ANN401
    token = attacked.token("worker", "mallory", type="postgresql", provider=MINE)
    body = {
        "type": "postgresql",
        "provider": MINE,
        "kinds": [KG_NS + "PostgreSQL"],
        "verbs": ["provision", "export"],
        "limits": {"majorVersion": [16]},
        **changed,
    }
    return attacked.call("POST", "/workers/v1/workers", token, body)


@pytest.mark.parametrize(
    "limits",
    [
        {"forProvider": VICTIM},
        {"provider": VICTIM},
        {"performs": "http://127.0.0.1:8080/worker/other#capability-1"},
        {"lastSeen": "2999-01-01T00:00:00Z"},
        {"label": "https://w3id.org/kgservice/scheme/eu-cloud-basic/basic"},
        {"headquarters": "http://publications.europa.eu/resource/authority/country/NLD"},
        {"canMoveTo": "urn:example:profile"},
        {"majorVersion": "\x00\x01"},
        {"majorVersion": "\ud800"},
        {"majorVersion": 10**30},
        {"majorVersion": list(range(1000))},
        {f"p{number}": 1 for number in range(1000)},
    ],
    ids=lambda limits: next(iter(limits)),
)
def test_limits_cannot_say_anything_but_limits(attacked: Attacked, limits: dict[str, Any]) -> None:
    status, body = register(attacked, limits=limits)

    assert (status, body["code"]) == (400, "worker-invalid")


def test_no_registration_makes_a_worker_of_another_provider(attacked: Attacked) -> None:
    register(attacked)
    register(attacked, limits={"forProvider": VICTIM})
    status, body = register(attacked, provider=VICTIM)

    assert (status, body["code"]) == (403, "worker-not-yours")
    rows = attacked.select("SELECT ?p { ?worker a kg:Worker ; kg:forProvider ?p }")
    assert VICTIM not in {row["p"] for row in rows}


def test_a_private_key_in_a_registration_is_refused_and_not_kept(attacked: Attacked) -> None:
    key = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "CANARY-PRIVATE-KEY"}

    status, body = register(attacked, publicKey=key)

    assert (status, body["code"]) == (400, "body-invalid")
    folder = attacked.service.folder
    found = [p for p in folder.rglob("*") if p.is_file() and b"CANARY-PRIV" in p.read_bytes()]
    assert found == []


@pytest.mark.parametrize("task", ["..%2f..%2fetc", "%00", "a" * 3000, "x';--", "%0d%0aX-Y:1"])
def test_a_task_id_is_only_a_name(attacked: Attacked, task: str) -> None:
    token = attacked.token("worker", "mallory", type="postgresql", provider=MINE)

    status, body = attacked.call(
        "POST", f"/workers/v1/tasks/{task}/complete", token, {"token": 1, "facts": {}}
    )

    assert (status, body["code"]) in {(404, "task-unknown"), (404, "not-found")}


def test_a_worker_of_another_token_gets_no_task_of_this_one(attacked: Attacked) -> None:
    worker = register(attacked)[1]["worker"]
    other = attacked.token("worker", "eve", type="postgresql", provider=MINE)

    status, body = attacked.call(
        "POST", "/workers/v1/leases", other, {"worker": worker, "waitSeconds": 0}
    )

    assert (status, body["code"]) == (403, "worker-not-yours")


@pytest.mark.parametrize(
    "value", ["1e999999999", "1e-999999999", float("inf"), float("nan"), "1e1000", "Infinity"]
)
def test_an_endless_number_does_not_become_an_endless_text(value: str | float) -> None:
    begin = time.monotonic()

    found = observed({"storage": value}, ["storage"], STORAGE)

    assert time.monotonic() - begin < 0.5
    assert all(len(term.value) < 200 for terms in found.values() for term in terms)  # type: ignore[union-attr]
