"""What a service publishes, another reads back: the same offerings with the same facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from normal_facts import normal_offerings
from running import Service


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("first")).start("--samples")
    yield service
    service.stop()


@pytest.fixture
def second(first: Service, tmp_path: Path) -> Iterator[Service]:
    host = first.url.removeprefix("http://")
    service = Service(tmp_path / "second", {"KG_ALLOW_HOSTS": host}).start()
    yield service
    service.stop()


def test_what_is_published_as_tmf620_is_read_back(first: Service, second: Service) -> None:
    source = f"{first.url}/tmf-api/productCatalogManagement/v4"
    second.kg("catalog", "add", "peer", "--type", "tmf620", source)
    second.kg("catalog", "sync", "peer")
    assert normal_offerings(second.url) == normal_offerings(first.url)
