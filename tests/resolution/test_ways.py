"""Bundles and recipes: one ranking with single offerings, equal to brute force in both engines."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from random import Random

import pytest

from kgservice.model.errors import InputError
from kgservice.model.rdf import to_ntriples
from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import resolve
from kgservice.resolution.answer import Resolution
from kgservice.resolution.request import Ranking, Request
from kgservice.resolution.yaml_request import read_request
from tests.resolution.memory_store import MemoryStore
from tests.resolution.ways_oracle import WaysOracle
from tests.resolution.ways_worlds import Recipe, random_ways_request, random_ways_world
from tests.resolution.worlds import BASE, VOCABULARY, World

SEED = int(os.environ.get("KG_TEST_SEED", "20261202"))
BATCHES, SIZE = 8, 10
MOST = 2_000
"""Compositions that brute force looks at, before any condition."""


def answers(world: World, recipes: list[Recipe], request: Request) -> tuple[Resolution, Resolution]:
    """Resolve with both engines."""
    triples = [triple for recipe in recipes for triple in recipe.triples()]
    store = MemoryStore([*world.triples(), *triples], world.signed_triples())
    vocabulary = replace(VOCABULARY, recipes=tuple(triples))
    projector = Projector(store, vocabulary)
    return (
        resolve(store, vocabulary, request, base_iri=BASE, projector=projector),
        resolve(store, vocabulary, request, base_iri=BASE),
    )


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_way_equals_brute_force(batch: int) -> None:
    for number in range(SIZE):
        _compare(SEED + batch * SIZE + number)


@pytest.mark.long
@pytest.mark.parametrize("batch", range(40))
def test_every_way_equals_brute_force_at_length(batch: int) -> None:
    for number in range(50):
        _compare(SEED + 1_000_000 + batch * 50 + number)


def _instance(seed: int) -> WaysOracle:
    """Give a random instance that brute force can go through."""
    random = Random(seed)  # noqa: S311
    while True:
        world, recipes = random_ways_world(random)
        request = random_ways_request(random)
        if request.ranking is not Ranking.LEXICOGRAPHIC:  # this oracle ranks by lists only
            request = replace(request, ranking=Ranking.LEXICOGRAPHIC, prefer=())
        oracle = WaysOracle(world, recipes, request)
        if oracle.size() <= MOST:
            return oracle


def _compare(seed: int) -> None:
    oracle = _instance(seed)
    world, recipes, request = oracle.world, oracle.recipes, oracle.request
    where = f"seed {seed}"
    expected = oracle.compositions()[: request.answers]
    fast, graph = answers(world, recipes, request)
    found, same = ({**one.as_json(), "engine": ""} for one in (fast, graph))
    assert json.dumps(found) == json.dumps(same), where
    assert to_ntriples(fast.triples()) == to_ntriples(graph.triples()), where
    assert [one.offerings for one in fast.compositions] == [w.offerings for w in expected], where
    for one, whole in zip(fast.compositions, expected, strict=True):
        assert set(one.missed_wishes) == whole.missed, where
        assert set(one.unknown) == whole.unknown, where
    if not expected:
        status = "unknown" if oracle.compositions(lenient=True) else "infeasible"
        assert fast.status == status, where


def test_the_random_ways_are_worth_something() -> None:
    """Recipes, parts of parts and bundles are among the compositions, and not the only ones."""
    seen = {"managed": 0, "recipe": 0, "bundle": 0, "deep": 0}
    for number in range(BATCHES * SIZE):
        oracle = _instance(SEED + number)
        for whole in oracle.compositions():
            is_made = any(iri.startswith("urn:recipe") for iri in whole.offerings.values())
            is_bundle = any(name.startswith("bundle") for name in whole.offerings)
            seen["recipe"] += is_made
            seen["bundle"] += is_bundle
            seen["managed"] += not (is_made or is_bundle)
            seen["deep"] += any(name.count("-") > 1 for name in whole.offerings)
    assert all(number > 10 for number in seen.values()), seen


def test_ways_that_do_not_exist_are_refused_at_their_line() -> None:
    text = "components:\n  db:\n    kind: PostgreSQL\n    ways: alone\n"
    with pytest.raises(InputError, match="alone") as caught:
        read_request(text, VOCABULARY)
    assert (caught.value.code, caught.value.at) == ("value-invalid", "request:4")
