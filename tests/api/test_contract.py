"""The contract in openapi.yaml says exactly what the routes and wire models are."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel

from kgservice.api import bodies
from kgservice.api.status import load_contract

MODELS = [
    bodies.PublicKey, bodies.CatalogBody, bodies.PlanBody, bodies.ApplyBody,
    bodies.MoveBody, bodies.ReleaseBody, bodies.TokenBody, bodies.BackupBody, bodies.HubBody,
]  # fmt: skip


def test_the_contract_lists_exactly_the_routes(client: FlaskClient) -> None:
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set())
        - {"HEAD", "OPTIONS", "QUERY"}  # OpenAPI 3.1 has no word for QUERY
        if rule.endpoint != "static" and "<path:rest>" not in rule.rule
    }
    paths: dict[str, dict[str, object]] = load_contract()["paths"]  # type: ignore[assignment]
    written = {
        (path, method) for path, item in paths.items() for method in item if method != "parameters"
    }
    assert routed == written


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_wire_model_has_the_members_of_the_contract(model: type[BaseModel]) -> None:
    schema = load_contract()["components"]["schemas"][model.__name__]  # type: ignore[index]
    made = model.model_json_schema()
    assert set(schema.get("properties", {})) == set(made["properties"])
    assert set(schema.get("required", ())) == set(made.get("required", ()))
    assert schema["additionalProperties"] is False


def test_a_problem_leads_to_the_entry_of_its_code(client: FlaskClient) -> None:
    answer = client.get("/catalogs/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    link, _, anchor = answer.get_json()["type"].partition("#")
    assert anchor == answer.get_json()["code"]
    page = client.get("/" + link.split("/", 3)[3])
    assert f'id="{anchor}"' in page.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/errors", "/style.css", "/openapi.json"])
def test_pages_need_no_script(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<script" not in answer.get_data(as_text=True)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("char", ["%7F", "%C2%9F", "%25zz", "%5B", "%EE%80%80", "%F0%9F%BF%BE"])
@pytest.mark.parametrize(
    "path",
    ["/mpli/v1/requests/{}", "/mpli/v1/services/{}", "/catalogs/{}/report", "/catalog/{}",
     "/labels?subject=urn:x:{}", "/mpli/v1/offerings?provider=urn:x:{}",
     "/sparql?query=ASK%7B%7D&default-graph-uri=urn:x:{}"],
)  # fmt: skip
def test_a_name_that_no_iri_can_have_is_the_callers_mistake(
    client: FlaskClient, tokens: dict[str, str], path: str, char: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens['operator']}"}
    assert client.get(path.format(char), headers=headers).status_code < 500
