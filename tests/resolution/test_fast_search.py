"""What the fast engine finds is what brute force finds, for whole requests and for parts of them.

`test_against_brute_force` compares whole answers of both engines; here only the search is asked,
which costs so little that many more instances can be.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from kgservice.resolution.judgement import Rules, all_rules
from tests.resolution.fast_runs import Run, likely_instance, offerings
from tests.resolution.oracle import Oracle

SEED = int(os.environ.get("KG_TEST_SEED", "20261130"))
BATCHES, SIZE = 8, 50


@pytest.mark.parametrize("batch", range(BATCHES))
def test_searches_equal_brute_force(batch: int) -> None:
    feasible = sum(_compare(SEED + batch * SIZE + number) for number in range(SIZE))
    assert feasible >= SIZE // 2, feasible


@pytest.mark.long
@pytest.mark.parametrize("batch", range(100))
def test_searches_equal_brute_force_at_length(batch: int) -> None:
    for number in range(200):
        _compare(SEED + 1_000_000 + batch * 200 + number)


def _compare(seed: int) -> bool:
    random = Random(seed)  # noqa: S311
    world, request = likely_instance(random)
    oracle, run = Oracle(world, request), Run(world, request)
    whole = all_rules(request)
    some = frozenset(name for name in sorted(whole.active) if random.random() < 0.6)
    lenient = Rules(request, whole.active, is_lenient=True)
    expected = oracle.compositions()
    for rules, right in (
        (whole, expected),
        (Rules(request, some), oracle.compositions(active=set(some))),
        (lenient, oracle.compositions(lenient=True)),
    ):
        found = offerings(run.search(rules))
        listed = [{name: pick.offer.iri for name, pick in one.items()} for one in right]
        assert found == listed[: request.answers], f"seed {seed}"
        assert run.engine.is_feasible(rules) is bool(right), f"seed {seed}"
    return bool(expected)
