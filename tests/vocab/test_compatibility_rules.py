"""What the rules under `shapes/rules` conclude of small graphs, by pySHACL."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
import rdflib
from turtle_graphs import KG, PREFIXES, ROOT, conclusions, rule_vocabulary, short

from kgservice.inference.rules import load_rules

FACTS = "kg:exportFormat kg:pg_dump-directory ; kg:importFormat kg:pg_dump-directory"
VERBS = "kg:Provision, kg:Export, kg:Import"
PROFILE = f"a kg:Profile ; kg:kind kg:PostgreSQL ; {FACTS}"
OLD = f":old {PROFILE} ; kg:forProvider :p1 ; kg:majorVersion 16 ."
NEW = f":new {PROFILE} ; kg:forProvider :p2 ; kg:majorVersion 18 ."
PROFILES = OLD + NEW


def worker(name: str, provider: str, verbs: str = VERBS, more: str = FACTS) -> str:
    """Write a worker's registration as Turtle."""
    return (
        f":{name} a kg:Worker ; kg:forProvider :{provider} ; kg:performs :{name}-c ; {more} ."
        f":{name}-c a kg:Capability ; kg:kind kg:PostgreSQL ; kg:verb {verbs} ."
    )


def pairs(turtle: str, predicate: str) -> set[tuple[str, str]]:
    """Give the pairs that a predicate is concluded for, without a profile and itself."""
    found = conclusions(turtle, "compatibility.ttl", "moves.ttl")
    rows = {(short(s), short(o)) for s, p, o in found if p == KG + predicate}
    return {(s, o) for s, o in rows if s != o}


def test_a_dump_fits_the_same_or_a_newer_major_version_only() -> None:
    assert pairs(PROFILES, "compatibleWith") == {("old", "new")}


def test_profiles_without_a_common_format_are_not_compatible() -> None:
    other = NEW.replace("importFormat kg:pg_dump-directory", "importFormat kg:pg_dump-plain")
    assert pairs(OLD + other, "compatibleWith") == set()


def test_unknown_versions_give_no_compatibility() -> None:
    unknown = NEW.replace("; kg:majorVersion 18", "")
    assert pairs(OLD + unknown, "compatibleWith") == set()


def test_formats_without_a_version_rule_need_no_versions() -> None:
    images = "kg:exportFormat kg:OCI ; kg:importFormat kg:OCI"
    turtle = f":a a kg:Profile ; {images} . :b a kg:Profile ; {images} ."
    assert pairs(turtle, "compatibleWith") == {("a", "b"), ("b", "a")}


def test_a_base_backup_fits_its_own_major_version_only() -> None:
    turtle = (PROFILES + NEW.replace(":new", ":twin").replace("18", "16")).replace(
        "kg:pg_dump-directory", "kg:base-backup"
    )
    assert pairs(turtle, "compatibleWith") == {("old", "twin"), ("twin", "old")}


def test_a_conversion_needs_a_worker_at_the_taking_provider() -> None:
    disks = (
        ":a a kg:Profile ; kg:exportFormat kg:qcow2 ; kg:forProvider :p1 ."
        ":b a kg:Profile ; kg:importFormat kg:raw ; kg:forProvider :p2 ."
    )
    converts = "kg:converts kg:qcow2-to-raw"
    assert pairs(disks, "compatibleWith") == set()
    assert pairs(disks + worker("w", "p1", more=converts), "compatibleWith") == set()
    assert pairs(disks + worker("w", "p2", more=converts), "compatibleWith") == {("a", "b")}


def test_moving_needs_a_worker_that_exports_and_one_that_imports() -> None:
    giver, taker = worker("w1", "p1"), worker("w2", "p2")
    assert pairs(PROFILES + giver + taker, "canMoveTo") == {("old", "new")}
    for registered in (
        giver,
        taker,
        worker("w1", "p1", "kg:Import") + taker,
        giver + worker("w2", "p2", "kg:Export"),
        worker("w1", "p3") + taker,
        giver + worker("w2", "p2", more="kg:importFormat kg:pg_dump-plain"),
    ):
        assert pairs(PROFILES + registered, "canMoveTo") == set()


def test_a_worker_for_another_kind_moves_nothing() -> None:
    giver = worker("w1", "p1").replace("kg:kind kg:PostgreSQL", "kg:kind kg:Container")
    assert pairs(PROFILES + giver + worker("w2", "p2"), "canMoveTo") == set()


def test_a_worker_for_a_wider_kind_moves_the_narrower_one() -> None:
    narrower = ":BigPostgres a owl:Class ; rdfs:subClassOf kg:PostgreSQL ."
    old = OLD.replace("kg:kind kg:PostgreSQL", "kg:kind :BigPostgres")
    workers = worker("w1", "p1") + worker("w2", "p2")
    assert pairs(narrower + old + NEW + workers, "canMoveTo") == {("old", "new")}


