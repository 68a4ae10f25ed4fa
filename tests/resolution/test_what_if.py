"""What-if answers are the answers of brute force over the world as it is assumed (P13 too)."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri
from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import Restriction, resolve
from kgservice.resolution.assumptions import (
    ASSUMED,
    Assumptions,
    PriceChange,
    assuming,
    read_price_change,
)
from kgservice.resolution.request import Constraint, LabelAtLeast, Policy, Request
from kgservice.resolution.values import decimal_text
from tests.resolution.memory_store import MemoryStore
from tests.resolution.oracle import Oracle
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import (
    BASE,
    PROPERTIES,
    SCHEME,
    VOCABULARY,
    Label,
    World,
    provider,
)

SEED = int(os.environ.get("KG_TEST_SEED", "20261201")) + 90_000


def answers(world: World, request: Request, prices: tuple[PriceChange, ...] = ()):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Both engines' answers; the same bytes."""
    store = MemoryStore(world.triples(), world.signed_triples())
    limits = Restriction(prices=prices)
    fast, graph = (
        resolve(
            store,  # type: ignore[arg-type]
            VOCABULARY,
            request,
            base_iri=BASE,
            limits=limits,
            projector=projector,
        )
        for projector in (Projector(store, VOCABULARY), None)  # type: ignore[arg-type]
    )
    assert json.dumps(fast.explanation()) == json.dumps(graph.explanation())
    return fast


def offerings(world: World, request: Request) -> list[dict[str, str]]:
    found = Oracle(world, request).compositions()[: request.answers]
    return [{name: pick.offer.iri for name, pick in one.items()} for one in found]


@pytest.mark.parametrize("batch", range(3))
def test_without_a_provider_is_the_world_without_its_offerings(batch: int) -> None:
    feasible = 0
    for number in range(10):
        random = Random(SEED + batch * 10 + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        assumed = assuming(request, Assumptions(without=(provider("p0"),)), VOCABULARY)
        left = replace(world, offers=[one for one in world.offers if one.provider != "p0"])
        found = answers(world, assumed)
        expected = offerings(left, request)
        assert [dict(one.offerings) for one in found.compositions] == expected, number
        assert not any(
            change.constraint.startswith(ASSUMED)
            for relaxation in found.relaxations
            for change in relaxation.changes
        )
        feasible += bool(expected)
    assert feasible > 0


@pytest.mark.parametrize("batch", range(3))
def test_changed_prices_are_the_world_with_those_prices(batch: int) -> None:
    feasible = 0
    for number in range(10):
        random = Random(SEED + 1_000 + batch * 10 + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        percent = Fraction(random.choice((-30, 10, 25, 100)))
        dear = [one.iri for one in world.offers if one.provider == "p0"]
        change = PriceChange("p0", percent, frozenset(dear))
        factor = 1 + percent / 100
        changed = [
            replace(
                one,
                charges=[
                    replace(charge, amount=decimal_text(Fraction(charge.amount) * factor))
                    for charge in one.charges
                ],
            )
            if one.provider == "p0"
            else one
            for one in world.offers
        ]
        expected = offerings(replace(world, offers=changed), request)
        found = answers(world, request, (change,))
        assert [dict(one.offerings) for one in found.compositions] == expected, number
        feasible += bool(expected)
    assert feasible > 0


def test_an_answer_disappears_when_its_evidence_has_expired() -> None:
    """P13: what holds on a day holds as long as its evidence does, and not a day longer."""
    feasible = 0
    for number in range(20):
        random = Random(SEED + 2_000 + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        ends = date(2027, 1, 1) + timedelta(days=random.randrange(90))
        label = Label("high", valid_until=f"{ends}T00:00:00Z")
        world = replace(world, offers=[replace(one, labels=[label]) for one in world.offers])
        line = Constraint("every.label", (PROPERTIES["label"],), LabelAtLeast(Iri(SCHEME)))
        request = replace(request, every=(line,), together=(), unknown=Policy.REJECT)
        for day, holds in ((ends, True), (ends + timedelta(days=1), False)):
            assumed = assuming(request, Assumptions(on=day), VOCABULARY)
            found = answers(world, assumed)
            expected = offerings(world, assumed)
            assert [dict(one.offerings) for one in found.compositions] == expected, number
            assert holds or not expected, number
            feasible += bool(expected)
    assert feasible > 0


@pytest.mark.parametrize(
    ("text", "whose", "percent"),
    [
        ("+10%", "", 10),
        ("-2.5 %", "", Fraction(-5, 2)),
        ("Waterlinie Cloud: +10%", "Waterlinie Cloud", 10),
        ("did:web:waterlinie.example: -5%", "did:web:waterlinie.example", -5),
    ],
)
def test_a_change_of_prices_is_read(text: str, whose: str, percent: Fraction) -> None:
    assert read_price_change(text) == PriceChange(whose, Fraction(percent))


@pytest.mark.parametrize("text", ["", "10%", "+ten", "-100%", "x" * 600, "+1e9%"])
def test_what_is_no_change_of_prices_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_price_change(text)
    assert refused.value.code == "price-change-invalid"
