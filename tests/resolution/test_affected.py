"""P11: a request whose answer a change alters is always among those that the change affects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from random import Random

import pytest

from kgservice.model.rdf import Iri, Term, Triple, to_text
from kgservice.model.vocabulary import PropertyInfo
from kgservice.mpli.projecting import projected
from kgservice.resolution.affected import StandingRequests
from kgservice.resolution.compile import Compiler
from kgservice.resolution.conditions import Condition
from kgservice.resolution.projection import projection_of
from kgservice.resolution.request import Request
from kgservice.resolution.touched import links_of, touched
from tests.resolution.memory_store import MemorySession, MemoryStore
from tests.resolution.oracle import Oracle
from tests.resolution.random_requests import CODES, random_offer, random_request, random_world
from tests.resolution.test_against_brute_force import SEED
from tests.resolution.worlds import VOCABULARY, Offer, World

LISTED = frozenset(projected(VOCABULARY))
LINKS = links_of(VOCABULARY)


def changed_world(random: Random, world: World) -> World:
    """Exchange some offers, or say something else of a provider, a place or a way."""
    offers, headquarters, places = list(world.offers), dict(world.headquarters), dict(world.places)
    measured, parents = list(world.measured), dict(world.parents)
    kind = random.choice(("offer", "offer", "price", "gone", "party", "place", "way", "parent"))
    number = random.randrange(len(offers))
    if kind == "offer":
        providers = sorted({offer.provider for offer in offers if offer.provider}) or ["p0"]
        offers[number] = random_offer(random, int(offers[number].id[1:]), providers)
    elif kind == "price":
        charges = [replace(one, amount="7.77") for one in offers[number].charges]
        offers[number] = replace(offers[number], charges=charges)
    elif kind == "gone":
        del offers[number]
    elif kind == "party":
        headquarters[random.choice(sorted(headquarters))] = random.choice(CODES)
    elif kind == "place":
        places[random.choice(sorted(places))] = random.choice(CODES)
    elif kind == "way":
        measured = measured[: random.randrange(len(measured) + 1)]
    elif parents:
        del parents[random.choice(sorted(parents))]
    return replace(
        world,
        offers=offers,
        headquarters=headquarters,
        places=places,
        measured=measured,
        parents=parents,
    )


def read(triples: Sequence[Triple]) -> list[tuple[str, str, str]]:
    return [(to_text(s), to_text(p), to_text(o)) for s, p, o in triples if p in LISTED]


def subjects_that_differ(one: Sequence[Triple], other: Sequence[Triple]) -> set[str]:
    return {triple.subject[0] for triple in set(one) ^ set(other)}


def asking(session: MemorySession, day: date):  # type: ignore[no-untyped-def]  # noqa: ANN201
    compiler = Compiler(VOCABULARY, day)

    def ask(condition: Condition, step: PropertyInfo, terms: Sequence[Term]) -> list[bool]:
        test = compiler.test(condition, step, "?value")
        rows = " ".join(f"({place} {to_text(term)})" for place, term in enumerate(terms))
        text = f"SELECT ?n WHERE {{ VALUES (?n ?value) {{ {rows} }} FILTER({test}) }}"
        passed = {int(row["n"][0]) for row in session.select(text)}
        return [place in passed for place in range(len(terms))]

    return ask


def answers(world: World, request: Request) -> list[object]:
    """Say what brute force finds, with what each costs."""
    oracle = Oracle(world, request)
    found = oracle.compositions()[: request.answers]
    return [
        [(n, pick.offer.iri, pick.chosen, _cost(oracle, n, pick.offer)) for n, pick in one.items()]
        for one in found
    ]


def _cost(oracle: Oracle, name: str, offer: Offer) -> object:
    component = next(one for one in oracle.request.components if one.name == name)
    return oracle.price(component, offer)


def differences(seed: int) -> tuple[int, int]:
    """Change a world and look at ten requests; give how many differ and how many are affected."""
    random = Random(seed)  # noqa: S311
    world = random_world(random)
    after = changed_world(random, world)
    requests = {f"r{n}": random_request(random) for n in range(10)}
    before_facts, after_facts = tuple(world.triples()), tuple(after.triples())
    subjects = subjects_that_differ(before_facts, after_facts)
    old = projection_of(read(before_facts))
    new = old.changed(
        [f"<{subject}>" for subject in subjects],
        read([triple for triple in after_facts if triple.subject[0] in subjects]),
    )
    standing = StandingRequests(VOCABULARY)
    for name, request in requests.items():
        standing.add(name, request)
    session = MemorySession(MemoryStore(()).store)
    change = touched(old, new, subjects, LINKS)
    affected = standing.affected(change, partial(asking, session))
    differ = {
        name for name, request in requests.items()
        if answers(world, request) != answers(after, request)
    }  # fmt: skip
    assert differ <= affected, (seed, sorted(differ - affected))
    return len(differ), len(affected)


def test_a_change_that_alters_an_answer_is_never_missed() -> None:
    found = [differences(SEED + number) for number in range(60)]
    differ, affected = (sum(part) for part in zip(*found, strict=True))
    assert differ > 20
    assert affected < 60 * 10 * 0.9, "some changes leave some requests alone"


@pytest.mark.long
@pytest.mark.parametrize("batch", range(40))
def test_a_change_that_alters_an_answer_is_never_missed_at_length(batch: int) -> None:
    for number in range(50):
        differences(SEED + 1_000_000 + batch * 50 + number)


def test_what_says_nothing_that_is_read_affects_nobody() -> None:
    random = Random(SEED)  # noqa: S311
    world, request = random_world(random), random_request(random)
    projection = projection_of(read(tuple(world.triples())))
    standing = StandingRequests(VOCABULARY)
    standing.add("r", request)
    change = touched(projection, projection, ["urn:x:unheard-of"], LINKS)
    session = MemorySession(MemoryStore(()).store)
    assert standing.affected(change, partial(asking, session)) <= standing.always
    assert Iri("urn:x:unheard-of") not in {t.subject for t in world.triples()}
