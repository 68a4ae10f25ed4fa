"""The smallest change is that of brute force: every composition looked at, changes counted."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from kgservice.mpli.resolve import (
    ResolvedComposition,
    Restriction,
    is_possible,
    resolve,
    ruled_out,
)
from kgservice.resolution.minimal_change import Standing, smallest_change, with_picks
from kgservice.resolution.request import Request
from tests.resolution.memory_store import MemoryStore
from tests.resolution.oracle import Oracle, Pick
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import BASE, VOCABULARY, World, value_term

SEED = int(os.environ.get("KG_TEST_SEED", "20261201"))
BATCHES, SIZE = 4, 20


def instance(seed: int) -> tuple[World, Request, dict[str, Pick], set[str]] | None:
    """Give a world, a request, what runs already, and which of that has settings to change."""
    random = Random(seed)  # noqa: S311
    world, request = random_world(random), random_request(random)
    request = replace(request, answers=1)
    oracle = Oracle(world, request)
    feasible = oracle.compositions()
    running = {}
    for part in request.components:
        picks = oracle.picks(part)
        if not picks:
            return None
        # mostly where it is well placed, so that small changes are enough
        good = [chosen[part.name] for chosen in feasible]
        running[part.name] = random.choice(good if good and random.random() < 0.6 else picks)
    for name in list(running):
        if len(running) > 1 and random.random() < 0.15:
            del running[name]  # a part that is new
    return world, request, running, {name for name in running if random.random() < 0.4}


def configured(pick: Pick) -> dict[str, str]:
    """Give what was picked at an offering: version and place, where it has them."""
    return {name: value for name, value in pick.chosen if value is not None}


def is_kept(pick: Pick, present: Pick) -> bool:
    """Say whether a pick leaves a service as it is; what nobody reads any more does not count."""
    before, now = configured(present), configured(pick)
    return all(now.get(name, value) == value for name, value in before.items())


def brute_force(
    oracle: Oracle, running: dict[str, Pick], adjusted: set[str]
) -> tuple[int, int, tuple[str, ...]] | None:
    """Look at every composition; a service stays where offering and version are the same."""
    found = []
    components = oracle.request.components
    for picks in product(*(oracle.survivors(part) for part in components)):
        chosen = {part.name: pick for part, pick in zip(components, picks, strict=True)}
        hard = [joint for joint in oracle.request.together if not joint.is_wish]
        verdicts = [(joint, oracle.joint_verdict(joint, chosen)) for joint in hard]
        if any(oracle.excludes(joint, verdict) for joint, verdict in verdicts):
            continue
        moved = set()
        for name, present in running.items():
            if chosen[name].offer.iri != present.offer.iri:
                moved.add(name)
            elif not is_kept(chosen[name], present):
                break  # another version at the same offering is no change that can be made
        else:
            offers = tuple(chosen[name].offer.iri for name in sorted(chosen))
            touched = len(moved | (adjusted & running.keys()))
            found.append((len(moved), touched, oracle.order(chosen), offers))
    if not found:
        return None
    moves, touched, _, offers = min(found)
    return moves, touched, offers


def by_search(
    world: World, request: Request, running: dict[str, Pick], adjusted: set[str]
) -> tuple[int, int, tuple[str, ...]] | None:
    store = MemoryStore(world.triples(), world.signed_triples())
    standing = {}
    for name, pick in running.items():
        picked = {key: value_term(key, value) for key, value in configured(pick).items()}
        standing[name] = Standing(pick.offer.iri, picked, name in adjusted)

    def limits(staying: set[str], may_stay: bool) -> Restriction | None:
        among = {}
        for name in standing.keys() - staying:
            there = standing[name].offering
            among[name] = [offer.iri for offer in world.offers if may_stay or offer.iri != there]
        pins = {name: standing[name].offering for name in staying}
        return Restriction(pins, among) if all(among.values()) else None

    def attempt(moved: frozenset[str]) -> ResolvedComposition | None:
        staying = set(standing.keys() - moved)
        only = limits(staying, may_stay=False)
        if only is None:
            return None
        asked = with_picks(request, standing, staying, VOCABULARY)
        answer = resolve(store, VOCABULARY, asked, base_iri=BASE, limits=only)
        return answer.compositions[0] if answer.compositions else None

    def can_stay(name: str) -> bool:
        only = limits({name}, may_stay=True)
        asked = with_picks(request, standing, {name}, VOCABULARY)
        return only is not None and is_possible(
            store, VOCABULARY, asked, base_iri=BASE, limits=only
        )

    everything = set(standing)
    only = limits(everything, may_stay=True)
    assert only is not None
    gone = ruled_out(
        store,
        VOCABULARY,
        with_picks(request, standing, everything, VOCABULARY),
        base_iri=BASE,
        limits=only,
    )
    found = smallest_change(standing, attempt, can_stay, gone)
    if found is None:
        return None
    moved, chosen = found
    offers = tuple(chosen.offerings[name] for name in sorted(chosen.offerings))
    return len(moved), len(moved | (adjusted & running.keys())), offers


def compare(seed: int) -> str:
    made = instance(seed)
    if made is None:
        return "empty"
    world, request, running, adjusted = made
    oracle = Oracle(world, request)
    expected = brute_force(oracle, running, adjusted)
    found = by_search(world, request, running, adjusted)
    is_ranked = len({oracle.currency(offer) for offer in world.offers}) == 1
    if expected is None or found is None or is_ranked:
        assert found == expected, f"seed {seed}"
    else:  # among equally small changes, money of several currencies may rank differently
        assert found[:2] == expected[:2], f"seed {seed}"
    if expected is None:
        return "infeasible"
    return "unmoved" if expected[0] == 0 else "moved"


def compare_batch(first: int, size: int) -> list[str]:
    """Compare instances of which at least half are feasible."""
    found: list[str] = []
    seed = first
    while len(found) < size:
        made, seed = instance(seed), seed + 1
        if made is None:
            continue
        is_infeasible = brute_force(Oracle(*made[:2]), made[2], made[3]) is None
        if is_infeasible and found.count("infeasible") * 2 >= size:
            continue
        found.append(compare(seed - 1))
    return found


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_smallest_change_equals_brute_force(batch: int) -> None:
    found = compare_batch(SEED + batch * 1000, SIZE)
    assert found.count("infeasible") * 2 <= SIZE, found
    assert "moved" in found
    assert "unmoved" in found


@pytest.mark.long
@pytest.mark.parametrize("batch", range(40))
def test_the_smallest_change_equals_brute_force_at_length(batch: int) -> None:
    compare_batch(SEED + 2_000_000 + batch * 1000, 50)
