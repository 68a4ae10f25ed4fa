"""A customer with many private graphs: complete answers, or a refusal that says what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import KG, RDF
from kgservice.store import open_store
from kgservice.store.port import GraphChange
from tests.running import Service

REQUEST = "http://127.0.0.1:8080/request/"
MANY = 60
KG_PREFIX = "PREFIX kg: <https://w3id.org/kgservice/ns#> "


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("many")
    store = open_store(folder)
    names = {f"{REQUEST}{number}": "anna" for number in range(MANY)} | {f"{REQUEST}bobs": "bob"}
    changes = [
        GraphChange(
            name,
            (Triple(Iri(name), RDF.type, KG.Request), Triple(Iri(name), KG.customer, typed(who))),
        )
        for name, who in names.items()
    ]
    store.commit(changes, dataset="private")
    store.close()
    service = Service(folder).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def tokens(service: Service) -> dict[str, str]:
    made = {"operator": service.token}
    for name in ("anna", "bob"):
        made[name] = service.kg("token", "create", "--role", "customer", "--name", name).strip()
    return made


def ask(service: Service, token: str, text: str) -> requests.Response:
    return requests.post(
        service.url + "/sparql",
        data={"query": KG_PREFIX + text},
        headers={"Authorization": f"Bearer {token}", "Accept": "text/csv"},
        timeout=60,
    )


@pytest.mark.parametrize(("who", "count"), [("anna", MANY), ("bob", 1), ("operator", MANY + 1)])
def test_a_query_without_graph_sees_all_own_graphs(
    service: Service, tokens: dict[str, str], who: str, count: int
) -> None:
    answer = ask(service, tokens[who], "SELECT ?r { ?r a kg:Request }")

    assert len(answer.text.splitlines()) == 1 + count


def test_graph_with_a_variable_is_refused_and_not_answered_in_part(
    service: Service, tokens: dict[str, str]
) -> None:
    text = "SELECT ?g { GRAPH ?g { ?r a kg:Request } }"

    refused = ask(service, tokens["anna"], text)

    assert (refused.status_code, refused.json()["code"]) == (400, "own-graphs-too-many")
    assert ask(service, tokens["bob"], text).text.split() == ["g", f"{REQUEST}bobs"]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ?r FROM NAMED <{REQUEST}7> FROM NAMED <{REQUEST}8> {{ GRAPH ?g {{ ?r a ?c }} }}",  # noqa: S608
        f"SELECT ?r {{ {{ GRAPH <{REQUEST}7> {{ ?r a ?c }} }}"
        f" UNION {{ GRAPH <{REQUEST}8> {{ ?r a ?c }} }} }}",
        f"PREFIX r: <{REQUEST}> SELECT ?r FROM r:7 FROM r:8 {{ ?r a ?c }}",  # noqa: S608
    ],
)
def test_graphs_that_are_named_are_seen(
    service: Service, tokens: dict[str, str], text: str
) -> None:
    rows = ask(service, tokens["anna"], text).text.split()

    assert rows == ["r", f"{REQUEST}7", f"{REQUEST}8"]


def test_more_named_graphs_than_a_dataset_has_are_refused(
    service: Service, tokens: dict[str, str]
) -> None:
    clauses = " ".join(f"FROM NAMED <{REQUEST}{number}>" for number in range(21))

    answer = ask(service, tokens["anna"], f"SELECT ?r {clauses} {{ GRAPH ?g {{ ?r a ?c }} }}")

    assert answer.json()["code"] == "dataset-too-long"
