"""Mutated samples of every shape never crash the importer, and none vanishes without a word."""

from __future__ import annotations

import base64
import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.reading import read_content
from kgservice_importers.gaiax.structure import StructureMap
from kgservice_importers.jsonld.added import Contexts
from small_vocabulary import context

from kgservice.model.documents import ImportItem, SetAside, SourceDocument
from kgservice.model.errors import Problem

Json: TypeAlias = Any
CONTEXT = context("c")
READER = Reader(CONTEXT, StructureMap(CONTEXT.vocabulary), Contexts())
FOLDER = Path(str(resources.files("kgservice_importers.samples"))) / "rijn-federation"
HACKATHON = {
    "selfDescriptionCredential": {
        "@context": ["http://www.w3.org/ns/shacl#", "@nest",
                     "http://w3id.org/gaia-x/service-offering#"],
        "@type": ["VerifiableCredential", "ServiceOfferingExperimental"],
        "@id": "https://p.example/o.json",
        "credentialSubject": {
            "id": "https://p.example/o.json",
            "gx-service-offering:providedBy": {"@type": "xsd:string",
                                               "@value": "https://p.example/p.json"},
            "gx-service-offering:TermsAndConditions": {
                "gx-service-offering:url": {"@value": ["https://p.example/t"]}},
            "gxsvo+OpenStackService": {"regions": ["R1"], "R1": {"compute": {"name": "nova"}}},
        },
        "proof": {"type": "JsonWebKey2020", "jws": "a..b"},
    },
    "complianceCredential": {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "@type": ["VerifiableCredential", "ParticipantCredential"], "id": "urn:c",
        "issuer": "did:web:c.example", "issuanceDate": "2022-06-19T14:51:58.786Z",
        "credentialSubject": {"id": "https://p.example/o.json", "hash": "00"},
    },
}  # fmt: skip


def samples() -> list[Any]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.rglob("*.jsonld"))]
    event = {"specversion": "1.0", "id": "e", "data": copy.deepcopy(found[0])}
    page = {"totalCount": 1, "items": [{"meta": {"id": "x"}, "content": json.dumps(found[0])}]}
    presentation = {"type": "VerifiablePresentation", "verifiableCredential": found}
    return [*found, HACKATHON, event, page, presentation]


SAMPLES = samples()
JUNK = st.sampled_from(
    [None, True, 0, -1.5, 10**400, "", "\u0000", "\ud800", "@id", "@nest", "_:b", "a b", "{x}", [],
     {}, [[]], [{}], {"@value": []}, {"@value": {}}, {"@id": 5}, {"@list": [{"@list": []}]},
     {"@graph": [{"@id": "urn:g"}]}, {"@set": {}}, {"@reverse": {"a": "b"}}, {"@type": "@id"},
     {"@context": None}, {"@context": {"@vocab": 5}}, {"@context": "urn:none"},
     {"credentialSubject": {}}, {"verifiableCredential": 1}, "eyJh.eyJh.eyJh", "data:,x"]
)  # fmt: skip


def paths(value: Json, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return []
    found = []
    for key in value if isinstance(value, dict) else range(len(value)):
        found += [(*here, key), *paths(value[key], (*here, key))]
    return found


def put(value: Json, path: tuple[Any, ...], new: Json) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def take_out(value: Json, path: tuple[Any, ...]) -> None:
    for key in path[:-1]:
        value = value[key]
    del value[path[-1]]


@st.composite
def mutants(draw: st.DrawFn) -> Json:
    value = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        where = paths(value)
        if not where:
            break
        path = draw(st.sampled_from(where))
        if draw(st.booleans()):
            put(value, path, copy.deepcopy(draw(JUNK)))
        else:
            take_out(value, path)
    return value


def read(content: bytes, name: str = "m.json") -> list[ImportItem]:
    return list(read_content(content, name, READER))


@settings(max_examples=250, deadline=None)
@given(mutants())
def test_a_mutated_sample_gives_documents_or_findings(value: Json) -> None:
    items = read(json.dumps(value).encode("utf-8", "surrogatepass"))
    assert items, "something must be said of every file"
    for item in items:
        assert isinstance(item, SourceDocument | Problem | SetAside)
        if isinstance(item, SourceDocument):
            assert item.triples
            assert item.kind
            assert not item.mapped & item.unmapped
            json.dumps([str(t) for t in item.triples]).encode()


@settings(max_examples=100, deadline=None)
@given(mutants(), st.sampled_from(["top", "vc", "vp"]))
def test_a_mutated_payload_of_a_token_gives_documents_or_findings(value: Json, where: str) -> None:
    claims = value if where == "top" else {"iss": "did:web:p", where: value}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    for item in read(b"e30." + middle + b".AAAA", "m.jwt"):
        assert isinstance(item, SourceDocument | Problem | SetAside)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FOLDER.rglob("*.j*"))), st.data())
def test_a_damaged_file_gives_documents_or_findings(path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3)
        )
    items = read(bytes(content), path.name)
    assert all(isinstance(item, SourceDocument | Problem | SetAside) for item in items)


@pytest.mark.parametrize("depth", [50, 500, 5000])
def test_deep_nesting_is_a_finding(depth: int) -> None:
    text = '{"@context":{"k":"urn:k:"},"k:a":' * depth + "1" + "}" * depth
    items = read(text.encode())
    assert all(isinstance(item, SourceDocument | Problem) for item in items)
    assert items
