"""An answer to a request over HTTP: entity tags, deadlines, what is seen of it and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from kgservice.model.rdf import Iri, Triple
from kgservice.mpli import request_answers, verification
from kgservice.mpli.application import Application
from kgservice.resolution.answer import Resolution
from kgservice.store.port import GraphChange

REQUEST = "request: {title}\ncomponents:\n  db: {{kind: PostgreSQL}}\nanswers: 2\n"
OTHER = "http://127.0.0.1:8080/graph/test/other"


def asked(client: FlaskClient, headers: dict[str, str], title: str) -> str:
    made = client.post(
        "/mpli/v1/requests",
        data=REQUEST.format(title=title),
        headers={**headers, "Content-Type": "application/yaml"},
    )
    return f"{made.headers['Location']}/resolution"


@pytest.fixture
def headers(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['customer']}"}


def test_an_answer_is_the_same_until_the_shared_graphs_change(
    application: Application, client: FlaskClient, headers: dict[str, str]
) -> None:
    address = asked(client, headers, "same")
    first = client.get(address, headers=headers)
    assert first.status_code == 200
    tag = first.headers["ETag"]

    known = client.get(address, headers={**headers, "If-None-Match": tag})
    assert (known.status_code, known.data) == (304, b"")
    assert client.get(address, headers=headers).data == first.data
    turtle = client.get(address, headers={**headers, "Accept": "text/turtle"})
    assert turtle.headers["ETag"] != tag

    fact = Triple(Iri("urn:x:thing"), Iri("urn:x:says"), Iri("urn:x:something"))
    application.store.commit([GraphChange(OTHER, (fact,), merge=True)])
    after = client.get(address, headers={**headers, "If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["ETag"] != tag


def test_an_answer_that_was_given_is_seen_by_the_next_query(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    address = asked(client, headers, "seen")
    given = client.get(address, headers=headers).json
    assert given is not None

    text = (
        f"ASK {{ <{given['request']}/c1> a <https://w3id.org/kgservice/ns#FeasibleComposition> }}"
    )
    seen = client.post("/sparql", data={"query": text}, headers=headers)
    assert seen.json == {"head": {}, "boolean": given["status"] == "feasible"}


def test_a_deadline_is_seconds_within_the_limit(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    address = asked(client, headers, "deadline")
    for text in ("soon", "0", "-1", "100000", "nan"):
        refused = client.get(f"{address}?deadline={text}", headers=headers)
        assert (refused.status_code, refused.json["code"]) == (400, "value-invalid")  # type: ignore[index]
        assert refused.json["at"] == "?deadline"  # type: ignore[index]
    assert client.get(f"{address}?deadline=10", headers=headers).status_code == 200


def test_an_answer_that_the_graph_judges_differently_is_an_error_and_counted(
    application: Application,
    client: FlaskClient,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mismatches() -> float:
        sample = application.watch.registry.get_sample_value
        return sample("kg_resolution_seconds_count", {"outcome": "mismatch"}) or 0.0

    before = mismatches()
    rule = verification.feasibility_rule()
    stricter = rule.replace("?this a kg:Composition .", "?this a kg:Composition ; kg:rank 99 .")
    monkeypatch.setattr(verification, "feasibility_rule", lambda: stricter)
    answer = client.get(asked(client, headers, "mismatch"), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (500, "verification-differs")  # type: ignore[index]
    assert mismatches() == before + 1


def test_an_answer_that_was_cut_is_not_taken_for_the_whole_one(
    client: FlaskClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = asked(client, headers, "cut")
    resolved = request_answers.resolve

    def cut(*given: Any, **named: Any) -> Resolution:  # noqa: ANN401
        return replace(resolved(*given, **named), is_complete=False)

    with monkeypatch.context() as patched:
        patched.setattr(request_answers, "resolve", cut)
        first = client.get(address, headers=headers)
    assert (first.json or {})["complete"] is False
    assert "ETag" not in first.headers
    assert (client.get(address, headers=headers).json or {})["complete"] is True
