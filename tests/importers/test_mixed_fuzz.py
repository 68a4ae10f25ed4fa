"""Files of every kind, changed in their structure: each has an outcome, and nothing gets lost."""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from kgservice_importers.mixed.importer import trace
from small_vocabulary import context

from kgservice.model.documents import ImportItem, SetAside, SourceDocument
from kgservice.model.errors import Problem, Severity

Json: TypeAlias = Any
Name: TypeAlias = Any
SAMPLES = Path(str(resources.files("kgservice_importers.samples")))
MARKET = SAMPLES / "polder-market"
GX = ["https://www.w3.org/ns/credentials/v2", "https://w3id.org/gaia-x/development#"]
ORIGINALS: dict[str, Json] = {
    "tmf-offerings": json.loads((MARKET / "productOffering.json").read_text("utf-8"))[:2],
    "tmf-specifications": json.loads((MARKET / "productSpecification.json").read_text("utf-8"))[:2],
    "tmf-parties": json.loads((MARKET / "organization.json").read_text("utf-8"))[:2],
    "tmf-single": json.loads((MARKET / "productOffering.json").read_text("utf-8"))[0],
    "tmf-v5": {
        "@type": "ProductOffering", "id": "V5-1", "name": "Five", "lifecycleStatus": "Active",
        "productSpecification": {"@type": "ProductSpecificationRef", "id": "S-1", "name": "S"},
        "relatedParty": [{"@type": "RelatedPartyRefOrPartyRoleRef", "role": "Seller",
                          "partyOrPartyRole": {"@type": "PartyRef", "id": "P-1", "name": "P"}}],
        "productSpecCharacteristic": [
            {"@type": "StringCharacteristicSpecification", "name": "RAM", "id": "1",
             "characteristicValueSpecification": [{"value": "4", "unitOfMeasure": "gb"}]}],
    },
    "ngsi": {
        "id": "urn:ngsi-ld:ProductOffering:1", "type": "ProductOffering",
        "name": {"type": "Property", "value": "One"},
        "productSpecification": {"type": "Relationship", "object": "urn:ngsi-ld:ProductSpec:1"},
    },
    "signed-offering": {
        "@context": ["https://www.w3.org/2018/credentials/v1"], "id": "https://a.example/1",
        "type": ["VerifiableCredential", "SignedOffering"], "issuer": "did:web:a.example",
        "credentialSubject": {"id": "urn:ngsi-ld:product-offering:s", "name": "Signed"},
        "proof": {"type": "DataIntegrityProof", "proofValue": "u2"},
    },
    "gaia-x": json.loads(
        (SAMPLES / "rijn-federation/loire-nuage/machine-ancienne.jsonld").read_text("utf-8")
    ),
    "gaia-x-container": json.loads(
        (SAMPLES / "rijn-federation/isar-systeme/container.jsonld").read_text("utf-8")
    ),
    "presentation": {
        "@context": GX, "type": "VerifiablePresentation",
        "verifiableCredential": [
            {"@context": GX, "id": f"urn:uuid:p{number}", "type": ["VerifiableCredential"],
             "issuer": "did:web:a.example",
             "credentialSubject": {"id": f"https://a.example/{number}", "type": "gx:LegalPerson",
                                   "gx:name": "A"}}
            for number in range(2)],
    },
    "catalogue-answer": {
        "totalCount": 1,
        "items": [{"meta": {"id": "x", "status": "active"}, "content": json.dumps(
            {"@context": GX, "id": "urn:uuid:i", "type": "VerifiableCredential",
             "credentialSubject": {"id": "https://a.example/i", "gx:name": "I"}})}],
    },
    "cloud-event": {"specversion": "1.0", "id": "e", "type": "eu.gaia-x.credential", "data": {
        "@context": GX, "id": "urn:uuid:e", "type": "VerifiableCredential",
        "credentialSubject": {"id": "https://a.example/e", "gx:name": "E"}}},
    "gax-claims": {
        "@context": {"gax-core": "http://w3id.org/gaia-x/core#",
                     "gax-service": "http://w3id.org/gaia-x/service#"},
        "@id": "https://a.example/gax", "@type": "gax-service:ServiceOffering",
        "gax-core:hasServiceOfferingName": {"@value": "Gax", "@type": "xsd:string"},
    },
    "dsp-2025": {
        "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"], "@type": "Catalog",
        "@id": "urn:uuid:c", "participantId": "urn:party:1",
        "dataset": [{"@id": "urn:uuid:d", "@type": "Dataset", "hasPolicy": [
            {"@id": "urn:uuid:o", "@type": "Offer",
             "permission": [{"action": "use", "constraint": [{
                 "leftOperand": "spatial", "operator": "eq", "rightOperand": "EU"}]}]}]}],
    },
    "dsp-0.8": {
        "@context": {"dspace": "https://w3id.org/dspace/v0.8/",
                     "dcat": "http://www.w3.org/ns/dcat#",
                     "dct": "http://purl.org/dc/terms/", "odrl": "http://www.w3.org/ns/odrl/2/"},
        "@id": "urn:uuid:8", "@type": "dcat:Catalog", "dspace:participantId": "BPN1",
        "dcat:dataset": {"@id": "urn:uuid:9", "@type": "dcat:Dataset",
                         "odrl:hasPolicy": {"@id": "urn:o:1", "@type": "odrl:Offer",
                                            "odrl:permission": []}},
        "dcat:service": {"@id": "urn:s:1", "@type": "dcat:DataService",
                         "dct:terms": "connector", "dct:endpointUrl": "https://a.example/"},
    },
    "odrl": {
        "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Offer", "uid": "urn:policy:1",
        "permission": [{"target": "urn:o:1", "action": "use", "constraint": [
            {"leftOperand": "dateTime", "operator": "lt", "rightOperand": {
                "@value": "2027-01-01", "@type": "xsd:date"}}]}],
    },
    "dcat": {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@id": "urn:cat:1", "@type": "dcat:Catalog", "dcat:service": [
            {"@id": "urn:srv:1", "@type": "dcat:DataService", "dct:title": "Service",
             "dct:publisher": {"@id": "urn:party:2"}}],
    },
}  # fmt: skip
RENAMED = {
    "id": "@id", "@id": "id", "type": "@type", "@type": "type", "value": "@value",
    "productSpecCharacteristic": "prodSpecCharValueUse",
    "productSpecCharacteristicValue": "characteristicValueSpecification",
    "productOfferingPrice": "price", "price": "productOfferingPrice", "relatedParty": "party",
    "lifecycleStatus": "status", "unit": "currency", "credentialSubject": "subject",
    "verifiableCredential": "verifiableCredentials", "dataset": "dcat:dataset",
    "dcat:dataset": "dataset", "hasPolicy": "odrl:hasPolicy", "permission": "odrl:permission",
    "gx:name": "gx:legalName", "issuer": "iss", "@context": "context",
}  # fmt: skip
ODD: tuple[Json, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "none", "12,5", "NaN", "\ud800", "\u0000", "é" * 300,
    [], {}, [[]], [None], [{}], {"": ""}, {"@value": "x"}, {"@id": None}, {"@set": [1]},
    {"@list": [[]]}, {"@type": 3}, "urn:x", "https://a.example/<b>", "2026-13-99T99:99",
    {"@context": "https://a.example/unknown"},
)  # fmt: skip
Place: TypeAlias = tuple[Json, Name]


