"""Run the fast engine alone on a small world: no graph engine, no proofs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from kgservice.model.rdf import Triple
from kgservice.mpli.fast_engine import FastEngine
from kgservice.mpli.projecting import Projector
from kgservice.resolution.judgement import BoundOffering, Rules, all_rules
from kgservice.resolution.request import Request
from kgservice.store.port import QueryScope
from tests.resolution.memory_store import MemoryStore
from tests.resolution.oracle import Oracle
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import VOCABULARY, World

Found = list[dict[str, BoundOffering]]


class Run:
    """One prepared engine; `triples` are the world's in another order."""

    def __init__(self, world: World, request: Request, triples: list[Triple] | None = None) -> None:
        facts = world.triples() if triples is None else triples
        with MemoryStore(facts, world.signed_triples()).session(scope=QueryScope()) as session:
            projection = Projector(MemoryStore(facts), VOCABULARY).at(session)
            self.engine = FastEngine(session, projection, VOCABULARY, request)
            self.engine.prepare({})
        self.request = request

    def search(self, rules: Rules | None = None, answers: int | None = None) -> Found:
        return self.engine.search(rules or all_rules(self.request), answers or self.request.answers)


def offerings(found: Found) -> list[dict[str, str]]:
    return [{name: binding.offering for name, binding in one.items()} for one in found]


def costs(run: Run, found: Found) -> list[int]:
    """What each composition's first preference adds up to, in whole millionths."""
    numbers = {name: columns.numbers["prefer.1"] for name, columns in run.engine.columns.items()}
    return [
        sum(int(numbers[name].values[run.engine.row_of(b)]) for name, b in one.items())
        for one in found
    ]


def likely_instance(random: Random) -> tuple[World, Request]:
    """A random instance from which conditions were taken until it is possible, mostly."""
    world, request = random_world(random), random_request(random)
    for _ in range(3):
        if Oracle(world, request).compositions():
            break
        request = replace(
            request,
            components=tuple(
                replace(one, constraints=one.constraints[: len(one.constraints) // 2])
                for one in request.components
            ),
            every=request.every[: len(request.every) // 2],
            together=request.together[: len(request.together) // 2],
        )
    return world, request
