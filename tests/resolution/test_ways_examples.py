"""What bundles and recipes mean, by small examples."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.resolve import resolve
from kgservice.mpli.ways import OtherWays
from kgservice.resolution.answer import Resolution
from kgservice.resolution.recipes import read_recipes
from kgservice.resolution.ways import MAX_WAYS, ways_of
from kgservice.resolution.yaml_request import read_request
from tests.resolution.memory_store import MemoryStore
from tests.resolution.ways_worlds import Part, Recipe
from tests.resolution.worlds import BASE, VOCABULARY, Charge, Offer, World

DATABASE = Offer("db", "PostgreSQL", "a", {"majorVersion": ["16"]}, [Charge("40.00")])
RUNTIME = Offer("run", "Container", "a", {}, [Charge("20.00")])
BOTH = Offer("both", "Bundle", "a", {}, [Charge("45.00")], parts=["db", "run"])
MACHINE = Offer("vm", "VirtualMachine", "b", {"storage": ["200"]}, [Charge("9.00")])
RECIPE = Recipe(
    "pg-on-vm", "PostgreSQL", [Part("vm", "VirtualMachine")], {"majorVersion": ["16", "17"]}
)
ASKED = """
components:
  db: {kind: PostgreSQL, majorVersion: ">= 16"}
  web: {kind: Container}
