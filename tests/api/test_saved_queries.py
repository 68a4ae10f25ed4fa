"""Saved queries over HTTP: typed parameters, put in as terms; own queries of the operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgservice.mpli.application import Application
from kgservice.mpli.query_header import TYPES, is_saved_query, read_header
from kgservice.mpli.saved_queries import example_of, library

ECHO = """# Purpose: give a value back.
# Title: Echo
# Parameter: value text needed, such as Hello: what is given back
# Parameter: number integer = 3: a number
# Parameter: other iri optional, such as urn:x:y: may be left away
SELECT (?value AS ?said) (?number + 1 AS ?more) (COALESCE(?other, "none") AS ?third) {}
"""


@pytest.fixture
def own(application: Application) -> Iterator[Path]:
    """The operator's folder with one query in it."""
    folder = application.folder / "queries"
    folder.mkdir()
    (folder / "echo.rq").write_text(ECHO, encoding="utf-8")
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def echo(client: FlaskClient, **values: object) -> dict[str, str]:
    answer = client.get("/queries/echo", query_string=values)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (row,) = answer.get_json(force=True)["results"]["bindings"]
    return {name: cell["value"] for name, cell in row.items()}


@pytest.mark.parametrize(
    ("path", "code", "at", "says"),
    [
        ("postgresql-offers?country=XQ", "query-parameter-invalid", "?country", "country=NLD"),
        ("postgresql-offers?most=cheap", "query-parameter-invalid", "?most", "most=50"),
        ("postgresql-offers?most=1e3", "query-parameter-invalid", "?most", "decimal"),
        ("postgresql-offers?version=16.5", "query-parameter-invalid", "?version", "integer"),
        ("postgresql-offers?level=gold", "query-parameter-invalid", "?level", "eu-cloud-basic"),
        ("postgresql-offers?most=5&most=6", "query-parameter-invalid", "?most", "most"),
        ("postgresql-offers?most=", "query-parameter-invalid", "?most", "most"),
        ("postgresql-offers?cuntry=NLD", "query-parameter-unknown", "?cuntry", "mean country?"),
        ("price-comparison?kind=Spaceship", "query-parameter-invalid", "?kind", "PostgreSQL"),
        ("changes-since?since=yesterday", "query-parameter-invalid", "?since", "today-7"),
        ("changes-since?since=2026-02-30", "query-parameter-invalid", "?since", "date"),
        ("changes-since?since=0001-01-01T00:00%2B14:00", "query-parameter-invalid", "?since", ""),
        ("statement-sources", "query-parameter-invalid", "?subject", "such"),
        ("statement-sources?subject=no%20iri", "query-parameter-invalid", "?subject", "iri"),
        ("statement-sources?subject=urn:x:%3E%7D", "query-parameter-invalid", "?subject", "iri"),
        ("offerings-per-kind-and-country?x=1", "query-parameter-unknown", "?x", "none"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_type_and_example(
    client: FlaskClient, path: str, code: str, at: str, says: str
) -> None:
    answer = client.get(f"/queries/{path}")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], problem["at"]) == (400, code, at)
    assert says.replace("such", "for example") in problem["hint"]


@pytest.mark.parametrize("name", ["no-such", "publish-void", "x" * 300, "Ümlaut", "..", "a.rq"])
def test_only_questions_for_people_have_an_address(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/queries/{name}")
    assert answer.status_code == 404


def test_a_name_that_is_nearly_right_is_offered(client: FlaskClient) -> None:
    assert "postgresql-offers" in client.get("/queries/postgresql-offer").get_json()["hint"]


@pytest.mark.parametrize(("accept", "media_type"), [
    ("text/csv", "text/csv"), ("application/sparql-results+xml", "application/sparql-results+xml"),
    ("text/tab-separated-values", "text/tab-separated-values"),
    ("*/*", "application/sparql-results+json"),
])  # fmt: skip
def test_the_answer_is_negotiated_as_that_of_any_query(
    client: FlaskClient, accept: str, media_type: str
) -> None:
    answer = client.get("/queries/offerings-per-kind-and-country", headers={"Accept": accept})
    assert answer.mimetype == media_type
    assert "Kg-Generation" in answer.headers


def test_the_same_question_in_any_spelling_of_its_values(client: FlaskClient) -> None:
    level = "https://w3id.org/kgservice/scheme/eu-cloud-basic/basic"
    country = "http://publications.europa.eu/resource/authority/country/NLD"
    answers = {
        client.get("/queries/postgresql-offers", query_string=values).data
        for values in (
            {}, {"country": "nl"}, {"country": country, "most": "50.00"}, {"level": level},
        )
    }  # fmt: skip
    assert len(answers) == 1


def test_an_operators_query_is_there_at_once(client: FlaskClient, own: Path) -> None:
    listed = {one["name"]: one for one in client.get("/queries").get_json()["queries"]}
    assert listed["echo"]["source"] == "operator"
    assert [one["required"] for one in listed["echo"]["parameters"]] == [True, False, False]
    assert echo(client, value="x") == {"said": "x", "more": "4", "third": "none"}
    assert echo(client, value="x", number="-7", other="urn:a:b")["third"] == "urn:a:b"
    (own / "echo.rq").write_text(ECHO.replace("Echo", "Changed"), encoding="utf-8")
    listed = {one["name"]: one for one in client.get("/queries").get_json()["queries"]}
    assert listed["echo"]["title"] == "Changed"


def test_a_file_that_is_no_query_is_reported_and_spoils_nothing(
    client: FlaskClient, own: Path
) -> None:
    (own / "no-title.rq").write_text("# Purpose: x\nASK {}\n", encoding="utf-8")
    (own / "odd.rq").write_text(ECHO.replace(" text needed", " colour needed"), encoding="utf-8")
    (own / "format.rq").write_text(ECHO.replace("value text", "format text"), encoding="utf-8")
    (own / "bytes.rq").write_bytes(b"# Purpose: \xff\n")
    (own / "Bad Name.rq").write_text(ECHO, encoding="utf-8")
    (own / "update.rq").write_text(
        "# Purpose: x\n# Title: x\nDROP ALL\n", encoding="utf-8"
    )  # fmt: skip
    found = client.get("/queries").get_json()
    assert {problem["at"] for problem in found["problems"]} == {
        "no-title.rq:1", "odd.rq:3", "format.rq:3", "bytes.rq", "Bad Name.rq",
    }  # fmt: skip
    assert "echo" in {one["name"] for one in found["queries"]}
    assert client.get("/queries/odd").status_code == 400
    assert client.get("/queries/update").get_json()["code"] == "query-is-update"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None,
          max_examples=100)  # fmt: skip
@given(value=st.text(max_size=40))
@pytest.mark.usefixtures("own")
def test_no_value_is_more_than_a_value(client: FlaskClient, value: str) -> None:
    value = value.encode("utf-8", "ignore").decode()
    answer = client.get("/queries/echo", query_string={"value": value})
    if answer.status_code == 200:
        (row,) = answer.get_json(force=True)["results"]["bindings"]
        assert row["said"]["value"] == value
    else:
        assert answer.get_json()["code"] == "query-parameter-invalid"
        assert not value or not value.isprintable()


@pytest.mark.parametrize(
    "value", ['" } DROP ALL #', "'", '"""', "\\", "?number", "<urn:x:y>", "${number}", "Ω≠𝄞"]
)
def test_what_would_leave_a_pasted_string_stays_in_it(
    client: FlaskClient, own: Path, value: str
) -> None:
    assert echo(client, value=value)["said"] == value


def test_the_text_can_be_read_and_the_example_runs(
    application: Application, client: FlaskClient
) -> None:
    for one in library(application).queries.values():
        text = client.get(f"/queries/{one.name}/text")
        assert text.mimetype == "application/sparql-query"
        assert is_saved_query(text.get_data(as_text=True))
        shown = example_of(application, one)
        answer = client.post("/sparql", data=shown, content_type="application/sparql-query")
        assert answer.status_code == 200, (one.name, answer.get_data(as_text=True), shown)


def test_every_type_has_a_question_that_uses_it(application: Application) -> None:
    used = {p.type for one in library(application).queries.values() for p in one.header.parameters}
    assert used == set(TYPES)


def test_a_header_may_run_over_several_lines() -> None:
    header = read_header("x", "# Purpose: one\n#   two.\n# Title: T\n# Cost: much\nASK {}\n")
    assert (header.purpose, header.title, header.parameters) == ("one two.", "T", ())
