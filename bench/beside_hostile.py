"""What a good query takes while two others run hostile ones all the time, against when they do not.

python -m bench.beside_hostile

The hostile ones need a processor each and never end by themselves; the good one is small. It is
asked alone, beside them, and alone again. The deadline is the default one, 30 s: a query works in
front of all others for its first second only.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import requests

from tests.running import Service

QUERIES = 400
TARGET = 2.0
GOOD = "PREFIX kg: <https://w3id.org/kgservice/ns#> SELECT (COUNT(?o) AS ?n) { ?o a kg:Offering }"
HOSTILE = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "SELECT (MAX(SHA512(CONCAT(STR(?c), STR(?f)))) AS ?x) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
)


def measure() -> dict[str, object]:
    """Give the 95th percentiles in ms, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data").start("--samples")
        try:
            return _compare(service)
        finally:
            service.stop()


def _compare(service: Service) -> dict[str, object]:
    """Ask alone, beside the hostile ones, and alone again."""
    tokens = [_token(service, name) for name in ("eve", "mallory")]
    alone = _ask(service.url)
    is_over = threading.Event()
    attackers = [
        threading.Thread(target=_attack, args=(service.url, token, text, is_over))
        for token, text in zip(tokens, HOSTILE, strict=True)
    ]
    for attacker in attackers:
        attacker.start()
    beside = _ask(service.url)
    is_over.set()
    for attacker in attackers:
        attacker.join()
    alone += _ask(service.url)
    without, with_them = (_p95_ms(times) for times in (alone, beside))
    return {
        "load_before": round(os.getloadavg()[0], 1),
        "alone_p95_ms": without,
        "beside_p95_ms": with_them,
        "ratio": round(with_them / without, 2),
        "target_ratio": TARGET,
    }


def _token(service: Service, name: str) -> str:
    answer = requests.post(
        service.url + "/tokens",
        json={"role": "analyst", "name": name},
        headers={"Authorization": f"Bearer {service.token}"},
        timeout=30,
    )
    return str(answer.json()["token"])


def _attack(url: str, token: str, text: str, is_over: threading.Event) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    while not is_over.is_set():
        requests.get(url + "/sparql", params={"query": text}, headers=headers, timeout=60)


def _ask(url: str) -> list[float]:
    taken = []
    with requests.Session() as session:
        for _ in range(QUERIES):
            begin = time.perf_counter()
            answer = session.get(url + "/sparql", params={"query": GOOD}, timeout=60)
            taken.append(time.perf_counter() - begin)
            assert answer.status_code == 200, answer.text
            threading.Event().wait(0.01)
    return taken


def _p95_ms(times: list[float]) -> float:
    return round(statistics.quantiles(times, n=20)[-1] * 1000, 2)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
