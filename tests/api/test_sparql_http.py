"""`/sparql` as a good citizen of HTTP: formats by name, entity tags, compression, other origins."""

from __future__ import annotations

import gzip
import json

import brotli
import pytest
import rdflib
from flask.testing import FlaskClient
from rdflib.compare import isomorphic

from kgservice.model.rdf import Literal, Triple
from kgservice.mpli.application import Application
from kgservice.store.port import ChangeKind, GraphChange

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
MANY = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 500"
HUGE = "SELECT * { ?s ?p ?o . ?a ?b ?c } LIMIT 20000"
GRAPH = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 40"
PARSERS = {
    "turtle": "turtle", "nt": "nt", "rdfxml": "xml", "jsonld": "json-ld", "trig": "trig",
    "nquads": "nquads",
}  # fmt: skip


@pytest.mark.parametrize("parameter", ["format", "output"])
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("json", "application/sparql-results+json"),
        ("xml", "application/sparql-results+xml"),
        ("CSV", "text/csv"),
        ("tsv", "text/tab-separated-values"),
        ("text/csv", "text/csv"),
    ],
)
def test_a_format_can_be_named_in_the_address(
    client: FlaskClient, parameter: str, name: str, media_type: str
) -> None:
    answer = client.get(
        "/sparql",
        query_string={"query": COUNT, parameter: name},
        headers={"Accept": "image/png"},
    )
    assert answer.status_code == 200
    assert answer.mimetype == media_type


def test_an_unknown_format_is_refused(client: FlaskClient) -> None:
    answer = client.get("/sparql", query_string={"query": COUNT, "format": "pdf"})
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "format-unknown"


@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("name", ["relative", " bad iri", "urn:x:a>b"])
def test_a_dataset_of_no_iris_is_refused(client: FlaskClient, parameter: str, name: str) -> None:
    answer = client.get("/sparql", query_string={"query": COUNT, parameter: name})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "graph-name-invalid")
    assert parameter in answer.get_json()["at"]


@pytest.mark.parametrize("name", PARSERS)
def test_every_graph_format_says_the_same(client: FlaskClient, name: str) -> None:
    def read(form: str) -> rdflib.Graph:
        answer = client.post("/sparql", data={"query": GRAPH, "format": form})
        found = rdflib.Dataset(default_union=True)
        found.parse(data=answer.data, format=PARSERS[form])
        plain = rdflib.Graph()
        for subject, predicate, value, _ in found.quads():
            plain.add((subject, predicate, value))
        return plain

    graph = read(name)
    assert len(graph) == 40
    assert isomorphic(graph, read("nt"))


def test_the_query_method_asks_with_a_body(client: FlaskClient) -> None:
    answer = client.open(
        "/sparql", method="QUERY", data=COUNT, content_type="application/sparql-query"
    )
    assert answer.data == client.get("/sparql", query_string={"query": COUNT}).data
    assert answer.headers["ETag"]
    assert client.open("/sparql", method="QUERY", data={"query": COUNT}).status_code == 415


def test_head_says_what_get_would_send(client: FlaskClient) -> None:
    asked = {"query": MANY}
    got, head = (client.open("/sparql", method=m, query_string=asked) for m in ("GET", "HEAD"))
    assert head.data == b""
    for name in ("Content-Length", "Content-Type", "ETag"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("address", "content_type", "body", "status"),
    [
        ("/sparql?query=ASK%7B%7D", "application/sparql-query", "ASK{}", 400),
        ("/sparql", "application/sparql-query; charset=utf-16", "ASK{}", 415),
        ("/sparql", "application/sparql-query; charset=UTF-8", "ASK{}", 200),
        ("/sparql", "Application/SPARQL-Query", "ASK{}", 200),
        ("/sparql", "application/x-www-form-urlencoded", "query=ASK{}&query=ASK{}", 400),
        ("/sparql", "", "ASK{}", 415),
    ],
    ids=["two-queries", "utf-16", "utf-8", "case", "two-in-a-form", "no-type"],
)
def test_what_a_post_may_be(
    client: FlaskClient, address: str, content_type: str, body: str, status: int
) -> None:
    answer = client.post(address, data=body, headers={"Content-Type": content_type})
    assert answer.status_code == status


