"""`/graphs` as the Graph Store Protocol says: conditions, atomic replacement, formats, rights."""

from __future__ import annotations

import gzip
import io
import json
import uuid

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kgservice.mpli.application import Application

TURTLE = {"Content-Type": "text/turtle"}
LINES = {"Accept": "application/n-triples"}


@pytest.fixture
def editor(application: Application) -> dict[str, str]:
    token = application.tokens.create("editor", name=f"editor-{uuid.uuid4()}")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def graph() -> dict[str, str]:
    return {"graph": f"http://example.org/graphs/{uuid.uuid4()}"}


def get(client: FlaskClient, graph: dict[str, str], **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/graphs", query_string=graph, headers={**LINES, **named})


def lines(answer: TestResponse) -> set[str]:
    return {line for line in answer.get_data(as_text=True).splitlines() if line}


def fact(value: object) -> str:
    return f'<urn:a:s> <urn:a:p> "{value}" .'


def test_put_makes_and_replaces_a_graph(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    assert get(client, graph).status_code == 404
    headers = {**TURTLE, **editor}
    for value, status in ((1, 201), (2, 204), (3, 204)):
        put = client.put("/graphs", query_string=graph, data=fact(value), headers=headers)
        assert put.status_code == status
        assert lines(get(client, graph)) == {fact(value)}
    assert client.delete("/graphs", query_string=graph, headers=editor).status_code == 204
    assert get(client, graph).status_code == 404
    assert client.delete("/graphs", query_string=graph, headers=editor).status_code == 404


def test_an_empty_graph_is_a_graph(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    put = client.put("/graphs", query_string=graph, data="", headers={**TURTLE, **editor})
    assert put.status_code == 201
    assert (get(client, graph).status_code, lines(get(client, graph))) == (200, set())


def test_a_write_meets_its_condition_or_changes_nothing(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    def put(value: int, **condition: str) -> int:
        named = {name.replace("_", "-"): text for name, text in condition.items()}
        headers = {**TURTLE, **editor, **named}
        return client.put(
            "/graphs", query_string=graph, data=fact(value), headers=headers
        ).status_code

    assert put(0, If_Match="*") == 412
    assert put(1, If_None_Match="*") == 201
    assert put(2, If_None_Match="*") == 412
    tag = get(client, graph).headers["ETag"]
    assert put(3, If_Match='"w1"') == 412
    assert put(4, If_Match=f"W/{tag}") == 412  # RFC 9110 §13.1.1: strong comparison
    assert put(5, If_Match=f'"other", {tag}') == 204
    assert put(6, If_Match=tag) == 412
    assert put(7, If_None_Match=get(client, graph).headers["ETag"]) == 412
    assert lines(get(client, graph)) == {fact(5)}
    headers = {**editor, "If-Match": tag}
    assert client.delete("/graphs", query_string=graph, headers=headers).status_code == 412


def test_a_tag_is_of_a_representation_and_stays_until_its_graph_changes(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    client.put("/graphs", query_string=graph, data=fact(1), headers={**TURTLE, **editor})
    tag = get(client, graph).headers["ETag"]
    other = {"graph": graph["graph"] + "/other"}
    client.put("/graphs", query_string=other, data=fact(1), headers={**TURTLE, **editor})
    assert get(client, graph, If_None_Match=tag).status_code == 304
    assert get(client, graph, Accept="text/turtle").headers["ETag"] != tag
    client.post("/graphs", query_string=graph, data=fact(2), headers={**TURTLE, **editor})
    assert get(client, graph, If_None_Match=tag).status_code == 200


def test_blank_nodes_of_two_contents_are_never_one(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    headers = {**TURTLE, **editor}
    for how in (client.put, client.post):
        content = '_:a <urn:a:p> "1" .'
        assert how("/graphs", query_string=graph, data=content, headers=headers).status_code < 300
    assert len(lines(get(client, graph))) == 2
    replaced = '_:a <urn:a:p> "1" . [] <urn:a:p> "1", "2" .'
    client.put("/graphs", query_string=graph, data=replaced, headers=headers)
    assert len(lines(get(client, graph))) == 3


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/turtle", "@prefix e: <http://e/> . e:s e:p [ e:q 'é', 1.50 ] ; a e:C ."),
        ("application/n-triples", '<http://e/s> <http://e/p> "a\\"b\\n"@en .'),
        ("application/ld+json", json.dumps({"@id": "http://e/s", "http://e/p": {"@list": [1, 2]}})),
        ("application/rdf+xml",
         '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
         '<r:Description r:about="x"><e:p>1</e:p></r:Description></r:RDF>'),
    ],
    ids=["turtle", "ntriples", "jsonld", "rdfxml"],
)  # fmt: skip
def test_content_comes_back_in_each_format(
    client: FlaskClient,
    editor: dict[str, str],
    graph: dict[str, str],
    media_type: str,
    content: str,
) -> None:
    headers = {**editor, "Content-Type": media_type}
    put = client.put("/graphs", query_string=graph, data=content, headers=headers)
    assert put.status_code == 201, put.get_data(as_text=True)
    count = len(lines(get(client, graph)))
    assert count >= 1
    for form in ("text/turtle", "application/n-triples", "application/rdf+xml",
                 "application/ld+json"):  # fmt: skip
        sent = get(client, graph, Accept=form)
        assert sent.mimetype == form
        back = {**editor, "Content-Type": form}
        again = client.put("/graphs", query_string=graph, data=sent.data, headers=back)
        assert again.status_code == 204, again.get_data(as_text=True)
        assert len(lines(get(client, graph))) == count


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        ("<urn:a:s> <urn:a:p> broken", {}, 400, "content-invalid"),
        ("", {"Content-Type": "image/png"}, 415, "unsupported-media-type"),
        ("", {"Content-Type": ""}, 415, "unsupported-media-type"),
        ("no gzip", {"Content-Encoding": "gzip"}, 400, "content-coding-invalid"),
        (gzip.compress(b"<urn:a:s>")[:-4], {"Content-Encoding": "gzip"}, 400,
         "content-coding-invalid"),
        ("x", {"Content-Encoding": "zstd"}, 415, "content-coding-invalid"),
        ("x", {"Content-Range": "bytes 0-1/3"}, 400, "content-coding-invalid"),
        ('{"@context": "https://example.org/context", "@id": "urn:a:s"}',
         {"Content-Type": "application/ld+json"}, 400, "json-ld-invalid"),
        ('{"@id": "urn:a:g", "@graph": [{"@id": "urn:a:s", "urn:a:p": "1"}]}',
         {"Content-Type": "application/ld+json"}, 400, "content-invalid"),
        ('{"urn:a:p":' * 20_000 + "1" + "}" * 20_000, {"Content-Type": "application/ld+json"}, 400,
         "json-ld-invalid"),
    ],
    ids=["syntax", "image", "none", "no-gzip", "half-gzip", "zstd", "range", "context", "graphs",
         "deep"],
)  # fmt: skip
def test_what_cannot_be_read_leaves_the_graph_as_it_was(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str], content: str | bytes,
    headers: dict[str, str], status: int, code: str,
) -> None:  # fmt: skip
    client.put("/graphs", query_string=graph, data=fact(1), headers={**TURTLE, **editor})
    for how in (client.put, client.post):
        sent = {**TURTLE, **editor, **headers}
        answer = how("/graphs", query_string=graph, data=content, headers=sent)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert lines(get(client, graph)) == {fact(1)}


def test_compressed_content_is_unpacked(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    headers = {**TURTLE, **editor, "Content-Encoding": "gzip"}
    body = gzip.compress(fact(1).encode())
    assert client.put("/graphs", query_string=graph, data=body, headers=headers).status_code == 201
    assert lines(get(client, graph)) == {fact(1)}


def test_content_that_swells_beyond_the_limit_is_refused(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    bomb = gzip.compress(b" " * (80 << 20))
    headers = {**TURTLE, **editor, "Content-Encoding": "gzip"}
    answer = client.put("/graphs", query_string=graph, data=bomb, headers=headers)
    assert answer.get_json()["code"] == "content-coding-invalid"
    assert get(client, graph).status_code == 404


def test_files_of_a_form_are_added_together(
    client: FlaskClient, editor: dict[str, str], graph: dict[str, str]
) -> None:
    files = {name: (io.BytesIO(fact(name).encode()), f"{name}.ttl", "text/turtle") for name in "ab"}
    answer = client.post("/graphs", query_string=graph, data=files, headers=editor)
    assert answer.status_code == 201
    assert lines(get(client, graph)) == {fact("a"), fact("b")}


def test_post_without_a_name_makes_a_graph_at_its_address(
    client: FlaskClient, editor: dict[str, str]
) -> None:
    made = client.post("/graphs", data=fact(1), headers={**TURTLE, **editor})
    assert made.status_code == 201
    address = made.headers["Location"]
    path = "/" + address.split("/", 3)[3]
    assert lines(client.get(path, headers=LINES)) == {fact(1)}
    assert lines(get(client, {"graph": address})) == {fact(1)}
    assert client.delete(path, headers=editor).status_code == 204


@pytest.mark.parametrize(
    "query",
    [{}, {"graph": "no iri"}, {"graph": "urn:a:g", "default": ""}, {"graph": ""}, {"g": "x"}],
    ids=range(5),
)  # fmt: skip
def test_exactly_one_graph_is_named(
    client: FlaskClient, editor: dict[str, str], query: dict[str, str]
) -> None:
    assert client.get("/graphs", query_string=query).status_code == 400
    put = client.put("/graphs", query_string=query, data="", headers={**TURTLE, **editor})
    assert put.status_code == 400


def test_a_catalogues_graph_can_be_read_and_not_written(
    client: FlaskClient, tokens: dict[str, str]
) -> None:
    rows = client.get(
        "/sparql",
        query_string={
            "query": "PREFIX kg: <https://w3id.org/kgservice/ns#> SELECT ?g WHERE {"
            " GRAPH ?g { ?o a kg:Offering } } LIMIT 1",
            "format": "csv",
        },
    )
    document = {"graph": rows.get_data(as_text=True).split()[1]}
    found = get(client, document)
    assert found.status_code == 200
    assert lines(found)
    assert get(client, document, If_None_Match=found.headers["ETag"]).status_code == 304
    boss = {"Authorization": f"Bearer {tokens['operator']}"}
    for method in ("PUT", "POST", "DELETE"):
        answer = client.open(
            "/graphs", method=method, query_string=document, data="", headers={**TURTLE, **boss}
        )
        assert (answer.status_code, answer.get_json()["code"]) == (403, "graph-reserved")


def test_the_default_graph_is_read_and_written_by_its_own_name(
    client: FlaskClient, editor: dict[str, str], tokens: dict[str, str]
) -> None:
    default = {"default": ""}
    put = client.put("/graphs", query_string=default, data=fact(1), headers={**TURTLE, **editor})
    assert put.status_code < 300
    assert lines(get(client, default)) == {fact(1)}
    assert lines(get(client, {"graph": "urn:kgservice:default"})) == {fact(1)}
    other = {"Authorization": f"Bearer {tokens['editor']}"}
    assert client.delete("/graphs", query_string=default, headers=other).status_code == 204
    assert lines(get(client, default)) == set()
