"""Numbers for Prometheus, queries under way, and the log of slow ones, on a real service."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.running import Service

ENDLESS = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?c < 'canary') }"
)
WAIT_S = 30
SLOW_S = "0.000001"


@dataclass
class Running:
    service: Service
    tokens: dict[str, str]

    def call(self, method: str, path: str, who: str = "", **given: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return requests.request(
            method, self.service.url + path, headers=headers, timeout=60, **given
        )  # type: ignore[arg-type]

    def ask(self, text: str, who: str = "") -> requests.Response:
        return self.call("POST", "/sparql", who, data={"query": text})

    def begin(self, who: str) -> tuple[threading.Thread, list[requests.Response]]:
        """Ask what never ends, in a thread."""
        answers: list[requests.Response] = []
        thread = threading.Thread(target=lambda: answers.append(self.ask(ENDLESS, who)))
        thread.start()
        return thread, answers

    def listed(self, who: str) -> list[dict[str, object]]:
        found = self.call("GET", "/sparql/queries", who)
        assert found.status_code == 200, found.text
        return list(found.json()["queries"])

    def await_listed(self, who: str, number: int) -> list[dict[str, object]]:
        end = time.monotonic() + WAIT_S
        while len(found := self.listed(who)) != number:
            assert time.monotonic() < end, found
        return found

    def numbers(self) -> dict[str, float]:
        text = self.call("GET", "/metrics", "operator").text
        return {
            sample.name + "".join(f",{v}" for _, v in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("operations")
    service = Service(
        folder,
        {"KG_QUERY_TIMEOUT_S": str(WAIT_S), "KG_SLOW_QUERY_S": SLOW_S, "KG_QUERY_WORKERS": "4"},
    ).start("--samples")
    tokens = {"operator": service.token}
    for name, role in (("anna", "customer"), ("bob", "customer"), ("analyst", "analyst")):
        tokens[name] = service.kg("token", "create", "--role", role, "--name", name).strip()
    yield Running(service, tokens)
    service.stop()


def test_a_running_query_is_seen_by_its_owner_and_operators_and_cancelled_by_both(
    running: Running,
) -> None:
    for canceller in ("anna", "operator"):
        thread, answers = running.begin("anna")
        (mine,) = running.await_listed("anna", 1)
        number = mine["number"]
        assert mine["query"] == ENDLESS
        assert [one["number"] for one in running.listed("operator")] == [number]

        assert running.listed("bob") == []
        refused = running.call("DELETE", f"/sparql/queries/{number}", "bob")
        assert (refused.status_code, refused.json()["code"]) == (404, "query-not-running")
        assert running.call("DELETE", f"/sparql/queries/{number}").status_code == 401
        assert running.call("GET", "/sparql/queries").status_code == 401

        kills = running.numbers()["kg_kills_total"]
        assert running.call("DELETE", f"/sparql/queries/{number}", canceller).status_code == 204
        thread.join(WAIT_S)
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "query-cancelled")
        assert running.numbers()["kg_kills_total"] == kills + 1
        running.await_listed("operator", 0)
        gone = running.call("DELETE", f"/sparql/queries/{number}", canceller)
        assert gone.status_code == 404


@pytest.mark.parametrize("who", ["anna", ""])
def test_a_query_whose_caller_hangs_up_is_ended(running: Running, who: str) -> None:
    kills = running.numbers()["kg_kills_total"]
    headers = {"Authorization": f"Bearer {running.tokens[who]}"} if who else {}
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            running.service.url + "/sparql",
            data={"query": ENDLESS},
            headers=headers,
            timeout=(10, 1.0),
        )
    running.await_listed("operator", 0)  # long before its deadline
    assert running.numbers()["kg_kills_total"] == kills + 1


def test_an_anonymous_query_is_the_operators_to_cancel_on_the_command_line(
    running: Running,
) -> None:
    thread, answers = running.begin("")
    (one,) = running.await_listed("operator", 1)
    assert one["token"] == "anonymous"  # noqa: S105

    assert str(one["number"]) in running.service.kg("running", "list")
    running.service.kg("running", "cancel", str(one["number"]))

    thread.join(WAIT_S)
    assert answers[0].json()["code"] == "query-cancelled"
    assert running.service.kg_json("running", "list", "--json") == {"queries": []}


def test_the_numbers_follow_what_happens(running: Running) -> None:
    before = running.numbers()
    assert running.ask("ASK {}").status_code == 200
    assert running.ask("ASK {").status_code == 400
    after = running.numbers()

    def grown(name: str) -> float:
        return after[name] - before[name]

    assert grown("kg_query_seconds_count,ok") == 1
    assert grown("kg_query_seconds_count,refused") == 1
    assert grown("kg_query_seconds_count,deadline") == 0
    assert after["kg_commits_total"] > 0
    assert after["kg_commit_seconds_total"] > 0
    assert after["kg_snapshot_age_seconds"] >= 0
    assert after["kg_queries_waiting"] == 0
    assert after["kg_leases"] == 0
    assert after["process_resident_memory_bytes"] > 0


def test_syncs_are_counted_as_jobs(running: Running) -> None:
    name = running.call("GET", "/catalogs").json()["catalogs"][0]["name"]
    running.service.kg("catalog", "sync", name)

    assert running.numbers()["kg_jobs,Synchronisation,done"] >= 1


@pytest.mark.parametrize(("who", "status"), [("", 401), ("anna", 403), ("analyst", 403)])
def test_the_numbers_are_the_operators(running: Running, who: str, status: int) -> None:
    assert running.call("GET", "/metrics", who).status_code == status


def test_a_setting_gives_the_numbers_to_everybody(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("public")
    service = Service(folder, {"KG_PUBLIC_METRICS": "1"}).start()
    try:
        answer = requests.get(service.url + "/metrics", timeout=60)
    finally:
        service.stop()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


def test_labels_come_from_fixed_lists(running: Running) -> None:
    running.ask("SELECT * { ?s ?p 'anna-secret' }", "anna")
    text = running.call("GET", "/metrics", "operator").text

    labels = set(re.findall(r"(\w+)=\"", text))

    assert labels <= {"outcome", "le", "action", "state", "implementation", "version"}
    assert "anna" not in text


def test_a_slow_query_is_logged_by_its_shape(running: Running) -> None:
    text = """PREFIX kg: <https://w3id.org/kgservice/ns#> PREFIX canary: <https://w3id.org/kgservice/ns#>
    PREFIX me: <http://people.example/>
    SELECT ?canary0 { # canary1
      ?canary0 canary:customer 'canary2' ; me:canary3 <http://people.example/canary4> ;
        a me:Canary .
      FILTER(?canary0 > 4711 && REGEX(?x, "canary5"@en-canary6) && ?x = "canary7"^^me:canary8) }"""
    assert running.ask(text, "anna").status_code == 200
    # the log is written before the answer is sent, and read by a thread of the test
    end = time.monotonic() + WAIT_S
    while not (
        lines := [one for one in running.service.log if f'"characters": {len(text)},' in one]
    ):
        assert time.monotonic() < end, running.service.log[-5:]
        time.sleep(0.01)

    entry = json.loads(lines[0])

    assert (entry["event"], entry["outcome"], entry["role"]) == ("slow-query", "ok", "customer")
    assert entry["shape"] == (
        "SELECT ?v1 { ?v1 kg:customer … ; … … ; A … . FILTER ( ?v1 > … & & REGEX ( ?v2 , … … - … )"
        " & & ?v2 = … ^ ^ … ) }"
    )
    assert not re.search("(?i)canary|4711|people", lines[0])
