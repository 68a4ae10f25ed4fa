"""`kg query`: saved queries by name, and mistakes with their place in what was typed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.running import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    one = Service(tmp_path_factory.mktemp("queries") / "data").start("--samples")
    yield one
    one.stop()


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("SELECT * { ?s kg:title ?t", "query:1:26", "The `{` at 1:10 is not closed."),
        ("SELECT *\n{ ?s kg:title foaf:x }", "query:2:15", "PREFIX foaf:"),
        ("SELCT * { ?s kg:title ?t }", "query:1:1", "SELECT"),
    ],
)
def test_places_are_those_of_the_text_as_it_was_typed(
    service: Service, text: str, at: str, hint: str
) -> None:
    """The usual prefixes are declared for it, in front; nobody should have to subtract them."""
    said = service.kg("query", text, expect=2)
    assert said.startswith(f"kg: {at}: ")
    assert "\n    " + text.split("\n")[-1] in said
    assert hint in said


def test_a_misspelt_term_is_named_beside_an_empty_answer(service: Service) -> None:
    said = service.kg("query", "SELECT * { ?s kg:majorVersoin ?v }", "--format", "csv")
    assert said.strip() == "s,v"
    answer = service.kg("query", "ASK { ?s kg:majorVersoin ?v }", expect=1)
    assert answer.strip() == "no"


def test_a_saved_query_by_name(service: Service) -> None:
    found = service.kg("query", "postgresql-offers", "--param", "country=NLD", "--format", "csv")
    assert len(found.strip().splitlines()) == 3
    assert "2 rows" in service.kg("query", "postgresql-offers")
    said = service.kg("query", "postgresql-offers", "--param", "most=x", expect=2)
    assert "most=50" in said
    assert "[query-parameter-invalid]" in said
    assert "NAME=VALUE" in service.kg("query", "postgresql-offers", "--param", "most", expect=2)
    assert "saved queries" in service.kg("query", "ASK {}", "--param", "a=b", expect=2)
    assert "Did you mean postgresql-offers?" in service.kg("query", "postgres-offers", expect=2)


def test_the_list_and_the_text(service: Service) -> None:
    listed = json.loads(service.kg("query", "--list", "--json"))["queries"]
    plain = service.kg("query", "--list")
    for one in listed:
        assert f"{one['name']}: {one['title']}" in plain
    assert "country=NLD" in plain
    shown = service.kg("query", "price-comparison", "--show")
    assert shown.startswith("# Purpose:")


def test_hints_come_over_http_too(service: Service) -> None:
    import requests

    query = "PREFIX kg: <https://w3id.org/kgservice/ns#>\nSELECT * { ?s kg:majorVersoin ?v }"
    answer = requests.get(service.url + "/sparql", params={"query": query}, timeout=60)
    assert answer.headers["Kg-Hint"] == (
        "query:2:15: kg:majorVersoin is not in the vocabulary; did you mean kg:majorVersion?"
    )
    right = requests.get(service.url + "/sparql", params={"query": "ASK {}"}, timeout=60)
    assert "Kg-Hint" not in right.headers
    wrong = requests.get(service.url + "/sparql", params={"query": "ASK {"}, timeout=60).json()
    assert (wrong["at"], wrong["hint"]) == ("query:1:6", "The `{` at 1:5 is not closed.")