def places(tree: Json) -> Iterator[Place]:
    """Give every place of a tree: what holds it, and its name or position there."""
    names = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for name in list(names):
        yield tree, name
        yield from places(tree[name])


def drop(holder: Json, name: Name, _: random.Random) -> None:
    del holder[name]


def odd(holder: Json, name: Name, rng: random.Random) -> None:
    holder[name] = copy.deepcopy(rng.choice(ODD))


def listed(holder: Json, name: Name, rng: random.Random) -> None:
    value = holder[name]
    if isinstance(value, list) and len(value) == 1:
        holder[name] = value[0]
    else:
        holder[name] = [value, *([copy.deepcopy(value)] if rng.random() < 0.3 else [])]


def as_text(holder: Json, name: Name, rng: random.Random) -> None:
    value = holder[name]
    if isinstance(value, str):
        holder[name] = rng.choice([{"value": value}, {"@value": value}, {"id": value}, 7])
    else:
        holder[name] = json.dumps(value)


def deep(holder: Json, name: Name, rng: random.Random) -> None:
    for _ in range(rng.choice([3, 40, 400])):
        holder[name] = [holder[name]] if rng.random() < 0.5 else {str(name): holder[name]}


def many(holder: Json, name: Name, rng: random.Random) -> None:
    holder[name] = [copy.deepcopy(holder[name]) for _ in range(rng.choice([20, 300]))]


