"""What a service publishes for Gaia-X catalogues, another reads back with the same facts."""

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
    environment = {
        "KG_ALLOW_HOSTS": first.url.removeprefix("http://"),
        "KG_BASE_IRI": "http://second.example/",
    }
    service = Service(tmp_path / "second", environment).start()
    yield service
    service.stop()


@pytest.mark.parametrize("path", ["self-descriptions", "credentials-events"])
def test_what_is_published_for_gaia_x_is_read_back(
    first: Service, second: Service, path: str
) -> None:
    second.kg("catalog", "add", "peer", "--type", "gaia-x", f"{first.url}/{path}")
    second.kg("catalog", "sync", "peer")
    published = normal_offerings(first.url)
    assert len(published) > 20
    assert normal_offerings(second.url) == published
    report = second.kg_json("catalog", "report", "peer", "--json")
    assert report["counts"]["quarantined"] == 0  # type: ignore[index]
