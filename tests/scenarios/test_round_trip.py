"""What a service publishes, another reads back: the same offerings with the same facts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.store.vocabulary import load_vocabulary
from tests.made_up_catalogs import write_catalog
from tests.normal_facts import normal_offerings
from tests.running import Service

SEEDS = (1, 2, 3)
TMF620_LOSES = frozenset(
    {
        "/certificate",  # a claim by name is all that arrives: proofs do not travel this way
        "/currency",  # the reader of TMF620 states it where all prices agree
        "location/title",  # a place is known by its address
    }
)


def start(folder: Path, environment: dict[str, str], *arguments: str) -> Service:
    """Start a service whose base IRI is its own address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"KG_BASE_IRI": f"http://127.0.0.1:{port}/", **environment}
    return Service(folder, settings).start("--port", str(port), *arguments)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("first")
    service = start(folder / "data", {}, "--samples")
    try:
        for seed in SEEDS:
            source = write_catalog(folder / f"made-up-{seed}", load_vocabulary(), seed)
            service.kg("catalog", "add", f"made-up-{seed}", "--type", "tmf620", str(source))
        yield service
    finally:
        service.stop()


@pytest.fixture
def second(first: Service, tmp_path: Path) -> Iterator[Service]:
    service = start(tmp_path / "second", {"KG_ALLOW_HOSTS": first.url.removeprefix("http://")})
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("kind", "path", "loses"),
    [
        ("tmf620", "/tmf-api/productCatalogManagement/v4", TMF620_LOSES),
        ("dcat", "/dcat?limit=10", frozenset()),
    ],
)
def test_what_is_published_is_read_back(
    first: Service, second: Service, kind: str, path: str, loses: frozenset[str]
) -> None:
    second.kg("catalog", "add", "peer", "--type", kind, first.url + path)
    published = normal_offerings(first.url, loses)
    assert len(published) > 100
    assert normal_offerings(second.url, loses) == published
