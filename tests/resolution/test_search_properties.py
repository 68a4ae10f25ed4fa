"""Properties of answers that hold whatever is asked (P3 to P7 and P14 of the design)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.model.errors import Refused
from kgservice.model.rdf import XSD, Literal
from kgservice.resolution import search as search_module
from kgservice.resolution.joints import SumLimit
from kgservice.resolution.request import (
    Compare,
    Constraint,
    Operator,
    Preference,
    Ranking,
    Request,
)
from tests.resolution.fast_runs import Run, costs, likely_instance, offerings
from tests.resolution.oracle import Oracle
from tests.resolution.random_requests import random_world
from tests.resolution.worlds import PROPERTIES, World

seeds = st.integers(0, 2**32)
few = settings(max_examples=40, deadline=None, derandomize=True)
PRICE = (Preference(PROPERTIES["monthlyPrice"]),)


def cheap_instance(seed: int) -> tuple[World, Request]:
    """An instance in euros alone, without wishes, ranked by the price."""
    random = Random(seed)  # noqa: S311
    world, request = likely_instance(random)
    euros = [
        replace(o, charges=[replace(c, currency="EUR") for c in o.charges]) for o in world.offers
    ]
    hard = [
        replace(c, constraints=tuple(x for x in c.constraints if not x.is_wish))
        for c in request.components
    ]
    return replace(world, offers=euros), replace(
        request,
        components=tuple(hard),
        every=tuple(x for x in request.every if not x.is_wish),
        together=tuple(x for x in request.together if not x.is_wish),
        prefer=PRICE,
        ranking=Ranking.LEXICOGRAPHIC,
        answers=3,
    )


def best(world: World, request: Request) -> tuple[bool, int] | None:
    """Whether the best composition's price is unknown, and what it adds up to."""
    run = Run(world, request)
    found = run.search(answers=1)
    if not found:
        return None
    known = [
        bool(run.engine.columns[name].numbers["prefer.1"].known[run.engine.row_of(binding)])
        for name, binding in found[0].items()
    ]
    return not all(known), costs(run, found)[0]


@few
@given(seeds)
def test_an_offering_more_never_makes_it_worse(seed: int) -> None:
    world, request = cheap_instance(seed)
    fewer = replace(world, offers=world.offers[:-1])
    before, after = best(fewer, request), best(world, request)
    assert before is None or (after is not None and after <= before)


@few
@given(seeds)
def test_an_offering_that_is_not_in_the_answer_does_not_matter(seed: int) -> None:
    world, request = cheap_instance(seed)
    found = offerings(Run(world, request).search())
    used = {offering for one in found for offering in one.values()}
    unused = [offer for offer in world.offers if offer.iri not in used]
    for offer in unused[:2]:
        rest = replace(world, offers=[one for one in world.offers if one is not offer])
        assert offerings(Run(rest, request).search()) == found


@few
@given(seeds)
def test_a_condition_more_adds_no_answer_and_lowers_no_price(seed: int) -> None:
    world, request = cheap_instance(seed)
    notice = PROPERTIES["noticePeriod"]
    limit = Compare(Operator.LE, Literal("P60D", notice.datatype))
    more = replace(request, every=(*request.every, Constraint("every.more", (notice,), limit)))
    every, fewer = (Run(world, one) for one in (request, more))
    all_found = offerings(every.search(answers=400))
    assert all(one in all_found for one in offerings(fewer.search(answers=400)))
    before, after = best(world, request), best(world, more)
    assert after is None or (before is not None and before <= after)


@few
@given(seeds)
def test_the_order_of_documents_and_of_components_does_not_matter(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    world, request = likely_instance(random)
    triples = world.triples()
    random.shuffle(triples)
    turned = replace(request, components=request.components[::-1], together=request.together[::-1])
    found = Run(world, request).search()
    other = Run(world, turned, triples).search()
    assert offerings(other) == offerings(found)
    for one, same in zip(found, other, strict=True):
        assert {n: b.picks for n, b in one.items()} == {n: b.picks for n, b in same.items()}


@few
@given(seeds, st.sampled_from((3, 100)))
def test_scaling_all_prices_scales_the_costs(seed: int, factor: int) -> None:
    world, request = cheap_instance(seed)
    flat = [replace(o, charges=[c for c in o.charges if not c.per]) for o in world.offers]

    def scaled(text: str) -> Literal:
        return Literal(str(int(text) * factor), XSD + "decimal")

    def condition(one: Constraint) -> Constraint:
        asked = one.condition
        if isinstance(asked, Compare) and asked.currency:
            return replace(one, condition=replace(asked, value=scaled(asked.value.value)))
        return one

    def is_plain(one: Constraint) -> bool:
        return one.path[0].name != "monthlyPrice" or isinstance(one.condition, Compare)

    plain = replace(
        request,
        components=tuple(
            replace(c, constraints=tuple(filter(is_plain, c.constraints)))
            for c in request.components
        ),
        every=tuple(filter(is_plain, request.every)),
        together=tuple(j for j in request.together if not isinstance(j, SumLimit)),
    )
    dear = [
        replace(o, charges=[replace(c, amount=str(float(c.amount) * factor)) for c in o.charges])
        for o in flat
    ]
    dearer = replace(
        plain,
        components=tuple(
            replace(c, constraints=tuple(map(condition, c.constraints))) for c in plain.components
        ),
        every=tuple(map(condition, plain.every)),
    )
    one, other = Run(replace(world, offers=flat), plain), Run(replace(world, offers=dear), dearer)
    found, same = one.search(), other.search()
    assert offerings(found) == offerings(same)
    assert [cost * factor for cost in costs(one, found)] == costs(other, same)


@few
@given(seeds)
def test_fewer_answers_are_the_first_of_more(seed: int) -> None:
    world, request = likely_instance(Random(seed))  # noqa: S311
    run = Run(world, request)
    many = offerings(run.search(answers=12))
    for answers in (1, 2, 5, 11):
        assert offerings(run.search(answers=answers)) == many[:answers]


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 16])
def test_what_a_cut_search_did_not_see_comes_after_its_bound(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found ones are right, and whatever is missing is not better than the bound."""
    monkeypatch.setattr(search_module, "MAX_STEPS", steps)
    cut = 0
    for seed in range(60):
        world, request = cheap_instance(seed)
        request = replace(request, answers=2)
        run, oracle = Run(world, request), Oracle(world, request)
        right = oracle.compositions()
        listed = [{name: pick.offer.iri for name, pick in one.items()} for one in right]
        try:
            found = offerings(run.search())
        except Refused:
            cut += 1
            continue  # it says that it has found none
        assert all(one in listed for one in found), seed
        if run.engine.bound is None:
            assert found == listed[:2], seed
            continue
        cut += 1
        bound = (int(run.engine.bound.is_unknown[0]), run.engine.bound.order[0])
        keys = [(order[0], int(order[1] * 10**6)) for _, order in map(oracle.order, right)]
        kept = [key for key, names in zip(keys, listed, strict=True) if names in found]
        seen = max(kept) if len(kept) == 2 else bound
        for key, names in zip(keys, listed, strict=True):
            assert names in found or key >= min(bound, seen), (seed, bound, keys)
    assert cut or steps > 8


def test_the_instances_are_worth_something() -> None:
    feasible = sum(
        bool(Oracle(*likely_instance(Random(seed))).compositions())  # noqa: S311
        for seed in range(100)
    )
    assert feasible >= 50, feasible
    assert random_world(Random(1)).offers  # noqa: S311
