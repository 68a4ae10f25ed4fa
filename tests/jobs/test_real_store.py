"""The same line over the embedded store: its engine rewrites literals, jobs must not care."""

from __future__ import annotations

from pathlib import Path

from fake_workers import Cloud, FakeWorker, until
from plan_situations import BASE, NOORDZEE, WATERLINIE, binding, composition, context

from kgservice.jobs import JobOptions, JobRunner, Timing
from kgservice.plan import RunningService, from_triples, plan_move, plan_provisioning
from kgservice.store import open_store
from kgservice.store.port import VOCABULARY_GRAPH, GraphChange
from kgservice.store.vocabulary import vocabulary_triples


def test_a_service_is_provisioned_and_moved_over_the_embedded_store(tmp_path: Path) -> None:
    store = open_store(tmp_path, query_workers=1)
    jobs = JobRunner(
        store, tmp_path, BASE, options=JobOptions(timing=Timing(lease_s=5.0, retry_s=0.01))
    )
    store.commit([GraphChange(VOCABULARY_GRAPH, tuple(vocabulary_triples()), merge=True)])
    jobs.start()
    workers = [FakeWorker(jobs, provider, Cloud()) for provider in (WATERLINIE, NOORDZEE)]
    for worker in workers:
        worker.start()
    try:
        plan = plan_provisioning(composition(), context())
        job = jobs.start_plan(plan)
        assert until(jobs, job, "done", "failed", "rolled-back") == "done"
        assert from_triples(store.graph(plan.iri, dataset="private")) == plan
        service = jobs.job(job).services[0]
        source = RunningService(service, service.rsplit("/", 1)[-1], binding("db", WATERLINIE))
        move = plan_move(source, binding("db", NOORDZEE), "pg_dump-directory", context())
        job = jobs.start_plan(move)
        assert until(jobs, job, "holding", "failed", "rolled-back") == "holding"
        assert jobs.job(job).wake_at > jobs.job(job).created
    finally:
        for worker in workers:
            worker.finish()
        jobs.stop()
        store.close()
