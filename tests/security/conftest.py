"""One running service with the sample catalogues for all attacks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.running import Service
from tests.security.attacked import Attacked
from tests.security.poison import PINNED


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A real `kg serve` with the samples, for all tests of this folder.

    Its operator pins the keys of a certification body, of an honest provider and of the attacker.
    """
    folder = tmp_path_factory.mktemp("attacked")
    pinned = folder / "trust" / "dids"
    pinned.mkdir(parents=True)
    for number, document in enumerate(PINNED):
        file = pinned / f"{number}.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        file.chmod(0o600)
    for made in (pinned, pinned.parent):
        made.chmod(0o700)
    # Queries that never end are part of the attacks; the others need not wait for them long.
    service = Service(folder, {"KG_QUERY_TIMEOUT_S": "5"}).start("--samples")
    yield Attacked(service)
    service.stop()
