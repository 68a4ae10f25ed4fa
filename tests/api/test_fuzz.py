"""Whatever is sent to whatever path: never 5xx, always a problem document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgservice.api.app import create_app
from kgservice.api.status import load_contract
from kgservice.mpli.application import Application
from tests.api.conftest import samples_in, tokens_of

PATHS: dict[str, dict[str, object]] = load_contract()["paths"]  # type: ignore[assignment]
CALLS = [
    (path, method)
    for path, item in PATHS.items()
    for method in item
    if method != "parameters" and not path.endswith(("/leases", "/events", "/sync"))
]
NAMES = st.one_of(
    st.sampled_from(["polder-market", "x", "%00", "..%2F", "a" * 300]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/?#"), min_size=1),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["request", "rank", "type", "source", "name", "to", "role", "token", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
TYPES = ["application/json", "application/yaml", "text/turtle", "application/ld+json",
         "application/x-www-form-urlencoded", "application/sparql-query", "x", ""]  # fmt: skip
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """An application of its own: some calls remove catalogues that other tests ask about."""
    with samples_in(tmp_path_factory.mktemp("fuzz")) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(application: Application) -> FlaskClient:
    return create_app(application).test_client()


@pytest.fixture(scope="module")
def tokens(application: Application) -> dict[str, str]:
    return tokens_of(application)


@settings(
    max_examples=1500, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_no_call_breaks_the_service(
    client: FlaskClient, tokens: dict[str, str], data: st.DataObject
) -> None:
    path, method = data.draw(st.sampled_from(CALLS))
    for part in ("{identity}", "{name}", "{task}"):
        path = path.replace(part, data.draw(NAMES))
    body = data.draw(st.one_of(st.binary(max_size=200), JSON))
    headers = {"Accept": data.draw(HEADER), "Content-Type": data.draw(st.sampled_from(TYPES))}
    role = data.draw(st.sampled_from(["operator", "customer", "editor", "worker", ""]))
    if role:
        headers["Authorization"] = f"Bearer {tokens[role]}"
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    if "json" in sent:
        del headers["Content-Type"]
    query = data.draw(st.dictionaries(st.sampled_from(
        ["query", "kind", "limit", "offset", "country", "subject", "engine", "default-graph-uri",
         "fields", "sort", "page", "format", "name", "relatedParty.id", "lastUpdate.gt"]
    ), st.text(max_size=20) | st.sampled_from(["1", "-name", "name", "turtle", "2026-01-01"]),
        max_size=3))  # fmt: skip
    answer = client.open(path, method=method.upper(), headers=headers, query_string=query, **sent)
    assert answer.status_code < 500, answer.get_data(as_text=True)
    if answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["code"]
