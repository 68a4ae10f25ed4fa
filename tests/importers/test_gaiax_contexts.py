"""Bundled contexts are the pinned ones, and say what the published ones say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from kgservice_importers.gaiax import IMPORTER
from kgservice_importers.gaiax.envelopes import token_payload
from kgservice_importers.jsonld import contexts
from kgservice_importers.jsonld.contexts import ContextUnknown, load_document
from pyld import jsonld
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
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "base": "urn:base:",
    }
    try:
        return str(jsonld.normalize(document, options))
    except jsonld.JsonLdError as error:
        return f"error {error.code}"


def test_ours_and_the_published_contexts_give_the_same_statements(shared_data: Path) -> None:
    load = published(shared_data)
    compared, statements = 0, 0
    for path in sorted((shared_data / "gaia-x").rglob("*")):
        if path.suffix not in (".json", ".jsonld", ".jwt") or "contexts" in path.parts:
            continue
        if "ontology" in path.parts:
            continue
        text = path.read_text(encoding="utf-8-sig")
        try:
            document = token_payload(text.strip()) if path.suffix == ".jwt" else json.loads(text)
        except ValueError:
            continue
        ours, theirs = canonical(document, load_document), canonical(document, load)
        assert ours == theirs, path.relative_to(shared_data)
        compared += 1
        statements += ours.count("\n")
    assert compared >= 130
    assert statements > 2000
