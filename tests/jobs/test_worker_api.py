"""The worker protocol over HTTP: what goes in, what comes out, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Bench
from fake_workers import Token
from flask import Flask, request
from flask.testing import FlaskClient
from plan_situations import BASE, DUMP, NOORDZEE, PG, WATERLINIE

from kgservice.api import problems
from kgservice.api.workers import worker_blueprint
from kgservice.model.errors import Unauthenticated
from kgservice.plan import WORKER_VERBS

TOKENS = {"one": Token("h1", "postgresql", WATERLINIE), "two": Token("h2", "vm", NOORDZEE)}


@pytest.fixture
def client(runner_parts: Bench) -> FlaskClient:
    def authenticate() -> Token:
        name = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if name not in TOKENS:
            raise Unauthenticated("no token")
        return TOKENS[name]

    app = Flask("test")
    problems.install(app, BASE)
    app.register_blueprint(worker_blueprint(runner_parts.jobs, authenticate))
    return app.test_client()


def post(client: FlaskClient, path: str, body: Any, caller: str = "one") -> tuple[int, Any]:  # noqa: ANN401
    answer = client.post(
        f"/workers/v1{path}", json=body, headers={"Authorization": f"Bearer {caller}"}
    )
    return answer.status_code, answer.get_json(silent=True)


def registration(**more: object) -> dict[str, object]:
    return {
        "type": "postgresql",
        "provider": WATERLINIE,
        "kinds": [PG],
        "verbs": list(WORKER_VERBS),
        "importFormats": [DUMP],
        "exportFormats": [DUMP],
        "limits": {"majorVersion": [16]},
        "publicKey": {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"},
        "protocol": "1",
        **more,
    }


def offer(bench: Bench, client: FlaskClient, step: str) -> tuple[str, str]:
    status, answer = post(client, "/workers", registration())
    assert status == 201
    worker = answer["worker"]
    body = {"verb": "observe", "kind": PG, "idempotencyKey": f"h.{step}", "input": {"name": "n"}}
    bench.jobs.leases.put(body, job="h", step=step, worker=worker, pinned=True)
    return worker, f"h.{step}"


def test_a_task_goes_out_and_comes_back(runner_parts: Bench, client: FlaskClient) -> None:
    worker, task = offer(runner_parts, client, "round")
    status, lease = post(client, "/leases", {"worker": worker, "waitSeconds": 0})
    assert status == 200
    assert {"task": task, "token": 1, "attempt": 1, "verb": "observe"}.items() <= lease.items()
    assert lease["leaseSeconds"] == runner_parts.jobs.leases.timing.lease_s
    beat = {"token": 1, "progress": {"percent": 50, "message": "half"}}
    assert post(client, f"/tasks/{task}/heartbeat", beat)[1]["cancel"] is False
    result = {"token": 1, "facts": {"version": "16"}, "sealed": {"customer": "jwe"}}
    for _ in range(2):
        assert post(client, f"/tasks/{task}/complete", result)[0] == 200
    assert post(client, "/leases", {"worker": worker, "waitSeconds": 0})[0] == 204


def test_a_stale_token_answers_409(runner_parts: Bench, client: FlaskClient) -> None:
    worker, task = offer(runner_parts, client, "stale")
    post(client, "/leases", {"worker": worker, "waitSeconds": 0})
    status, problem = post(client, f"/tasks/{task}/complete", {"token": 7})
    assert (status, problem["code"]) == (409, "stale-lease")
    failure = {"token": 1, "class": "permanent", "code": "x", "detail": "y" * 5000}
    assert post(client, f"/tasks/{task}/fail", failure)[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/workers", registration(provider=NOORDZEE), 403, "worker-not-yours"),
        ("/workers", registration(verbs=["dance"]), 400, "worker-invalid"),
        ("/workers", {"type": "postgresql"}, 400, "body-invalid"),
        ("/workers", [1], 400, "body-invalid"),
        ("/leases", {"worker": f"{BASE}worker/none"}, 404, "worker-unknown"),
        ("/tasks/none/heartbeat", {"token": 1}, 404, "task-unknown"),
        ("/tasks/none/heartbeat", {"token": "x"}, 400, "body-invalid"),
        ("/tasks/none/complete", {"token": 1, "secret": 1}, 400, "body-invalid"),
        ("/tasks/none/fail", {"token": 1, "class": "odd", "code": "x"}, 400, "body-invalid"),
    ],
)
def test_a_wrong_call_is_answered_with_a_problem(
    client: FlaskClient, path: str, body: object, status: int, code: str
) -> None:
    found, problem = post(client, path, body)
    assert (found, problem["code"]) == (status, code)


def test_half_a_character_is_refused_and_not_a_defect(
    runner_parts: Bench, client: FlaskClient
) -> None:
    worker, task = offer(runner_parts, client, "half")
    post(client, "/leases", {"worker": worker, "waitSeconds": 0})
    for path, body in (
        ("complete", {"token": 1, "facts": {"x": "\ud800"}}),
        ("heartbeat", {"token": 1, "progress": {"message": "\ud800"}}),
        ("fail", {"token": 1, "class": "permanent", "code": "x", "detail": "\ud800"}),
    ):
        status, problem = post(client, f"/tasks/{task}/{path}", body)
        assert (status, problem["code"]) in ((400, "text-invalid"), (400, "body-invalid")), path


def test_no_token_is_401_and_another_workers_task_is_403(
    runner_parts: Bench, client: FlaskClient
) -> None:
    worker, task = offer(runner_parts, client, "others")
    post(client, "/leases", {"worker": worker, "waitSeconds": 0})
    assert post(client, "/leases", {"worker": worker}, caller="none")[0] == 401
    for path, body in (
        ("/leases", {"worker": worker, "waitSeconds": 0}),
        (f"/tasks/{task}/complete", {"token": 1}),
    ):
        assert post(client, path, body, caller="two")[0] == 403
