"""Updates that mean harm against a real service: stopped whole, and others do not notice.

Time is judged as for queries (see `test_hostile_queries`), but an update waits for a processor four
times: its process is stopped, another opens the store, finds out what is there, and it is answered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import requests

from tests.running import Service
from tests.security.hostile_updates import CORPUS
from tests.security.test_hostile_queries import Bystanders, Outcome

DEADLINE_S = 2.0
SLACK_S = 0.5
OWN, KEPT = "http://example.org/attacker", "http://example.org/kept"
FACTS = 200
pytestmark = pytest.mark.xdist_group("hostile updates")


@dataclass
class Siege:
    """The service after all attacks."""

    url: str
    tokens: dict[str, str]
    bystanders: Bystanders
    service: Service
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def update(self, who: str, text: str | bytes) -> requests.Response:
        body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return requests.post(
            self.url + "/sparql/update",
            data=body,
            headers={
                "Content-Type": "application/sparql-update",
                "Authorization": f"Bearer {self.tokens[who]}",
            },
            timeout=60,
        )

    def size(self, graph: str) -> int:
        text = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        answer = requests.get(
            self.url + "/sparql",
            params={"query": text},
            headers={"Accept": "text/csv", "Authorization": f"Bearer {self.tokens['kept']}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return int(answer.text.split()[1])

    def attack(self, name: str) -> None:
        text = CORPUS[name].text
        if isinstance(text, str):
            text = text.replace("OWN", OWN).replace("KEPT", KEPT)
            text = text.replace("TRAP", self.url + "/trap")
        begin = time.monotonic()
        answer = self.update("attacker", text)
        end = time.monotonic()
        problem = answer.json() if answer.status_code >= 400 else {}
        code = str(problem.get("code", ""))
        self.outcomes[name] = Outcome(
            name, answer.status_code, code, end - begin, begin, end, problem
        )
        self.sizes[name] = (self.size(OWN), self.size(KEPT))


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    """One attacker who may write, somebody else's graph, and bystanders who ask."""
    settings = {"KG_QUERY_TIMEOUT_S": str(DEADLINE_S), "KG_QUERY_MEMORY_MB": "384"}
    service = Service(tmp_path_factory.mktemp("siege"), settings).start()
    try:
        yield besieged(service)
    finally:
        service.stop()


def besieged(service: Service) -> Siege:
    """Carry out all attacks."""
    headers = {"Authorization": f"Bearer {service.token}"}
    tokens = {
        name: requests.post(
            service.url + "/tokens",
            json={"role": "editor", "name": name},
            headers=headers,
            timeout=30,
        ).json()["token"]
        for name in ("attacker", "kept")
    }
    found = Siege(service.url, tokens, Bystanders(service.url), service)
    facts = " ".join(f"<urn:{n}> <urn:p> '{n}', <urn:{n % 7}> ." for n in range(FACTS // 2))
    for who, graph in (("attacker", OWN), ("kept", KEPT)):
        data = f"INSERT DATA {{ GRAPH <{graph}> {{ {facts} }} }}"
        if who == "attacker":  # its WHERE parts see the default graph
            data += f" ; INSERT DATA {{ {facts} }}"
        assert found.update(who, data).status_code == 204
    with ThreadPoolExecutor(2) as threads:
        watching = [threads.submit(found.bystanders.ask), threads.submit(found.bystanders.probe)]
        try:
            for name in CORPUS:
                found.attack(name)
        finally:
            found.bystanders.is_over.set()
        for one in watching:
            one.result()
    return found


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 20


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_update_gets_the_right_status_in_time(siege: Siege, name: str) -> None:
    outcome = siege.outcomes[name]
    lag_s = siege.bystanders.lag_s(outcome.begin, outcome.end)
    said = f"{outcome.status} {outcome.code} after {outcome.taken_s:.2f} s, lag {lag_s:.2f} s"
    assert outcome.status in CORPUS[name].statuses, f"{said}: {str(outcome.problem)[:600]}"
    assert outcome.taken_s <= DEADLINE_S + SLACK_S + 4 * lag_s, said
    assert outcome.code not in ("", "internal", "update-busy"), said


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_update_changes_nothing(siege: Siege, name: str) -> None:
    assert siege.sizes[name] == (FACTS, FACTS)


def test_the_service_lives_and_writes(siege: Siege) -> None:
    assert siege.service.process is not None
    assert siege.service.process.poll() is None
    text = f"INSERT DATA {{ GRAPH <{OWN}> {{ <urn:last> <urn:p> 1 }} }}"
    assert siege.update("attacker", text).status_code == 204
    assert siege.size(OWN) == FACTS + 1
    assert "Traceback" not in "".join(siege.service.log)


def test_each_good_query_beside_them_is_answered(siege: Siege) -> None:
    answers = siege.bystanders.answers
    assert len(answers) > len(CORPUS)
    assert {status for _, _, status, _ in answers} == {200}
