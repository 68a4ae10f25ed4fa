"""One application with the samples for all tests of the HTTP face."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.model.settings import resolve_settings
from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import load_samples
from kgservice.mpli.opening import open_application


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with samples_in(tmp_path_factory.mktemp("api")) as opened:
        yield opened


@contextmanager
def samples_in(folder: Path) -> Iterator[Application]:
    settings = resolve_settings({"KG_DATA_DIR": str(folder), "KG_QUERY_TIMEOUT_S": "10"}, {})
    opened = open_application(settings, with_jobs=True)
    try:
        load_samples(opened)
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def client(application: Application) -> FlaskClient:
    return create_app(application).test_client()


@pytest.fixture(scope="session")
def tokens(application: Application) -> dict[str, str]:
    return tokens_of(application)


def tokens_of(application: Application) -> dict[str, str]:
    """Make a token for each role; `other` is a second customer."""
    store = application.tokens
    return {
        **{role: store.create(role, name=role) for role in ("analyst", "customer", "editor")},
        "operator": store.create("operator", name="boss"),
        "other": store.create("customer", name="other"),
        "worker": store.create("worker", worker_type="postgresql", provider="urn:x:provider"),
    }
