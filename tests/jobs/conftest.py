"""A job runner over a store in memory, with one fake worker at each of two providers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_workers import Cloud, FakeWorker, until
from memory_store import MemoryStore
from plan_situations import BASE, NOORDZEE, WATERLINIE, binding, composition, context

from kgservice.jobs import JobOptions, JobRunner, QueryFolder, Timing
from kgservice.plan import RunningService, plan_provisioning


@dataclass
class Bench:
    """The runner with its surroundings."""

    store: MemoryStore
    jobs: JobRunner
    cloud: Cloud
    workers: list[FakeWorker]
    queries: Path

    def running_service(self) -> RunningService:
        """Provision the composition and give its `db`."""
        job = self.jobs.start_plan(plan_provisioning(composition(), context()))
        assert until(self.jobs, job, "done", "failed", "rolled-back") == "done"
        service = self.jobs.job(job).services[0]
        return RunningService(service, service.rsplit("/", 1)[-1], binding("db", WATERLINIE))


@pytest.fixture(scope="module")
def runner_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("jobs")
    queries = folder / "queries"
    queries.mkdir()
    for path in QueryFolder().folder.glob("*.rq"):
        (queries / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    store = MemoryStore()
    options = JobOptions(queries=queries, timing=Timing(lease_s=1.0, retry_s=0.01))
    jobs = JobRunner(store, folder, BASE, options=options)  # type: ignore[arg-type]
    jobs.start()
    yield Bench(store, jobs, Cloud(), [], queries)
    jobs.stop()


@pytest.fixture
def bench(runner_parts: Bench) -> Iterator[Bench]:
    """A fresh cloud and fresh workers; the runner and its store live on."""
    runner_parts.cloud = Cloud()
    runner_parts.workers = [
        FakeWorker(runner_parts.jobs, provider, runner_parts.cloud)
        for provider in (WATERLINIE, NOORDZEE)
    ]
    for worker in runner_parts.workers:
        worker.start()
    yield runner_parts
    for worker in runner_parts.workers:
        worker.finish()
