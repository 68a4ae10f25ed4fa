"""What belongs to one customer is seen by no other, by no way of asking."""

from __future__ import annotations

import pytest
import requests

from tests.security.attacked import Attacked

DOCUMENT = 'components:\n  db:\n    kind: PostgreSQL\n    storage: ">= 123 GiB"\n'
EVERYTHING = "SELECT ?s { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


def add_request(attacked: Attacked, token: str, text: str = DOCUMENT) -> requests.Response:
    return requests.post(
        attacked.service.url + "/mpli/v1/requests",
        data=text.encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/yaml"},
        timeout=60,
    )


@pytest.fixture
def anna(attacked: Attacked) -> str:
    """The name of a request of Anna."""
    return str(add_request(attacked, attacked.token("customer", "anna")).json()["request"])


@pytest.fixture
def bob(attacked: Attacked) -> str:
    """Bob's token; he has a request too."""
    token = attacked.token("customer", "bob")
    assert add_request(attacked, token).status_code == 201
    return token


def own(attacked: Attacked, token: str) -> str:
    return str(attacked.call("GET", "/mpli/v1/requests", token)[1]["requests"][0]["request"])


def test_a_dataset_of_own_and_foreign_graphs_is_refused(
    attacked: Attacked, anna: str, bob: str
) -> None:
    mine = own(attacked, bob)
    for dataset in (
        {"default-graph-uri": mine, "named-graph-uri": anna},
        {"default-graph-uri": anna, "named-graph-uri": mine},
        {"default-graph-uri": [mine, anna]},
        {"named-graph-uri": [mine, anna]},
        {"named-graph-uri": anna},
    ):
        answer = requests.post(
            attacked.service.url + "/sparql",
            data={"query": EVERYTHING, **dataset},
            headers={"Authorization": f"Bearer {bob}"},
            timeout=60,
        )
        assert answer.status_code == 403, dataset


@pytest.mark.parametrize(
    "query",
    [
        EVERYTHING,
        "SELECT ?s { GRAPH <ANNA> { ?s ?p ?o } }",
        "SELECT ?s { <ANNA> (!<urn:x:none>)* ?s }",
        "SELECT ?s { ?s kg:customer 'anna' }",
        "SELECT ?s { GRAPH ?s { ?x kg:customer ?name } }",
    ],
)
def test_no_query_finds_a_foreign_request(
    attacked: Attacked, anna: str, bob: str, query: str
) -> None:
    for token in (bob, attacked.token("analyst"), ""):
        rows = attacked.select(query.replace("ANNA", anna), token)
        found = {row["s"] for row in rows if "(!" not in query or row["s"] != anna}
        assert not any(name.startswith(anna) for name in found)


def test_no_route_shows_a_foreign_request(attacked: Attacked, anna: str, bob: str) -> None:
    identity = anna.rpartition("/")[2]
    for path in (
        f"/request/{identity}",
        *(f"/mpli/v1/requests/{identity}{end}" for end in ("", "/resolution", "/explanation")),
    ):
        assert attacked.call("GET", path, bob)[0] == 404, path
    status, _ = attacked.call("POST", "/mpli/v1/plans", bob, {"request": anna})
    assert status == 404


@pytest.mark.parametrize(
    "name", ['x" . } } } UNION { GRAPH ?graph { ?s ?p ?o } } #', "\\u0022 }", "a\\", "é"]
)
def test_a_customer_whose_name_is_a_query_sees_only_what_is_theirs(
    attacked: Attacked, anna: str, name: str
) -> None:
    rows = attacked.select(EVERYTHING, attacked.token("customer", name))

    assert not any(row["s"].startswith(anna) for row in rows)


@pytest.mark.parametrize("name", ["x\r\ny", 'x"> {}', "\x00", "<x>"])
def test_a_request_of_an_impossible_name_is_not_found(attacked: Attacked, name: str) -> None:
    token = attacked.token("customer", "anna")

    status, body = attacked.call("POST", "/mpli/v1/plans", token, {"request": name})

    assert (status, body["code"]) == (404, "request-unknown")


@pytest.mark.parametrize("name", ["x%0d%0aX-Evil:1", "%00", "<script>", "..%5c..", "a%20b", "%7b"])
@pytest.mark.parametrize(
    "path", ["/mpli/v1/requests/", "/mpli/v1/plans/", "/mpli/v1/jobs/", "/catalogs/", "/request/"]
)
def test_a_name_that_cannot_be_one_is_not_found(attacked: Attacked, path: str, name: str) -> None:
    answer = requests.get(
        attacked.service.url + path + name,
        headers={"Authorization": f"Bearer {attacked.service.token}", "Accept": "text/html"},
        timeout=60,
    )

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Evil" not in answer.headers
