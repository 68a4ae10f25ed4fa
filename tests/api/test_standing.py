"""Standing requests over HTTP: letting one stand, its feed, and who sees what."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from kgservice.model.rdf import RDF, XSD, Iri, Literal, Triple
from kgservice.model.terms import KG
from kgservice.mpli.application import Application
from kgservice.mpli.standing import StandingClerk
from kgservice.store.port import GraphChange

GRAPH = "http://127.0.0.1:8080/graph/test/standing"
REQUEST = """
request: Standing
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, maxConnections: ">= 123456"}
prefer: [minimise monthlyPrice]
"""


@pytest.fixture
def offered(application: Application) -> Iterator[None]:
    """An offering that nothing else in the samples comes near to; it is gone afterwards."""
    yield
    application.store.commit([GraphChange(GRAPH, (), merge=True)])


def offer(application: Application, amount: str) -> None:
    thing, price = Iri("urn:x:standing-offer"), Iri("urn:x:standing-price")
    facts = (
        Triple(thing, Iri(RDF + "type"), KG.PostgreSQL),
        Triple(thing, KG.maxConnections, Literal("200000", XSD + "integer")),
        Triple(thing, KG.lifecycleStatus, KG.Launched),
        Triple(thing, KG.price, price),
        Triple(price, KG.priceType, KG.Recurring),
        Triple(price, KG.amount, Literal(amount, XSD + "decimal")),
        Triple(price, KG.currency, Literal("EUR")),
        Triple(price, KG.period, Literal("P1M", XSD + "duration")),
    )
    application.store.commit([GraphChange(GRAPH, facts, merge=True)])


def look(application: Application) -> None:
    assert isinstance(application.standing, StandingClerk)
    application.standing.look()


def test_a_standing_request_tells_its_owner_what_became_of_it(
    application: Application, client: FlaskClient, tokens: dict[str, str], offered: None
) -> None:
    mine = {"Authorization": f"Bearer {tokens['customer']}"}
    other = {"Authorization": f"Bearer {tokens['other']}"}
    made = client.post(
        "/mpli/v1/requests", data=REQUEST, headers={**mine, "Content-Type": "application/yaml"}
    )
    address = made.headers["Location"]
    assert client.get(f"{address}/standing", headers=mine).json["standing"] is False  # type: ignore[index]
    assert client.put(f"{address}/standing", headers=other).status_code == 404
    assert client.put(f"{address}/standing", headers=mine).json["standing"] is True  # type: ignore[index]
    look(application)
    shown = client.get(f"{address}/standing", headers=mine).json
    assert shown is not None
    assert shown["answer"]["status"] in ("infeasible", "unknown")

    offer(application, "20.00")
    look(application)
    offer(application, "19.00")
    look(application)
    feed = client.get("/mpli/v1/changes", headers=mine)
    assert feed.content_type == "application/cloudevents-batch+json"
    possible, better = json.loads(feed.data)[-2:]
    assert [possible["data"]["change"], better["data"]["change"]] == ["possible", "better"]
    assert better["subject"] == shown["request"]
    assert better["data"]["after"]["monthlyPrice"] == "19.00 EUR a month"
    assert better["data"]["graphs"].keys() == {GRAPH}
    since = client.get(f"/mpli/v1/changes?after={possible['id']}", headers=mine)
    assert json.loads(since.data) == [better]
    assert json.loads(client.get("/mpli/v1/changes", headers=other).data) == []

    text = f"ASK {{ ?c <{KG.changeOf}> <{shown['request']}> ; <{KG.became}> <{KG.Better}> }}"
    for headers, expected in ((mine, True), (other, False)):
        seen = client.post("/sparql", data={"query": text}, headers=headers).json
        assert seen == {"head": {}, "boolean": expected}

    stream = client.get(
        "/mpli/v1/changes",
        headers={**mine, "Accept": "text/event-stream", "Last-Event-ID": possible["id"]},
    )
    first = next(iter(stream.response))
    text = first.decode() if isinstance(first, bytes) else first
    assert text.startswith(f"id: {better['id']}\nevent: {better['type']}\ndata: {{")
    stream.close()

    assert client.delete(f"{address}/standing", headers=mine).status_code == 204
    offer(application, "18.00")
    look(application)
    assert json.loads(client.get(f"/mpli/v1/changes?after={better['id']}", headers=mine).data) == []


@pytest.mark.parametrize("after", ["\u00b2", "\u0663", "9" * 25, "9" * 5000, "-1", "x"])
def test_any_text_is_a_place_in_the_feed(
    client: FlaskClient, tokens: dict[str, str], after: str
) -> None:
    mine = {"Authorization": f"Bearer {tokens['customer']}"}
    answer = client.get("/mpli/v1/changes", query_string={"after": after}, headers=mine)
    assert answer.status_code == 200
    offerings = client.get("/mpli/v1/offerings", query_string={"limit": after})
    assert offerings.get_json()["code"] == "filter-invalid"
