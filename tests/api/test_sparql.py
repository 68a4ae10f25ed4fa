"""`/sparql` as the SPARQL 1.1 Protocol says, read-only."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

SELECT = "SELECT ?s ?p { ?s ?p ?o } LIMIT 2"
GRAPH = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 2"
DIRECT = {"Content-Type": "application/sparql-query"}


@pytest.mark.parametrize(
    ("query", "accept", "status", "media_type"),
    [
        (SELECT, "*/*", 200, "application/sparql-results+json"),
        (SELECT, "text/csv", 200, "text/csv"),
        (SELECT, "text/tab-separated-values", 200, "text/tab-separated-values"),
        (SELECT, "application/sparql-results+xml", 200, "application/sparql-results+xml"),
        (SELECT, "text/csv;q=0, application/sparql-results+xml;q=0.1", 200,
         "application/sparql-results+xml"),
        (SELECT, "application/sparql-results+json;q=0, text/csv;q=0", 406, ""),
        (SELECT, "image/png", 406, ""),
        (SELECT, "text/turtle", 406, ""),
        (GRAPH, "text/turtle", 200, "text/turtle"),
        (GRAPH, "application/n-triples", 200, "application/n-triples"),
        ("ASK {}", "application/json", 200, "application/sparql-results+json"),
    ],
)  # fmt: skip
def test_the_answer_is_what_accept_likes_best(
    client: FlaskClient, query: str, accept: str, status: int, media_type: str
) -> None:
    answer = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == (media_type or "application/problem+json")


def test_the_three_ways_to_ask_give_one_answer(client: FlaskClient) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    answers = {
        client.get("/sparql", query_string={"query": query}).data,
        client.post("/sparql", data={"query": query}).data,
        client.post("/sparql", data=query, headers=DIRECT).data,
    }
    assert len(answers) == 1
    assert client.head("/sparql", query_string={"query": query}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT * WHERE { ?s ?p }", 400),
        ("", 400),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", 403),
        ("INSERT DATA { <urn:a:b> <urn:a:b> 1 }", 400),
        ("DROP ALL", 400),
        ("SELECT * " + "{" * 5000 + "}" * 5000, 400),
        ("SELECT * { ?s " + "(" * 5000 + "<urn:a:b>" + ")" * 5000 + " ?o }", 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_run_is_refused_with_a_code(
    client: FlaskClient, query: str, status: int
) -> None:
    answer = client.post("/sparql", data=query.encode(), headers=DIRECT)
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    assert answer.get_json()["code"]


def test_a_syntax_error_says_where(client: FlaskClient) -> None:
    answer = client.get("/sparql", query_string={"query": "SELECT *\nWHERE { ?s ?p }"}).get_json()
    assert answer["code"] == "query-syntax"
    assert "2" in answer["at"]


def test_a_dataset_that_is_too_long_is_refused(client: FlaskClient) -> None:
    graphs = [f"urn:x:{n}" for n in range(21)]
    answer = client.get("/sparql", query_string={"query": "ASK {}", "default-graph-uri": graphs})
    assert answer.get_json()["code"] == "dataset-too-long"


def test_another_media_type_is_not_read(client: FlaskClient) -> None:
    answer = client.post("/sparql", data=b"ASK {}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
