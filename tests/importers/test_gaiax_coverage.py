"""Every member of a document is a statement, ignored for a reason, or listed as unmapped."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kgservice_importers.gaiax import IMPORTER
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.forms import ignored_members
from kgservice_importers.gaiax.reading import read_content
from kgservice_importers.gaiax.structure import StructureMap
from kgservice_importers.jsonld.added import Contexts
from small_vocabulary import context

from kgservice.model.documents import Gone, ImportItem, SetAside, SourceDocument, Unchanged
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import KG

CONTEXT = context("c")
READER = Reader(CONTEXT, StructureMap(CONTEXT.vocabulary), Contexts())
PREFIXES = {"k": "urn:known:", "g": "https://w3id.org/gaia-x/2511#"}


def read(value: object, name: str = "one.json") -> list[ImportItem]:
    return list(read_content(json.dumps(value).encode(), name, READER))


def document(value: object) -> SourceDocument:
    (item,) = read(value)
    assert isinstance(item, SourceDocument), item
    return item


def values(found: SourceDocument, predicate: Iri) -> set[str]:
    return {
        t.object.value
        for t in found.triples
        if t.predicate == predicate and isinstance(t.object, Iri | Literal)
    }


def test_what_no_context_defines_is_unmapped_and_the_rest_is_mapped() -> None:
    found = document(
        {
            "@context": PREFIXES, "@id": "urn:a", "@type": "g:ServiceOffering",
            "k:name": "N", "lost": "L", "k:part": [{"k:size": 1, "unit": "GB"}, {"k:size": 2}],
            "gone": {"k:inner": "I"}, "k:empty": "", "k:none": [],
        }
    )  # fmt: skip
    assert found.unmapped == {"lost", "k:part/unit", "gone/k:inner"}
    assert found.mapped == {"@id", "@type", "k:name", "k:part/k:size"}
    assert found.kind == "gaia-x-2511/ServiceOffering"


_KNOWN = st.sampled_from(["k:a", "k:b", "g:name"])
_LOST = st.sampled_from(["a", "b b", "c-d"])


def _trees(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaf = st.integers(0, 9) | st.sampled_from(["x", "y"]) | st.booleans()
    return st.recursive(
        leaf,
        lambda inner: (
            st.dictionaries(keys, inner, min_size=1, max_size=3)
            | st.lists(inner, min_size=1, max_size=2).filter(lambda v: not isinstance(v[0], list))
        ),
        max_leaves=8,
    )


def _oracle(value: object, path: tuple[str, ...], is_lost: bool) -> set[tuple[str, bool]]:
    """Say of each path whether it is lost: itself or a member above it has no prefix."""
    if isinstance(value, dict):
        return set().union(
            *(_oracle(v, (*path, k), is_lost or ":" not in k) for k, v in value.items())
        )
    if isinstance(value, list):
        return set().union(*(_oracle(v, path, is_lost) for v in value))
    return {("/".join(path), is_lost)}


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KNOWN | _LOST, _trees(_KNOWN | _LOST), min_size=1, max_size=4))
def test_coverage_agrees_with_a_walk_over_the_prefixes(members: dict[str, Any]) -> None:
    """A list within a list is flattened by JSON-LD, so values never vanish that way."""
    body = {"@context": PREFIXES, "@id": "urn:a", "k:always": "here", **members}
    found = document(body)
    told = _oracle(members, (), is_lost=False)
    lost = {path for path, is_lost in told if is_lost}
    assert found.unmapped == lost
    assert found.mapped == {path for path, _ in told} - lost | {"@id", "k:always"}


def test_what_is_ignored_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in ignored_members().values())
    found = document(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2", PREFIXES], "iss": "did:web:p",
            "type": "VerifiableCredential", "issuer": "did:web:p", "exp": 5,
            "credentialSubject": {"id": "urn:a", "k:name": "N"},
        }
    )  # fmt: skip
    assert found.unmapped == frozenset()
    assert not {"iss", "exp", "@context"} & found.mapped


def test_a_forms_example_is_no_value() -> None:
    found = document(
        {"@context": PREFIXES, "@id": "urn:a", "k:model": "E.g., IaaS", "k:name": "E-Grid"}
    )
    assert found.unmapped == {"k:model"}
    assert [p.code for p in found.problems] == ["placeholder-value"]
    assert {t.predicate.value for t in found.triples} == {"urn:known:name"}


def test_a_secret_is_left_out_and_told() -> None:
    found = document({"@context": PREFIXES, "@id": "urn:a", "k:Password": "abc", "k:n": "N"})
    assert [p.code for p in found.problems] == ["secret-in-document"]
    assert "abc" not in str(found.triples)
    assert not any("Password" in path for path in found.mapped | found.unmapped)


def test_a_credential_within_a_credential_is_a_document_of_its_own() -> None:
    inner = {
        "@context": ["https://www.w3.org/ns/credentials/v2", PREFIXES],
        "id": "urn:inner", "type": "VerifiableCredential", "issuer": "did:web:q",
        "credentialSubject": {"id": "urn:b", "k:name": "B"},
    }  # fmt: skip
    outer = inner | {
        "id": "urn:outer", "issuer": "did:web:p", "k:about": inner,
        "credentialSubject": {"id": "urn:a", "k:name": "A"},
    }  # fmt: skip
    first, second = read(outer)
    assert isinstance(first, SourceDocument)
    assert isinstance(second, SourceDocument)
    assert (first.source_id, second.source_id) == ("urn:outer", "urn:inner")
    assert "B" not in str(first.triples)
    assert first.credential is not None
    assert first.credential.issuer == "did:web:p"


def test_statements_of_a_graph_within_the_graph_are_read() -> None:
    found = document(
        {
            "@context": PREFIXES, "@id": "urn:a", "k:name": "N",
            "k:holds": {"@id": "urn:g", "@graph": [{"@id": "urn:a", "k:inner": "I"}]},
        }
    )  # fmt: skip
    assert "I" in str(found.triples)
    assert found.unmapped == frozenset()


def test_an_array_as_value_and_missing_prefixes_are_mended() -> None:
    found = document(
        {
            "@context": {"gax-service": "http://w3id.org/gaia-x/service#"}, "@id": "urn:a",
            "@type": "gax-service:ServiceOffering", "dcat:keyword": "x",
            "gax-service:termsAndConditions": {"@value": ["https://p.example/t"],
                                               "@type": "xsd:anyURI"},
        }
    )  # fmt: skip
    assert values(found, KG.termsDocument) == {"https://p.example/t"}
    assert "http://www.w3.org/ns/dcat#keyword" in {t.predicate.value for t in found.triples}
    assert [p.code for p in found.problems] == ["document-mended"]


def test_a_signed_document_is_not_read_otherwise_than_it_was_hashed() -> None:
    """An undeclared prefix stays what it is, and what has a relative name is left out."""
    signed = {
        "@context": ["https://www.w3.org/2018/credentials/v1", PREFIXES], "id": "urn:c",
        "type": "VerifiableCredential", "issuer": "did:web:p",
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:a", "gax-core:x": "1", "k:on": {"id": "relative"}},
        "proof": {"type": "JsonWebSignature2020", "jws": "a..b"},
    }  # fmt: skip
    found = document(signed)
    assert {p.code for p in found.problems} >= {"term-not-signed"}
    assert found.unmapped == {"credentialSubject/k:on/id"}
    assert {t.predicate.value for t in found.triples} == {"gax-core:x"}
    assert found.credential is not None
    assert len(found.credential.proofs) == 1


def test_a_shapes_file_and_an_ontology_are_set_aside() -> None:
    shapes = {"@context": {"sh": "http://www.w3.org/ns/shacl#"}, "@id": "urn:s",
              "@type": "sh:NodeShape", "sh:closed": True}  # fmt: skip
    assert read(shapes) == [SetAside("one.json", "shacl-shapes")]


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        ({"verificationMethod": [], "id": "did:web:p"}, "did.json", "did-document"),
        ({"$schema": "https://json-schema.org/x", "type": "object"}, "s.json", "json-schema"),
        ({"openapi": "3.1.0", "paths": {}}, "api.json", "openapi"),
        ({"@context": {"a": "urn:a"}}, "c.jsonld", "json-ld-context"),
        ({"type": "VerifiablePresentation", "verifiableCredential": []}, "p.json",
         "empty-presentation"),
        ({"specversion": "1.0", "data": {}}, "e.json", "cloud-event"),
        ([], "l.json", "empty-list"),
    ],
)  # fmt: skip
def test_what_is_no_description_is_set_aside(content: object, name: str, kind: str) -> None:
    assert read(content, name) == [SetAside(name, kind)]


def offering(name: str, **members: object) -> str:
    return json.dumps({"@context": PREFIXES, "@id": f"urn:{name}", "g:name": name, **members})


def again(folder: Path, kept: list[ImportItem], only: frozenset[str] = frozenset()) -> list[Any]:
    known = {i.source_id: i.fingerprint for i in kept if isinstance(i, SourceDocument)}
    return list(IMPORTER.read(str(folder), replace(CONTEXT, known=known, only=only)))


def test_a_file_that_is_as_it_was_costs_a_hash(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.json").write_text(offering(name))
    first = list(IMPORTER.read(str(tmp_path), CONTEXT))
    (tmp_path / "b.json").write_text(offering("b", **{"k:new": 1}))
    (tmp_path / "c.json").unlink()
    assert again(tmp_path, first)[0] == Unchanged("urn:a")
    assert [type(item) for item in again(tmp_path, first)] == [Unchanged, SourceDocument]


def test_a_file_with_a_finding_of_its_own_is_read_again(tmp_path: Path) -> None:
    """Its finding is told in every report, not only in the first one."""
    (tmp_path / "a.json").write_text(f"[{offering('a')}, 5]")
    first = list(IMPORTER.read(str(tmp_path), CONTEXT))
    assert again(tmp_path, first) == first


def test_a_document_that_comes_twice_is_one_however_little_is_read(tmp_path: Path) -> None:
    """The second file is read again for its finding; the first one is not."""
    (tmp_path / "a.json").write_text(offering("a"))
    content = json.loads(offering("a"))
    (tmp_path / "b.json").write_text(json.dumps([content, 5]))
    (tmp_path / "a.json").write_text(json.dumps([content]))
    first = list(IMPORTER.read(str(tmp_path), CONTEXT))
    assert [i.source_id for i in first if isinstance(i, SourceDocument)] == ["urn:a"]
    items = again(tmp_path, first)
    assert [i for i in items if isinstance(i, SourceDocument)] == []
    assert Unchanged("urn:a") in items


def test_one_document_can_be_asked_for(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(offering(name))
    items = again(tmp_path, [], frozenset({"urn:b", "urn:z"}))
    assert [item.source_id for item in items] == ["urn:b", "urn:z"]
    assert isinstance(items[1], Gone)


def test_files_that_name_each_other_are_read_together(tmp_path: Path) -> None:
    gax = {"s": "http://w3id.org/gaia-x/service#", "r": "http://w3id.org/gaia-x/resource#"}
    compute = {"@context": gax, "@id": "urn:compute", "@type": "s:Compute",
               "s:usedHypervisor": {"@id": "kvm.json"}}  # fmt: skip
    software = {"@context": gax, "@id": "urn:kvm", "@type": "r:Software", "r:name": "KVM"}
    (tmp_path / "compute.json").write_text(json.dumps(compute))
    (tmp_path / "kvm.json").write_text(json.dumps(software))
    first = list(IMPORTER.read(str(tmp_path), CONTEXT))
    found = first[0]
    assert isinstance(found, SourceDocument)
    assert values(found, KG.hypervisor) == {"KVM"}
    assert Iri("urn:kvm") in {t.object for t in found.triples}
    (tmp_path / "kvm.json").write_text(json.dumps(software | {"r:name": "Xen"}))
    assert [type(item) for item in again(tmp_path, first)] == [SourceDocument, SourceDocument]


def test_a_signed_document_takes_nothing_from_its_neighbours(tmp_path: Path) -> None:
    """Otherwise whoever adds a file to the folder changes what an issuer is heard to say."""
    gax = {"s": "http://w3id.org/gaia-x/service#", "r": "http://w3id.org/gaia-x/resource#"}
    claims = {
        "iss": "did:web:p.example",
        "vc": {
            "@context": ["https://www.w3.org/2018/credentials/v1", gax], "id": "urn:c",
            "type": "VerifiableCredential", "issuer": "did:web:p.example",
            "credentialSubject": {"id": "urn:compute", "type": "s:Compute",
                                  "s:usedHypervisor": {"id": "kvm.json"}},
        },
    }  # fmt: skip
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    (tmp_path / "compute.jwt").write_text(f"e30.{middle}.AAAA")
    software = {"@context": gax, "@id": "urn:kvm", "@type": "r:Software", "r:name": "KVM"}
    (tmp_path / "kvm.json").write_text(json.dumps(software))
    found = next(iter(IMPORTER.read(str(tmp_path), CONTEXT)))
    assert isinstance(found, SourceDocument)
    assert found.credential is not None
    assert values(found, KG.hypervisor) == set()
    assert Iri("urn:kvm") not in {t.object for t in found.triples}


def test_what_a_neighbour_signed_is_not_mixed_with_what_the_catalogue_says(tmp_path: Path) -> None:
    gax = {"s": "http://w3id.org/gaia-x/service#", "r": "http://w3id.org/gaia-x/resource#"}
    software = {
        "@context": ["https://www.w3.org/2018/credentials/v1", gax], "id": "urn:c",
        "type": "VerifiableCredential", "issuer": "did:web:q",
        "credentialSubject": {"id": "urn:kvm", "r:name": "KVM"},
        "proof": {"type": "JsonWebSignature2020", "jws": "a..b"},
    }  # fmt: skip
    compute = {"@context": gax, "@id": "urn:compute", "@type": "s:Compute",
               "s:usedHypervisor": {"@id": "kvm.json"}}  # fmt: skip
    (tmp_path / "compute.json").write_text(json.dumps(compute))
    (tmp_path / "kvm.json").write_text(json.dumps(software))
    found = next(iter(IMPORTER.read(str(tmp_path), CONTEXT)))
    assert isinstance(found, SourceDocument)
    assert values(found, KG.hypervisor) == set()
