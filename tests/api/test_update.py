"""`/sparql/update` as the SPARQL 1.1 Protocol says, and who may write what."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kgservice.mpli.application import Application

DIRECT = {"Content-Type": "application/sparql-update"}
Update = Callable[..., TestResponse]


@pytest.fixture
def editors(application: Application) -> tuple[dict[str, str], dict[str, str]]:
    """Two editors that have written nothing yet."""
    names = (f"editor-{uuid.uuid4()}", f"editor-{uuid.uuid4()}")
    tokens = [application.tokens.create("editor", name=name) for name in names]
    first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
    return first, second


@pytest.fixture
def graph() -> str:
    return f"http://example.org/graphs/{uuid.uuid4()}"


def operator(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['operator']}"}


def update(client: FlaskClient, text: str, headers: dict[str, str], **query: str) -> TestResponse:
    return client.post(
        "/sparql/update", data=text, headers={**DIRECT, **headers}, query_string=query
    )


def values(client: FlaskClient, graph: str) -> list[str]:
    query = f"SELECT ?o WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} ORDER BY ?o"
    answer = client.get("/sparql", query_string={"query": query, "format": "csv"})
    return answer.get_data(as_text=True).split()[1:]


def test_what_was_written_is_seen_by_the_next_query(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    for number in range(3):
        text = f"INSERT DATA {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> {number} }} }}"
        assert update(client, text, editors[0]).status_code == 204
        assert values(client, graph) == [str(n) for n in range(number + 1)]


def test_a_form_does_the_same_as_a_body(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    text = f"INSERT DATA {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> 1 }} }}"
    answer = client.post("/sparql/update", data={"update": text}, headers=editors[0])
    assert answer.status_code == 204
    assert values(client, graph) == ["1"]


@pytest.mark.parametrize("role", ["", "analyst", "customer", "worker"])
def test_only_editors_and_operators_write(
    client: FlaskClient, tokens: dict[str, str], graph: str, role: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
    text = f"INSERT DATA {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> 1 }} }}"
    assert update(client, text, headers).status_code == (403 if role else 401)
    put = client.put(
        "/graphs", query_string={"graph": graph}, data="", headers={**headers, **TURTLE}
    )
    assert put.status_code == (403 if role else 401)
    assert values(client, graph) == []


TURTLE = {"Content-Type": "text/turtle"}


def test_a_graph_belongs_to_who_writes_it_first(
    client: FlaskClient, tokens: dict[str, str], editors: tuple[dict[str, str], ...], graph: str
) -> None:
    first, second = editors
    insert = f"INSERT DATA {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> %d }} }}"
    assert update(client, insert % 1, first).status_code == 204
    refused = update(client, insert % 2, second)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "graph-not-yours")
    assert values(client, graph) == ["1"]
    assert update(client, insert % 3, operator(tokens)).status_code == 204
    assert update(client, f"DROP GRAPH <{graph}>", first).status_code == 204
    assert update(client, insert % 4, second).status_code == 204  # it is nobody's again


@pytest.mark.parametrize(
    "text",
    [
        "DROP ALL", "CLEAR NAMED", "DROP SILENT ALL",
        "INSERT { GRAPH ?g { ?s ?p 1 } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }",
        "PREFIX x: <urn:x:> DELETE { GRAPH $g { ?s ?p ?o } } WHERE { GRAPH $g { ?s ?p ?o } }",
    ],
    ids=range(6),
)  # fmt: skip
def test_what_names_no_graph_is_for_operators(
    client: FlaskClient, editors: tuple[dict[str, str], ...], text: str
) -> None:
    refused = update(client, text, editors[0])
    assert (refused.status_code, refused.get_json()["code"]) == (403, "update-open")


@pytest.mark.parametrize(
    "reserved",
    ["urn:kgservice:meta", "urn:kgservice:merged", "urn:kgservice:labels", "urn:kgservice:turn",
     "http://127.0.0.1:8080/graph/acme/0123456789abcdef", "http://127.0.0.1:8080/request/1",
     "http://127.0.0.1:8080/", "URN:KgService:meta", "http://127.0.0.1:8080/graphs/../graph/a/b",
     "HTTP://127.0.0.1:8080/%67raph/acme/0123456789abcdef"],
)  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA {{ GRAPH <{0}> {{ <urn:a:s> <urn:a:p> 1 }} }}",
        "WITH <{0}> INSERT {{ <urn:a:s> <urn:a:p> 1 }} WHERE {{}}",
        "COPY DEFAULT TO <{0}>",
        "DROP SILENT GRAPH <{0}>",
    ],
    ids=["data", "with", "copy", "drop"],
)
def test_nobody_writes_what_the_service_says(
    client: FlaskClient, tokens: dict[str, str], reserved: str, text: str
) -> None:
    refused = update(client, text.format(reserved), operator(tokens))
    assert (refused.status_code, refused.get_json()["code"]) == (403, "graph-reserved")


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("LOAD <http://127.0.0.1:9/>", 400, "update-load-refused"),
        ("LOAD SILENT <file:///etc/hostname> INTO GRAPH <urn:a:g>", 400, "update-load-refused"),
        ("INSERT { ?s ?p 1 } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", 400,
         "query-service-refused"),
        ("INSERT DATA { ?s <urn:a:p> 1 }", 400, "query-syntax"),
        ("SELECT * WHERE { ?s ?p ?o }", 400, "query-syntax"),
        ("INSERT DATA { GRAPH <urn:a:g> { <urn:a:s> <urn:a:p> 'open } }", 400, "query-syntax"),
        ("CREATE GRAPH <http://example.org/graphs/made>; CREATE GRAPH <http://example.org/graphs/made>",
         409, "update-failed"),
        ("DROP GRAPH <http://example.org/graphs/never>", 409, "update-failed"),
        ("INSERT { ?s ?p ?o } WHERE " + "{" * 300 + "}" * 300, 400, "query-too-complex"),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_mistake_is_the_callers(
    client: FlaskClient, tokens: dict[str, str], text: str, status: int, code: str
) -> None:
    answer = update(client, text, operator(tokens))
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_a_mistake_has_a_place_in_the_text_as_it_was_sent(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    """The engine gets the text on one line with other names."""
    text = "# why\nPREFIX e: <urn:e:>\nINSERT DATA { GRAPH e:g {\n  e:s e:p 'a\\nb' .\n e:s e:p } }"
    answer = update(client, text, operator(tokens))
    assert answer.get_json()["at"] == "query:5:10"


def test_nothing_of_an_update_stays_when_a_later_operation_fails(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    update(client, f"INSERT DATA {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> 1 }} }}", editors[0])
    text = f"DROP GRAPH <{graph}> ; DROP GRAPH <{graph}/none>"
    assert update(client, text, editors[0]).status_code == 409
    assert values(client, graph) == ["1"]


def test_a_dataset_of_the_protocol_is_the_where_parts_dataset(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    for name in ("a", "b"):
        data = f"GRAPH <{graph}/{name}> {{ <urn:a:s> <urn:a:p> '{name}' }}"
        assert update(client, f"INSERT DATA {{ {data} }}", editors[0]).status_code == 204
    copy = f"INSERT {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} WHERE {{ ?s ?p ?o }}"
    headers = editors[0]
    assert update(client, copy, headers, **{"using-graph-uri": f"{graph}/b"}).status_code == 204
    assert values(client, graph) == ["b"]
    gone = f"DELETE WHERE {{ GRAPH <{graph}/a> {{ ?s ?p ?o }} }}"
    asked = {"using-named-graph-uri": f"{graph}/a"}
    assert update(client, gone, headers, **asked).status_code == 204
    assert values(client, f"{graph}/a") == []


def test_a_write_is_done_once_under_its_key(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    text = (
        f"INSERT {{ GRAPH <{graph}> {{ <urn:a:s> <urn:a:p> ?id }} }} WHERE {{ BIND(UUID() AS ?id)}}"
    )
    headers = {**editors[0], "Idempotency-Key": "one"}
    first, second = (update(client, text, headers) for _ in range(2))
    assert first.status_code == second.status_code == 204
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Kg-Write"] == second.headers["Kg-Write"]
    assert len(values(client, graph)) == 1
    other = update(client, text + " # other", headers)
    assert other.status_code == 204  # a comment changes nothing
    clash = update(client, f"DROP GRAPH <{graph}>", headers)
    assert (clash.status_code, clash.get_json()["code"]) == (409, "idempotency-key-reused")
    assert update(client, text, {**editors[1], "Idempotency-Key": "one"}).status_code == 403


def test_prefixes_may_change_between_operations(
    client: FlaskClient, editors: tuple[dict[str, str], ...], graph: str
) -> None:
    """The engine takes declarations at the beginning only; the grammar takes them everywhere."""
    text = (
        f"PREFIX e: <{graph}/1/> INSERT DATA {{ GRAPH e:g {{ e:s e:p e:o. }} }} ;\n"
        f"PREFIX e: <{graph}/2/> BASE <{graph}/3/>\n"
        "INSERT DATA { GRAPH e:g { e:s e:p e:o. GRAPH_x:s a e:o } }".replace("GRAPH_x:s", "<s>")
    )
    answer = update(client, text, editors[0])
    assert answer.status_code == 204, answer.get_data(as_text=True)
    assert values(client, f"{graph}/1/g") == [f"{graph}/1/o"]
    assert set(values(client, f"{graph}/2/g")) == {f"{graph}/2/o"}
