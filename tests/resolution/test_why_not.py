"""Conflicts and relaxations are what brute force over plain records says (P8 of the research)."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from kgservice.model.rdf import XSD, Literal
from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import resolve
from kgservice.resolution.answer import Resolution
from kgservice.resolution.relaxations import Change, Relaxation, owners_of, with_part
from kgservice.resolution.request import (
    AtMost,
    Compare,
    Constraint,
    Request,
    SumLimit,
)
from kgservice.resolution.values import decimal_text
from tests.resolution.memory_store import MemoryStore
from tests.resolution.oracle import Oracle
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import BASE, VOCABULARY, World

SEED = int(os.environ.get("KG_TEST_SEED", "20261201"))


@pytest.mark.parametrize("batch", range(4))
def test_explanations_equal_brute_force(batch: int) -> None:
    explained = sum(_check(SEED + 50_000 + batch * 20 + number) for number in range(20))
    assert explained > 2, explained


@pytest.mark.long
@pytest.mark.parametrize("batch", range(50))
def test_explanations_equal_brute_force_at_length(batch: int) -> None:
    for number in range(100):
        _check(SEED + 3_000_000 + batch * 100 + number)


def _check(seed: int) -> bool:
    random = Random(seed)  # noqa: S311
    world, request = random_world(random), random_request(random)
    store = MemoryStore(world.triples(), world.signed_triples())
    projector = Projector(store, VOCABULARY)
    answer = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
    if answer.compositions:
        assert not answer.relaxations, seed
        return False
    _check_corrections(answer, Oracle(world, request), seed)
    for relaxation in answer.relaxations:
        _check_best(world, request, relaxation, seed)
        for change in relaxation.changes:
            _check_nearest(world, request, relaxation, change, seed)
    return bool(answer.relaxations)


def _hard(request: Request) -> set[str]:
    lines = {c.id for c in request.all_constraints() if not c.is_wish}
    return lines | {joint.id for joint in request.together}


def _check_corrections(answer: Resolution, oracle: Oracle, seed: int) -> None:
    """Each is needed whole and breaks every conflict; no single line that does is left out."""
    names = _hard(oracle.request)
    found = {frozenset(change.constraint for change in one.changes) for one in answer.relaxations}
    for correction in found:
        for name in correction:
            assert not oracle.compositions(active=names - correction | {name}), (seed, name)
        for conflict in answer.conflicts:
            assert correction & set(conflict), (seed, conflict)
    if any(conflict[0].endswith(".kind") for conflict in answer.conflicts):
        return
    single = {frozenset({name}) for name in names if oracle.compositions(active=names - {name})}
    assert {one for one in found if len(one) == 1} <= single, seed
    assert len(found) >= min(5, len(single)), seed


def _changed(request: Request, relaxation: Relaxation) -> tuple[Request, set[str]]:
    """The request as the relaxation writes it, and the conditions that hold then."""
    active = _hard(request)
    for change in relaxation.changes:
        active.discard(change.constraint)
        if change.after is not None:
            request = with_part(request, change.constraint, change.after)
            active.add(change.after.id)
    return request, active


def _check_best(world: World, request: Request, relaxation: Relaxation, seed: int) -> None:
    changed, active = _changed(request, relaxation)
    oracle = Oracle(world, changed, asked=request)
    best = oracle.compositions(active=active)[0]
    assert relaxation.best.offerings == {n: pick.offer.iri for n, pick in best.items()}, seed
    prices = [
        oracle.price(component, best[component.name].offer) for component in changed.components
    ]
    currencies = {oracle.currency(pick.offer) for pick in best.values()}
    total = None if None in prices or len(currencies) > 1 else sum(prices)
    found = relaxation.best.monthly
    assert (Fraction(found.amount) if found else None) == total, seed


def _check_nearest(
    world: World, request: Request, relaxation: Relaxation, change: Change, seed: int
) -> None:
    """No closer value that anything has will do, with the other changes made."""
    if change.kind != "nearest" or change.after is None:
        return
    before, after = change.before, change.after
    others = [one for one in relaxation.changes if one is not change]
    if any(others):
        return  # of several, each is the nearest only while the later ones are left out
    base, active = _changed(request, relaxation)
    if isinstance(after, SumLimit):
        closer = [replace(after, limit=_cent_less(after))]
    elif isinstance(after, AtMost):
        assert isinstance(before, AtMost)
        closer = [replace(after, n=n) for n in range(before.n + 1, after.n)]
    else:
        assert isinstance(before, Constraint)
        closer = list(_closer(world, request, before, after))
    for part in closer:
        tried = with_part(base, after.id, part)
        found = Oracle(world, tried, asked=request).compositions(active=active)
        assert not found, (seed, part)


def _cent_less(joint: SumLimit) -> Literal:
    return Literal(decimal_text(Fraction(joint.limit.value) - Fraction(1, 100)), XSD + "decimal")


def _closer(world: World, request: Request, before: Constraint, after: Constraint):  # type: ignore[no-untyped-def]  # noqa: ANN202
    if not isinstance(before.condition, Compare) or len(before.path) > 1:
        return
    assert isinstance(after.condition, Compare)
    name, oracle = before.path[0].name, Oracle(world, request)
    texts = {
        text
        for component in request.components
        if component.name in owners_of(request, before)
        for pick in oracle.picks(component)
        for text in oracle.values(component, pick, name)
    }
    limit, new = (
        oracle.measure(name, one.condition.value.value)  # type: ignore[union-attr]
        for one in (before, after)
    )
    for text in texts:
        size = oracle.measure(name, text)
        if min(limit, new) < size < max(limit, new):
            value = Literal(text, after.condition.value.datatype)  # type: ignore[union-attr]
            yield replace(after, condition=replace(after.condition, value=value))
