"""Explanations over HTTP: reasons and sentences, one offering, what-if; nothing of it is kept."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

PORTAL = (Path(__file__).resolve().parents[2] / "docs" / "examples" / "portal.yaml").read_text()
CHEAP = PORTAL.replace("450 EUR", "20 EUR")


@pytest.fixture(scope="module")
def headers(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['customer']}"}


def explained(client: FlaskClient, headers: dict[str, str], request: str, query: str = ""):  # type: ignore[no-untyped-def]  # noqa: ANN201
    made = client.post(
        "/mpli/v1/requests", data=request, content_type="application/yaml", headers=headers
    )
    path = f"/mpli/v1/requests/{made.get_json()['id']}/explanation{query}"
    return client.get(path, headers=headers)


def test_an_infeasible_request_says_what_to_change_and_at_which_price(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    told = explained(client, headers, CHEAP).get_json()
    assert told["conflicts"] == [["together.3"]]
    (relaxation,) = told["relaxations"]
    (change,) = relaxation["change"]
    assert (change["constraint"], change["kind"]) == ("together.3", "nearest")
    assert change["to"] == {"sum": {"of": "monthlyPrice", "max": "103.5 EUR"}}
    assert relaxation["best"]["monthlyPrice"] == {"amount": "103.50", "currency": "EUR"}
    codes = [one["code"] for one in told["reasons"]]
    assert codes[:3] == ["infeasible", "conflict-unknown", "relaxation"]
    assert all(one["text"] for one in told["reasons"])


def test_counts_add_up_and_both_engines_say_the_same(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    """P12: every offering of the kind is in exactly one of the numbers."""
    fast, graph = (
        explained(client, headers, CHEAP, f"?engine={engine}").get_data()
        for engine in ("fast", "graph")
    )
    assert fast == graph
    for count in explained(client, headers, CHEAP).get_json()["counts"].values():
        parts = count["satisfied"] + count["unknown"] + count["violated"]
        assert parts == count["offerings"]
        assert sum(count["firstReason"].values()) == count["violated"]


def test_plain_text_is_in_the_language_that_is_asked(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    wanted = {**headers, "Accept": "text/plain"}
    told = explained(client, wanted, CHEAP, "?lang=nl")
    assert told.content_type.startswith("text/plain")
    assert "niet mogelijk" in told.get_data(as_text=True)
    assert "voor 103,50 EUR per maand" in told.get_data(as_text=True)


def test_one_offering_is_told_line_by_line(client: FlaskClient, headers: dict[str, str]) -> None:
    told = explained(
        client, headers, PORTAL, f"?offering={quote('Rheintal PostgreSQL 18 klein')}"
    ).get_json()
    about = told["offering"]["components"]["db"]
    assert about["verdict"] == "violated"
    lines = {line["constraint"]: line for line in about["lines"]}
    assert lines["db.majorVersion"]["verdict"] == "met"
    assert lines["db.majorVersion"]["found"] == "18"
    assert lines["db.storage"]["verdict"] == "violated"
    assert lines["every.support"]["wish"] is True
    chosen = explained(
        client, headers, PORTAL, f"?offering={quote('Noordzee PostgreSQL')}"
    ).get_json()
    assert chosen["offering"]["components"]["replica"]["verdict"] == "met"
    assert any(one["code"] == "offering-chosen" for one in chosen["reasons"])


def test_what_if_a_provider_offered_nothing_or_asked_more(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    before = explained(client, headers, PORTAL).get_json()
    assert before["status"] == "feasible"
    without = explained(
        client, headers, PORTAL, f"?without={quote('Waterlinie Cloud')}&on=2026-12-02"
    ).get_json()
    assert without["before"]["status"] == "feasible"
    best = without["after"]["best"]
    assert best is None or "Waterlinie PostgreSQL" not in best["titles"].values()
    dearer = explained(client, headers, PORTAL, f"?priceChange={quote('+100%')}").get_json()
    assert dearer["before"]["best"]["monthlyPrice"]["amount"] == "103.50"
    assert dearer["after"]["best"]["monthlyPrice"]["amount"] == "207.00"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?lang=fr", 400, "language-unknown"),
        ("?engine=slow", 400, "engine-unknown"),
        ("?nonsense=1", 400, "parameter-unknown"),
        ("?lang=en&lang=nl", 400, "parameter-repeated"),
        ("?on=tomorrow", 400, "value-invalid"),
        ("?priceChange=ten", 400, "price-change-invalid"),
        ("?without=Nobody", 404, "offering-unknown"),
        ("?offering=urn:nothing", 404, "offering-unknown"),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    client: FlaskClient, headers: dict[str, str], query: str, status: int, code: str
) -> None:
    told = explained(client, headers, CHEAP, query)
    assert (told.status_code, told.get_json()["code"]) == (status, code)