@pytest.mark.parametrize(
    ("source", "source_limit", "target", "target_limit", "moves"),
    [
        ("15, 16", "16", "18", "18", True),
        ("17, 18", "17", "17", "17", True),
        ("16, 18", "16, 18", "17", "17", False),
        ("18", "18", "16, 18", "16", False),
        ("15", "16", "18", "18", False),
    ],
)
def test_versions_that_the_workers_handle_decide(
    source: str, source_limit: str, target: str, target_limit: str, moves: bool
) -> None:
    old = OLD.replace("kg:majorVersion 16", f"kg:majorVersion {source}")
    new = NEW.replace("kg:majorVersion 18", f"kg:majorVersion {target}")
    giver = worker("w1", "p1", more=f"{FACTS} ; kg:majorVersion {source_limit}")
    taker = worker("w2", "p2", more=f"{FACTS} ; kg:majorVersion {target_limit}")
    assert (("old", "new") in pairs(old + new + giver + taker, "canMoveTo")) is moves


def test_a_move_path_names_formats_and_both_workers() -> None:
    turtle = PROFILES + worker("w1", "p1") + worker("w2", "p2")
    found = conclusions(turtle, "moves.ttl")
    path = next(
        s
        for s, p, o in found
        if p == KG + "movesTo"
        and short(o) == "new"
        and "old" in {short(x) for y, q, x in found if y == s and q == KG + "movesFrom"}
    )
    facts = {(short(p), short(o)) for s, p, o in found if s == path}
    assert facts == {
        ("type", "MovePath"),
        ("movesFrom", "old"),
        ("movesTo", "new"),
        ("fromFormat", "pg_dump-directory"),
        ("toFormat", "pg_dump-directory"),
        ("via", "w1"),
        ("via", "w2"),
    }


def test_a_move_by_conversion_names_the_conversion() -> None:
    machine = "a kg:Profile ; kg:kind kg:VirtualMachine"
    turtle = (
        f":a {machine} ; kg:forProvider :p1 ; kg:exportFormat kg:qcow2 ."
        f":b {machine} ; kg:forProvider :p2 ; kg:importFormat kg:raw ."
        + worker("w1", "p1", more="kg:exportFormat kg:qcow2")
        + worker("w2", "p2", more="kg:importFormat kg:raw ; kg:converts kg:qcow2-to-raw")
    ).replace("kg:kind kg:PostgreSQL", "kg:kind kg:VirtualMachine")
    found = conclusions(turtle, "moves.ttl")
    assert {short(o) for _, p, o in found if p == KG + "via"} == {"w1", "w2", "qcow2-to-raw"}
    assert {(short(s), short(o)) for s, p, o in found if p == KG + "canMoveTo"} == {("a", "b")}


COMPOSITION = """:c a kg:Composition ; kg:binds :b1, :b2 .
:strict kg:unknownPolicy kg:Reject . :lenient kg:unknownPolicy kg:Warn .
"""


@pytest.mark.parametrize(
    ("marks", "feasible"),
    [
        ("", True),
        (":b1 kg:violated :strict .", False),
        (":c kg:violated :strict .", False),
        (":b1 kg:unknown :strict .", False),
        (":b1 kg:unknown :silent .", False),
        (":c kg:unknown :strict .", False),
        (":b1 kg:unknown :lenient . :c kg:unknown :lenient .", True),
        (":b1 kg:unknown :lenient ; kg:violated :lenient .", False),
    ],
)
def test_feasibility_is_concluded_from_marks_alone(marks: str, feasible: bool) -> None:
    found = conclusions(COMPOSITION + marks, "feasible-composition.ttl")
    assert (("urn:x:c", str(rdflib.RDF.type), KG + "FeasibleComposition") in found) is feasible


def test_every_rule_says_what_it_is_for() -> None:
    for path in sorted((ROOT / "shapes" / "rules").glob("*.ttl")):
        graph = rdflib.Graph().parse(path)
        shapes = set(graph.subjects(rdflib.SH.rule, None))
        assert shapes, path.name
        for shape in shapes:
            assert graph.value(shape, rdflib.RDFS.label), path.name
            assert graph.value(shape, rdflib.RDFS.comment), path.name


def test_the_engine_and_pyshacl_conclude_the_same() -> None:
    """The service runs each rule as one CONSTRUCT; pySHACL runs it for each focus node."""
    turtle = PROFILES + worker("w1", "p1") + worker("w2", "p2")
    by_pyshacl = {
        row
        for row in conclusions(turtle, "compatibility.ttl", "moves.ttl")
        if row[1].startswith(KG) or row[2].startswith(KG)
    }
    assert by_pyshacl == _by_engine(turtle)


def _by_engine(turtle: str) -> set[tuple[str, str, str]]:
    store = ox.Store()
    store.load(PREFIXES.encode() + turtle.encode(), format=ox.RdfFormat.TURTLE)
    text = rule_vocabulary().serialize(format="nt")
    store.load(text.encode(), format=ox.RdfFormat.N_TRIPLES)
    found = set()
    for rule in load_rules():
        if "feasible" in rule.name:
            continue
        answer = store.query(rule.text)
        assert isinstance(answer, ox.QueryTriples)
        for triple in answer:
            quad = ox.Quad(triple.subject, triple.predicate, triple.object)
            if quad not in store:
                found.add((triple.subject.value, triple.predicate.value, triple.object.value))
                store.add(quad)
    return found
