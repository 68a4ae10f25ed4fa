"""Stores for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from embedded_stores import open_embedded

from kgservice.store.embedded import EmbeddedStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """One store for a module; each test uses graphs of its own."""
    opened = open_embedded(tmp_path_factory.mktemp("data"))
    yield opened
    opened.close()