def test_what_the_caller_has_is_not_sent_again_until_a_commit(
    client: FlaskClient, application: Application
) -> None:
    asked = {"query": MANY}
    tag = client.get("/sparql", query_string=asked).headers["ETag"]
    again = client.get("/sparql", query_string=asked, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    other = client.get("/sparql", query_string={"query": COUNT}, headers={"If-None-Match": tag})
    assert other.status_code == 200
    as_csv = {"If-None-Match": tag, "Accept": "text/csv"}
    assert client.get("/sparql", query_string=asked, headers=as_csv).status_code == 200
    application.store.commit([GraphChange("urn:x:tagged", (), merge=True, if_version=None)])
    graph = "urn:x:tagged"
    triple = next(iter(application.store.graph("urn:kgservice:vocabulary")))
    application.store.commit([GraphChange(graph, (triple,))])
    after = client.get("/sparql", query_string=asked, headers={"If-None-Match": tag})
    assert after.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (RAND() AS ?x) {}",
        "SELECT (now() AS ?x) {}",
        "SELECT (UUID() AS ?x) {}",
        "SELECT (BNODE() AS ?x) {}",
        "CONSTRUCT { [] ?p ?o } WHERE { ?s ?p ?o } LIMIT 1",
        "CONSTRUCT { _:x ?p ?o } WHERE { ?s ?p ?o } LIMIT 1",
    ],
)
def test_what_answers_otherwise_each_time_has_no_tag(client: FlaskClient, query: str) -> None:
    answer = client.get("/sparql", query_string={"query": query})
    assert answer.status_code == 200
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("token", ["customer", "other", "operator"])
def test_a_tag_is_of_what_this_caller_may_see(
    client: FlaskClient, tokens: dict[str, str], token: str
) -> None:
    asked = {"query": MANY}
    headers = {"Authorization": f"Bearer {tokens[token]}"}
    tag = client.get("/sparql", query_string=asked, headers=headers).headers["ETag"]
    again = client.get(
        "/sparql", query_string=asked, headers={**headers, "If-None-Match": f'"x", {tag}'}
    )
    assert again.status_code == 304
    assert "private" in again.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.2, br;q=0.1", "gzip"),
        ("*", "br"),
        ("gzip;q=0", ""),
        ("identity, gzip;q=0.5", ""),
        ("zstd", ""),
        ("", ""),
    ],
)
def test_an_answer_is_compressed_as_accepted(client: FlaskClient, accept: str, coding: str) -> None:
    asked = {"query": MANY}
    plain = client.get("/sparql", query_string=asked)
    coded = client.get("/sparql", query_string=asked, headers={"Accept-Encoding": accept})
    assert coded.headers.get("Content-Encoding", "") == coding
    assert int(coded.headers["Content-Length"]) == len(coded.data)
    assert "Accept-Encoding" in coded.headers["Vary"]
    open_it = {"gzip": gzip.decompress, "br": brotli.decompress, "": bytes}[coding]
    assert open_it(coded.data) == plain.data
    assert (coded.headers["ETag"] == plain.headers["ETag"]) == (not coding)


def test_a_compressed_answer_is_known_by_its_own_tag(client: FlaskClient) -> None:
    asked, headers = {"query": MANY}, {"Accept-Encoding": "gzip"}
    tag = client.get("/sparql", query_string=asked, headers=headers).headers["ETag"]
    headers["If-None-Match"] = tag
    again = client.get("/sparql", query_string=asked, headers=headers)
    assert (again.status_code, again.headers["ETag"]) == (304, tag)


def test_small_answers_and_pictures_are_sent_as_they_are(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "gzip, br"}
    small = client.get("/sparql", query_string={"query": "ASK {}"}, headers=headers)
    assert "Content-Encoding" not in small.headers
    page = client.get("/docs/errors", headers=headers)
    assert page.headers["Content-Encoding"] == "br"


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_large_answer_comes_whole_with_its_length(client: FlaskClient, coding: str) -> None:
    answer = client.post(
        "/sparql", data={"query": HUGE}, headers={"Accept-Encoding": coding}, buffered=True
    )
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    body = gzip.decompress(answer.data) if coding else answer.data
    assert len(body) > 1 << 20
    assert len(json.loads(body)["results"]["bindings"]) == 20000


def test_nothing_is_left_of_a_large_answer(client: FlaskClient, application: Application) -> None:
    client.post("/sparql", data={"query": HUGE}, buffered=True).close()
    broken = HUGE.replace("LIMIT 20000", "LIMIT 900000000")
    assert client.post("/sparql", data={"query": broken}).status_code >= 400
    assert list((application.folder / "spool").iterdir()) == []


def test_pages_of_other_origins_may_read(client: FlaskClient) -> None:
    headers = {
        "Origin": "https://yasgui.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, authorization",
    }
    asked = client.options("/sparql", headers=headers)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST", "QUERY"} <= set(
        asked.headers["Access-Control-Allow-Methods"].split(", ")
    )
    assert {"authorization", "content-type"} <= set(
        asked.headers["Access-Control-Allow-Headers"].lower().split(", ")
    )
    for path, status in (("/sparql?query=ASK%7B%7D", 200), ("/catalogs", 200), ("/nowhere", 404)):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


def test_pages_of_other_origins_may_not_write(client: FlaskClient) -> None:
    headers = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
    for path in ("/tokens", "/catalogs", "/mpli/v1/plans"):
        asked = client.options(path, headers=headers)
        assert "POST" not in asked.headers.get("Access-Control-Allow-Methods", "")
        assert "Access-Control-Allow-Origin" not in client.post(path, headers=headers).headers


def test_the_endpoint_describes_itself(client: FlaskClient) -> None:
    answer = client.get("/sparql", headers={"Accept": "application/ld+json"})
    graph = rdflib.Graph().parse(data=answer.data, format="json-ld")
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    (service,) = graph.subjects(rdflib.RDF.type, sd.Service)
    assert [str(value) for value in graph.objects(service, sd.endpoint)] == [
        "http://localhost/sparql"
    ]
    assert len(list(graph.objects(service, sd.resultFormat))) == 10
    named = {str(value) for value in graph.objects(None, sd.name)}
    assert "urn:kgservice:vocabulary" in named
    for iri in sorted(named)[:3]:
        asked = client.get("/sparql", query_string={"query": "ASK {}", "named-graph-uri": iri})
        assert asked.status_code == 200


def test_an_answer_is_remembered_until_a_commit(
    client: FlaskClient, application: Application
) -> None:
    def count() -> str:
        return client.post("/sparql", data={"query": COUNT, "format": "csv"}).text

    def asked() -> int:
        return application.store.stats()["queries"]

    first, before = count(), asked()
    assert count() == first
    assert asked() == before
    triple = next(iter(application.store.graph("urn:kgservice:vocabulary")))
    new = Triple(triple.subject, triple.predicate, Literal("remembered"))
    application.store.commit([GraphChange("urn:x:remembered", (new,), merge=True)])
    assert count() != first
    application.store.commit([GraphChange("urn:x:remembered", kind=ChangeKind.DELETE)])
