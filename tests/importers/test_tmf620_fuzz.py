"""Arbitrary JSON never makes the importer raise, and never makes it slow."""

from __future__ import annotations

import copy
import json
import random
import sys
import time
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kgservice_importers.tmf620.inventory import Inventory
from kgservice_importers.tmf620.mapping import packaged
from kgservice_importers.tmf620.offerings import OfferingReader
from kgservice_importers.tmf620.pieces import record_of, take_apart
from kgservice_importers.tmf620.records import Index, Record, canonical
from small_vocabulary import context
from tmf620_reading import Json, read

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, Literal, is_valid_iri, to_ntriples

KEYS = (
    "id", "href", "name", "@type", "type", "version", "lastUpdate", "lifecycleStatus", "place",
    "productOffering", "productOfferingPrice", "productSpecification", "relatedParty", "role",
    "category", "isSellable", "price", "unit", "value", "amount", "currency", "priceType",
    "recurringChargePeriodType", "recurringChargePeriodLength", "unitOfMeasure", "units",
    "bundledPopRelationship", "percentage", "isDefault", "valueFrom", "valueTo", "isBundle",
    "productOfferingTerm", "permittedLegalRegion", "country", "credentialSubject", "object",
    "partyOrPartyRole", "attachment", "url", "validFor", "endDateTime", "parentId", "valueType",
    "productOfferingRelationship", "duration", "contactMedium", "characteristic",
    "taxIncludedAmount",
    *packaged().names("characteristics", "lists"), *packaged().names("characteristics", "values"),
)  # fmt: skip
TEXTS = (
    "urn:ngsi-ld:product-offering:1", "urn:ngsi-ld:organization:1", "Seller", "Property",
    "Relationship", "OperatorRestriction", "Compliance:VC", "eyJhbGciOiJub25lIn0.e30.x",
    "2018-03-25T00:00", "9999-99-99", "https://made-up.example/a b", "urn:iso-3166-1:DE",
    "Storage", "RAM",
    "PostgreSQL version", "Notice period", "Sub-processors", "Location", "Service type", "Owner",
    "Extensions", "P1M", "1,5", "1e999", "NaN", "-0", "5 GiB", "NL, DE", "none", "monthly", "EUR",
    "\ud800", "\x00", "${id}", "urn: bad", "did:web:x", "50% (US)", "2x A100", "١٢",
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(TEXTS)
    | st.text(max_size=12)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=40,
)


@lru_cache(maxsize=1)
def fixed_context() -> ImportContext:
    return context()


def read_everything(tree: Json) -> list[SourceDocument]:
    index = Inventory(take_apart(json.dumps(tree).encode(), "fuzz.json#"))
    reader = OfferingReader(fixed_context(), index)
    found = []
    for resource, document_of in (
        ("organization", reader.organization),
        ("category", reader.category),
        ("productOffering", reader.offering),
        ("signed productOffering", reader.offering),
    ):
        for name, piece in index.pieces(resource).items():
            record = record_of(piece)
            if isinstance(record, Record):
                found.append(document_of(name, record))
    for document in found:
        to_ntriples(document.triples).encode("utf-8")
        json.loads(document.content)
        assert document.kind
        assert document.mapped.isdisjoint(document.unmapped)
        for subject, predicate, value in document.triples:
            assert isinstance(subject, Iri)
            assert is_valid_iri(subject.value)
            assert is_valid_iri(predicate.value)
            assert isinstance(value, Literal) or is_valid_iri(value.value)  # type: ignore[union-attr]
            assert subject.value in document.own_subjects
    return found


@settings(max_examples=150, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_any_tree_is_read(tree: Json) -> None:
    read_everything(tree)


@settings(max_examples=150, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), TREES, max_size=10))
def test_any_members_of_an_offering_are_read(members: dict[str, Json]) -> None:
    body = {**members, "@type": "ProductOffering"}
    record = Record("productOffering", body, "fuzz.json#", canonical(body))
    OfferingReader(fixed_context(), Index([record])).offering("fuzz", record)


def sample_objects() -> list[Any]:
    folder = files("kgservice_importers.samples").joinpath("polder-market")
    return [
        item
        for name in ("productOffering", "productSpecification", "productOfferingPrice")
        for item in json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
    ]


def mutate(tree: object, rng: random.Random) -> None:
    """Replace, drop or duplicate something somewhere in the tree."""
    node: Any = tree
    for _ in range(rng.randint(1, 7)):
        if isinstance(node, dict) and node:
            key: Any = rng.choice(sorted(node))
        elif isinstance(node, list) and node:
            key = rng.randrange(len(node))
        else:
            return
        inner = node[key]
        if not isinstance(inner, dict | list) or rng.random() < 0.2:
            choices = [None, [], {}, [inner, inner], {"value": inner}, rng.choice(TEXTS), 10**300]
            node[key] = rng.choice([*choices, float("nan"), -1, True, [[inner]]])
            return
        node = inner


def test_mutated_samples_are_read() -> None:
    seed = random.SystemRandom().randrange(10**9)
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)  # noqa: S311  # a repeatable stream is wanted
    objects = sample_objects()
    for _ in range(60):
        changed = copy.deepcopy(objects)
        for _ in range(rng.randint(1, 40)):
            mutate(changed, rng)
        read_everything(changed)


def test_huge_and_hostile_values_take_no_long() -> None:
    long = "1," * 200_000
    hostile = [long, "(" * 100_000, "9" * 4000, ", " * 100_000, "a" * 1_000_000, "5 " * 50_000]
    names = ("Storage", "Extensions", "Location", "Sub-processors", "Notice period", "Owner", long)
    characteristics = [{"name": name, "value": value} for name in names for value in hostile]
    body = {
        "@type": "ProductOffering",
        "id": "x",
        "productOfferingPrice": [{"price": {"value": value, "unit": value}} for value in hostile],
        "prodSpecCharValueUse": characteristics,
        "relatedParty": [{"id": "p", "role": "Owner"}],
    }
    started = time.process_time()
    read_everything(body)
    assert time.process_time() - started < 3


NESTS = (("[", "]"), ('{"value":', "}"), ('{"bundledPopRelationship":[', "]}"))


@pytest.mark.parametrize("depth", [50, 900, 5_000, 60_000])
@pytest.mark.parametrize(("opening", "closing"), NESTS)
def test_deep_nesting_is_read_or_told(
    tmp_path: Path, depth: int, opening: str, closing: str
) -> None:
    deep = opening * depth + '{"id": "urn:ngsi-ld:product-offering:1"}' + closing * depth
    values = '{"productSpecCharacteristic": [{"name": "a", "value": ' + deep + "}]}"
    head = '[{"@type": "ProductOffering", "id": "o", "productOfferingPrice": '
    path = tmp_path / "catalogue.json"
    path.write_text(f'{head}{deep}, "productSpecification": {values}}}]', encoding="utf-8")
    for item in read(path):
        if not isinstance(item, SourceDocument):
            assert isinstance(item, Problem)
            assert item.code == "json-invalid"
