"""The numbers for Prometheus: what `watch` counted, and the present state of store and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from kgservice.model.errors import Unavailable

if TYPE_CHECKING:
    from kgservice.jobs import JobRunner
    from kgservice.mpli.access import Caller
    from kgservice.mpli.application import Application
    from kgservice.mpli.watch import Watch
    from kgservice.store.port import Store

MEDIA_TYPE = CONTENT_TYPE_LATEST
_STORE = {
    "queries_running": "Queries that a reader works on",
    "queries_waiting": "Queries that wait for a reader",
    "snapshot_age_seconds": "Age of the snapshot that the next query without a token would read",
    "commits_waiting": "Requests that the writer has not answered yet",
}
_COUNTED = {
    "kills": "Reader processes that were ended: deadline, memory, cancelled, shed",
    "shed": "Queries that were stopped to make room for others",
    "snapshots": "Snapshots taken",
    "commits": "Commits answered",
    "commit_seconds": "Seconds that commits took, waiting included",
    "writer_restarts": "Times that the writer process died and was started again",
}


class StateCollector(Collector):
    """Asks store and jobs when somebody looks; each name has labels from fixed lists only."""

    def __init__(self, store: Store, jobs: JobRunner | None) -> None:
        """Look at these."""
        self._store, self._jobs = store, jobs

    def collect(self) -> Iterable[Metric]:
        """Give the present numbers."""
        numbers = self._store.under_way.gauges()
        for name, help_text in _STORE.items():
            if name in numbers:
                yield GaugeMetricFamily(f"kg_{name}", help_text, value=numbers[name])
        for name, help_text in _COUNTED.items():
            if name in numbers:
                yield CounterMetricFamily(f"kg_{name}", help_text, value=numbers[name])
        if self._jobs is not None:
            yield from _of_jobs(self._jobs)


def watch_state(watch: Watch, store: Store, jobs: JobRunner | None) -> None:
    """Make the state part of what is watched."""
    watch.registry.register(StateCollector(store, jobs))
    ProcessCollector(registry=watch.registry)


def metrics(application: Application, caller: Caller) -> bytes:
    """Give all numbers in Prometheus' text format.

    Raises:
        Unauthenticated: nobody is signed in, and KG_PUBLIC_METRICS is off.
        AccessDenied: the caller is no operator, and KG_PUBLIC_METRICS is off.
    """
    if not application.settings.public_metrics:
        caller.require("administer")
    return generate_latest(application.watch.registry)


def _of_jobs(jobs: JobRunner) -> Iterable[Metric]:
    try:
        counted = jobs.counts()
    except Unavailable:  # the service is going down
        return
    family = GaugeMetricFamily("kg_jobs", "Jobs by what they do", labels=["action", "state"])
    for (action, state), number in sorted(counted.jobs.items()):
        family.add_metric([action, state], number)
    yield family
    family = GaugeMetricFamily("kg_tasks", "Tasks for workers", labels=["state"])
    for state, number in sorted(counted.tasks.items()):
        family.add_metric([state], number)
    yield family
    yield GaugeMetricFamily("kg_leases", "Tasks that a worker holds", value=counted.leases)
    yield GaugeMetricFamily("kg_workers", "Registered workers", value=counted.workers)
