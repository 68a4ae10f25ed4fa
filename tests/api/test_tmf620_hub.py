"""`/hub`: who may register, and who sees what of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.mpli.application import Application
from kgservice.mpli.hub_book import HubBook
from kgservice.mpli.publish_hub import Hub
from tests.callbacks import Callback, listening

HUB = "/tmf-api/productCatalogManagement/v4/hub"


@pytest.fixture
def callback() -> Iterator[Callback]:
    with listening() as one:
        yield one


@pytest.fixture
def hub_client(
    application: Application, callback: Callback, tmp_path_factory: pytest.TempPathFactory
) -> FlaskClient:
    book = HubBook(tmp_path_factory.mktemp("hub") / "hub.sqlite")
    hosts = frozenset({callback.host})
    hub = Hub(application.store, book, application.base_iri, hosts)
    return create_app(replace(application, hub=hub)).test_client()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("role", "status"),
    [("", 401), ("worker", 403), ("analyst", 201), ("customer", 201), ("operator", 201)],
)
def test_who_may_register(
    hub_client: FlaskClient, callback: Callback, tokens: dict[str, str], role: str, status: int
) -> None:
    headers = bearer(tokens[role]) if role else {}
    answer = hub_client.post(HUB, json={"callback": callback.url}, headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)


def test_a_registration_is_its_owners_and_the_operators(
    hub_client: FlaskClient, callback: Callback, tokens: dict[str, str]
) -> None:
    ada, bob = bearer(tokens["customer"]), bearer(tokens["other"])
    body = {"callback": callback.url, "query": "eventType=ProductOfferingDeleteEvent"}
    made = hub_client.post(HUB, json=body, headers=ada)
    assert made.get_json() == {"id": made.get_json()["id"], **body}
    place = made.headers["Location"]
    assert place == f"{HUB}/{made.get_json()['id']}"
    assert [one["query"] for one in hub_client.get(HUB, headers=ada).get_json()] == [body["query"]]
    assert hub_client.get(HUB, headers=bob).get_json() == []
    assert hub_client.get(place, headers=bob).status_code == 404
    assert hub_client.delete(place, headers=bob).status_code == 404
    boss = hub_client.get(place, headers=bearer(tokens["operator"])).get_json()
    assert (boss["owner"], boss["deadLetters"], boss["waiting"]) == ("customer", [], 0)
    assert hub_client.delete(place, headers=ada).status_code == 204
    assert hub_client.get(place, headers=ada).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"callback": ""}, {"callback": 3}, {"callback": "http://10.0.0.1/"}, {"callback": "x"},
     {"callback": "http://127.0.0.1:1", "query": "colour=red"}, [], "x"],
    ids=str,
)  # fmt: skip
def test_a_bad_registration_is_the_callers_mistake(
    hub_client: FlaskClient, tokens: dict[str, str], body: object
) -> None:
    answer = hub_client.post(HUB, json=body, headers=bearer(tokens["analyst"]))
    assert answer.status_code == 400
    assert answer.get_json()["code"]
