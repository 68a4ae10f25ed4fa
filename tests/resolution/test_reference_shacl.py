"""pySHACL, the reference, agrees with the compiled verdicts where everything is known."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from kgservice.model.errors import Refused
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.reference_check import check_with_reference, node_shapes, violations
from kgservice.mpli.resolve import prepared, resolve
from kgservice.resolution.judgement import Mark
from kgservice.resolution.request import Policy, Request
from kgservice.resolution.templates import render
from kgservice.resolution.yaml_request import read_request
from kgservice.store.port import QueryScope
from tests.resolution.memory_store import MemoryStore
from tests.resolution.random_requests import CODES, DURATIONS, random_request, random_world
from tests.resolution.worlds import BASE, PROPERTIES, VOCABULARY, Charge, Label, Offer, World

SEED = int(os.environ.get("KG_TEST_SEED", "20261201"))


def known_world(random: Random) -> World:
    """A random world in which every fact is given and every list is complete."""
    world = random_world(random)
    defaults = {
        "majorVersion": ("14", "16"),
        "location": ("l0", "l1"),
        "storage": ("100",),
        "vcpu": ("2",),
        "extension": ("vector",),
        "exportFormat": ("pg_dump-directory",),
        "noticePeriod": DURATIONS,
        "support": ("24x7",),
        "subprocessor": ("s0",),
        "transferCountry": CODES,
    }
    offers = []
    for offer in world.offers:
        values = {name: list(texts) for name, texts in offer.values.items()}
        for name, texts in defaults.items():
            values.setdefault(name, [random.choice(texts)])
            if PROPERTIES[name].kind.value == "Single":
                values[name] = values[name][:1]
        charges = [Charge(str(random.randint(10, 70)))]
        labels = offer.labels or [Label("basic")]
        complete = ["extension", "exportFormat", "subprocessor", "transferCountry", "label"]
        offers.append(
            replace(
                offer,
                provider=offer.provider or "p0",
                values=values,
                charges=charges,
                labels=labels,
                complete=complete,
                signed=[*values, *complete, "provider"],
            )
        )
    headquarters = {name: "NLD" for name in ("s0", "s1")} | world.headquarters
    places = {f"l{n}": "DEU" for n in range(4)} | world.places
    cities = {name: "Gent" for name in places} | world.cities
    parents = {name: above[:1] for name, above in world.parents.items()}
    without = [name for name in headquarters if name not in parents]
    return World(
        offers,
        headquarters,
        places,
        world.measured,
        cities=cities,
        parents=parents,
        without_parent=without,
        signed_headquarters=list(headquarters),
    )


def strict(request: Request) -> Request:
    """The same request in which every condition is hard."""
    return replace(
        request,
        unknown=Policy.REJECT,
        components=tuple(
            replace(c, constraints=tuple(_hard(one) for one in c.constraints))
            for c in request.components
        ),
        every=tuple(_hard(one) for one in request.every),
        together=(),
    )


def _hard(constraint):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Nobody signed who the parents are or what places are, so evidence is not asked of them."""
    is_unsigned = "+" in constraint.name or constraint.name.startswith("location")
    evidence = None if is_unsigned else constraint.evidence
    return replace(constraint, policy=None, is_wish=False, evidence=evidence)


def test_verdicts_equal_pyshacl_on_known_facts() -> None:
    """Met exactly where the node shape conforms; on known facts nothing is unknown."""
    seen: Counter[bool] = Counter()
    for number in range(25):
        random = Random(SEED + number)  # noqa: S311
        world, request = known_world(random), strict(random_request(random))
        request = _in_euro(request)
        with MemoryStore(world.triples(), world.signed_triples()).session(
            scope=QueryScope()
        ) as session:
            engine = GraphEngine(session, VOCABULARY, request)
            engine.prepare({})
            facts = session.triples(render("facts"))
        for component in request.components:
            shapes = node_shapes(request, VOCABULARY, component.name)
            for binding in engine.bindings[component.name][:4]:
                marks = engine.marks.get(binding.iri, {})
                assert Mark.UNKNOWN not in marks.values(), (SEED + number, marks)
                is_met = all(mark is Mark.MET for mark in marks.values())
                report = violations(facts, shapes, binding.iri, engine.as_of)
                assert is_met == (report == ""), (SEED + number, marks, report)
                seen[is_met] += 1
    assert seen[True] > 20
    assert seen[False] > 20


def _in_euro(request: Request) -> Request:
    def euro(constraint):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if getattr(constraint.condition, "currency", "") == "USD":
            return replace(constraint, condition=replace(constraint.condition, currency="EUR"))
        return constraint

    return replace(
        request,
        components=tuple(
            replace(c, constraints=tuple(euro(one) for one in c.constraints))
            for c in request.components
        ),
        every=tuple(euro(one) for one in request.every),
    )


def test_answers_pass_the_reference_check_and_changed_facts_do_not() -> None:
    checked = 0
    for number in range(40):
        random = Random(SEED + number)  # noqa: S311
        world, request = random_world(random), random_request(random)
        store = MemoryStore(world.triples(), world.signed_triples())
        dated = prepared(request, VOCABULARY, BASE)
        for composition in resolve(store, VOCABULARY, dated, base_iri=BASE).compositions[:1]:
            check_with_reference(store, VOCABULARY, dated, composition)
            checked += 1
    assert checked > 8


def test_a_binding_whose_facts_changed_is_refused() -> None:
    text = 'as-of: "2026-12-01"\ncomponents: {db: {kind: PostgreSQL, vcpu: ">= 4"}}\n'
    request = prepared(read_request(text, VOCABULARY), VOCABULARY, BASE)
    before = MemoryStore(World([Offer("a", values={"vcpu": ["4"]})]).triples())
    after = MemoryStore(World([Offer("a", values={"vcpu": ["2"]})]).triples())
    (chosen,) = resolve(before, VOCABULARY, request, base_iri=BASE).compositions
    with pytest.raises(Refused) as caught:
        check_with_reference(after, VOCABULARY, request, chosen)
    assert caught.value.code == "reference-differs"


def test_a_pattern_that_would_take_for_ever_to_match_is_checked_at_once() -> None:
    """PySHACL backtracks, so it is given the values that match instead of the pattern."""
    long = "a" * 60 + "!"
    text = (
        'as-of: "2026-12-01"\ncomponents: {db: {kind: PostgreSQL, '
        "standard: {one-of: [{matches: '(a+)+$'}, {matches: '!$'}]}}}\n"
    )
    request = prepared(read_request(text, VOCABULARY), VOCABULARY, BASE)
    store = MemoryStore(World([Offer("a", values={"standard": [long]})]).triples())
    (chosen,) = resolve(store, VOCABULARY, request, base_iri=BASE).compositions
    check_with_reference(store, VOCABULARY, request, chosen)
