"""A folder of anything: every file has an outcome, whatever it is called."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from dcat_reading import DATA, ZZ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kgservice_importers.mixed import IMPORTER
from kgservice_importers.mixed.importer import trace
from kgservice_importers.mixed.recognise import recognise
from small_vocabulary import context

from kgservice.model.documents import Gone, ImportItem, SetAside, SourceDocument, Unchanged
from kgservice.model.errors import InputError, Problem, Severity, Unavailable

SAMPLES = Path(str(resources.files("kgservice_importers.samples")))
OFFERING = {
    "id": "urn:ngsi-ld:product-offering:1", "name": "Database", "lifecycleStatus": "Launched",
    "productOfferingPrice": [{"id": "urn:ngsi-ld:product-offering-price:1"}],
}  # fmt: skip
PRICE = {
    "id": "urn:ngsi-ld:product-offering-price:1", "priceType": "recurring",
    "recurringChargePeriodType": "month", "recurringChargePeriodLength": 1,
    "price": {"unit": "EUR", "value": 12},
}  # fmt: skip
POLICY = {
    "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Offer", "uid": "urn:policy:1",
    "permission": [{"target": "urn:ngsi-ld:product-offering:1", "action": "use"}],
}  # fmt: skip
CATALOG = {
    "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"], "@type": "Catalog",
    "@id": "urn:uuid:1", "participantId": "urn:party:1",
    "dataset": [{"@id": "urn:uuid:2", "@type": "Dataset"}],
}  # fmt: skip
TEXTS = {
    "json-schema": '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}',
    "openapi": '{"openapi": "3.1.0", "paths": {}, "info": {}}',
    "postman-collection": '{"info": {"_postman_id": "1"}, "item": []}',
    "json-ld-context": '{"@context": {"a": "urn:a:"}}',
    "did-document": '{"id": "did:web:a.example", "verificationMethod": []}',
    "json-web-key-set": '{"keys": []}',
    "json": '{"a": 1}',
    "empty-object": "{}",
    "empty-list": "[]",
    "json-list": "[1, 2]",
    "markdown": "# Read me\n\nSome [link](https://a.example) and text.\n",
    "licence-text": "MIT License\n\nCopyright (c) 2020 A\n\nPermission is hereby granted, free of"
    " charge, to any person. THE SOFTWARE IS PROVIDED AS IS, WITHOUT WARRANTY OF ANY KIND.\n",
    "csv": "a,b,c\n1,2,3\n4,5,6\n7,8,9\n",
    "tsv": "a\tb\n1\t2\n3\t4\n",
    "yaml": "a: 1\nb:\n  c: 2\n",
    "scs-flavor-standard": "mandatory:\n- name: X-1V-4\n  cpus: 1\n  ram: 4096\n",
    "kubernetes-manifest": "apiVersion: v1\nkind: ConfigMap\n",
    "trust-list": "revoked_credentials:\n  - a\n",
    "html": "<!DOCTYPE html><html><body>hello</body></html>",
    "xml": "<?xml version='1.0'?><a><b/></a>",
    "text": "nothing in particular",
    "empty": "",
    "vocabulary": "@prefix o: <http://www.w3.org/2002/07/owl#> . <urn:o> a o:Ontology .",
    "shacl-shapes": "@prefix s: <http://www.w3.org/ns/shacl#> . <urn:o> a s:NodeShape .",
}
TOKEN = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJkaWQ6d2ViOmEuZXhhbXBsZSJ9."  # noqa: S105 - a made-up token


def outcomes(folder: Path) -> dict[str, list[ImportItem]]:
    found: defaultdict[str, list[ImportItem]] = defaultdict(list)
    for name, item in trace(str(folder), context("everything")):
        found[name].append(item)
    return dict(found)


def write(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def has_outcome(items: list[ImportItem]) -> bool:
    return any(not isinstance(item, Problem) or item.severity is Severity.ERROR for item in items)


@pytest.mark.parametrize("kind", sorted(TEXTS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_kind_is_told_by_content_and_not_by_name(
    kind: str, encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "any.bin").write_bytes(TEXTS[kind].encode(encoding))
    assert outcomes(tmp_path) == {"any.bin": [SetAside("any.bin", kind)]}


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"%PDF-1.7 x", "pdf"), (b"PK\x03\x04", "archive"), (b"\x89PNG\r\n", "image"),
     (b"\x00\x01\x02\xff", "binary")],
)  # fmt: skip
def test_what_is_no_text_is_set_aside(content: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert outcomes(tmp_path) == {"a.json": [SetAside("a.json", kind)]}


def test_each_kind_of_catalogue_is_read_under_a_misleading_name(tmp_path: Path) -> None:
    shutil.copy(DATA / "zuiderzee.ttl", tmp_path / "page.json")
    write(tmp_path, a_yaml=OFFERING, b_ttl=PRICE, c=POLICY, d_md=CATALOG)
    shutil.copy(SAMPLES / "rijn-federation/loire-nuage/machine-virtuelle.jwt", tmp_path / "e.txt")
    found = outcomes(tmp_path)
    kinds = {
        name: {item.kind for item in items if isinstance(item, SourceDocument | SetAside)}
        for name, items in found.items()
    }
    assert "dcat/DataService" in kinds["page.json"]
    assert kinds["a_yaml"] == {"tmf620-v4/productOffering"}
    assert kinds["b_ttl"] == {"tmf620-part"}
    assert kinds["c"] == {"odrl/Policy"}
    assert kinds["d_md"] == {"dsp-2025/Catalog", "dsp-2025/Dataset"}
    assert any("VirtualMachine" in kind for kind in kinds["e.txt"])


def test_tmf_objects_of_several_files_are_joined(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, a=OFFERING)
    write(tmp_path / "deep", b=PRICE)
    (document,) = (
        i for i in IMPORTER.read(str(tmp_path), context()) if isinstance(i, SourceDocument)
    )
    assert any(t.predicate.value.endswith("#amount") for t in document.triples)


def test_broken_files_are_problems_and_take_no_other_with_them(tmp_path: Path) -> None:
    whole = (DATA / "zuiderzee.ttl").read_text(encoding="utf-8")
    write(tmp_path, a_json=json.dumps(OFFERING)[:60], b_ttl=whole[:1500], c_ttl=whole,
          d_json=json.dumps(OFFERING) * 2, e_json5="{a: 1, /* b */ 'c': 2,}")  # fmt: skip
    found = outcomes(tmp_path)
    for name in ("a_json", "b_ttl", "d_json", "e_json5"):
        (problem,) = found[name]
        assert isinstance(problem, Problem), name
        assert problem.code == "document-unreadable"
        assert problem.at.startswith(name + ":")
    assert len([i for i in found["c_ttl"] if isinstance(i, SourceDocument)]) == 7


def test_a_repeated_file_is_set_aside(tmp_path: Path) -> None:
    for name in ("a.ttl", "b.ttl"):
        shutil.copy(DATA / "zuiderzee.ttl", tmp_path / name)
    found = outcomes(tmp_path)
    assert found["b.ttl"] == [SetAside("b.ttl", "turtle-elsewhere")]


def test_the_bundled_samples_are_read_as_by_their_own_importers(tmp_path: Path) -> None:
    for name in ("polder-market", "rijn-federation"):
        shutil.copytree(SAMPLES / name, tmp_path / name)
    found = outcomes(tmp_path)
    assert set(found) == files_of(tmp_path)
    documents = [i for items in found.values() for i in items if isinstance(i, SourceDocument)]
    own = [
        item
        for name, module in (("polder-market", "tmf620"), ("rijn-federation", "gaiax"))
        for item in __import__(f"kgservice_importers.{module}", fromlist=["x"]).IMPORTER.read(
            str(SAMPLES / name), context("everything")
        )
        if isinstance(item, SourceDocument)
    ]
    assert {d.source_id: d.triples for d in documents} == {d.source_id: d.triples for d in own}


def test_what_is_known_is_not_handed_over_again(tmp_path: Path) -> None:
    shutil.copy(DATA / "zuiderzee.ttl", tmp_path / "a")
    write(tmp_path, b=OFFERING)
    shutil.copy(SAMPLES / "rijn-federation/loire-nuage/machine-virtuelle.jwt", tmp_path / "c")
    first = [i for i in IMPORTER.read(str(tmp_path), context()) if isinstance(i, SourceDocument)]
    known = {d.source_id: d.fingerprint for d in first if d.fingerprint}
    again = list(IMPORTER.read(str(tmp_path), replace(context(), known=known)))
    assert {i.source_id for i in again if isinstance(i, Unchanged)} == set(known)


def test_only_what_is_asked_for_is_read_and_what_is_not_there_is_gone(tmp_path: Path) -> None:
    shutil.copy(DATA / "zuiderzee.ttl", tmp_path / "a")
    write(tmp_path, b=OFFERING)
    only = frozenset({ZZ + "tides", "urn:ngsi-ld:product-offering:1", "urn:gone"})
    items = list(IMPORTER.read(str(tmp_path), replace(context(), only=only)))
    documents = {i.source_id for i in items if isinstance(i, SourceDocument)}
    assert documents == only - {"urn:gone"}
    assert [i for i in items if isinstance(i, Gone)] == [Gone("urn:gone")]


def test_links_to_files_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.ttl").write_text("<urn:a> <urn:b> <urn:c> .")
    (tmp_path / "in" / "a.ttl").symlink_to(tmp_path / "out.ttl")
    assert outcomes(tmp_path / "in") == {}


def test_a_source_must_be_a_folder_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        list(IMPORTER.read(str(tmp_path / "nothing"), context()))
    with pytest.raises(InputError) as caught:
        list(IMPORTER.read("https://a.example/", context()))
    assert caught.value.code == "source-not-folder"


# Mutations: whatever happens to a file, it has an outcome, and so have its neighbours.

ORIGINALS = [
    (DATA / "zuiderzee.ttl").read_bytes(),
    *(json.dumps(tree, indent=1).encode() for tree in (OFFERING, PRICE, POLICY, CATALOG)),
    (SAMPLES / "rijn-federation/loire-nuage/machine-virtuelle.jwt").read_bytes(),
    (SAMPLES / "rijn-federation/loire-nuage/machine-ancienne.jsonld").read_bytes(),
    (SAMPLES / "polder-market/productOffering.json").read_bytes()[:20_000]
    if (SAMPLES / "polder-market/productOffering.json").is_file()
    else b"[]",
    *(text.encode() for text in TEXTS.values()),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = draw(st.sampled_from(ORIGINALS))
    for _ in range(draw(st.integers(1, 3))):
        change = draw(
            st.sampled_from(["cut", "flip", "double", "join", "mark", "wide", "drop", "put"])
        )
        content = changed(draw, content, change)
    return content


def changed(draw: st.DrawFn, content: bytes, change: str) -> bytes:
    place = draw(st.integers(0, max(0, len(content) - 1)))
    if change == "cut":
        return content[:place]
    if change == "flip" and content:
        return (
            content[:place]
            + bytes([content[place] ^ draw(st.integers(1, 255))])
            + content[place + 1 :]
        )
    if change == "double":
        return content + content
    if change == "join":
        return (
            content + draw(st.sampled_from([b"", b"\n", b","])) + draw(st.sampled_from(ORIGINALS))
        )
    if change == "mark":
        return draw(st.sampled_from([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])) + content
    if change == "wide":
        return content.decode("utf-8", "replace").encode(
            draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32"]))
        )
    if change == "drop":
        return content[:place] + content[place + draw(st.integers(1, 40)) :]
    return content[:place] + draw(st.binary(max_size=8)) + content[place:]


@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(contents=st.lists(mutated(), min_size=1, max_size=3))
def test_every_mutated_file_has_an_outcome(
    contents: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    for number, content in enumerate(contents):
        (folder / f"file{number}.json").write_bytes(content)
    (folder / "sound.ttl").write_bytes(ORIGINALS[0])
    found = outcomes(folder)
    assert set(found) == files_of(folder)
    assert all(has_outcome(items) for items in found.values())
    assert {i.primary.value for i in found["sound.ttl"] if isinstance(i, SourceDocument)} or any(
        isinstance(i, SetAside) for i in found["sound.ttl"]
    )


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_the_recogniser_never_raises(content: bytes) -> None:
    assert recognise(content, "a").kind


MILLION = 1_000_000
LONG = {
    "blank": b"\n" * MILLION, "spaces": b" " * MILLION + b"x", "hashes": b"#\n" * MILLION,
    "pipes": b"|" * MILLION, "links": b"](" * MILLION, "words": b"abc.def.ghi " * 99_999,
    "members": b"a: 1\n" * MILLION, "nested": b"a:\n" + b"  - b: 1\n" * 99_999,
    "tags": b"<a " * MILLION, "brackets": b"[" * 99_999, "prefixes": b"@prefix\n" * 99_999,
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_a_long_file_is_recognised_by_its_beginning(name: str) -> None:
    """Patterns that went back and forth took minutes here."""
    assert recognise(LONG[name], "a").kind


def test_a_fault_of_a_reader_is_a_finding_about_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("kgservice_importers.mixed.grouping.TMF620.read", fail)
    write(tmp_path, a=OFFERING, b=CATALOG)
    found = outcomes(tmp_path)
    (problem,) = found["a"]
    assert isinstance(problem, Problem)
    assert problem.code == "import-crashed"
    assert any(isinstance(item, SourceDocument) for item in found["b"])


def test_a_token_is_a_credential_and_three_words_with_dots_are_not(tmp_path: Path) -> None:
    assert recognise(TOKEN.encode(), "a").reader == "gaia-x"
    assert recognise(b"www.example.com", "a").kind == "text"


def test_every_real_file_has_an_outcome(shared_data: Path) -> None:
    found = outcomes(shared_data)
    assert set(found) == files_of(shared_data)
    assert [name for name, items in found.items() if not has_outcome(items)] == []
    crashed = [i for items in found.values() for i in items
               if isinstance(i, Problem) and i.code == "import-crashed"]  # fmt: skip
    assert crashed == []
    read = [n for n, items in found.items() if any(isinstance(i, SourceDocument) for i in items)]
    assert len(read) >= 170
