"""`ready-steps.rq` against an obvious oracle on random plans, and its rules one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from memory_store import MemoryStore
from plan_situations import BASE, MADE, NOORDZEE, PG, WATERLINIE

from kgservice.jobs import Execution, Job, QueryFolder, Registration
from kgservice.jobs.facts import job_iri, job_triples
from kgservice.jobs.limits import packaged_properties
from kgservice.jobs.workers import describe
from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import KG, RDFS
from kgservice.plan import Plan, Step, to_triples
from kgservice.plan.clocks import stamp
from kgservice.store.port import MERGED_GRAPH, WORKER_GRAPH, GraphChange

VERBS = (KG.Provision, KG.Observe, KG.Fence, KG.Export)
NARROW = "https://example.org/ns#ShinyPostgreSQL"
STATES = ("Completed", "Failed", "", "Undone")


def registration(provider: str, kind: str, verbs: tuple[str, ...]) -> Registration:
    return Registration("postgresql", provider, (kind,), verbs)


def a_plan(steps: tuple[Step, ...]) -> Plan:
    return Plan(
        id="p",
        iri=f"{BASE}plan/p",
        action=KG.Provisioning,
        customer="alice",
        made=stamp(MADE),
        expires=stamp(MADE + timedelta(days=1)),
        steps=steps,
    )


def a_job(plan: Plan, outcomes: dict[str, str], *, consent: bool = False) -> Job:
    executions = tuple(
        Execution(step, number, "", 1, 1, outcome, {}, "", stamp(MADE), stamp(MADE))
        for number, (step, outcome) in enumerate(outcomes.items(), 1)
    )
    return Job(
        "j",
        plan.iri,
        plan.action.value,
        "alice",
        (f"{BASE}service/s",),
        "running",
        (),
        stamp(MADE),
        "",
        False,
        False,
        consent,
        0,
        "",
        executions,
    )


def ask(
    store: MemoryStore, plan: Plan, job: Job, now: datetime, folder: QueryFolder | None = None
) -> list[tuple[str, str]]:
    graphs = (plan.iri, job_iri(BASE, job.id).value, MERGED_GRAPH)
    store.commit(
        [
            GraphChange(graphs[0], to_triples(plan)),
            GraphChange(graphs[1], job_triples(job, BASE)),
        ],
        dataset="private",
    )
    text = (folder or QueryFolder()).text(
        "ready-steps",
        plan=Iri(plan.iri),
        job=job_iri(BASE, job.id),
        now=typed(stamp(now), "dateTime"),
        freshSince=typed(stamp(now - timedelta(minutes=2)), "dateTime"),
    )
    rows = store.read(text, dataset="private", graphs=graphs)
    return [
        (row["step"].value.split("#")[1], row["worker"].value if "worker" in row else "")  # type: ignore[union-attr]
        for row in rows
    ]


def register(store: MemoryStore, workers: dict[str, tuple[Registration, datetime]]) -> None:
    triples = [
        triple
        for iri, (described, seen) in workers.items()
        for triple in describe(iri, described, seen.timestamp(), packaged_properties())
    ]
    triples.append(Triple(Iri(NARROW), RDFS.subClassOf, KG.PostgreSQL))
    store.commit([GraphChange(WORKER_GRAPH, tuple(triples), merge=True)])


def random_situation(
    rng: random.Random,
) -> tuple[Plan, Job, dict[str, tuple[Registration, datetime]], datetime]:
    now = MADE + timedelta(hours=1)
    steps: list[Step] = []
    for number in range(rng.randint(1, 9)):
        verb = rng.choice((*VERBS, KG.Agree))
        names = [step.name for step in steps]
        steps.append(
            Step(
                name=f"s{number}",
                verb=verb,
                service=f"{BASE}service/s",
                provider=rng.choice((WATERLINIE, NOORDZEE)),
                kind="" if verb == KG.Agree else rng.choice((PG, NARROW, KG.Container.value)),
                after=tuple(name for name in names if rng.random() < 0.25),
                waits=rng.choice(("", "", "", "P1D")),
                not_before=rng.choice(
                    ("", "", stamp(now + timedelta(hours=1)), stamp(now - timedelta(hours=1)))
                ),
            )
        )
    plan = a_plan(tuple(steps))
    outcomes = {
        step.name: rng.choice(STATES) if rng.random() < 0.3 else "Completed"
        for step in steps
        if rng.random() < 0.55
    }
    workers = {
        f"{BASE}worker/w{number}": (
            registration(
                rng.choice((WATERLINIE, NOORDZEE)),
                rng.choice((PG, NARROW)),
                tuple(
                    sorted(
                        rng.sample(("provision", "observe", "fence", "export"), rng.randint(1, 4))
                    )
                ),
            ),
            now - timedelta(seconds=rng.choice((10, 60, 500))),
        )
        for number in range(rng.randint(0, 4))
    }
    job = a_job(plan, outcomes, consent=rng.random() < 0.2)
    holds = tuple(
        (step.name, stamp(now + timedelta(hours=rng.choice((-1, 1)))))
        for step in steps
        if step.waits and rng.random() < 0.6
    )
    return plan, replace(job, holds=holds), workers, now


def oracle(
    plan: Plan, job: Job, workers: dict[str, tuple[Registration, datetime]], now: datetime
) -> list[tuple[str, str]]:
    found = []
    outcome = {one.step: one.outcome for one in job.executions}
    for step in plan.steps:
        if step.name in outcome:
            continue
        if any(outcome.get(name) != "Completed" for name in step.after):
            continue
        holds = dict(job.holds)
        moments = [text for text in (step.not_before, holds.get(step.name, "")) if text]
        if any(text > stamp(now) for text in moments) and not job.has_consent:
            continue
        if step.waits and not moments and not job.has_consent:
            continue
        if step.verb == KG.Agree:
            found.append((step.name, ""))
            continue
        able = [
            iri
            for iri, (described, seen) in workers.items()
            if described.provider == step.provider
            and step.verb.value.split("#")[1].lower() in described.verbs
            and (step.kind == described.kinds[0] or (step.kind, described.kinds[0]) == (NARROW, PG))
            and now - seen <= timedelta(minutes=2)
        ]
        if able:
            found.append((step.name, min(able)))
    return found


@pytest.mark.parametrize("block", range(4))
def test_the_query_agrees_with_the_oracle_on_random_plans(block: int) -> None:
    store = MemoryStore()
    for seed in range(block * 25, block * 25 + 25):
        plan, job, workers, now = random_situation(random.Random(seed))  # noqa: S311
        register(store, workers)
        assert ask(store, plan, job, now) == oracle(plan, job, workers, now), f"seed {seed}"


@pytest.mark.long
def test_the_query_agrees_with_the_oracle_on_many_random_plans() -> None:
    store = MemoryStore()
    for seed in range(1000, 4000):
        plan, job, workers, now = random_situation(random.Random(seed))  # noqa: S311
        register(store, workers)
        assert ask(store, plan, job, now) == oracle(plan, job, workers, now), f"seed {seed}"


def one_step(**more: object) -> Plan:
    step = Step("s", KG.Provision, f"{BASE}service/s", WATERLINIE, kind=PG)
    return a_plan((replace(step, **more),))  # type: ignore[arg-type]


def test_of_two_workers_the_lowest_iri_is_chosen_and_one_not_seen_lately_is_passed_over() -> None:
    store, now = MemoryStore(), datetime.now(UTC)
    described = registration(WATERLINIE, PG, ("provision",))
    low, high = f"{BASE}worker/a", f"{BASE}worker/b"
    plan = one_step()
    register(store, {high: (described, now), low: (described, now)})
    assert ask(store, plan, a_job(plan, {}), now) == [("s", low)]
    register(store, {high: (described, now), low: (described, now - timedelta(minutes=3))})
    assert ask(store, plan, a_job(plan, {}), now) == [("s", high)]


def test_a_worker_for_a_wider_class_serves_a_narrower_kind() -> None:
    store, now = MemoryStore(), datetime.now(UTC)
    described = registration(WATERLINIE, KG.Offering.value, ("provision",))
    register(store, {f"{BASE}worker/a": (described, now)})
    plan = one_step(kind=NARROW)
    assert ask(store, plan, a_job(plan, {}), now) == [("s", f"{BASE}worker/a")]


def test_consent_ends_a_wait(  # the customer's own word, recorded with the job
) -> None:
    store, now = MemoryStore(), datetime.now(UTC)
    described = registration(WATERLINIE, PG, ("provision",))
    register(store, {f"{BASE}worker/a": (described, now)})
    plan = one_step(not_before=stamp(now + timedelta(days=30)))
    assert ask(store, plan, a_job(plan, {}), now) == []
    assert ask(store, plan, a_job(plan, {}), now + timedelta(days=31)) == []  # not seen lately
    assert ask(store, plan, a_job(plan, {}, consent=True), now) == [("s", f"{BASE}worker/a")]
