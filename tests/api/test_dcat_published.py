"""`/dcat` and `/.well-known/void`: what a reader of RDF gets."""

from __future__ import annotations

from pathlib import Path

import pyshacl
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import DCAT, DCTERMS, FOAF, RDF, VOID, Graph, Literal, Namespace, URIRef

KG = Namespace("https://w3id.org/kgservice/ns#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
SH = Namespace("http://www.w3.org/ns/shacl#")
SYNTAXES = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
}


def graph(client: FlaskClient, path: str, media_type: str = "text/turtle") -> Graph:
    answer = client.get(path, headers={"Accept": media_type})
    assert (answer.status_code, answer.mimetype) == (200, media_type), answer.data[:300]
    return Graph().parse(data=answer.data, format=SYNTAXES[media_type])


@pytest.mark.parametrize("path", ["/dcat", "/.well-known/void"])
def test_every_syntax_says_the_same(client: FlaskClient, path: str) -> None:
    turtle = graph(client, path)
    assert len(turtle) > 100
    for media_type in SYNTAXES:
        assert set(graph(client, path, media_type)) == set(turtle)
    for name in ("nt", "jsonld", "rdfxml", "turtle"):
        answer = client.get(path, query_string={"format": name})
        named = Graph().parse(data=answer.data, format=SYNTAXES[answer.mimetype])
        assert without_view(named) == without_view(turtle)


def without_view(data: Graph) -> set[object]:
    """Leave out the page's own address, which repeats the format that was asked for."""
    views = set(data.subjects(RDF.type, HYDRA.PartialCollectionView))
    return {t for t in data if t[0] not in views and t[2] not in views}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(limit=st.integers(1, 40), by_header=st.booleans())
def test_walking_the_pages_gives_each_offering_once(
    client: FlaskClient, limit: int, by_header: bool
) -> None:
    whole = set(graph(client, "/dcat?limit=1000").subjects(RDF.type, KG.Offering))
    found: list[object] = []
    path: str | None = f"/dcat?limit={limit}"
    while path:
        answer = client.get(path)
        page = Graph().parse(data=answer.data, format="turtle")
        found += page.subjects(RDF.type, KG.Offering)
        (view,) = page.subjects(RDF.type, HYDRA.PartialCollectionView)
        assert int(next(page.objects(predicate=HYDRA.totalItems))) == len(whole)
        following = page.value(view, HYDRA.next)
        links = {
            part.split('rel="')[1].rstrip('"'): part.split("<")[1].split(">")[0]
            for part in answer.headers["Link"].split(", ")
        }
        assert links.get("next") == (str(following) if following else None)
        target = links.get("next") if by_header else following
        path = "/" + str(target).split("/", 3)[3] if target else None
    assert len(found) == len(set(found))
    assert set(found) == whole


def test_the_pages_conform_to_dcat_ap(client: FlaskClient, shared_data: Path) -> None:
    """Ranges and what must be there; the shapes of `ranges.ttl` are not well-formed SHACL."""
    folder = shared_data / "vocab" / "dcat-ap-3.0.1-shacl"
    data = graph(client, "/dcat?limit=1000")
    for name in ("shapes.ttl", "range.ttl", "deprecateduris.ttl"):
        shapes = Graph().parse(folder / "shapes.ttl").parse(folder / name)
        conforms, _, text = pyshacl.validate(data, shacl_graph=shapes, advanced=True)
        assert conforms, text
    shapes = Graph().parse(folder / "shapes.ttl").parse(folder / "mdr-vocabularies.shape.ttl")
    _, report, text = pyshacl.validate(data, shacl_graph=shapes, advanced=True)
    assert isinstance(report, Graph)
    paths = {
        report.value(result, SH.resultPath)
        for result in report.objects(predicate=SH.result)
    }  # fmt: skip
    # neither we nor a source are an institution of the EU, and a source's themes are its own
    allowed = {DCTERMS.publisher, DCAT.themeTaxonomy}
    assert paths <= allowed, text


def test_an_offering_carries_the_facts_of_the_store(client: FlaskClient) -> None:
    data = graph(client, "/dcat?limit=1000")
    offering = URIRef("urn:ngsi-ld:ProductOffering:12234")
    assert (offering, RDF.type, KG.VirtualMachine) in data
    assert (offering, KG.vcpu, Literal(4)) in data
    assert (offering, DCTERMS.publisher, None) in data
    assert (None, DCAT.resource, offering) in data
    for price in data.objects(offering, KG.price):
        assert data.value(price, KG.amount) is not None
    for provider in data.objects(offering, KG.provider):
        assert data.value(provider, KG.headquarters) is not None
        assert data.value(provider, FOAF.name) is not None
    assert not list(data.triples((None, KG.label, None)))
    assert not list(data.triples((None, KG.profile, None)))


def test_sources_are_named_but_not_where_they_are_read_from(client: FlaskClient) -> None:
    text = client.get("/dcat").get_data(as_text=True)
    assert "polder-market" in text
    assert "catalogSource" not in text
    assert "kgservice_importers" not in text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"page": "0"}, 400, "filter-invalid"),
        ({"page": "x"}, 400, "filter-invalid"),
        ({"limit": "-1"}, 400, "filter-invalid"),
        ({"page": "9999"}, 404, "page-unknown"),
        ({"format": "docx"}, 400, "filter-invalid"),
        ({"colour": "red"}, 400, "filter-unknown"),
    ],
    ids=str,
)
def test_what_there_is_not_is_refused(
    client: FlaskClient, query: dict[str, str], status: int, code: str
) -> None:
    answer = client.get("/dcat", query_string=query)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/dcat", "/.well-known/void"])
def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = {"If-None-Match": answer.headers["ETag"], "Accept": "application/n-triples"}
    assert client.get(path, headers=other).status_code == 200
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_void_counts_what_the_endpoint_counts(client: FlaskClient) -> None:
    data = graph(client, "/.well-known/void")
    (federation,) = data.objects(predicate=FOAF.primaryTopic)
    counts = {}
    for name, query in (
        ("triples", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"),
        ("entities", "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/kgservice/ns#Offering> }"),
    ):
        rows = client.get("/sparql", query_string={"query": query}).get_json()
        counts[name] = int(rows["results"]["bindings"][0]["n"]["value"])
    assert int(data.value(federation, VOID.triples)) == counts["triples"]
    assert int(data.value(federation, VOID.entities)) == counts["entities"]
    parts = [
        int(data.value(part, VOID.triples))
        for part in data.objects(federation, VOID.propertyPartition)
    ]
    assert sum(parts) == counts["triples"]
    subsets = list(data.objects(federation, VOID.subset))
    assert sum(int(data.value(one, VOID.entities)) for one in subsets) == counts["entities"]
    assert all(int(data.value(one, VOID.triples)) > 0 for one in subsets)


def test_the_dumps_of_void_hold_every_offering(client: FlaskClient) -> None:
    data = graph(client, "/.well-known/void")
    found: set[object] = set()
    for dump in data.objects(predicate=VOID.dataDump):
        found |= set(
            graph(client, "/" + str(dump).split("/", 3)[3]).subjects(RDF.type, KG.Offering)
        )
    assert len(found) == int(data.value(predicate=VOID.entities, subject=next(
        data.objects(predicate=FOAF.primaryTopic)
    )))  # fmt: skip


def test_the_start_page_leads_there(client: FlaskClient) -> None:
    answer = client.get("/")
    assert 'rel="describedby"' in answer.headers["Link"]
    for path in ("/dcat", "/.well-known/void", "/tmf-api/productCatalogManagement/v4/"):
        assert path in answer.get_data(as_text=True)
