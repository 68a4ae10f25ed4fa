"""`/tmf-api`: what a reader of TMF620 gets, page by page and by filters."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kgservice.api.app import create_app
from kgservice.mpli import publish_tmf620
from kgservice.mpli.application import Application
from kgservice.mpli.publish import Publisher
from kgservice.mpli.publish_filters import values_at

BASE = "/tmf-api/productCatalogManagement/v4"
OFFERINGS = f"{BASE}/productOffering"
LISTS = [
    *(f"{BASE}/{name}" for name in (
        "productOffering", "productSpecification", "productOfferingPrice", "category", "catalog",
    )),
    "/tmf-api/party/v4/organization",
]  # fmt: skip


def get(client: FlaskClient, path: str, **query: object) -> TestResponse:
    return client.get(path, query_string=query)


def ids(answer: TestResponse) -> list[str]:
    return [item["id"] for item in answer.get_json()]


@pytest.mark.parametrize("path", LISTS)
def test_every_object_answers_at_its_id_and_its_href(client: FlaskClient, path: str) -> None:
    for item in get(client, path, limit=1000).get_json():
        assert item["href"].startswith("http")
        assert client.get("/" + item["href"].split("/", 3)[3]).get_json() == item
        assert client.get(f"{path}/{quote(item['id'], safe='')}").get_json() == item


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(limit=st.integers(1, 70), path=st.sampled_from(LISTS))
def test_following_next_gives_each_object_once(client: FlaskClient, limit: int, path: str) -> None:
    whole = get(client, path, limit=1000)
    found: list[str] = []
    address: str | None = f"{path}?limit={limit}"
    while address:
        answer = client.get(address)
        page = ids(answer)
        found += page
        assert len(page) <= limit
        assert answer.headers["X-Total-Count"] == str(len(ids(whole)))
        assert answer.headers["X-Result-Count"] == str(len(page))
        assert answer.status_code == (200 if len(page) == len(ids(whole)) else 206)
        links = {
            part.split('rel="')[1].rstrip('"'): part.split("<")[1].split(">")[0]
            for part in answer.headers["Link"].split(", ")
        }
        address = links.get("next")
    assert found == ids(whole)


def test_beyond_the_end_is_an_empty_page(client: FlaskClient) -> None:
    answer = get(client, OFFERINGS, offset=999_999)
    assert (answer.status_code, answer.get_json()) == (200, [])
    assert answer.headers["X-Result-Count"] == "0"


def test_fields_select_members_beside_those_that_always_come(client: FlaskClient) -> None:
    whole = get(client, OFFERINGS).get_json()
    for item, short in zip(whole, get(client, OFFERINGS, fields="name").get_json(), strict=True):
        assert short == {name: item[name] for name in ("id", "href", "name", "@type")}
    bare = get(client, OFFERINGS, fields="none").get_json()[0]
    assert set(bare) == {"id", "href", "@type"}


@pytest.mark.parametrize(
    ("query", "meets"),
    [
        ({"lifecycleStatus": "Active"}, lambda o: o["lifecycleStatus"] == "Active"),
        ({"lifecycleStatus": "Active,Retired"},
         lambda o: o["lifecycleStatus"] in ("Active", "Retired")),
        ({"lifecycleStatus.ne": "Launched"}, lambda o: o["lifecycleStatus"] != "Launched"),
        ({"relatedParty.name": "Isar Systeme AG"},
         lambda o: any(p["name"] == "Isar Systeme AG" for p in o["relatedParty"])),
        ({"category.name": "PostgreSQL", "place.country": "NL"},
         lambda o: o["category"][0]["name"] == "PostgreSQL"
         and any(p.get("country") == "NL" for p in o["place"])),
        ({"productOfferingTerm.duration.amount.gte": "2"},
         lambda o: any(t["duration"]["amount"] >= 2 for t in o.get("productOfferingTerm", []))),
        ({"isBundle": "true"}, lambda o: o["isBundle"]),
        ({"name": "no such name"}, lambda o: False),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)  # fmt: skip
def test_a_filter_gives_what_a_look_at_every_object_gives(
    client: FlaskClient, query: dict[str, str], meets: object
) -> None:
    assert callable(meets)
    wanted = [o["id"] for o in get(client, OFFERINGS, limit=1000).get_json() if meets(o)]
    assert ids(get(client, OFFERINGS, limit=1000, **query)) == wanted


def test_order_is_by_value_and_then_by_id(client: FlaskClient) -> None:
    whole = get(client, OFFERINGS, limit=1000).get_json()
    up = [o["id"] for o in sorted(whole, key=lambda o: (o["name"], o["id"]))]
    assert ids(get(client, OFFERINGS, sort="name", limit=1000)) == up
    latest = get(client, OFFERINGS, sort="-lastUpdate", limit=1).get_json()[0]
    assert latest["lastUpdate"] == max(o["lastUpdate"] for o in whole)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"colour": "red"}, "filter-unknown"),
        ({"relatedParty.colour": "red"}, "filter-unknown"),
        ({"name.first": "x"}, "filter-unknown"),
        ({"fields": "colour"}, "filter-unknown"),
        ({"sort": "colour"}, "filter-unknown"),
        ({"limit": "many"}, "filter-invalid"),
        ({"limit": "0"}, "filter-invalid"),
        ({"offset": "-1"}, "filter-invalid"),
        ({"isBundle": "perhaps"}, "filter-invalid"),
        ({"lastUpdate.gt": "yesterday"}, "filter-invalid"),
        ({"name": "x" * 2000}, "filter-invalid"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_with_its_place(
    client: FlaskClient, query: dict[str, str], code: str
) -> None:
    answer = get(client, OFFERINGS, **query)
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert answer.get_json()["at"] == f"?{next(iter(query))}"


def test_an_unchanged_list_is_not_sent_again(client: FlaskClient) -> None:
    answer = get(client, OFFERINGS)
    tag = answer.headers["ETag"]
    again = client.get(OFFERINGS, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head(OFFERINGS).headers["ETag"] == tag
    other = client.get(f"{OFFERINGS}?limit=1", headers={"If-None-Match": tag})
    assert other.status_code == 206


def test_only_json_can_be_had(client: FlaskClient) -> None:
    assert client.get(OFFERINGS, headers={"Accept": "text/turtle"}).status_code == 406
    assert client.get(OFFERINGS, headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


def test_an_unknown_id_is_not_found(client: FlaskClient) -> None:
    answer = client.get(f"{OFFERINGS}/urn:nobody:1")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "tmf-object-unknown")


@pytest.mark.parametrize("path", LISTS)
def test_reading_all_at_once_gives_the_same(
    client: FlaskClient, application: Application, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    whole = get(client, path, limit=1000).get_json()
    monkeypatch.setattr(publish_tmf620, "ALL_FROM", 1)
    fresh = create_app(application).test_client()
    assert get(fresh, path, limit=1000).get_json() == whole


@pytest.mark.parametrize("path", sorted(publish_tmf620.resources()["productOffering"].columns))
def test_a_column_of_its_own_holds_what_the_objects_show(
    application: Application, path: str
) -> None:
    """The oracle is the page of every offering, read as a client gets it."""
    resource = publish_tmf620.resources()["productOffering"]
    steps = tuple(path.split("."))
    with Publisher(application.store, application.base_iri).edition() as edition:
        tmf = publish_tmf620.Tmf620(edition, application.base_iri)
        column = tmf._column(resource, steps)
        items = tmf.objects(resource, list(tmf.subjects(resource)))
    shown = {str(item["id"]): sorted(map(str, values_at(item, steps))) for item in items}
    assert {name: sorted(map(str, values)) for name, values in column.items()} == shown
    assert any(shown.values()) or path == "version"
