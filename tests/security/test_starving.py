"""Callers that wait must not keep others from being answered."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

from kgservice.model.errors import Unavailable
from kgservice.store import turns
from kgservice.store.readers import ReaderPool
from kgservice.store.turns import MAX_WAITING
from tests.security.attacked import KG_NS, Attacked

SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def health_s(attacked: Attacked) -> float:
    begin = time.monotonic()
    assert requests.get(attacked.service.url + "/healthz", timeout=20).ok
    return time.monotonic() - begin


def test_a_worker_that_polls_many_times_holds_two_threads(attacked: Attacked) -> None:
    token = attacked.token("worker", "greedy", type="vm", provider="urn:example:greedy")
    body = {
        "type": "vm",
        "provider": "urn:example:greedy",
        "kinds": [KG_NS + "VirtualMachine"],
        "verbs": ["observe"],
    }
    worker = attacked.call("POST", "/workers/v1/workers", token, body)[1]["worker"]

    def poll(_: int) -> tuple[int, object]:
        wish = {"worker": worker, "waitSeconds": 3}
        return attacked.call("POST", "/workers/v1/leases", token, wish)

    with ThreadPoolExecutor(40) as pool:
        polls = [pool.submit(poll, number) for number in range(40)]
        slowest = max(health_s(attacked) for _ in range(10))
        statuses = [done.result()[0] for done in polls]

    assert slowest < 2
    assert statuses.count(204) == 2
    assert statuses.count(503) == 38


def test_queries_that_never_end_leave_the_probe_answering(attacked: Attacked) -> None:
    def ask(_: int) -> int:
        try:
            return requests.post(
                attacked.service.url + "/sparql", data={"query": SLOW}, timeout=3
            ).status_code
        except requests.Timeout:
            return 0

    with ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(ask, number) for number in range(64)]
        slowest = max(health_s(attacked) for _ in range(10))
        statuses = [done.result() for done in asked]

    assert slowest < 2
    assert statuses.count(503) >= 24


def test_long_queries_without_a_token_leave_readers_to_others(attacked: Attacked) -> None:
    """One client without a token asks for all readers, again and again; others are answered."""
    token = attacked.token("analyst", "patient")

    def ask(text: str, token: str = "") -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.post(
            attacked.service.url + "/sparql", data={"query": text}, headers=headers, timeout=60
        )
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(8) as pool:
        greedy = [pool.submit(ask, SLOW) for _ in range(8)]
        patient = [ask("ASK { ?s ?p ?o }", token) for _ in range(20)]
        ends = [one.result() for one in greedy]

    assert patient == [(200, "")] * 20
    assert {status for status, _ in ends} <= {503, 504}
    refusals = {"query-deadline", "query-shed", "query-busy", "too-many-waiting"}
    assert {code for _, code in ends} <= refusals


def test_connections_that_say_nothing_leave_the_probe_answering(attacked: Attacked) -> None:
    address = urlsplit(attacked.service.url)
    with ExitStack() as stack:
        for _ in range(200):
            link = stack.enter_context(
                socket.create_connection((str(address.hostname), address.port or 80), timeout=5)
            )
            link.sendall(b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")

        assert health_s(attacked) < 2


def test_a_busy_pool_sends_callers_away_instead_of_keeping_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "LONG_S", 600)  # the one at work need not make room
    pool = ReaderPool(1, 1024)

    def wait(_: int) -> str:
        try:
            with pool.lease(2):
                return "served"
        except Unavailable as error:
            return error.code

    begin = time.monotonic()
    try:
        with ThreadPoolExecutor(MAX_WAITING + 20) as threads, pool.lease(10):
            outcomes = [threads.submit(wait, number) for number in range(MAX_WAITING + 20)]
            first = [next(as_completed(outcomes)).result()]
            sent_away_s = time.monotonic() - begin
            codes = [outcome.result() for outcome in outcomes]
    finally:
        pool.close()

    assert first == ["query-busy"]
    assert sent_away_s < 1.5
    assert set(codes) == {"query-busy"}
