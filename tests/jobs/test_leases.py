"""Leases: one holder at a time, rising tokens, and a stale holder that can do nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_workers import Token
from memory_store import MemoryStore
from plan_situations import BASE, DUMP, NOORDZEE, PG, WATERLINIE

from kgservice.jobs import Lease, LeaseTable, Registration, Timing, WorkerRegistry
from kgservice.jobs.database import Database
from kgservice.jobs.sealed import SealedStore
from kgservice.model.errors import AccessDenied, InputError, NotFound, Refused
from kgservice.model.terms import KG
from kgservice.store.port import WORKER_GRAPH

ONE = Token("t1", "postgresql", WATERLINIE)
TWO = Token("t2", "postgresql", WATERLINIE)
FAR = Token("t3", "postgresql", NOORDZEE)


class Bench:
    """A lease table with a clock that tests turn."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.database = Database(folder / "leases.sqlite")
        self.leases = LeaseTable(
            self.database, Timing(lease_s=15, retry_s=1, failures=3, attempts=4), lambda: self.now
        )
        self.store = MemoryStore()
        self.registry = WorkerRegistry(self.database, self.store, BASE)  # type: ignore[arg-type]
        self.worker = {token: self.register(token) for token in (ONE, TWO, FAR)}

    def register(self, token: Token) -> str:
        return self.registry.register(token, registration(token))

    def put(self, step: str = "a", *, pinned: bool = False) -> None:
        self.leases.put(
            {"verb": "observe", "input": {}},
            job="j",
            step=step,
            worker=self.worker[ONE],
            pinned=pinned,
        )

    def take(self, token: Token = ONE) -> Lease | None:
        return self.leases.lease(token, self.worker[token], 0)


