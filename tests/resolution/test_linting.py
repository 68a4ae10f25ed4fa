"""The traps of the research report: each refused, or reported with a code and a place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kgservice.model.errors import InputError, NotSupported
from kgservice.mpli.projecting import Projector
from kgservice.mpli.request_documents import check_request
from kgservice.mpli.resolve import resolve
from kgservice.resolution.notes import Note
from tests.resolution.memory_store import MemoryStore
from tests.resolution.test_request_documents import BY_HAND, PREFIXES
from tests.resolution.worlds import BASE, VOCABULARY, Charge, Offer, World

HEAD = 'as-of: "2026-12-01"\ncomponents:\n  db:\n    kind: PostgreSQL\n'


def notes(text: str, kind: str = "application/yaml") -> list[tuple[str, str, bool]]:
    found = check_request(text, kind, VOCABULARY, name="portal.yaml").notes
    assert all(isinstance(note, Note) and note.message and note.hint for note in found)
    return [(note.code, note.at, note.is_fatal) for note in found]


@pytest.mark.parametrize(
    ("line", "every"),
    [
        ('majorVersion: ">= 16"', 'majorVersion: "< 14"'),
        ('majorVersion: ">= 16"', 'majorVersion: "< 16"'),
        ("majorVersion: {any: [13, 14]}", 'majorVersion: ">= 15"'),
        ("majorVersion: {any: [13, 14]}", "majorVersion: {none: [13, 14]}"),
        ("vcpu: 2", "vcpu: 4"),
        ("location.country: {any: [US]}", "location.country: {in: EEA}"),
        ("location.country: {any: [NL]}", "location.country: {not-in: EEA}"),
        ('noticePeriod: ">= 3 months"', 'noticePeriod: "<= 60 days"'),
        ('monthlyPrice: "<= 10 EUR"', 'monthlyPrice: "<= 10 USD"'),
        ("extension: [vector, postgis]", "extension: {none: [vector]}"),
    ],
)
def test_what_can_never_be_met_is_reported_at_its_line(line: str, every: str) -> None:
    assert notes(f"{HEAD}    {line}\nevery:\n  {every}\n") == [("never-met", "portal.yaml:7", True)]


@pytest.mark.parametrize(
    ("line", "every"),
    [
        ('majorVersion: ">= 14"', 'majorVersion: "< 16"'),
        ('majorVersion: ">= 16"', 'majorVersion?: "< 16"'),
        ('noticePeriod: ">= 2 months"', 'noticePeriod: "<= 62 days"'),
        ("extension: [vector]", "extension: {none: [postgis]}"),
        ("transferCountry: {any: [NL]}", "transferCountry: {any: [DE]}"),
        ("support: {any: [24x7]}", "support: {none: [8x5]}"),
    ],
)
def test_what_can_be_met_is_not_reported(line: str, every: str) -> None:
    """An exposure may be empty, so that two lists of countries do not exclude each other."""
    assert (
        notes(
            f'{HEAD}    {line}\nevery:\n  "{every.partition(":")[0]}":{every.partition(":")[2]}\n'
        )
        == []
    )


def test_a_named_set_without_members_on_the_day_is_reported() -> None:
    text = HEAD.replace("2026", "1990") + "    location.country: {in: EEA}\n"
    codes = ("set-empty", "never-met")
    assert notes(text) == [(code, "portal.yaml:5", True) for code in codes]


def test_a_bound_without_a_count_is_reported() -> None:
    """SHACL conforms when the value is absent; here it is unknown."""
    uncounted = BY_HAND.replace("sh:minCount 1 ; sh:maxCount 1 ; ", "")
    assert uncounted != BY_HAND
    before, after = (notes(text, "text/turtle") for text in (BY_HAND, uncounted))
    assert {code for code, _, _ in after} == {"count-missing"}
    assert len(after) == len(before) + 1  # its shape for the place has no count either


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ('<#db> sh:property [ sh:path kg:vcpu ; sh:minInclusive "15" ] .', "value-invalid"),
        (
            "<#db> sh:property [ sh:path kg:storage ; sh:maxInclusive "
            '"NaN"^^<http://www.w3.org/2001/XMLSchema#double> ] .',
            "value-invalid",
        ),
        ("<#db> sh:targetClass kg:made-upQL .", "not-supported"),
        ("<#db> sh:property [ sh:path kg:made-upPeriod ; sh:minCount 1 ] .", "property-unknown"),
        ("<#db> sh:class kg:Container .", "value-invalid"),
    ],
)
def test_text_for_numbers_nan_and_mistyped_terms_are_refused(statement: str, code: str) -> None:
    with pytest.raises((InputError, NotSupported)) as caught:
        check_request(BY_HAND + statement, "text/turtle", VOCABULARY)
    assert caught.value.code == code
    assert PREFIXES in BY_HAND


@pytest.mark.parametrize(
    ("charges", "values", "condition"),
    [
        ([Charge("NaN")], {}, 'monthlyPrice: "<= 100 EUR"'),
        ([Charge("10.00"), Charge("900.00", "USD")], {}, 'monthlyPrice: "<= 100 EUR"'),
        ([], {}, 'noticePeriod: "<= 60 days"'),
        ([], {"storage": ["10", "900"]}, 'storage: "<= 100 GiB"'),
    ],
    ids=["a price that is no number", "two currencies", "nothing said", "two values"],
)
def test_facts_that_shacl_would_take_or_reject_blindly_are_unknown(
    charges: list[Charge], values: dict[str, list[str]], condition: str
) -> None:
    world = World([replace(Offer("a", values=values), charges=charges)])
    request = check_request(f"{HEAD}    {condition}\n", "application/yaml", VOCABULARY)
    store = MemoryStore(world.triples())
    for projector in (None, Projector(store, VOCABULARY)):
        found = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
        assert (found.status, found.counts["db"].unknown) == ("unknown", 1)
