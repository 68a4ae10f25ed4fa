"""Two sites with real clusters, and a worker at each whose verbs are called directly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clusters import Site, running_site
from workers_at_work import Bench


@pytest.fixture(scope="session")
def site16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site16"), 16, max_connections=100) as site:
        yield site


@pytest.fixture(scope="session")
def site18(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site18"), 18, max_connections=100) as site:
        yield site


@pytest.fixture
def old(site16: Site) -> Iterator[Bench]:
    """A worker at the cluster of PostgreSQL 16."""
    with Bench.at(site16) as bench:
        yield bench


@pytest.fixture
def new(site18: Site) -> Iterator[Bench]:
    """A worker at the cluster of PostgreSQL 18."""
    with Bench.at(site18) as bench:
        yield bench
