"""Paged TMF620 APIs as they are: wrong counts, short pages, repeated objects, breaks."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from small_vocabulary import context
from tmf620_reading import codes, documents, fact, read, values
from tmf620_server import Answering, Call, Reply, Running, json_reply, serving

from kgservice.model.documents import ImportItem
from kgservice.model.errors import InputError, Unavailable


def offers(start: int, end: int) -> list[dict[str, object]]:
    return [
        {"id": f"urn:ngsi-ld:product-offering:{number}", "name": f"Offer {number}"}
        for number in range(start, end)
    ]


def only_offerings(answering: Answering) -> Answering:
    def wrapped(call: Call, calls: list[Call]) -> Reply:
        return answering(call, calls) if call.path == "productOffering" else Reply(404)

    return wrapped


def read_api(server: Running, **options: str) -> list[ImportItem]:
    ctx = context(allowed_hosts=frozenset({server.host}), **options)
    return read(server.url, ctx)


def test_all_pages_are_read_although_the_count_is_the_length_of_the_page() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        page = offers(0, 250)[call.offset : call.offset + call.limit]
        return json_reply(page, 206, X_Total_Count=str(len(page)), X_Result_Count="1")

    with serving(answering) as server:
        items = read_api(server)
    assert len(documents(items)) == 250
    assert codes(items) >= {"list-missing"}


def test_pages_shortened_by_permissions_do_not_end_the_reading() -> None:
    """Every offering whose number is divisible by seven may be seen; the others take their room."""

    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        page = offers(0, 400)[call.offset : call.offset + call.limit]
        return json_reply([item for item in page if int(str(item["name"])[6:]) % 7 == 0])

    with serving(answering) as server:
        assert len(documents(read_api(server))) == 58


def test_server_with_a_smaller_limit_of_its_own_loses_nothing() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        return json_reply(offers(0, 95)[call.offset : call.offset + 20])

    with serving(answering) as server:
        assert len(documents(read_api(server))) == 95


def test_server_that_ignores_the_offset_is_left_after_repeated_ids() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        return json_reply(offers(0, 30))

    with serving(answering) as server:
        assert len(documents(read_api(server))) == 30
        assert len([call for call in server.calls if call.path == "productOffering"]) <= 3


def test_next_link_to_an_internal_host_is_used_for_its_offset_only() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        if call.offset == 0:
            link = '<http://scorpio:9090/productOffering?offset=10&limit=10>; rel="next"'
            return json_reply(offers(0, 10), Link=link)
        return json_reply(
            offers(call.offset, 15), Link='<http://scorpio:9090/x?offset=0>; rel="prev"'
        )

    with serving(answering) as server:
        assert len(documents(read_api(server))) == 15
        offsets = [call.offset for call in server.calls if call.path == "productOffering"]
    assert offsets == [0, 9]


def test_busy_server_is_asked_again() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        if len(calls) == 1:
            return Reply(429, b"", (("Retry-After", "0"),))
        return json_reply(offers(0, 3) if call.offset == 0 else [])

    with serving(answering) as server:
        assert len(documents(read_api(server))) == 3


@pytest.mark.parametrize(
    "broken",
    [
        Reply(500, b"oops"),
        Reply(200, b"<html>login</html>"),
        Reply(200, b'{"error": "no"}'),
        Reply(200, b'[{"id": "x"}', cut=False),
    ],
)
def test_break_half_way_gives_nothing_and_says_so(broken: Reply) -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        return json_reply(offers(0, 100)) if call.offset == 0 else broken

    with serving(answering) as server, pytest.raises(Unavailable) as caught:
        read_api(server)
    assert caught.value.code == "source-broke"


def test_connection_cut_in_the_middle_of_an_answer_is_a_break() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        return json_reply(offers(0, 100)) if call.offset == 0 else Reply(200, b"[1,", cut=True)

    with serving(answering) as server, pytest.raises(Unavailable) as caught:
        read_api(server)
    assert caught.value.code in {"source-broke", "source-unreachable"}


def test_linked_specifications_prices_and_organizations_are_joined() -> None:
    offer = {
        "id": "urn:ngsi-ld:product-offering:1",
        "name": "One",
        "productSpecification": {"id": "urn:ngsi-ld:product-specification:1"},
        "productOfferingPrice": [{"id": "urn:ngsi-ld:product-offering-price:1"}],
    }
    specification = {
        "id": "urn:ngsi-ld:product-specification:1",
        "productSpecCharacteristic": [fact("vCPU", "4")],
        "relatedParty": [{"id": "urn:ngsi-ld:organization:1", "role": "Seller"}],
    }
    price = {
        "id": "urn:ngsi-ld:product-offering-price:1",
        "priceType": "recurring",
        "recurringChargePeriodType": "monthly",
        "price": {"unit": "EUR", "value": 5},
    }
    party = {
        "id": "urn:ngsi-ld:organization:1",
        "partyCharacteristic": [{"name": "Headquarters country", "value": "BE"}],
    }
    lists = {
        "productOffering": [offer],
        "productSpecification": [specification],
        "productOfferingPrice": [price],
        "organization": [party],
    }

    def answering(call: Call, calls: list[Call]) -> Reply:
        return json_reply(lists.get(call.path, []) if call.offset == 0 else [])

    with serving(answering) as server:
        items = read_api(server, party=f"http://{server.host}/tmf-api/party/v4")
    found = documents(items)
    one = found["urn:ngsi-ld:product-offering:1"]
    assert values(one, "vcpu") == {"4"}
    assert values(one, "price") == {"urn:ngsi-ld:product-offering-price:1"}
    assert len(values(found["urn:ngsi-ld:organization:1"], "headquarters")) == 1


def test_host_that_is_not_allowed_is_not_contacted() -> None:
    with serving(lambda call, calls: json_reply([])) as server:
        for allowed in (frozenset[str](), frozenset({"127.0.0.1"}), frozenset({"localhost:1"})):
            with pytest.raises(InputError) as caught:
                read(server.url, context(allowed_hosts=allowed))
            assert caught.value.code == "host-not-allowed"
        assert server.calls == []


def test_redirect_to_a_host_that_is_not_allowed_is_refused() -> None:
    with serving(lambda call, calls: json_reply([])) as target:
        moved = Reply(302, b"", (("Location", f"http://{target.host}/productOffering"),))
        with serving(lambda call, calls: moved) as server, pytest.raises(InputError) as caught:
            read_api(server)
        assert caught.value.code == "host-not-allowed"
        assert target.calls == []


def test_catalogue_that_cannot_be_reached_is_unavailable() -> None:
    with serving(lambda call, calls: Reply(404)) as server, pytest.raises(Unavailable) as caught:
        read_api(server)
    assert caught.value.code == "source-unreachable"


def test_page_as_it_was_is_not_sent_again(tmp_path: Path) -> None:
    held = offers(0, 250)
    sent: list[int] = []

    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        body = json_reply(held[call.offset : call.offset + call.limit]).body
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if call.tag == tag:
            return Reply(304, b"", (("ETag", tag),))
        sent.append(call.offset)
        return Reply(200, body, (("ETag", tag),))

    with serving(answering) as server:
        ctx = replace(context(allowed_hosts=frozenset({server.host})), cache=str(tmp_path / "kept"))
        first = documents(read(server.url, ctx))
        assert sent[:3] == [0, 99, 198]
        sent.clear()
        assert documents(read(server.url, ctx)) == first
        assert sent == []
        held[120]["name"] = "other"
        changed = documents(read(server.url, ctx))
        assert {name for name in first if changed[name] != first[name]} == {str(held[120]["id"])}
        assert sent == [99]
        for page in (tmp_path / "kept").iterdir():
            page.write_bytes(b"")  # what is kept may be lost or broken at any time
        assert documents(read(server.url, ctx)) == changed


@pytest.mark.parametrize("status", [204, 404, 416])
@pytest.mark.parametrize("count", [1, 2, 100, 150])
def test_status_behind_the_last_page_is_the_end(status: int, count: int) -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        page = offers(0, count)[call.offset : call.offset + call.limit]
        return json_reply(page) if page else Reply(status)

    with serving(answering) as server:
        assert len(documents(read_api(server))) == count


def test_list_that_is_not_found_any_more_in_the_middle_is_a_break() -> None:
    @only_offerings
    def answering(call: Call, calls: list[Call]) -> Reply:
        return Reply(404) if call.offset else json_reply(offers(0, 100))

    with serving(answering) as server, pytest.raises(Unavailable) as caught:
        read_api(server)
    assert caught.value.code == "source-broke"
