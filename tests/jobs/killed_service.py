"""A service process that kills itself (SIGKILL) at a numbered point; run by `test_kill.py`.

Arguments: folder, what to run (`provisioning` or `move`), the point (0: never). Points are counted
before and after every commit of the store and of the journal, and every effect at a provider, from
the moment the job is asked for. Prints one JSON line with what it found in the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fake_workers import Cloud, FakeWorker, until
from memory_store import MemoryStore
from plan_situations import BASE, MADE, NOORDZEE, WATERLINIE, binding, composition, context

from kgservice.jobs import JobOptions, JobRunner, Timing
from kgservice.jobs.database import Database
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.plan import RunningService, plan_move, plan_provisioning


class Fuse:
    """Counts points and kills the process at one of them."""

    def __init__(self, point: int) -> None:
        self.point = point
        self.count = 0
        self.is_armed = False
        self._lock = threading.Lock()

    def tick(self) -> None:
        with self._lock:
            if self.is_armed:
                self.count += 1
                if self.count == self.point:
                    os.kill(os.getpid(), signal.SIGKILL)


def install(fuse: Fuse) -> None:
    """Count a point before and after everything that lasts."""
    commit, transaction, perform = MemoryStore.commit, Database.transaction, Cloud.perform

    def counted_commit(self: MemoryStore, *values: Any, **named: Any) -> Any:  # noqa: ANN401
        fuse.tick()
        result = commit(self, *values, **named)
        fuse.tick()
        return result

    @contextmanager
    def counted_transaction(self: Database) -> Iterator[Any]:
        with transaction(self) as connection:
            yield connection
            fuse.tick()
        fuse.tick()

    def counted_perform(self: Cloud, *values: Any) -> None:  # noqa: ANN401
        fuse.tick()
        perform(self, *values)
        fuse.tick()

    MemoryStore.commit = counted_commit  # type: ignore[method-assign]
    Database.transaction = counted_transaction  # type: ignore[method-assign, assignment]
    Cloud.perform = counted_perform  # type: ignore[method-assign]


def main(folder: Path, what: str, point: int) -> None:
    """Provision, and move if asked; report."""
    fuse = Fuse(point)
    install(fuse)
    store = MemoryStore(folder)
    cloud = Cloud(file=folder / "cloud.jsonl")
    options = JobOptions(timing=Timing(lease_s=0.5, retry_s=0.01))
    jobs = JobRunner(store, folder, BASE, options=options)  # type: ignore[arg-type]
    jobs.start()
    for provider in (WATERLINIE, NOORDZEE):
        FakeWorker(jobs, provider, cloud).start()
    plan = plan_provisioning(composition(), context(made=MADE))
    if what == "move":
        first = jobs.start_plan(plan)
        until(jobs, first, "done")
        service = jobs.job(first).services[0]
        source = RunningService(service, service.rsplit("/", 1)[-1], binding("db", WATERLINIE))
        later = context(made=MADE + timedelta(hours=1))
        plan = plan_move(source, binding("db", NOORDZEE), "pg_dump-directory", later)
    fuse.is_armed = True
    job = jobs.start_plan(plan)
    state = until(jobs, job, "done", "holding", "rolled-back", "failed")
    report = {
        "points": fuse.count,
        "state": state,
        "databases": sorted(cloud.databases),
        "effects": cloud.effects,
        "fenced": sorted(cloud.fenced),
        "services": {
            service: sorted(
                triple.object.value.removeprefix(KG.NS)  # type: ignore[union-attr]
                for triple in store.graph(service, dataset="private")
                if triple.subject == Iri(service)
                and triple.predicate in (KG.serviceState, KG.provider)
            )
            for service in jobs.job(job).services
        },
        "steps": {one.step: one.outcome for one in jobs.job(job).executions},
        "at": datetime.now(UTC).isoformat(),
    }
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
