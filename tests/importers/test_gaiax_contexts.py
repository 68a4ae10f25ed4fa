"""Bundled contexts are the pinned ones, and say what the published ones say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kgservice_importers.gaiax import IMPORTER
from kgservice_importers.gaiax.decoding import decoded, token_payload
from kgservice_importers.jsonld import contexts
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.contexts import ContextUnknown, load_document, named_contexts
from pyld import jsonld
from pyld.context_resolver import ContextResolver
from small_vocabulary import context

from kgservice.model.errors import Problem

FOLDER = Path(contexts.__file__).parent / "contexts"
NEWER = "https://w3id.org/gaia-x/2511#"


def entries() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "INDEX.json").read_text(encoding="utf-8"))["contexts"]


def test_every_file_has_the_hash_that_the_index_pins() -> None:
    pinned = {e["file"]: e["sha256"] for e in entries() if "file" in e}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FOLDER.iterdir()
        if path.name not in ("INDEX.json", "VENDOR.md")
    }
    assert pinned == found


def test_the_vendor_file_names_every_context_file() -> None:
    page = (FOLDER / "VENDOR.md").read_text(encoding="utf-8")
    assert [e["file"] for e in entries() if e.get("file", "") not in page] == []


def test_a_changed_file_is_refused() -> None:
    with pytest.raises(ValueError, match="pins"):
        contexts.pinned_bytes("did-v1.jsonld", "0" * 64)


@pytest.mark.parametrize("iri", ["http://127.0.0.1:1/c.jsonld", "file:///etc/passwd", "x"])
def test_an_unknown_context_is_named_and_never_fetched(iri: str, tmp_path: Path) -> None:
    with pytest.raises(ContextUnknown):
        load_document(iri, {})
    file = tmp_path / "one.jsonld"
    file.write_text(json.dumps({"@context": iri, "@id": "urn:a", "name": "n"}))
    (problem,) = IMPORTER.read(str(file), context())
    assert isinstance(problem, Problem)
    assert problem.code == "context-unknown"
    assert iri in problem.detail


def test_an_import_within_a_context_is_not_followed(tmp_path: Path) -> None:
    document = {"@context": {"@version": 1.1, "@import": "http://127.0.0.1:1/c"}, "@id": "urn:a"}
    file = tmp_path / "one.jsonld"
    file.write_text(json.dumps(document))
    (problem,) = IMPORTER.read(str(file), context())
    assert isinstance(problem, Problem)
    assert problem.code == "jsonld-invalid"


def published(shared_data: Path) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Load contexts as recorded; those that are namespaces come from the bundle."""
    files = {}
    rows = (shared_data / "gaia-x/contexts/INDEX.tsv").read_text(encoding="utf-8").splitlines()
    for row in rows[1:]:
        iri, file, *_ = row.split("\t")
        if file != "-":
            files[iri] = shared_data / file

    def load(iri: str, options: Mapping[str, Any]) -> dict[str, Any]:
        if iri not in files:
            return load_document(iri, options)
        document = json.loads(files[iri].read_text(encoding="utf-8"))
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": iri,
            "document": {"@context": document["@context"]},
        }

    return load


def canonical(document: object, loader: object) -> str:
    options = {
        "documentLoader": loader,
        "contextResolver": ContextResolver({}, loader),  # PyLD's own is shared by all loaders
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "base": "urn:base:",
    }
    try:
        return str(jsonld.normalize(document, options))
    except jsonld.JsonLdError as error:
        return f"error {error.code}"
    except KeyError as error:  # what PyLD raises for some contexts that are none
        return f"error {error}"


def documents(shared_data: Path) -> Iterator[tuple[str, Any]]:
    """Read every recorded JSON document and the payload of every recorded JWT."""
    for path in sorted(shared_data.rglob("*")):
        if path.suffix not in (".json", ".jsonld", ".jwt"):
            continue
        if {"contexts", "ontology"} & set(path.parts):
            continue
        text = decoded(path.read_bytes()).strip()
        try:
            found = token_payload(text) if path.suffix == ".jwt" else json.loads(text)
        except ValueError:
            continue
        if list(named_contexts(found)):
            yield path.relative_to(shared_data).as_posix(), found


def test_ours_and_the_published_contexts_give_the_same_statements(
    shared_data: Path, tmp_path: Path
) -> None:
    """For every document of every source; a context that is not bundled is added as recorded."""
    load = published(shared_data)
    recorded = (shared_data / "dome/odrl-profile/credentials.json").read_bytes()
    sha256 = hashlib.sha256(recorded).hexdigest()
    entry = {"iri": "https://dome-marketplace.eu/credentials/v1", "file": "d", "sha256": sha256}
    (tmp_path / "d").write_bytes(recorded)
    (tmp_path / "INDEX.json").write_text(json.dumps({"contexts": [entry]}))
    ours = Contexts(tmp_path)
    compared, statements, unknown = 0, 0, set()
    for name, document in documents(shared_data):
        unknown |= set(ours.unknown(document))
        found = canonical(document, ours.load)
        assert found == canonical(document, load), name
        compared += 1
        statements += found.count("\n")
    assert compared >= 120
    assert statements > 1500
    assert not {iri for iri in unknown if "w3.org/2018" in iri or "w3id.org" in iri} - {
        "https://www.w3.org/2018/credentials/examples/v1"
    }


def test_an_added_context_that_was_changed_is_not_used(tmp_path: Path) -> None:
    content = json.dumps({"@context": {"a": "urn:a"}}).encode()
    entry = {"iri": "urn:c", "file": "c", "sha256": hashlib.sha256(content).hexdigest()}
    (tmp_path / "INDEX.json").write_text(json.dumps({"contexts": [entry]}))
    (tmp_path / "c").write_bytes(content)
    assert Contexts(tmp_path).document("urn:c") == {"@context": {"a": "urn:a"}}
    (tmp_path / "c").write_bytes(content + b" ")
    with pytest.raises(ContextUnknown):
        Contexts(tmp_path).document("urn:c")
