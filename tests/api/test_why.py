"""`/why` takes any text for a term and never breaks; what it says is what the graph says."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PIECES = ["kg:", "kg:canMoveTo", "<", ">", "urn:x", "a b", "\x00", '"', "\\", "?x", "}", "#", "16"]
TERMS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(subject=TERMS, predicate=TERMS, value=TERMS)
def test_any_text_is_a_term_or_a_problem(
    client: FlaskClient, subject: str, predicate: str, value: str
) -> None:
    asked = {"subject": subject, "property": predicate, "value": value}
    answer = client.get("/why", query_string=asked)
    assert answer.status_code in (200, 400), (asked, answer.get_data(as_text=True))
    if answer.status_code == 400:
        assert answer.get_json()["code"] in ("term-invalid", "parameter-missing")


@pytest.mark.parametrize("absent", ["subject", "property", "value"])
def test_a_statement_has_three_parts(client: FlaskClient, absent: str) -> None:
    asked = {"subject": "urn:x:a", "property": "kg:provider", "value": "urn:x:b"}
    del asked[absent]
    answer = client.get("/why", query_string=asked)
    assert (answer.status_code, answer.get_json()["at"]) == (400, f"?{absent}")


def test_a_shared_statement_has_a_source_and_a_private_one_does_not_exist(
    client: FlaskClient,
) -> None:
    offering = "urn:ngsi-ld:product-offering:waterlinie-postgresql"
    asked = {"subject": offering, "property": "rdf:type", "value": "kg:PostgreSQL"}
    shown = client.get("/why", query_string=asked).get_json()
    assert shown["holds"]
    assert shown["explanations"][0]["stated"][0]["catalog"] == "polder-market"
    label = client.get(
        "/why", query_string={**asked, "property": "kg:canMoveTo", "value": offering}
    ).get_json()
    assert not label["holds"]
    assert {one["label"] for one in label["explanations"][0]["missing"]} >= {
        "Move by a common format"
    }
