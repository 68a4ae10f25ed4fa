"""A mark in every private graph, and in one in quarantine: it is in nothing that others get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from kgservice.model.rdf import Iri, Literal, Triple, typed
from kgservice.model.terms import KG, RDF
from kgservice.store import open_store
from kgservice.store.names import own_graph
from kgservice.store.port import GraphChange
from tests.running import Service
from tests.security.leak_probes import Probe, probes, query

BASE = "http://127.0.0.1:8080/"
MARK = "canary-7f3a"
"""In each private graph: as a text, as the name of something, and in the name of one graph."""
ASIDE_MARK = "canary-9c1e"
ASIDE = f"{BASE}graph/market/0123456789abcdef/quarantine"


@dataclass
class Town:
    """The service, with who asks."""

    service: Service
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, probe: Probe, caller: str) -> requests.Response:
        """Make a call; `MINE` is a graph of the caller's."""
        headers = dict(probe.headers)
        if caller:
            headers["Authorization"] = f"Bearer {self.tokens[caller]}"
        names = {
            "ANNA": f"{BASE}request/anna",
            "OWN": own_graph("anna"),
            "ASIDE": ASIDE,
            "MINE": f"{BASE}request/{caller}",
            "URL": self.service.url,
        }

        def filled(text: str) -> str:
            for name, value in names.items():
                text = text.replace(name, value)
            return text.replace("BASE <", "BASE\0 <").replace("BASE", BASE).replace("\0", "")

        form = [(name, filled(value)) for name, value in probe.form] or None
        return requests.request(
            probe.method,
            self.service.url + filled(probe.path),
            data=form or probe.body or None,
            headers=headers,
            timeout=60,
            allow_redirects=False,
        )


def private_graphs(customer: str, mark: str) -> list[GraphChange]:
    """Make a graph of each kind, and one whose very name is the mark."""
    changes = []
    for kind, cls in (
        ("request", KG.Request),
        ("plan", KG.Plan),
        ("service", KG.Service),
        ("job", KG.Job),
    ):
        for name in (customer, f"{customer}-{mark}"):
            graph = Iri(f"{BASE}{kind}/{name}")
            node = Iri(f"{graph.value}#{mark}")
            changes.append(
                GraphChange(
                    graph.value,
                    (
                        Triple(graph, RDF.type, cls),
                        Triple(graph, KG.customer, typed(customer)),
                        Triple(graph, KG.facts, Literal(f"{mark} {kind}")),
                        Triple(node, RDF.type, Iri(f"urn:{mark}:kind")),
                    ),
                )
            )
    return changes


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    store = open_store(folder)
    store.commit([*private_graphs("anna", MARK), *private_graphs("bob", "bobs")], dataset="private")
    refused = Triple(Iri(f"urn:{ASIDE_MARK}"), KG.refusalReason, Literal(ASIDE_MARK))
    said = Triple(Iri("urn:x:offer"), RDF.type, KG.Offering)
    graph = ASIDE.removesuffix("/quarantine")
    store.commit([GraphChange(graph, (said,), merge=True), GraphChange(ASIDE, (refused,))])
    store.close()
    service = Service(folder, {"KG_QUERY_TIMEOUT_S": "20", "KG_SLOW_QUERY_S": "0"}).start()
    town = Town(service, {"operator": service.token})
    for role, name in (
        ("customer", "anna"),
        ("customer", "bob"),
        ("analyst", "analyst"),
        ("editor", "editor"),
    ):
        answer = requests.post(
            service.url + "/tokens",
            json={"role": role, "name": name},
            headers={"Authorization": f"Bearer {service.token}"},
            timeout=60,
        )
        town.tokens[name] = answer.json()["token"]
    yield town
    service.stop()


def whole(answer: requests.Response) -> str:
    """Give all that came back."""
    return json.dumps([answer.status_code, answer.reason, dict(answer.headers), answer.text])


