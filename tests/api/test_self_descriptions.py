"""The federation as Gaia-X catalogues read it: self-descriptions, and a feed of what happened."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.model.settings import resolve_settings
from kgservice.model.terms import KG
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_gaia_x import Descriptions, Wanted


def page(client: FlaskClient, **parameters: object) -> dict[str, Any]:
    answer = client.get("/self-descriptions", query_string=parameters)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def all_metas(client: FlaskClient, **parameters: object) -> list[dict[str, Any]]:
    return [item["meta"] for item in page(client, limit=1000, **parameters)["items"]]


def test_every_offering_of_every_catalogue_has_a_description(client: FlaskClient) -> None:
    offerings = client.get("/mpli/v1/offerings").get_json()
    metas = all_metas(client)
    assert page(client)["totalCount"] == len(metas)
    assert {one["offering"] for one in offerings["offerings"]} <= {meta["id"] for meta in metas}


def test_a_signed_credential_is_given_byte_for_byte(client: FlaskClient) -> None:
    signed = [m for m in all_metas(client) if m["contentType"] == "application/vc+jwt"]
    assert signed
    for meta in signed[:5]:
        answer = client.get(f"/self-descriptions/{meta['sdHash']}")
        assert answer.mimetype == "application/vc+jwt"
        assert hashlib.sha256(answer.data).hexdigest() == meta["sdHash"]
        assert answer.data.count(b".") == 2


def test_what_nobody_signed_is_described_from_what_was_admitted(client: FlaskClient) -> None:
    made = [m for m in all_metas(client) if m["contentType"] == "application/ld+json"]
    assert made
    answer = client.get(f"/self-descriptions/{made[0]['sdHash']}")
    document = answer.get_json(force=True)
    assert answer.mimetype == "application/ld+json"
    assert document["@graph"][0]["@id"] == made[0]["id"]
    again = client.get(f"/self-descriptions/{made[0]['sdHash']}")
    assert again.data == answer.data


def test_a_description_can_be_had_in_other_syntaxes(client: FlaskClient) -> None:
    meta = all_metas(client)[0]
    path = f"/self-descriptions/{meta['sdHash']}"
    turtle = client.get(path, headers={"Accept": "text/turtle"})
    assert turtle.mimetype == "text/turtle"
    assert b"kg:" in turtle.data or b"ns#" in turtle.data
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 406


def test_pages_make_up_the_whole(client: FlaskClient) -> None:
    whole = [meta["sdHash"] for meta in all_metas(client)]
    pages: list[str] = []
    while True:
        items = page(client, offset=len(pages), limit=7)["items"]
        if not items:
            break
        pages += [item["meta"]["sdHash"] for item in items]
    assert pages == whole
    assert len(set(whole)) == len(whole)


@pytest.mark.parametrize(("parameter", "member"), [("ids", "id"), ("hashes", "sdHash")])
def test_one_is_found_by_id_and_by_hash(client: FlaskClient, parameter: str, member: str) -> None:
    wanted = all_metas(client)[3]
    found = all_metas(client, **{parameter: wanted[member]})
    assert wanted["sdHash"] in [meta["sdHash"] for meta in found]
    assert len(found) < 5


def test_filters_agree_with_the_metadata(client: FlaskClient) -> None:
    metas = all_metas(client)
    issuer = next(m["issuer"] for m in metas if m["issuer"].startswith("did:"))
    found = all_metas(client, issuers=issuer)
    assert {m["sdHash"] for m in found} == {m["sdHash"] for m in metas if m["issuer"] == issuer}
    times = sorted(m["statusDatetime"] for m in metas)
    found = all_metas(client, statusTimerange=f"{times[-1]}/2999-01-01T00:00:00Z")
    assert {m["statusDatetime"] for m in found} == {times[-1]}
    assert all_metas(client, uploadTimerange="2999-01-01T00:00:00Z/2999-01-02T00:00:00Z") == []
    assert all_metas(client, statuses="REVOKED,EOL") == []
    assert all_metas(client, validators="did:web:nobody") == []


def test_meta_and_content_are_there_as_asked(client: FlaskClient) -> None:
    (item,) = page(client, limit=1, withMeta="false", withContent="true")["items"]
    assert set(item) == {"content"}
    (item,) = page(client, limit=1)["items"]
    assert set(item) == {"meta"}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "offset=-1", "limit=x", "statuses=happy", "statusTimerange=today", "withMeta=2",
     "uploadTimerange=2026-01-01T00:00:00Z", "unknown=1", f"ids={'x' * 1001}"],
)  # fmt: skip
def test_a_wrong_parameter_is_the_callers_mistake(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/self-descriptions?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["code"] in ("filter-invalid", "filter-unknown")


def test_strange_values_match_nothing_and_break_nothing(client: FlaskClient) -> None:
    for value in ("not an iri", "<x>", '"', "a b", "urn:x:none", "?hash", "UNDEF"):
        for parameter in ("ids", "issuers", "hashes"):
            assert all_metas(client, **{parameter: value}) == []
    assert client.get("/self-descriptions/zz").get_json()["code"] == "description-unknown"


def test_an_unchanged_answer_is_not_sent_again(client: FlaskClient) -> None:
    for path in ("/self-descriptions", "/credentials-events"):
        first = client.get(path)
        etag = first.headers["ETag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def events(client: FlaskClient, **parameters: object) -> list[dict[str, Any]]:
    answer = client.get("/credentials-events", query_string={"size": 100, **parameters})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.get_json()
    return found


def test_the_feed_goes_on_after_a_cursor(client: FlaskClient) -> None:
    told = events(client)
    assert {event["change"] for event in told} == {"new"}
    assert {event["specversion"] for event in told} == {"1.0"}
    walked: list[str] = []
    while step := events(client, size=3, **({"lastReceivedID": walked[-1]} if walked else {})):
        walked += [event["id"] for event in step]
    assert walked[: len(told)] == [event["id"] for event in told]
    second = events(client, size=3, page=1)
    assert [event["id"] for event in second] == walked[3:6]


def test_an_event_is_found_by_its_id(client: FlaskClient) -> None:
    told = events(client)[0]
    assert client.get(f"/credentials-events/{told['id']}").get_json() == told
    assert client.get("/credentials-events/none").get_json()["code"] == "event-unknown"
    assert client.get("/credentials-events?lastReceivedID=none").status_code == 404


def test_a_token_is_in_the_envelope_of_the_data_model(client: FlaskClient) -> None:
    data = [event["data"] for event in events(client) if "id" in event["data"]]
    assert any(one["type"] == "EnvelopedVerifiableCredential" for one in data)
    assert all(json.dumps(one) for one in data)


def test_nothing_is_published_to_nobody_where_reading_is_not_public(
    application: Application,
) -> None:
    closed = resolve_settings({"KG_DATA_DIR": str(application.folder), "KG_PUBLIC_READ": "0"}, {})
    hidden = replace(application, settings=closed)
    client = create_app(hidden).test_client()
    for path in ("/self-descriptions", "/self-descriptions/x", "/credentials-events"):
        assert client.get(path).status_code == 401


def test_a_credential_is_at_its_end_from_that_moment_on_without_a_sync(
    application: Application,
) -> None:
    """Against the ends that the metadata graph tells of, at moments before and after each."""
    rows = application.store.read(
        "SELECT ?d ?end { GRAPH <urn:kgservice:meta> {"
        f" ?d <{KG.proofValidUntil.value}> ?end ; <{KG.proofResult.value}> <{KG.ProofValid.value}>"
        " } }"
    )
    ends = {row["d"].value: datetime.fromisoformat(row["end"].value) for row in rows}
    assert ends
    publisher = Publisher(application.store, application.base_iri)
    moments = sorted({end + timedelta(seconds=s) for end in ends.values() for s in (-1, 0, 1)})
    seen = []
    for moment in moments[:12]:
        with publisher.edition() as edition:
            found = Descriptions(edition, application.contents, moment)
            status = {e.document: e.status for e in found.entries(Wanted(statuses=()))}
            over = {e.document for e in found.entries(Wanted(statuses=("eol",)))}
            seen.append(found.era())
        for document, end in ends.items():
            assert (status[document] == "eol") == (end <= moment) == (document in over)
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
