"""What a service publishes as DCAT, another reads back: the same offerings with the same facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.normal_facts import normal_offerings
from tests.running import Service


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("first")).start("--samples")
    yield service
    service.stop()


@pytest.fixture
def second(first: Service, tmp_path: Path) -> Iterator[Service]:
    host = first.url.removeprefix("http://")
    # A service lets nobody describe what lies below its own address, so the two differ in it.
    settings = {"KG_ALLOW_HOSTS": host, "KG_BASE_IRI": "http://second.example/"}
    service = Service(tmp_path / "second", settings).start()
    yield service
    service.stop()


@pytest.mark.parametrize("query", ["?limit=7", "?limit=1000&format=jsonld"])
def test_what_is_published_as_dcat_is_read_back(
    first: Service, second: Service, query: str
) -> None:
    second.kg("catalog", "add", "peer", "--type", "dcat", f"{first.url}/dcat{query}")
    published = normal_offerings(first.url, frozenset())
    assert len(published) > 20
    assert normal_offerings(second.url, frozenset()) == published
