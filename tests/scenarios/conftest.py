"""One stage for all scenarios of a session: three clusters, a service and three workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.clusters import Site, running_site
from tests.running import Service
from tests.scenarios.stage import VERSIONS, Stage, WorkerProcess
from tests.virtuoso import running_virtuoso


@contextmanager
def staged(folder: Path, environment: dict[str, str]) -> Iterator[Stage]:
    """Run the service with the samples, and three providers with a cluster and a worker each."""
    with ExitStack() as stack:

        def site(name: str) -> Site:
            place = folder / name.split()[0].lower()
            place.mkdir()
            return stack.enter_context(running_site(place, VERSIONS[name], max_connections=100))

        with ThreadPoolExecutor() as pool:
            sites = dict(zip(VERSIONS, pool.map(site, VERSIONS), strict=True))
        stage = Stage(folder, sites, Service(folder / "data", environment))
        stack.callback(_end, stage)
        stage.set_up()
        for name in VERSIONS:
            stage.add_worker(name)
        stage.wait_for_workers()
        yield stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage with a store of its own."""
    with staged(tmp_path_factory.mktemp("stage"), {}) as stage:
        yield stage


@pytest.fixture(scope="session")
def remote_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage whose store is a Virtuoso."""
    folder = tmp_path_factory.mktemp("remote-stage")
    with (
        running_virtuoso(folder / "virtuoso") as server,
        staged(folder, server.environment) as stage,
    ):
        yield stage


def _end(stage: Stage) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(WorkerProcess.stop, stage.workers.values()))
    if stage.service.process is not None and stage.service.process.poll() is None:
        stage.service.stop()
