"""What rules rest on, and what is missing where they conclude nothing; worlds written by hand."""

from __future__ import annotations

import random
from collections.abc import Callable

import pyoxigraph as ox
import pytest
from turtle_graphs import KG, PREFIXES, conclusions, rule_vocabulary

from kgservice.inference.explaining import lacks, reasons
from kgservice.inference.rule_text import take_apart
from kgservice.inference.rules import load_rules
from kgservice.model.rdf import Iri, Literal, Row

MACHINE = "a kg:Profile ; kg:kind kg:VirtualMachine"
WORLD = [
    f":a {MACHINE} .",
    ":a kg:forProvider :p1 .",
    ":a kg:exportFormat kg:qcow2 .",
    f":b {MACHINE} .",
    ":b kg:forProvider :p2 .",
    ":b kg:importFormat kg:raw .",
    ":w1 a kg:Worker ; kg:forProvider :p1 ; kg:performs :w1-c .",
    ":w1 kg:exportFormat kg:qcow2 .",
    ":w1-c a kg:Capability ; kg:kind kg:VirtualMachine ; kg:verb kg:Export .",
    ":w2 a kg:Worker ; kg:forProvider :p2 ; kg:performs :w2-c .",
    ":w2 kg:importFormat kg:raw .",
    ":w2-c a kg:Capability ; kg:kind kg:VirtualMachine .",
    ":w2-c kg:verb kg:Import .",
    ":w2 kg:converts kg:qcow2-to-raw .",
]
CONVERTS = WORLD[-1]
MOVES = ("<urn:x:a>", f"<{KG}canMoveTo>", "<urn:x:b>")
CONVERSION = ("<urn:x:w2>", f"<{KG}converts>", f"<{KG}qcow2-to-raw>")
BY_CONVERSION = "https://w3id.org/kgservice/rules/move-by-conversion"


def asker(turtle: str) -> Callable[[str], list[Row]]:
    store = ox.Store()
    store.load(PREFIXES.encode() + turtle.encode(), format=ox.RdfFormat.TURTLE)
    store.load(rule_vocabulary().serialize(format="nt").encode(), format=ox.RdfFormat.N_TRIPLES)

    def ask(query: str) -> list[Row]:
        answer = store.query(query)
        assert isinstance(answer, ox.QuerySolutions)
        names = [variable.value for variable in answer.variables]
        return [
            {name: _term(row[name]) for name in names if row[name] is not None} for row in answer
        ]

    return ask


def _term(node: object) -> Iri | Literal:
    if isinstance(node, ox.Literal):
        return Literal(node.value, node.datatype.value)
    assert isinstance(node, ox.NamedNode)
    return Iri(node.value)


def moves(turtle: str) -> bool:
    """Ask pySHACL, which knows nothing of explanations."""
    wanted = ("urn:x:a", f"{KG}canMoveTo", "urn:x:b")
    return wanted in conclusions(turtle, "compatibility.ttl", "moves.ttl")


def test_every_rule_can_be_taken_apart() -> None:
    for rule in load_rules():
        assert take_apart(rule) is not None, rule.name


def test_a_conversion_that_is_not_registered_any_more_is_what_is_missing() -> None:
    assert moves("\n".join(WORLD))
    without = "\n".join(line for line in WORLD if line != CONVERTS)
    assert not moves(without)
    found = {lack.rule: lack for lack in lacks(asker(without), load_rules(), MOVES)}
    assert found[BY_CONVERSION].missing == (CONVERSION,)


def test_a_question_mark_in_a_name_is_no_variable() -> None:
    without = "\n".join(line for line in WORLD if line != CONVERTS)
    queried = without.replace(":a ", "<urn:x:a?v=1> ").replace(":b ", "<urn:x:b?v=1> ")
    named = ("<urn:x:a?v=1>", MOVES[1], "<urn:x:b?v=1>")
    found = {lack.rule: lack for lack in lacks(asker(queried), load_rules(), named)}
    assert found[BY_CONVERSION].missing == (CONVERSION,)


def test_a_conclusion_rests_on_statements_that_are_there() -> None:
    path = (
        "<https://w3id.org/kgservice/move-path/1>",
        f"<{KG}movesTo>",
        "<urn:x:b>",
    )
    world = "\n".join(WORLD)
    concluded = next(f"<{s}>" for s, p, _ in conclusions(world, "moves.ttl") if p == f"{KG}movesTo")
    found = reasons(asker(world), load_rules(), (concluded, path[1], path[2]))
    assert [reason.rule for reason in found] == [BY_CONVERSION]
    assert CONVERSION in found[0].premises
    assert reasons(asker(world), load_rules(), path) == []  # a path of another name


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_to_be_missing_would_be_enough(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    left = [line for line in WORLD if rng.random() < 0.9]
    if moves("\n".join(left)):
        return
    for lack in lacks(asker("\n".join(left)), load_rules(), MOVES):
        named = [one for one in lack.missing if not any(term.startswith("?") for term in one)]
        for one in named:
            more = f"{' '.join(one)} ."
            assert moves("\n".join([*left, more])), (seed, lack)
        assert lack.missing or lack.condition or lack.stops_at, (seed, lack)


@pytest.mark.parametrize("line", [4, 7, 9, 10, 12], ids=lambda n: f"line-{n}")
def test_each_single_loss_is_found(line: int) -> None:
    """Whatever one line of the world is lost, some rule names a statement that brings it back."""
    left = "\n".join(text for number, text in enumerate(WORLD) if number != line)
    assert not moves(left)
    found = lacks(asker(left), load_rules(), MOVES)
    said = [" ".join(one) for lack in found for one in lack.missing]
    stops = [lack.stops_at for lack in found if lack.stops_at]
    assert said or stops