def registration(token: Token) -> Registration:
    return Registration(
        token.worker_type,
        token.provider,
        (PG,),
        ("provision", "observe"),
        (DUMP,),
        (DUMP,),
        {"majorVersion": (16, 17)},
        {"kty": "EC", "crv": "P-256"},
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def test_a_task_has_one_holder(bench: Bench) -> None:
    bench.put()
    first = bench.take()
    assert first is not None
    assert (first.task, first.token, first.attempt) == ("j.a", 1, 1)
    assert bench.take() is None
    assert bench.take(TWO) is None


def test_an_expired_lease_is_given_again_with_a_higher_token(bench: Bench) -> None:
    bench.put()
    first = bench.take()
    bench.now += 15.1
    second = bench.take()
    assert first is not None
    assert second is not None
    assert (second.token, second.attempt) == (first.token + 1, 2)
    for call in (
        lambda: bench.leases.heartbeat(ONE, first.task, first.token),
        lambda: bench.leases.complete(ONE, first.task, first.token, {}, {}),
        lambda: bench.leases.fail(ONE, first.task, first.token, "permanent", "x"),
    ):
        with pytest.raises(Refused, match="stale-lease"):
            call()
    bench.leases.complete(ONE, second.task, second.token, {"ok": True}, {})


def test_a_heartbeat_keeps_the_lease(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    for _ in range(5):
        bench.now += 10
        assert bench.leases.heartbeat(ONE, lease.task, lease.token) is False
        assert bench.take() is None


def test_completing_twice_is_completing_once(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    for facts in ({"n": 1}, {"n": 2}):
        bench.leases.complete(ONE, lease.task, lease.token, facts, {})
    assert [end.facts for end in bench.leases.ended("j")] == [{"n": 1}]


def test_failing_twice_counts_once(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    for _ in range(2):
        bench.leases.fail(ONE, lease.task, lease.token, "retryable", "busy")
    assert bench.take() is None
    bench.now += 1.1
    again = bench.take()
    assert again is not None
    assert again.attempt == 2


def test_retries_end(bench: Bench) -> None:
    bench.put()
    for _ in range(3):
        lease = bench.take()
        assert lease is not None
        bench.leases.fail(ONE, lease.task, lease.token, "retryable", "busy")
        bench.now += 10
    assert bench.take() is None
    assert [(end.state, end.reason) for end in bench.leases.ended("j")] == [("failed", "busy")]


def test_a_task_whose_workers_all_die_is_given_up(bench: Bench) -> None:
    bench.put()
    for _ in range(4):
        assert bench.take() is not None
        bench.now += 16
    assert bench.take() is None
    ended = bench.leases.ended("j")
    assert [end.state for end in ended] == ["failed"]
    with pytest.raises(Refused, match="stale-lease"):
        bench.leases.complete(ONE, "j.a", 4, {}, {})


def test_a_colleague_takes_over_after_the_length_of_a_lease(bench: Bench) -> None:
    bench.put()
    assert bench.take(TWO) is None
    bench.now += 15.1
    assert bench.take(FAR) is None
    taken = bench.take(TWO)
    assert taken is not None
    assert taken.token == 1


def test_a_sealed_task_waits_for_its_own_worker(bench: Bench) -> None:
    bench.put(pinned=True)
    bench.now += 1000
    assert bench.take(TWO) is None
    assert bench.take(ONE) is not None


def test_another_token_cannot_use_a_worker_or_its_tasks(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    with pytest.raises(AccessDenied, match="worker-not-yours"):
        bench.leases.lease(TWO, bench.worker[ONE], 0)
    with pytest.raises(AccessDenied, match="worker-not-yours"):
        bench.leases.complete(FAR, lease.task, lease.token, {}, {})
    with pytest.raises(NotFound, match="worker-unknown"):
        bench.leases.lease(ONE, f"{BASE}worker/none", 0)
    with pytest.raises(NotFound, match="task-unknown"):
        bench.leases.heartbeat(ONE, "j.none", 1)


def test_a_token_registers_only_its_own_type_and_provider(bench: Bench) -> None:
    with pytest.raises(AccessDenied, match="worker-not-yours"):
        bench.registry.register(ONE, registration(FAR))
    other_type = replace(registration(ONE), type="container")
    with pytest.raises(AccessDenied, match="worker-not-yours"):
        bench.registry.register(ONE, other_type)


@pytest.mark.parametrize(
    "wrong",
    [
        {"verbs": ("dance",)},
        {"kinds": ("not an iri",)},
        {"protocol": "2"},
        {"limits": {"a b": (1,)}},
    ],
    ids=["verb", "iri", "protocol", "limit"],
)
def test_a_registration_that_makes_no_sense_is_refused(
    bench: Bench, wrong: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="worker-invalid"):
        bench.registry.register(ONE, replace(registration(ONE), **wrong))  # type: ignore[arg-type]


def test_registering_again_gives_the_same_worker_and_the_same_statements(bench: Bench) -> None:
    def without_time() -> set[object]:
        graph = bench.store.graph(WORKER_GRAPH)
        return {triple for triple in graph if triple.predicate != KG.lastSeen}

    before = without_time()
    assert bench.register(ONE) == bench.worker[ONE]
    assert without_time() == before
    smaller = replace(registration(ONE), verbs=("observe",))
    bench.registry.register(ONE, smaller)
    assert without_time() < before


def test_a_withdrawn_task_is_not_given_and_its_holder_is_told(bench: Bench) -> None:
    bench.put("a")
    bench.put("b")
    lease = bench.take()
    assert lease is not None
    bench.leases.withdraw("j", ("a", "b"))
    assert bench.take() is None
    assert bench.leases.heartbeat(ONE, lease.task, lease.token) is True
    assert [(end.step, end.state) for end in bench.leases.ended("j")] == [("b", "cancelled")]
    bench.leases.fail(ONE, lease.task, lease.token, "retryable", "stopped")
    assert {end.state for end in bench.leases.ended("j")} == {"cancelled", "failed"}


def test_a_silent_holder_of_a_withdrawn_task_is_fenced(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    bench.leases.withdraw("j", ("a", "b"))
    bench.now += 15.1
    assert [end.state for end in bench.leases.ended("j")] == ["cancelled"]
    with pytest.raises(Refused, match="stale-lease"):
        bench.leases.complete(ONE, lease.task, lease.token, {}, {})


def test_ciphertexts_are_kept_by_task_and_the_file_is_the_owners(
    bench: Bench, tmp_path: Path
) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    bench.leases.complete(ONE, lease.task, lease.token, {}, {"customer": "jwe-c", "worker": "w"})
    sealed = SealedStore(bench.database)
    assert sealed.connection("s", "service") == ""
    sealed.publish("s", "service", lease.task)
    assert sealed.connection("s", "service") == "jwe-c"
    assert sealed.sealed(lease.task, "worker") == "w"
    assert (tmp_path / "leases.sqlite").stat().st_mode & 0o777 == 0o600


def test_too_many_facts_are_refused(bench: Bench) -> None:
    bench.put()
    lease = bench.take()
    assert lease is not None
    with pytest.raises(InputError, match="facts-too-large"):
        bench.leases.complete(ONE, lease.task, lease.token, {"x": "y" * 1_000_001}, {})


def test_a_waiting_worker_is_woken_by_a_new_task(bench: Bench) -> None:
    got: list[Lease | None] = []
    waiter = threading.Thread(
        target=lambda: got.append(bench.leases.lease(ONE, bench.worker[ONE], 20))
    )
    waiter.start()
    bench.put()
    waiter.join(timeout=10)
    assert [lease.task for lease in got if lease] == ["j.a"]


@pytest.mark.parametrize("seed", range(3))
def test_no_effect_is_reported_twice_whoever_dies(bench: Bench, seed: int) -> None:
    """Random order of leasing, dying, late reports: each task ends once, tokens only rise."""
    rng = random.Random(seed)  # noqa: S311
    for number in range(6):
        bench.put(f"s{number}")
    held: list[tuple[Token, Lease]] = []
    accepted: list[str] = []
    tokens: dict[str, int] = {}
    for _ in range(200):
        token = rng.choice((ONE, TWO))
        action = rng.random()
        if action < 0.4 and (lease := bench.take(token)):
            assert lease.token > tokens.get(lease.task, 0), f"seed {seed}"
            tokens[lease.task] = lease.token
            held.append((token, lease))
        elif action < 0.7 and held:
            owner, lease = rng.choice(held)
            ended = {end.task for end in bench.leases.ended("j") if end.state == "done"}
            try:
                bench.leases.complete(owner, lease.task, lease.token, {}, {})
            except Refused:
                continue
            if lease.task not in ended:
                accepted.append(lease.task)
        else:
            bench.now += rng.choice((1.0, 20.0))
    assert len(accepted) == len(set(accepted)), f"seed {seed}"
