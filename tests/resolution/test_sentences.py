"""Reasons have sentences in every language, and the templates say the same things."""

from __future__ import annotations

import string

import pytest

from kgservice.mpli.resolve import resolve
from kgservice.resolution.phrases import Phrases
from kgservice.resolution.reasons import reasons_of
from kgservice.resolution.sentences import Teller
from kgservice.resolution.words import LANGUAGES, sentences
from kgservice.resolution.yaml_request import read_request
from tests.resolution.memory_store import MemoryStore
from tests.resolution.worlds import BASE, VOCABULARY, Charge, Offer, World

WORLD = World(
    offers=[
        Offer(
            "small",
            provider="acme",
            values={"storage": ["50"], "noticePeriod": ["P3M"]},
            charges=[Charge("10.00")],
        ),
        Offer("large", provider="other", values={"storage": ["500"]}, charges=[Charge("99.50")]),
    ],
    headquarters={"acme": "NLD", "other": "USA"},
)
REQUEST = """
request: Archive
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, storage: ">= 100 GiB", noticePeriod: "<= 2 months"}
every:
  provider.headquarters: {in: EEA}
prefer: [minimise monthlyPrice]
"""


def told(language: str, text: str = REQUEST) -> str:
    request = read_request(text, VOCABULARY)
    store = MemoryStore(WORLD.triples())
    answer = resolve(store, VOCABULARY, request, base_iri=BASE)  # type: ignore[arg-type]
    teller = Teller(Phrases(language, request, VOCABULARY, answer.titles), answer)
    return teller.text(reasons_of(answer, request))


def test_a_person_reads_what_to_change_and_what_it_costs() -> None:
    text = told("en")
    assert "“Archive” cannot be had as asked on 2026-12-01." in text
    assert "“db: storage at least 100 GiB” (db.storage, line 5)" in text
    assert (
        "Ask for “db: storage at least 50 GiB” instead of “db: storage at least 100 GiB”"
        " (db.storage, line 5). Ask for “db: noticePeriod at most 3 months” instead of"
        " “db: noticePeriod at most 2 months” (db.noticePeriod, line 5)." in text
    )
    assert "the best is db: Offer small, for 10.00 EUR a month" in text


def test_the_same_in_dutch() -> None:
    text = told("nl")
    assert "“Archive” is zoals gevraagd niet mogelijk op 2026-12-01." in text
    assert "het beste is db: Offer small, voor 10,00 EUR per maand" in text
    assert "db: noticePeriod hoogstens 3 maanden" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_templates_with_the_same_fields(language: str) -> None:
    english, other = sentences("en"), sentences(language)
    assert {name: set(table) for name, table in other.items()} == {
        name: set(table) for name, table in english.items()
    }
    for name, table in english.items():
        for key, template in table.items():
            assert fields(other[name][key]) == fields(template), (name, key)


def fields(template: str) -> set[str | None]:
    return {field for _, _, field, _ in string.Formatter().parse(template) if field is not None}
