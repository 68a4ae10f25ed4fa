"""One running service with the sample catalogues for all attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Service
from tests.security.attacked import Attacked


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A real `kg serve` with the samples, for all tests of this folder."""
    folder = tmp_path_factory.mktemp("attacked")
    # Queries that never end are part of the attacks; the others need not wait for them long.
    service = Service(folder, {"KG_QUERY_TIMEOUT_S": "5"}).start("--samples")
    yield Attacked(service)
    service.stop()
