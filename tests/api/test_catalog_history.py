"""Reports, history and differences of catalogues over HTTP."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import sync_now

NAME = "polder-market"


def test_a_report_is_answered_once_to_who_has_it(client: FlaskClient) -> None:
    first = client.get(f"/catalogs/{NAME}/report")
    assert first.status_code == 200
    told = first.get_json()
    assert sum(told["outcomes"].values()) >= told["counts"]["documents"] > 0
    assert told["coverage"]
    again = client.get(f"/catalogs/{NAME}/report", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_syncs_are_listed_named_and_compared(client: FlaskClient, application: Application) -> None:
    tag = client.get(f"/catalogs/{NAME}/history").headers["ETag"]
    sync_now(application, NAME)
    answer = client.get(f"/catalogs/{NAME}/history", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    syncs = answer.get_json()["syncs"]
    assert len(syncs) >= 2
    old = client.get(f"/catalogs/{NAME}/report?at={syncs[-1]['sync']}").get_json()
    assert old["synced"] == syncs[-1]["at"]
    path = f"/catalogs/{NAME}/diff?from={syncs[-1]['sync']}&to={syncs[0]['sync']}"
    found = client.get(path).get_json()
    assert (found["from"], found["to"]) == (syncs[-1]["at"], syncs[0]["at"])
    assert found["same"] is True


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("report?at=nonsense", 404, "report-unknown"),
        ("diff?from=nonsense", 404, "report-unknown"),
        ("report?on=monday", 400, "filter-unknown"),
        ("history?at=1", 400, "filter-unknown"),
    ],
)
def test_what_cannot_be_told_is_a_problem(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    answer = client.get(f"/catalogs/{NAME}/{path}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["code"] == code


def test_a_catalogue_says_how_old_it_is(client: FlaskClient) -> None:
    told = client.get(f"/catalogs/{NAME}").get_json()
    assert datetime.fromisoformat(told["dataFrom"]) == datetime.fromisoformat(told["synced"])
    assert told["ageSeconds"] >= 0
    assert "failure" not in told
