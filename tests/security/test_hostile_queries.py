"""Queries that mean harm against a real service: it lives, and others do not notice.

The time of an answer is that of the query and that of the machine. What the machine takes is
measured beside each query: the longest answer of the probe `/healthz`, which does no work, in the
same time; it is allowed on top of the deadline and half a second, twice, since a stopped query
waits for a processor twice: to be stopped and to be answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.running import Service
from tests.security.hostile_queries import CORPUS, Hostile

DEADLINE_S = 2.0
SLACK_S = 0.5
GOOD = "PREFIX kg: <https://w3id.org/kgservice/ns#> SELECT (COUNT(?o) AS ?n) { ?o a kg:Offering }"
pytestmark = pytest.mark.xdist_group("hostile")


@dataclass
class Trap:
    """A server that nobody may call, but for `/list`, which leads back to it."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    def put_in(self, text: str) -> str:
        base = f"http://127.0.0.1:{self.port}"
        return (
            text.replace("TRAP", base + "/trap")
            .replace("LIST", base + "/list")
            .replace("PORT", str(self.port))
        )


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    found = Trap()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/trap")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@dataclass
class Bystanders:
    """Someone with a good query, and a probe, all the time."""

    url: str
    answers: list[tuple[float, float, int, str]] = field(default_factory=list)
    probes: list[tuple[float, float]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        with requests.Session() as session:
            while not self.is_over.wait(0.02):
                begin = time.monotonic()
                answer = session.get(
                    self.url + "/sparql",
                    params={"query": GOOD},
                    headers={"Accept": "text/csv"},
                    timeout=60,
                )
                end = time.monotonic()
                self.answers.append((begin, end, answer.status_code, answer.text))

    def probe(self) -> None:
        with requests.Session() as session:
            while not self.is_over.wait(0.02):
                begin = time.monotonic()
                assert session.get(self.url + "/healthz", timeout=60).ok
                self.probes.append((begin, time.monotonic()))

    def lag_s(self, begin: float, end: float) -> float:
        """Give the longest that the machine took to answer nothing in a time."""
        found = [e - b for b, e in list(self.probes) if e >= begin and b <= end]
        return max(found, default=0.0)


@dataclass(frozen=True)
class Outcome:
    """What came of a hostile query."""

    name: str
    status: int
    code: str
    taken_s: float
    begin: float
    end: float
    problem: dict[str, object]


def attack(url: str, token: str, trap: Trap, name: str) -> Outcome:
    hostile: Hostile = CORPUS[name]
    text = hostile.text
    begin = time.monotonic()
    answer = requests.post(
        url + "/sparql",
        params=[(key, trap.put_in(value)) for key, value in hostile.parameters],
        data=text
        if isinstance(text, bytes)
        else trap.put_in(text).encode("utf-8", "surrogatepass"),
        headers={
            "Content-Type": "application/sparql-query",
            "Accept": "text/csv, text/turtle;q=0.5",
            "Authorization": f"Bearer {token}",
        },
        timeout=60,
    )
    end = time.monotonic()
    problem = answer.json() if answer.status_code >= 400 else {}
    code = str(problem.get("code", ""))
    return Outcome(name, answer.status_code, code, end - begin, begin, end, problem)


@dataclass
class Siege:
    """The service after all attacks, what came of each, and what bystanders saw."""

    service: Service
    outcomes: dict[str, Outcome]
    bystanders: Bystanders
    pid: int
    trap: Trap


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory, trap: Trap) -> Iterator[Siege]:
    """Two attackers with a token each, at once, and the bystanders beside them."""
    settings = {
        "KG_QUERY_TIMEOUT_S": str(DEADLINE_S),
        "KG_QUERY_MEMORY_MB": "512",
        "KG_QUERY_MAX_MB": "16",
        "KG_SERVICE_ENDPOINTS": trap.put_in("LIST"),
    }
    service = Service(tmp_path_factory.mktemp("siege"), settings).start("--samples")
    try:
        yield besieged(service, trap)
    finally:
        service.stop()


def besieged(service: Service, trap: Trap) -> Siege:
    """Carry out all attacks."""
    assert service.process is not None
    tokens = [
        requests.post(
            service.url + "/tokens",
            json={"role": "analyst", "name": name},
            headers={"Authorization": f"Bearer {service.token}"},
            timeout=30,
        ).json()["token"]
        for name in ("eve", "mallory")
    ]
    bystanders = Bystanders(service.url)
    with ThreadPoolExecutor(4) as threads:
        watching = [threads.submit(bystanders.ask), threads.submit(bystanders.probe)]
        names = list(CORPUS)

        def campaign(number: int) -> list[Outcome]:
            mine = names[number::2]
            return [attack(service.url, tokens[number], trap, name) for name in mine]

        try:
            found = [one for half in threads.map(campaign, range(2)) for one in half]
        finally:
            bystanders.is_over.set()
        for one in watching:
            one.result()
    pid = service.process.pid
    return Siege(service, {one.name: one for one in found}, bystanders, pid, trap)


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_query_gets_the_right_status_in_time(siege: Siege, name: str) -> None:
    outcome = siege.outcomes[name]
    lag_s = siege.bystanders.lag_s(outcome.begin, outcome.end)
    said = f"{outcome.status} {outcome.code} after {outcome.taken_s:.2f} s, lag {lag_s:.2f} s"
    assert outcome.status in CORPUS[name].statuses, f"{said}: {str(outcome.problem)[:600]}"
    assert outcome.taken_s <= DEADLINE_S + SLACK_S + 2 * lag_s, said
    if outcome.status >= 400:
        assert outcome.code
        assert outcome.problem["status"] == outcome.status
        assert str(outcome.problem["detail"])
    assert outcome.code not in ("internal", "query-busy", "query-shed"), said


def test_the_service_lives_and_is_the_same_process(siege: Siege) -> None:
    assert siege.service.process is not None
    assert siege.service.process.poll() is None
    assert requests.get(siege.service.url + "/healthz", timeout=30).ok
    assert "Traceback" not in "".join(siege.service.log)


def test_each_good_query_beside_them_is_answered_in_full(siege: Siege) -> None:
    answers = siege.bystanders.answers
    assert len(answers) > len(CORPUS)
    assert {(status, text) for _, _, status, text in answers} == {(200, answers[0][3])}


def test_nobody_was_called(siege: Siege) -> None:
    assert set(siege.trap.asked) == {"/list"}
