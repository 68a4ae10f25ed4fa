"""Jobs from plan to facts: provisioning, moves, failures, cancelling, holding, consent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from conftest import Bench
from fake_workers import FakeWorker, until
from plan_situations import BASE, NOORDZEE, WATERLINIE, binding, composition, context

from kgservice.jobs import Lease, QueryFolder
from kgservice.model.errors import NotFound, Refused, Unavailable
from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.terms import KG, ODRL, PROV, RDF
from kgservice.plan import (
    Composition,
    Performer,
    Plan,
    RunningService,
    plan_adjustment,
    plan_ending,
    plan_move,
    plan_provisioning,
)
from kgservice.store.port import CommitResult, GraphChange

ENDS = ("done", "holding", "failed", "rolled-back")


def values(bench: Bench, service: str, predicate: Iri) -> list[Term]:
    graph = bench.store.graph(service, dataset="private")
    return [t.object for t in graph if t.subject == Iri(service) and t.predicate == predicate]


def move_of(service: RunningService) -> Plan:
    return plan_move(service, binding("db", NOORDZEE), "pg_dump-directory", context())


def test_a_provisioned_service_has_its_facts_and_agreement_in_its_graph(bench: Bench) -> None:
    service = bench.running_service()
    assert values(bench, service.iri, KG.serviceState) == [KG.Running]
    assert values(bench, service.iri, KG.provider) == [Iri(WATERLINIE)]
    assert [v.value for v in values(bench, service.iri, KG.majorVersion)] == ["16"]  # type: ignore[union-attr]
    assert values(bench, service.iri, PROV.wasGeneratedBy)
    graph = bench.store.graph(service.iri, dataset="private")
    agreements = [t.subject for t in graph if t.object == ODRL.Agreement]
    assert len(agreements) == 1
    assert any(t.subject == agreements[0] and t.predicate == ODRL.target for t in graph)


def test_applying_a_plan_twice_is_one_job(bench: Bench) -> None:
    plan = plan_provisioning(composition(), context())
    first = bench.jobs.start_plan(plan)
    assert bench.jobs.start_plan(plan) == first
    assert until(bench.jobs, first, *ENDS) == "done"
    assert bench.jobs.start_plan(plan) == first
    assert bench.jobs.job_of_plan(plan.iri) == first
    assert sorted(bench.cloud.effects) == sorted(set(bench.cloud.effects))


def test_a_move_ends_held_and_consent_lets_the_source_be_erased(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(move_of(service))
    assert until(bench.jobs, job, *ENDS) == "holding"
    held = (WATERLINIE, service.instance)
    assert held in bench.cloud.databases
    assert values(bench, service.iri, KG.provider) == [Iri(NOORDZEE)]
    assert values(bench, service.iri, KG.heldAt) == [Iri(WATERLINIE)]
    sealed = bench.jobs.sealed_connection(service.iri)
    assert sealed == {"sealed": f"jwe-{job}.provision", "held": f"jwe-{job}.hold"}
    bench.jobs.consent(job)
    assert until(bench.jobs, job, "done", "failed") == "done"
    assert held not in bench.cloud.databases
    assert values(bench, service.iri, KG.heldAt) == []


def test_facts_flow_from_step_to_step_and_the_ciphertext_stays_out_of_graph_and_events(
    bench: Bench,
) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(move_of(service))
    until(bench.jobs, job, *ENDS)
    source, target = bench.workers
    given = target.inputs[f"{job}.import"]
    assert given["sealed"] == f"jwe-{job}.export"
    assert given["sha256"] == "ab"
    assert target.inputs[f"{job}.verify"]["tables"] == {"public.t": {"rows": 3, "checksum": "0"}}
    assert source.inputs[f"{job}.export"]["recipientKey"]["x"] == target.token.id
    everything = repr(bench.store.graph(f"{BASE}job/{job}", dataset="private"))
    everything += repr(bench.store.graph(service.iri, dataset="private"))
    everything += repr(bench.jobs.events(job)) + repr(bench.jobs.job(job))
    assert "jwe-" not in everything


def test_what_is_needed_hands_its_connection_details_to_the_worker_of_what_needs_it(
    bench: Bench,
) -> None:
    parts = (binding("db", WATERLINIE), binding("replica", NOORDZEE, needs=("db",)))
    job = bench.jobs.start_plan(
        plan_provisioning(replace(composition(), bindings=parts), context())
    )
    assert until(bench.jobs, job, "done", "failed", "rolled-back") == "done"
    giver, taker = bench.workers
    asked = giver.inputs[f"{job}.provision-db"]["recipients"]
    assert asked["replica"]["x"] == taker.token.id
    given = taker.inputs[f"{job}.provision-replica"]["connections"]
    assert given == {"db": f"jwe-replica-{job}.provision-db"}
    assert "connections" not in giver.inputs[f"{job}.provision-db"]
    shown = repr(bench.store.graph(f"{BASE}job/{job}", dataset="private"))
    shown += repr(bench.jobs.events(job)) + repr(bench.jobs.job(job))
    assert "jwe-" not in shown


def test_the_write_gap_is_the_time_from_fence_to_cut_over(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(move_of(service))
    until(bench.jobs, job, *ENDS)
    gap = values(bench, service.iri, KG.writeGap)[0]
    assert isinstance(gap, Literal)
    facts = bench.jobs.job(job).execution("cut-over").facts  # type: ignore[union-attr]
    assert Decimal(gap.value) == Decimal(str(facts["writeGap"]))
    assert Decimal(gap.value) < 10


MOVE_STEPS = ("provision", "fence", "export", "import", "verify")


@pytest.mark.parametrize("broken", MOVE_STEPS)
def test_a_failure_before_the_cut_over_leaves_the_source_as_it_was(
    bench: Bench, broken: str
) -> None:
    service = bench.running_service()
    before = dict(bench.cloud.databases)
    for worker in bench.workers:
        worker.fault = lambda verb, lease: "permanent" if verb == broken else ""
    job = bench.jobs.start_plan(move_of(service))
    assert until(bench.jobs, job, *ENDS) == "rolled-back"
    assert bench.cloud.databases == before
    assert service.instance not in bench.cloud.fenced
    assert values(bench, service.iri, KG.serviceState) == [KG.Running]
    assert values(bench, service.iri, KG.provider) == [Iri(WATERLINIE)]
    assert bench.jobs.job(job).reasons == (f"{broken}: {broken} broke",)
    agreements = [
        t
        for t in bench.store.graph(service.iri, dataset="private")
        if t.predicate == PROV.invalidatedAtTime
    ]
    assert len(agreements) == 1


def test_a_failure_after_the_cut_over_goes_forward_when_it_is_tried_again(bench: Bench) -> None:
    service = bench.running_service()
    for worker in bench.workers:
        worker.fault = lambda verb, lease: "permanent" if verb == "hold" else ""
    job = bench.jobs.start_plan(move_of(service))
    assert until(bench.jobs, job, *ENDS) == "failed"
    assert values(bench, service.iri, KG.provider) == [Iri(NOORDZEE)]
    with pytest.raises(Refused, match="job-not-cancellable"):
        bench.jobs.cancel(job)
    for worker in bench.workers:
        worker.fault = lambda verb, lease: ""
    bench.jobs.retry(job)
    assert until(bench.jobs, job, "holding", "done", "rolled-back") == "holding"


def test_a_rollback_that_failed_is_finished_when_it_is_tried_again(bench: Bench) -> None:
    service = bench.running_service()
    before = dict(bench.cloud.databases)
    broken = ("export", "rollback")
    for worker in bench.workers:
        worker.fault = lambda verb, lease: "needsOperator" if verb in broken else ""
    job = bench.jobs.start_plan(move_of(service))
    assert until(bench.jobs, job, *ENDS) == "failed"
    assert values(bench, service.iri, KG.serviceState) == [KG.Failing]
    assert bench.cloud.fenced == set()
    for worker in bench.workers:
        worker.fault = lambda verb, lease: ""
    bench.jobs.retry(job)
    assert until(bench.jobs, job, "rolled-back", "done", "holding") == "rolled-back"
    assert bench.cloud.databases == before
    assert values(bench, service.iri, KG.serviceState) == [KG.Running]


def test_a_held_source_is_erased_when_its_time_has_come(bench: Bench) -> None:
    service = bench.running_service()
    plan = move_of(service)
    steps = [replace(step, waits="PT0.5S") if step.waits else step for step in plan.steps]
    job = bench.jobs.start_plan(replace(plan, steps=tuple(steps)))
    assert until(bench.jobs, job, "done", "failed") == "done"
    held = [event.data for event in bench.jobs.events(job) if event.data.get("state") == "holding"]
    assert held
    assert (WATERLINIE, service.instance) not in bench.cloud.databases


def test_what_may_be_retried_is_retried_under_the_same_key(bench: Bench) -> None:
    def twice(verb: str, lease: Lease) -> str:
        return "retryable" if verb == "provision" and lease.attempt < 3 else ""

    for worker in bench.workers:
        worker.fault = twice
    job = bench.jobs.start_plan(plan_provisioning(composition(), context()))
    assert until(bench.jobs, job, *ENDS) == "done"
    execution = bench.jobs.job(job).execution("provision-db")
    assert execution is not None
    assert (execution.attempts, execution.token) == (3, 3)


def test_a_failed_provisioning_leaves_no_database(bench: Bench) -> None:
    bench.workers[1].fault = lambda verb, lease: "permanent" if verb == "provision" else ""
    job = bench.jobs.start_plan(plan_provisioning(composition(), context()))
    assert until(bench.jobs, job, *ENDS) == "rolled-back"
    assert bench.cloud.databases == {}
    for service in bench.jobs.job(job).services:
        assert values(bench, service, KG.serviceState) == [KG.Ended]


def test_a_cancelled_job_is_rolled_back(bench: Bench) -> None:
    service = bench.running_service()
    before = dict(bench.cloud.databases)
    jobs = bench.jobs

    def cancel_at_export(verb: str, lease: Lease) -> str:
        if verb == "export":
            jobs.cancel(lease.task.split(".")[0])
        return ""

    for worker in bench.workers:
        worker.fault = cancel_at_export
    job = jobs.start_plan(move_of(service))
    assert until(jobs, job, *ENDS) == "rolled-back"
    assert bench.cloud.databases == before
    assert bench.cloud.fenced == set()
    assert jobs.job(job).reasons[0] == "cancelled by its owner"


def test_two_jobs_never_work_on_one_service(bench: Bench) -> None:
    service = bench.running_service()
    bench.workers[0].finish()
    job = bench.jobs.start_plan(plan_adjustment(service, {"maxConnections": 7}, context()))
    with pytest.raises(Refused, match="service-busy"):
        bench.jobs.start_plan(move_of(service))
    bench.jobs.cancel(job)
    assert until(bench.jobs, job, *ENDS) in ("rolled-back", "done")


def test_an_adjustment_changes_the_settings_in_the_graph(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(plan_adjustment(service, {"maxConnections": 20}, context()))
    assert until(bench.jobs, job, *ENDS) == "done"
    assert [v.value for v in values(bench, service.iri, KG.maxConnections)] == ["20"]  # type: ignore[union-attr]
    settings = json.loads(values(bench, service.iri, KG.input)[0].value)  # type: ignore[union-attr]
    assert settings["maxConnections"] == 20
    assert settings["majorVersion"] == 16


def test_an_ending_holds_the_data_until_the_customer_consents(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(plan_ending(service, context()))
    assert until(bench.jobs, job, *ENDS) == "holding"
    assert values(bench, service.iri, KG.serviceState) == [KG.Held]
    assert (WATERLINIE, service.instance) in bench.cloud.databases
    bench.jobs.consent(job)
    assert until(bench.jobs, job, "done", "failed") == "done"
    assert values(bench, service.iri, KG.serviceState) == [KG.Ended]
    assert (WATERLINIE, service.instance) not in bench.cloud.databases


def test_a_plan_applied_with_consent_does_not_stop_at_the_hold(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(plan_ending(service, context()), consented=True)
    assert until(bench.jobs, job, *ENDS) == "done"


def test_a_filter_in_the_query_file_holds_a_step_back(bench: Bench) -> None:
    """Which step starts next is data: no line of code changes."""
    path = bench.queries / "ready-steps.rq"
    original = path.read_text(encoding="utf-8")
    try:
        held = original.replace("$plan kg:step ?step .", "$plan kg:step ?step .", 1).replace(
            "  # It was not carried out",
            "  FILTER (?verb != kg:Observe)\n  # It was not carried",
            1,
        )
        path.write_text(held, encoding="utf-8")
        job = bench.jobs.start_plan(plan_provisioning(composition(), context()))
        last = 0
        while bench.jobs.job(job).execution("provision-db") is None or any(
            not one.outcome for one in bench.jobs.job(job).executions
        ):
            last = max([last, *(e.id for e in bench.jobs.events(job, last, 5.0))])
        assert bench.jobs.job(job).execution("observe-db") is None
        assert bench.jobs.job(job).state == "running"
    finally:
        path.write_text(original, encoding="utf-8")
    assert until(bench.jobs, job, *ENDS) == "done"
    started = [row["verb"] for rows in bench.jobs.ready_rows(job) for row in rows]
    assert started[-2:] == [KG.Observe.value] * 2


def test_a_worker_that_dies_is_replaced_and_its_effect_happens_once(bench: Bench) -> None:
    """It dies after the effect and before it reports: the next one gets the same key."""
    dead = bench.workers[0]
    cloud = bench.cloud

    def die(verb: str, lease: Lease) -> str:
        if verb == "provision":
            key = str(lease.body["idempotencyKey"])
            cloud.perform(WATERLINIE, verb, key, dict(lease.body["input"]))  # type: ignore[arg-type]
            dead.done.set()
            raise Refused("gone")
        return ""

    dead.fault = die
    job = bench.jobs.start_plan(plan_provisioning(composition(), context()))
    dead.join(timeout=10)
    second = FakeWorker(bench.jobs, WATERLINIE, cloud)
    second.start()
    bench.workers.append(second)
    assert until(bench.jobs, job, *ENDS) == "done"
    execution = bench.jobs.job(job).execution("provision-db")
    assert execution is not None
    assert execution.token == 2
    assert cloud.effects.count(f"{job}.provision-db") == 1


def test_the_jobs_graph_is_what_the_journal_says(bench: Bench) -> None:
    service = bench.running_service()
    job = bench.jobs.start_plan(move_of(service))
    until(bench.jobs, job, *ENDS)
    graph = bench.store.graph(f"{BASE}job/{job}", dataset="private")
    done = {t.subject for t in graph if t.object == KG.StepExecution and t.predicate == RDF.type}
    assert len(done) == len(bench.jobs.job(job).executions)
    outcomes = {t.object for t in graph if t.predicate == KG.outcome}
    assert outcomes == {KG.Completed}


def test_a_store_that_is_away_for_a_moment_only_delays_a_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = bench.store.commit
    away = iter(range(2))

    def sometimes(changes: Sequence[GraphChange], *, dataset: str = "shared") -> CommitResult:
        is_jobs = any("/job/" in change.graph for change in changes)
        if is_jobs and bench.jobs.jobs()[0].executions and next(away, None) is not None:
            raise Unavailable("The writer died before it answered.")
        return commit(changes, dataset=dataset)

    monkeypatch.setattr(bench.store, "commit", sometimes)
    job = bench.jobs.start_plan(plan_provisioning(composition(), context()))
    assert until(bench.jobs, job, *ENDS) == "done"
    assert next(away, None) is None
    assert len(bench.cloud.effects) == len(set(bench.cloud.effects))
    graph = bench.store.graph(f"{BASE}job/{job}", dataset="private")
    assert [triple.object for triple in graph if triple.predicate == KG.outcome] == [
        KG.Completed
    ] * 6


def test_a_new_kind_of_service_needs_a_worker_and_no_line_of_the_service(bench: Bench) -> None:
    teapot, tea_house = "https://example.org/ns#Teapot", "https://tea.example/"
    worker = FakeWorker(bench.jobs, tea_house, bench.cloud, kind=teapot)
    worker.start()
    bench.workers.append(worker)
    rows = [
        row
        for row in bench.store.read(QueryFolder().text("performers"))
        if row["provider"] == Iri(tea_house)
    ]
    names = ("worker", "provider", "kind", "verb")
    performers = tuple(Performer(*(row[name].value for name in names)) for row in rows)  # type: ignore[union-attr]
    pot = replace(binding("pot", tea_house), kind=teapot)
    plan = plan_provisioning(
        Composition(f"{BASE}request/tea#composition-1", (pot,)),
        replace(context(), performers=performers),
    )
    job = bench.jobs.start_plan(plan)
    assert until(bench.jobs, job, *ENDS) == "done"
    assert values(bench, bench.jobs.job(job).services[0], KG.kind) == [Iri(teapot)]


def test_an_unknown_job_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound, match="job-unknown"):
        bench.jobs.job("nope")