def test_the_corpus_is_long_enough() -> None:
    assert len(probes()) >= 60


@pytest.mark.parametrize("caller", ["bob", "analyst", "editor", ""])
def test_no_probe_finds_anything_of_another_customer(town: Town, caller: str) -> None:
    leaks = [p for p in probes() if MARK in whole(town.ask(p, caller))]

    assert not leaks


@pytest.mark.parametrize("caller", ["bob", ""])
def test_no_probe_of_the_public_finds_anything_in_quarantine(town: Town, caller: str) -> None:
    leaks = [p for p in probes() if ASIDE_MARK in whole(town.ask(p, caller))]

    assert not leaks


@pytest.mark.parametrize("caller", ["analyst", "editor", "operator"])
def test_who_may_see_quarantine_names_it(town: Town, caller: str) -> None:
    named = query("SELECT * FROM NAMED <ASIDE> { GRAPH ?g { ?s ?p ?o } }")
    in_all = query("SELECT * { GRAPH ?g { ?s ?p ?o } }")

    assert ASIDE_MARK in town.ask(named, caller).text
    assert ASIDE_MARK in town.ask(Probe(f"/{ASIDE.removeprefix(BASE)}"), caller).text
    assert ASIDE_MARK not in town.ask(in_all, caller).text


def test_no_query_of_the_owner_answers_with_an_error_of_ours(town: Town) -> None:
    failed = [p for p in probes() if p.path == "/sparql" and town.ask(p, "anna").status_code >= 500]

    assert not failed


@pytest.mark.parametrize("caller", ["anna", "operator"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT * { GRAPH <ANNA> { ?s ?p ?o } }",
        "SELECT * FROM <ANNA> { ?s ?p ?o }",
        "SELECT * FROM NAMED <ANNA> { GRAPH ?g { ?s ?p ?o } }",
        "SELECT * FROM <OWN> { ?s ?p ?o }",
    ],
)
def test_the_owner_and_an_operator_find_it(town: Town, caller: str, text: str) -> None:
    """Or the probes would find nothing because there is nothing."""
    assert MARK in town.ask(query(text), caller).text


def test_own_and_shared_statements_are_joined(town: Town) -> None:
    text = "SELECT ?x ?y { ?x a kg:Request . ?y a kg:Offering }"

    rows = town.ask(query(text, "text/csv"), "anna").text.splitlines()

    assert len(rows) == 1 + 2


@pytest.mark.parametrize("dataset", [["ANNA", "MINE"], ["ASIDE", "MINE"]])
def test_one_foreign_graph_among_own_ones_is_refused(town: Town, dataset: list[str]) -> None:
    for name in ("default_graph_uri", "named_graph_uri"):
        assert town.ask(query("ASK {}", **{name: dataset}), "bob").status_code == 403


def test_private_and_shared_graphs_in_one_dataset_are_refused_and_not_left_out(town: Town) -> None:
    shared = ASIDE.removesuffix("/quarantine")
    answers = [
        town.ask(query("ASK {}", named_graph_uri=["MINE", shared]), "anna"),
        town.ask(query(f"SELECT * {{ GRAPH <ANNA> {{ }} GRAPH <{shared}> {{ }} }}"), "anna"),
    ]

    assert [answer.json()["code"] for answer in answers] == ["dataset-mixed"] * 2


def test_nothing_private_is_in_the_log_or_in_a_file_for_others(town: Town) -> None:
    for probe in (probe for probe in probes() if probe.path == "/sparql"):
        town.ask(probe, "anna")
    town.ask(query(f"SELECT * {{ ?s ?p '{MARK}' }}"), "anna")
    metrics = town.ask(Probe("/metrics"), "operator")

    assert MARK not in "".join(town.service.log)
    assert MARK not in metrics.text
    readable = [
        path
        for path in Path(town.service.folder).rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077 and MARK.encode() in path.read_bytes()
    ]
    assert not readable
