"""What each role may do, and what it may not know of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.mpli.application import Application

REQUEST = 'components:\n  db:\n    kind: PostgreSQL\n    storage: ">= 41 GiB"\n'
CALLS = {
    "read-shared": ("GET", "/catalogs"),
    "use-services": ("GET", "/mpli/v1/services"),
    "see-jobs": ("GET", "/mpli/v1/jobs"),
    "edit-catalogs": ("DELETE", "/catalogs/nowhere"),
    "administer": ("GET", "/tokens"),
}
RIGHTS = {
    "": {"read-shared"},
    "analyst": {"read-shared"},
    "customer": {"read-shared", "use-services", "see-jobs"},
    "editor": {"read-shared", "edit-catalogs", "see-jobs"},
    "operator": set(CALLS),
    "worker": set(),
}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.mark.parametrize("right", list(CALLS))
@pytest.mark.parametrize("role", list(RIGHTS))
def test_a_role_may_do_what_it_says_and_no_more(
    client: FlaskClient, tokens: dict[str, str], role: str, right: str
) -> None:
    method, path = CALLS[right]
    status = client.open(path, method=method, headers=bearer(tokens.get(role, ""))).status_code
    refused = 403 if role else 401
    assert (status != refused) == (right in RIGHTS[role]), status


@pytest.mark.parametrize(
    "path",
    ["/catalogs", "/sparql?query=ASK{}", "/sparql", "/mpli/v1/offerings", "/labels?subject=urn:x:y",
     "/catalog/polder-market"],
)  # fmt: skip
def test_without_public_reading_nobody_reads(application: Application, path: str) -> None:
    closed = replace(application, settings=replace(application.settings, public_read=False))
    assert create_app(closed).test_client().get(path).status_code == 401


def test_the_start_page_of_a_closed_service_names_no_catalogue(application: Application) -> None:
    closed = replace(application, settings=replace(application.settings, public_read=False))
    page = create_app(closed).test_client().get("/").get_data(as_text=True)
    assert "polder-market" not in page


def test_a_foreign_request_is_like_none(client: FlaskClient, tokens: dict[str, str]) -> None:
    headers = {**bearer(tokens["customer"]), "Content-Type": "application/yaml"}
    made = client.post("/mpli/v1/requests", data=REQUEST, headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    place = made.headers["Location"]
    name = place.rsplit("/", 1)[1]
    for path in (place, f"{place}/resolution", f"{place}/explanation", f"/request/{name}"):
        assert client.get(path, headers=bearer(tokens["customer"])).status_code == 200, path
        for role in ("other", "analyst", "editor", "worker", ""):
            status = client.get(path, headers=bearer(tokens.get(role, ""))).status_code
            assert status in (401, 403, 404), (role, path)
    stolen = client.post("/mpli/v1/plans", json={"request": name}, headers=bearer(tokens["other"]))
    assert (stolen.status_code, stolen.get_json()["code"]) == (404, "request-unknown")


@pytest.mark.parametrize("field", ["name", "type", "provider"])
def test_a_token_is_named_in_one_line_of_printable_characters(
    client: FlaskClient, tokens: dict[str, str], field: str
) -> None:
    headers = bearer(tokens["operator"])
    body = {"role": "worker", "name": "w", "type": "t", "provider": "urn:p"}
    refused = client.post("/tokens", json=body | {field: "a\x1b[31mb\n"}, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (400, "token-name-invalid")