prefer: [minimise monthlyPrice]
"""


def answer(text: str, *offers: Offer, recipes: tuple[Recipe, ...] = (RECIPE,)) -> Resolution:
    triples = [triple for recipe in recipes for triple in recipe.triples()]
    vocabulary = replace(VOCABULARY, recipes=tuple(triples))
    store = MemoryStore([*World(list(offers)).triples(), *triples])
    request = read_request(f'as-of: "2026-12-01"\n{text}', vocabulary)
    return resolve(store, vocabulary, request, base_iri=BASE)


def prices(found: Resolution) -> list[str]:
    return [one.price_text for one in found.compositions]


def test_a_bundle_is_priced_once_and_named() -> None:
    found = answer(ASKED, DATABASE, RUNTIME, BOTH)
    assert prices(found) == ["45.00 EUR a month", "60.00 EUR a month"]
    ways = found.compositions[0].as_json()["ways"]
    assert ways == {
        "db": {"way": "bundle", "bundle": BOTH.iri, "price": "bundle-db-web"},
        "web": {"way": "bundle", "bundle": BOTH.iri, "price": "bundle-db-web"},
        "bundle-db-web": {"way": "managed"},
    }


def test_a_sum_counts_the_price_of_a_bundle_once() -> None:
    limit = "together:\n  - sum: {of: monthlyPrice, max: 45 EUR}\n"
    assert prices(answer(ASKED + limit, DATABASE, RUNTIME, BOTH)) == ["45.00 EUR a month"]


def test_nobody_sells_what_is_anothers_in_a_bundle_of_theirs() -> None:
    cheap = replace(BOTH, provider="c", charges=[Charge("1.00")])
    assert prices(answer(ASKED, DATABASE, RUNTIME, cheap)) == ["60.00 EUR a month"]


@pytest.mark.parametrize(
    "line",
    [
        "every:\n  monthlyPrice: '<= 100 EUR'\n",
        "together:\n  - sum: {of: monthlyPrice, max: 100 EUR, over: [db]}\n",
    ],
    ids=["component", "part-of-a-sum"],
)
def test_a_condition_on_a_share_of_its_price_leaves_a_bundle_out(line: str) -> None:
    assert prices(answer(ASKED + line, DATABASE, RUNTIME, BOTH)) == ["60.00 EUR a month"]


def test_a_recipe_is_not_looked_at_unless_it_is_asked_for() -> None:
    text = 'components:\n  db: {kind: PostgreSQL, majorVersion: ">= 17"}\n'
    assert answer(text, DATABASE, MACHINE).status == "infeasible"
    found = answer(text + "ways: any\n", DATABASE, MACHINE)
    assert found.compositions[0].offerings == {"db": RECIPE.iri, "db-vm": MACHINE.iri}
    assert found.compositions[0].as_json()["ways"] == {
        "db": {"way": "recipe", "recipe": RECIPE.iri, "parts": ["db-vm"]},
        "db-vm": {"way": "managed"},
    }
    assert found.conflicts == ()


def test_what_a_recipe_does_not_state_must_hold_for_its_parts() -> None:
    text = 'ways: any\ncomponents:\n  db: {kind: PostgreSQL, storage: ">= 150 GiB"}\n'
    assert answer(text, MACHINE).status == "feasible"
    assert answer(text.replace("150", "250"), MACHINE).status == "infeasible"


def test_a_limit_on_a_price_holds_for_the_parts_together() -> None:
    two = replace(RECIPE, parts=[Part("vm", "VirtualMachine"), Part("spare", "VirtualMachine")])
    text = 'ways: any\ncomponents:\n  db: {kind: PostgreSQL, monthlyPrice: "<= 18 EUR"}\n'
    assert prices(answer(text, MACHINE, recipes=(two,))) == ["18.00 EUR a month"]
    less = text.replace("18 EUR", "17.99 EUR")
    assert answer(less, MACHINE, recipes=(two,)).status == "infeasible"


def test_a_made_and_a_managed_component_may_not_share_a_provider_when_that_is_asked() -> None:
    text = ASKED + "ways: any\ntogether:\n  - different: provider\n"
    here = replace(MACHINE, id="near", provider="a", charges=[Charge("5.00")])
    found = answer(text, RUNTIME, MACHINE, here)
    assert [one.offerings["db-vm"] for one in found.compositions] == [MACHINE.iri]


def test_the_statements_are_those_of_the_compositions_that_are_returned() -> None:
    found = answer(ASKED + "ways: any\nanswers: 2\n", DATABASE, RUNTIME, BOTH, MACHINE)
    assert prices(found) == ["29.00 EUR a month", "45.00 EUR a month"]
    triples = found.triples()
    ranked = {t.subject[0]: t.object[0] for t in triples if t.predicate == KG.rank}
    assert ranked == {one.iri: str(one.rank) for one in found.compositions}
    for one in found.compositions:
        bound = {
            t.object[0] for t in triples if (t.subject, t.predicate) == (Iri(one.iri), KG.binds)
        }
        assert bound == set(one.bindings.values())


def test_a_name_that_is_taken_gets_a_number() -> None:
    text = "ways: any\ncomponents:\n  db: {kind: PostgreSQL}\n  db-vm: {kind: VirtualMachine}\n"
    found = answer(text, MACHINE)
    assert sorted(found.compositions[0].offerings) == ["db", "db-vm", "db-vm-2"]


def test_of_very_many_ways_some_are_looked_at_and_the_answer_says_so() -> None:
    lines = "".join(f"  c{n}: {{kind: PostgreSQL}}\n" for n in range(9))
    request = read_request(f"ways: any\ncomponents:\n{lines}", VOCABULARY)
    recipes = read_recipes(RECIPE.triples(), VOCABULARY)
    looked = ways_of(request, recipes, {})
    assert len(looked.choices) == MAX_WAYS
    assert not looked.is_all


def test_when_time_is_up_the_plain_answer_stands_and_is_not_complete() -> None:
    plain = answer(ASKED, DATABASE, RUNTIME)
    request = read_request(f'as-of: "2026-12-01"\n{ASKED}ways: any\n', VOCABULARY)
    looked = ways_of(request, read_recipes(RECIPE.triples(), VOCABULARY), {})
    late = OtherWays(request, {}, looked)
    store = MemoryStore([])
    found = late.answer(
        store,  # type: ignore[arg-type]
        lambda session, asked: GraphEngine(session, VOCABULARY, asked),
        plain,
        time.monotonic() - 1,
    )
    assert prices(found) == ["60.00 EUR a month"]
    assert not found.is_complete
