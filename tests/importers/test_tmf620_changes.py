"""What did not change is not read again; what did is, with all that follows from it."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_vocabulary import context
from tmf620_reading import documents, fact, read

from kgservice.model.documents import Gone, ImportContext, SourceDocument, Unchanged

Source = dict[str, list[dict[str, Any]]]


def catalogue(offerings: int = 4) -> Source:
    """Give offerings that share a specification, prices in a bundle, and two sellers."""
    return {
        "productOffering": [
            {
                "id": f"urn:ngsi-ld:product-offering:{n}",
                "name": f"Offer {n}",
                "productSpecification": {"id": f"urn:ngsi-ld:product-specification:{n % 2}"},
                "productOfferingPrice": [{"id": f"urn:ngsi-ld:product-offering-price:{n}"}],
                "category": [{"id": "urn:ngsi-ld:category:1"}],
            }
            for n in range(offerings)
        ],
        "productSpecification": [
            {
                "id": f"urn:ngsi-ld:product-specification:{n}",
                "productSpecCharacteristic": [fact("vCPU", str(n + 2))],
                "relatedParty": [{"id": f"urn:ngsi-ld:organization:{n}", "role": "Seller"}],
                "serviceSpecification": [{"id": "urn:ngsi-ld:service-specification:1"}],
            }
            for n in range(2)
        ],
        "serviceSpecification": [
            {
                "id": "urn:ngsi-ld:service-specification:1",
                "specCharacteristic": [fact("RAM", "8 GiB")],
            }
        ],
        "productOfferingPrice": [
            {
                "id": f"urn:ngsi-ld:product-offering-price:{n}",
                "isBundle": True,
                "bundledPopRelationship": [{"id": f"urn:ngsi-ld:product-offering-price:{n}-part"}],
            }
            for n in range(offerings)
        ]
        + [
            {
                "id": f"urn:ngsi-ld:product-offering-price:{n}-part",
                "priceType": "recurring",
                "recurringChargePeriodType": "monthly",
                "price": {"unit": "EUR", "value": n + 1},
            }
            for n in range(offerings)
        ],
        "category": [{"id": "urn:ngsi-ld:category:1", "name": "Virtual machines"}],
        "organization": [
            {
                "id": f"urn:ngsi-ld:organization:{n}",
                "partyCharacteristic": [{"name": "Headquarters country", "value": "NL"}],
            }
            for n in range(2)
        ],
    }


def write(folder: Path, source: Source) -> Path:
    for name, objects in source.items():
        (folder / f"{name}.json").write_text(json.dumps(objects), encoding="utf-8")
    return folder


def after(folder: Path, source: Source) -> ImportContext:
    """Read the source, and give a context that knows what was read."""
    items = documents(read(write(folder, source)))
    marks = {item.source_id: item.fingerprint for item in items.values()}
    assert all(marks.values())
    return replace(context(), known=marks)


def read_again(folder: Path, source: Source, ctx: ImportContext) -> set[str]:
    """Give the ids of what was read; all else was told to be unchanged."""
    items = read(write(folder, source), ctx)
    found = {item.source_id for item in items if isinstance(item, SourceDocument)}
    unchanged = {item.source_id for item in items if isinstance(item, Unchanged)}
    assert found.isdisjoint(unchanged)
    described = ("productOffering", "organization", "category")
    every = {one["id"] for name in described for one in source[name]}
    assert found | unchanged == every
    return found


def offers(*numbers: int) -> set[str]:
    return {f"urn:ngsi-ld:product-offering:{number}" for number in numbers}


def test_source_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    source = catalogue()
    assert read_again(tmp_path, source, after(tmp_path, source)) == set()


Change = Callable[[Source], object]
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "an offering": (lambda s: s["productOffering"][1].update(name="other"), offers(1)),
    "a specification": (
        lambda s: s["productSpecification"][0].update(description="other"),
        offers(0, 2),
    ),
    "what a specification is made of": (
        lambda s: s["serviceSpecification"][0].update(description="other"),
        offers(0, 1, 2, 3),
    ),
    "a part of a price": (
        lambda s: s["productOfferingPrice"][6]["price"].update(value=99),
        offers(2),
    ),
    "a specification that is gone": (lambda s: s["productSpecification"].pop(1), offers(1, 3)),
    "a seller": (
        lambda s: s["organization"][1].update(tradingName="Ware BV"),
        offers(1, 3) | {"urn:ngsi-ld:organization:1"},
    ),
    "a catalogue whose owner sells by default": (
        lambda s: s.update(catalog=[{"id": "c", "relatedParty": [{"id": "o", "role": "Owner"}]}]),
        offers(0, 1, 2, 3)
        | {f"urn:ngsi-ld:organization:{n}" for n in range(2)}
        | {"urn:ngsi-ld:category:1"},
    ),
    "which offerings a category lists": (
        lambda s: s["category"][0].update(productOffering=[{"id": "x"}]),
        set(),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_change_reads_again_what_follows_from_it(tmp_path: Path, what: str) -> None:
    change, expected = CHANGES[what]
    source = catalogue()
    ctx = after(tmp_path, source)
    change(source)
    assert read_again(tmp_path, source, ctx) == expected


def test_link_written_with_escapes_counts_as_the_same_link(tmp_path: Path) -> None:
    source = catalogue()
    ctx = after(tmp_path, source)
    written = json.dumps(source["productOffering"]).replace(
        '"id": "urn:ngsi-ld:product-specification:0"',
        '"\\u0069d": "urn:ngsi-ld:product-specification\\u003a0"',
    )
    write(tmp_path, source)
    (tmp_path / "productOffering.json").write_text(written, encoding="utf-8")
    changed = {item.source_id for item in read(tmp_path, ctx) if isinstance(item, SourceDocument)}
    assert changed == offers(0, 2)
    known = {i.source_id: i.fingerprint for i in documents(read(tmp_path)).values()}
    source["productSpecification"][0]["description"] = "other"
    (tmp_path / "productSpecification.json").write_text(
        json.dumps(source["productSpecification"]), encoding="utf-8"
    )
    again = read(tmp_path, replace(ctx, known=known))
    assert {i.source_id for i in again if isinstance(i, SourceDocument)} == offers(0, 2)


def test_option_or_vocabulary_that_changes_reads_everything_again(tmp_path: Path) -> None:
    source = catalogue()
    ctx = after(tmp_path, source)
    assert len(read_again(tmp_path, source, replace(ctx, options={"language": "nl"}))) == 7
    classes = {name: iri for name, iri in ctx.vocabulary.classes.items() if name != "Place"}
    words = replace(ctx.vocabulary, classes=classes)
    assert len(read_again(tmp_path, source, replace(ctx, vocabulary=words))) == 7


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_document_told_to_be_unchanged_would_be_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """The oracle reads everything; whatever is told to be unchanged must be equal there."""
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)  # noqa: S311  # a repeatable stream is wanted
    folder = tmp_path_factory.mktemp("source")
    source = catalogue()
    before = documents(read(write(folder, source)))
    ctx = replace(context(), known={d.source_id: d.fingerprint for d in before.values()})
    changed = copy.deepcopy(source)
    for _ in range(rng.randint(1, 3)):
        _change(rng.choice(changed[rng.choice(sorted(changed))]), rng)
    items = read(write(folder, changed), ctx)
    oracle = documents(read(folder))
    for item in items:
        if isinstance(item, Unchanged):
            assert oracle[item.source_id].triples == before[item.source_id].triples
            assert oracle[item.source_id].problems == before[item.source_id].problems
        elif isinstance(item, SourceDocument):
            assert item == oracle[item.source_id]


def _change(body: dict[str, Any], rng: random.Random) -> None:
    key = rng.choice(sorted(body))
    choices: list[Any] = [
        "urn:ngsi-ld:organization:0", {"id": "urn:ngsi-ld:product-specification:1"}, None,
        [{"id": "urn:ngsi-ld:product-offering-price:0-part"}], 7,
    ]  # fmt: skip
    if key == "id" or rng.random() < 0.3:
        body[rng.choice(["relatedParty", "category", "name", "productSpecification"])] = rng.choice(
            choices
        )
    else:
        body[key] = rng.choice(choices)


def test_asked_for_documents_are_given_and_no_others(tmp_path: Path) -> None:
    source = catalogue()
    wanted = frozenset(
        {"urn:ngsi-ld:product-offering:1", "urn:ngsi-ld:product-offering:3", "urn:kg:made-up"}
    )
    ctx = replace(context(), only=wanted)
    items = read(write(tmp_path, source), ctx)
    assert set(documents(items)) == offers(1, 3)
    assert [item for item in items if isinstance(item, Gone)] == [Gone("urn:kg:made-up")]


def test_lines_and_a_list_and_an_object_of_lists_are_the_same_source(tmp_path: Path) -> None:
    source = catalogue(10)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lines").mkdir()
    expected = documents(read(write(tmp_path / "lists", source)))
    for name, objects in source.items():
        lines = "\n".join(json.dumps(item) for item in objects)
        (tmp_path / "lines" / f"{name}.jsonl").write_text(lines + "\n\n", encoding="utf-8")
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(source), encoding="utf-8")
    for other in (tmp_path / "lines", whole):
        found = documents(read(other))
        assert found.keys() == expected.keys()
        for name, document in expected.items():
            assert found[name].triples == document.triples
            assert found[name].content == document.content


def test_broken_line_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "productOffering.jsonl"
    path.write_text('{"id": "urn:a:1"}\n{"id": "urn:a:2"\n{"id": "urn:a:3"}\n', encoding="utf-8")
    items = read(path)
    assert set(documents(items)) == {"urn:a:1", "urn:a:3"}
    (problem,) = [item for item in items if getattr(item, "code", "") == "json-invalid"]
    assert getattr(problem, "at", "") == "productOffering.jsonl:2"
