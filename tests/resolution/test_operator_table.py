"""Every operator for every kind of property, against pySHACL on the binding (REQUESTS, the table).

Met is what pySHACL finds to conform. Violated and unknown are told apart by brute force: whether
more values, where the list is not complete, could make it conform.
"""

from __future__ import annotations

from itertools import combinations

import pyshacl
import pytest
from rdflib import Graph

from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.projecting import Projector
from kgservice.mpli.reference_check import node_shapes, violations
from kgservice.mpli.resolve import prepared, resolve
from kgservice.resolution.judgement import Mark
from kgservice.resolution.request import Request
from kgservice.resolution.templates import render
from kgservice.resolution.yaml_request import read_request
from kgservice.store.port import QueryScope
from tests.resolution.memory_store import MemoryStore
from tests.resolution.worlds import BASE, PROPERTIES, VOCABULARY, Offer, World

STORAGE, VERSIONS = ("50", "100", "500"), ("13", "16")
FEATURES, COUNTRIES = ("vector", "postgis"), ("NLD", "FRA", "USA")
SUPPORT, CITIES = ("24x7", "8x5"), ("ISO 1", "NEN 2")
ROWS = [
    *(("storage", f'"{sign} 100 GiB"', STORAGE) for sign in (">=", "<=", ">", "<")),
    ("storage", "100 GiB", STORAGE),
    ("storage", '{one-of: ["<= 50 GiB", ">= 500 GiB"]}', STORAGE),
    ("support", "24x7", SUPPORT),
    ("support", "{any: [24x7]}", SUPPORT),
    ("support", "{none: [8x5]}", SUPPORT),
    ("standard", '{matches: "^ISO"}', CITIES),
    ("majorVersion", '">= 16"', VERSIONS),
    ("majorVersion", "16", VERSIONS),
    ("majorVersion", "{any: [16, 17]}", VERSIONS),
    ("majorVersion", "{none: [13]}", VERSIONS),
    ("majorVersion", '{one-of: ["< 10", ">= 16"]}', VERSIONS),
    ("extension", "vector", FEATURES),
    ("extension", "[vector, postgis]", FEATURES),
    ("extension", "{any: [vector]}", FEATURES),
    ("extension", "{none: [postgis]}", FEATURES),
    ("extension", "{each: {any: [vector]}}", FEATURES),
    ("extension", "{each: {none: [postgis]}}", FEATURES),
    ("extension", '{matches: "gis$"}', FEATURES),
    ("extension", "{one-of: [vector, {none: [vector, postgis]}]}", FEATURES),
    ("transferCountry", "{any: [NL, FR]}", COUNTRIES),
    ("transferCountry", "NL", COUNTRIES),
    ("transferCountry", "{none: [US]}", COUNTRIES),
    ("transferCountry", "{in: EEA}", COUNTRIES),
    ("transferCountry", "{not-in: EEA}", COUNTRIES),
    ("transferCountry", "{has: {in: EEA}}", COUNTRIES),
    ("transferCountry", "{each: {one-of: [{in: EEA}, {any: [US]}]}}", COUNTRIES),
]
State = tuple[frozenset[str], bool]


@pytest.mark.parametrize(
    ("name", "condition", "universe"), ROWS, ids=[f"{n} {c}" for n, c, _ in ROWS]
)
def test_a_row_of_the_table_means_what_pyshacl_finds(
    name: str, condition: str, universe: tuple[str, ...]
) -> None:
    text = (
        f'as-of: "2026-12-01"\ncomponents:\n  db:\n    kind: PostgreSQL\n    {name}: {condition}\n'
    )
    request = prepared(read_request(text, VOCABULARY), VOCABULARY, BASE)
    states = [
        (frozenset(values), complete)
        for size in range(len(universe) + 1)
        for values in combinations(universe, size)
        for complete in (False, True)
    ]
    is_choice = PROPERTIES[name].kind.value == "Choice"
    marks = {state: _mark(request, name, state) for state in states}
    for state, mark in marks.items():
        if is_choice:
            continue  # of a choice the binding has one value, whatever else is on offer
        several = PROPERTIES[name].kind.value == "Single" and len(state[0]) > 1
        could = any(marks[other] is Mark.MET for other in states if _may_become(state, other))
        expected = Mark.MET if mark is Mark.MET else Mark.UNKNOWN if could else Mark.VIOLATED
        assert mark is (Mark.UNKNOWN if several else expected), state
    assert Mark.MET in marks.values()


def _may_become(state: State, other: State) -> bool:
    """More values may be stated where the list is not complete; completeness may be, too."""
    (values, complete), (more, _) = state, other
    return state == other if complete else values <= more


def _mark(request: Request, name: str, state: State) -> Mark:
    """Judge one offering's best binding; each binding's verdict is compared with pySHACL."""
    values, complete = state
    stated = {name: sorted(values)} if values else {}
    world = World([Offer("a", values=stated, complete=[name] if complete else [])])
    store = MemoryStore(world.triples())
    with store.session(scope=QueryScope()) as session:
        engine = GraphEngine(session, VOCABULARY, request)
        engine.prepare({})
        facts = session.triples(render("facts"))
    shapes = node_shapes(request, VOCABULARY, "db")
    found = []
    for binding in engine.bindings["db"]:
        (mark,) = engine.marks[binding.iri].values()
        report = violations(facts, shapes, binding.iri, engine.as_of)
        assert (mark is Mark.MET) == (report == ""), (state, mark, report)
        found.append(mark)
    fast = resolve(
        store, VOCABULARY, request, base_iri=BASE, projector=Projector(store, VOCABULARY)
    )
    counts = fast.counts["db"]
    best = next((m for m in (Mark.MET, Mark.UNKNOWN) if m in found), Mark.VIOLATED)
    assert (counts.satisfied, counts.unknown) == (best is Mark.MET, best is Mark.UNKNOWN), state
    return best


PREFIXES = """
@prefix kg: <https://w3id.org/kgservice/ns#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix e: <urn:e:> .
"""


@pytest.mark.parametrize(
    ("shape", "data", "conforms"),
    [
        (
            "sh:property [ sh:path kg:majorVersion ; sh:qualifiedMinCount 1 ; "
            "sh:qualifiedValueShape [ sh:minInclusive 14 ] ] , [ sh:path kg:majorVersion ; "
            "sh:qualifiedMinCount 1 ; sh:qualifiedValueShape [ sh:maxExclusive 16 ] ]",
            "e:b kg:majorVersion 13, 17 .",
            True,
        ),
        (
            "sh:property [ sh:path ( kg:subprocessor kg:headquarters ) ; sh:in ( e:nl ) ]",
            "e:b kg:subprocessor e:s .",
            True,
        ),
        (
            "sh:node [ sh:property [ sh:path kg:support ; sh:minCount 1 ; sh:severity sh:Info ] ]",
            "e:b kg:vcpu 1 .",
            False,
        ),
        ("sh:property [ sh:path kg:noticePeriod ; sh:maxInclusive 60 ]", "e:b kg:vcpu 1 .", True),
    ],
    ids=["two qualified shapes", "a sequence path", "an Info result in sh:node", "no count"],
)
def test_the_traps_of_shacl_are_as_the_language_assumes(
    shape: str, data: str, conforms: bool
) -> None:
    """Why choices are picked, paths are nested, and wishes are no severities."""
    shapes = Graph().parse(data=f"{PREFIXES} e:s a sh:NodeShape ; sh:targetNode e:b ; {shape} .")
    facts = Graph().parse(data=PREFIXES + data)
    assert pyshacl.validate(facts, shacl_graph=shapes)[0] is conforms
