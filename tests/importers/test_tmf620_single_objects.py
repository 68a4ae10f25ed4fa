"""Documents that are asked for by their ids: fetched alone, with what they link to."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest
from small_vocabulary import BASE, context
from test_tmf620_changes import catalogue
from tmf620_reading import documents, read
from tmf620_server import Answering, Call, Reply, Running, json_reply, serving

from kgservice.model.documents import Gone, ImportItem, Unchanged
from kgservice.model.errors import Problem, Unavailable

LISTS = {
    "productOffering", "productSpecification", "productOfferingPrice", "category", "organization",
    "serviceSpecification",
}  # fmt: skip


def holding(source: dict[str, list[dict[str, object]]], *, singles: bool = True) -> Answering:
    """Serve lists that heed no `id`, and single objects, unless the server knows none."""

    def answering(call: Call, calls: list[Call]) -> Reply:
        if call.path in LISTS:
            return json_reply(source.get(call.path, [])[call.offset : call.offset + call.limit])
        found = [one for held in source.values() for one in held if one["id"] == unquote(call.path)]
        return json_reply(found[0]) if found and singles else Reply(404)

    return answering


def ask(server: Running, *ids: str, known: dict[str, str] | None = None) -> list[ImportItem]:
    ctx = context(allowed_hosts=frozenset({server.host}))
    return read(server.url, replace(ctx, only=frozenset(ids), known=known or {}))


def offer(number: int) -> str:
    return f"urn:ngsi-ld:product-offering:{number}"


def test_document_is_the_same_as_in_a_reading_of_everything() -> None:
    with serving(holding(catalogue())) as server:
        whole = documents(ask(server))
        server.calls.clear()
        for name, expected in whole.items():
            assert documents(ask(server, name)) == {name: expected}, name
        assert not [c for c in server.calls if c.path in LISTS - {"category"} and c.limit > 10]
        known = {name: document.fingerprint for name, document in whole.items()}
        assert ask(server, offer(1), known=known) == [Unchanged(offer(1))]


def test_only_the_object_and_what_it_links_to_is_fetched() -> None:
    with serving(holding(catalogue(50))) as server:
        ask(server, offer(3))
        paths = [unquote(call.path) for call in server.calls]
    assert len(paths) < 12
    assert offer(3) in paths
    assert "urn:ngsi-ld:organization:0" not in paths


def test_object_that_is_not_there_any_more_is_gone() -> None:
    source = catalogue()
    with serving(holding(source)) as server:
        source["productOffering"].pop(2)
        items = ask(server, offer(1), offer(2), "urn:kg:made-up")
    assert set(documents(items)) == {offer(1)}
    assert [i for i in items if isinstance(i, Gone)] == [Gone("urn:kg:made-up"), Gone(offer(2))]


def test_minted_iri_leads_back_to_the_object() -> None:
    source = catalogue()
    source["productOffering"][0]["id"] = "DDOS E/4000"
    minted = f"{BASE}catalog/polder-market/productOffering/DDOS%20E%2F4000"
    with serving(holding(source)) as server:
        assert set(documents(ask(server, minted))) == {minted}


def test_server_without_single_objects_says_nothing_of_absence() -> None:
    """It answers 404 for objects that it has; nothing may be retired for that."""
    source = catalogue(30)
    with serving(holding(source, singles=False)) as server:
        assert set(documents(ask(server, offer(3)))) == {offer(3)}  # among the first of the list
        with pytest.raises(Unavailable):
            ask(server, offer(25))


def test_object_that_cannot_be_read_is_a_problem_and_not_gone() -> None:
    sound = holding(catalogue())

    def answering(call: Call, calls: list[Call]) -> Reply:
        is_bad = unquote(call.path) == offer(1)
        return Reply(200, b'{"id": "urn:ngsi') if is_bad else sound(call, calls)

    with serving(answering) as server:
        items = ask(server, offer(1))
    assert documents(items) == {}
    assert [i.code for i in items if isinstance(i, Problem)] == ["json-invalid"]
    assert not [i for i in items if isinstance(i, Gone)]


def test_server_that_is_dead_says_nothing_of_absence() -> None:
    with serving(lambda call, calls: Reply(drop=True)) as server, pytest.raises(Unavailable):
        ask(server, offer(1))


def test_apis_are_found_beside_each_other_and_where_options_say() -> None:
    source = catalogue()
    for path, options in (
        ("", {}),
        ("/tmf-api/productCatalogManagement/v5", {}),
        ("/tmf-api/productCatalogManagement/v5/productOffering?lifecycleStatus=Active", {}),
        ("/odd/catalogue", {"party": "/odd/parties", "service": "/odd/services"}),
    ):
        asked: list[str] = []

        def answering(call: Call, calls: list[Call], asked: list[str] = asked) -> Reply:
            asked.append(call.whole)
            front = call.whole.partition("?")[0].rpartition("/")[0]
            served = {
                "/tmf-api/productCatalogManagement/v5": LISTS - {"organization"},
                "/tmf-api/party/v5": {"organization"},
                "/tmf-api/serviceCatalogManagement/v5": {"serviceSpecification"},
                "/odd/catalogue": LISTS - {"organization", "serviceSpecification"},
                "/odd/parties": {"organization"},
                "/odd/services": {"serviceSpecification"},
            }
            return (
                holding(source)(call, calls) if call.path in served.get(front, ()) else Reply(404)
            )

        with serving(answering) as server:
            host = f"http://{server.host}"
            full = {name: host + value for name, value in options.items()}
            ctx = context(allowed_hosts=frozenset({server.host}), **full)
            found = documents(read(host + path, ctx))
        assert len(found) == 7, path
        offerings = [one for one in asked if "/productOffering?" in one and "limit=100" in one]
        assert all(("lifecycleStatus=Active" in one) == ("?" in path) for one in offerings)
