"""What a service publishes, another reads back: the same offerings with the same facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.normal_facts import normal_offerings
from tests.running import Service

TMF620_LOSES = frozenset(
    {
        "/certificate",  # a claim by name is all that arrives: proofs do not travel this way
        "/currency",  # the reader of TMF620 states it where all prices agree
        "location/title",  # a place is known by its address
        "provider/description",  # of a party, only what its offerings say of it is read
        "/termsDocument",
    }
)


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
    published = normal_offerings(first.url, TMF620_LOSES)
    assert len(published) > 20
    assert normal_offerings(second.url, TMF620_LOSES) == published