def rename(holder: Json, name: Name, _: random.Random) -> None:
    if isinstance(holder, dict):
        holder[RENAMED.get(name, f"{name}s")] = holder.pop(name)


def swap(holder: Json, name: Name, rng: random.Random) -> None:
    tree = ORIGINALS[rng.choice(sorted(ORIGINALS))]
    other, place = rng.choice(list(places(tree)))
    holder[name] = copy.deepcopy(other[place])


CHANGES: tuple[Callable[[Json, Name, random.Random], None], ...] = (
    drop, odd, odd, listed, as_text, deep, many, rename, rename, swap,
)  # fmt: skip
ENCODINGS = ("utf-8",) * 6 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252")


def mutant(rng: random.Random) -> bytes:
    tree = copy.deepcopy(ORIGINALS[rng.choice(sorted(ORIGINALS))])
    for change in rng.sample(CHANGES, rng.randint(1, 5)):
        found = list(places(tree))
        if found and len(found) <= 3_000:
            change(*rng.choice(found), rng)
    text = json.dumps(tree, ensure_ascii=rng.random() < 0.7, indent=rng.choice([None, 1]))
    return text.encode(rng.choice(ENCODINGS), errors="replace")


def wanted(content: bytes) -> set[str]:
    """Name the objects of a file that nobody can call nameless: offerings with an id of their own.

    They are plain: their id is a text and their name too, at the top of a list or a file.
    """
    try:
        tree = json.loads(content)
    except (ValueError, UnicodeDecodeError):
        return set()
    found = tree if isinstance(tree, list) else [tree]
    return {
        item["id"]
        for item in found
        if isinstance(item, dict)
        and isinstance(item.get("id"), str)
        and item["id"].startswith("urn:ngsi-ld:product-offering:")
        and "@context" not in item
    }


def check(seed: int, folder: Path, number: int) -> None:
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)  # noqa: S311 - not for cryptography
    contents = {f"file{n:02}.json": mutant(rng) for n in range(number)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    found: defaultdict[str, list[ImportItem]] = defaultdict(list)
    for name, item in trace(str(folder), context("everything")):
        found[name].append(item)
    assert set(found) == set(contents), "each file, and no other"
    told = str([i.source_id for items in found.values() for i in items
                if isinstance(i, SourceDocument)])  # fmt: skip
    for name, items in found.items():
        assert any(is_outcome(item) for item in items), (name, contents[name][:2000], items)
        crashed = [i for i in items if isinstance(i, Problem) and i.code == "import-crashed"]
        assert crashed == [], (name, contents[name][:4000])
        said = told + str([i for i in items if isinstance(i, Problem)])
        is_whole = any(isinstance(i, Problem) and i.at == name for i in items)
        lost = {one for one in wanted(contents[name]) if one not in said}
        assert not lost or is_whole or aside(items), (name, lost, contents[name][:2000])


def is_outcome(item: ImportItem) -> bool:
    return not isinstance(item, Problem) or item.severity is Severity.ERROR


def aside(items: list[ImportItem]) -> bool:
    return any(isinstance(item, SetAside) for item in items)


@pytest.mark.parametrize("seed", range(6))
def test_files_of_a_changed_structure_have_an_outcome_each(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path, 40)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1060))
def test_many_files_of_a_changed_structure_have_an_outcome_each(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path, 40)
