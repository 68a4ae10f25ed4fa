"""Both engines' answers are those of brute force over plain records, and the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from random import Random

import pytest

from kgservice.model.rdf import to_ntriples
from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import resolve
from kgservice.resolution.answer import Resolution
from kgservice.resolution.request import Request
from tests.resolution.memory_store import MemoryStore
from tests.resolution.oracle import MET, UNKNOWN, Oracle
from tests.resolution.random_requests import (
    random_front,
    random_pinned,
    random_request,
    random_world,
)
from tests.resolution.worlds import BASE, VOCABULARY

SEED = int(os.environ.get("KG_TEST_SEED", "20261201"))
BATCHES, SIZE = 12, 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_answers_equal_brute_force(batch: int) -> None:
    for number in range(SIZE):
        _compare(SEED + batch * SIZE + number)


@pytest.mark.parametrize("batch", range(2))
def test_pareto_fronts_equal_brute_force(batch: int) -> None:
    for number in range(SIZE):
        _compare(SEED + 500_000 + batch * SIZE + number, random_front)


def test_a_pinned_offering_equals_brute_force() -> None:
    for number in range(SIZE):
        _compare(SEED + 600_000 + number, random_pinned)


@pytest.mark.long
@pytest.mark.parametrize("batch", range(100))
def test_answers_equal_brute_force_at_length(batch: int) -> None:
    for number in range(100):
        is_front = number % 10 == 0
        make = random_front if is_front else random_request
        _compare(SEED + 1_000_000 + batch * 100 + number, make)


def _compare(seed: int, make: Callable[[Random], Request] = random_request) -> None:
    random = Random(seed)  # noqa: S311
    world, request = random_world(random), make(random)
    oracle = Oracle(world, request)
    expected = oracle.answers()
    store, where = MemoryStore(world.triples(), world.signed_triples()), f"seed {seed}"
    projector = Projector(store, VOCABULARY)
    answer = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
    _compare_engines(answer, resolve(store, VOCABULARY, request, base_iri=BASE), where)
    _compare_compositions(answer, expected, oracle, where)
    for component in request.components:
        counts = answer.counts[component.name]
        found = (counts.offerings, counts.satisfied, counts.unknown, dict(counts.first_reason))
        assert found == oracle.counts(component), where
        assert counts.violated == sum(counts.first_reason.values()), where
    if not expected:
        _check_reasons(answer, oracle, where)


def _compare_engines(fast: Resolution, graph: Resolution, where: str) -> None:
    assert (fast.engine, graph.engine) == ("fast", "graph"), where
    found, expected = ({**one.as_json(), "engine": ""} for one in (fast, graph))
    assert json.dumps(found) == json.dumps(expected), where
    assert json.dumps(fast.explanation()) == json.dumps(graph.explanation()), where
    assert to_ntriples(fast.triples()) == to_ntriples(graph.triples()), where


def _compare_compositions(answer: Resolution, expected: list, oracle: Oracle, where: str) -> None:
    limit = oracle.request.answers
    assert [one.offerings for one in answer.compositions] == [
        {name: pick.offer.iri for name, pick in chosen.items()} for chosen in expected[:limit]
    ], where
    for one, chosen in zip(answer.compositions, expected, strict=False):
        assert one.is_verified, where
        assert set(one.missed_wishes) == oracle.missed(chosen), where
        for component in oracle.request.components:
            picked = dict(chosen[component.name].chosen)
            version = one.configuration[component.name].get("majorVersion")
            assert (version[0] if version else None) == picked.get("majorVersion"), where
        assert set(one.unknown) == _listed_unknown(oracle, chosen), where


def _listed_unknown(oracle: Oracle, chosen: dict) -> set[str]:
    request = oracle.request
    found = {
        constraint.id
        for component in request.components
        for constraint in component.constraints + request.every
        if not constraint.is_wish
        and request.policy_of(constraint).value == "warn"
        and oracle.verdict(component, chosen[component.name], constraint) == UNKNOWN
    }
    return found | {
        joint.id
        for joint in request.together
        if not joint.is_wish
        and request.policy_of(joint).value == "warn"
        and oracle.joint_verdict(joint, chosen) == UNKNOWN
    }


def _check_reasons(answer: Resolution, oracle: Oracle, where: str) -> None:
    """A conflict is infeasible, and feasible without any one of its conditions."""
    expected = "unknown" if oracle.compositions(lenient=True) else "infeasible"
    assert answer.status == expected, where
    assert answer.conflicts, where
    for conflict in answer.conflicts:
        if conflict[0].endswith(".kind"):
            name = conflict[0].removesuffix(".kind")
            component = next(c for c in oracle.request.components if c.name == name)
            assert not oracle.picks(component), where
            continue
        assert not oracle.compositions(active=set(conflict)), where
        for name in conflict:
            assert oracle.compositions(active=set(conflict) - {name}), (where, name)


def test_the_random_instances_are_worth_something() -> None:
    """About half are feasible, and some have several components and unknown facts."""
    feasible = joint = unknown = 0
    for number in range(BATCHES * SIZE):
        random = Random(SEED + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        oracle = Oracle(world, request)
        feasible += bool(oracle.compositions())
        joint += bool(request.together)
        verdicts = {
            oracle.verdict(component, pick, constraint)
            for component in request.components
            for pick in oracle.picks(component)
            for constraint in component.constraints
        }
        unknown += {MET, UNKNOWN} <= verdicts
    assert feasible > 60, feasible
    assert joint > 60, joint
    assert unknown > 60, unknown
