"""Our reading contexts say what the published ones say, on every recorded document."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kgservice_importers.jsonld.contexts import bundled_context, load_document
from kgservice_importers.rdf.text import decode
from pyld import jsonld
from pyld.context_resolver import ContextResolver

PUBLISHED = {
    "http://www.w3.org/ns/odrl.jsonld": "vocab/odrl22.jsonld",
    "https://w3id.org/dspace/2025/1/context.jsonld": "dcat/dsp-2025/dspace.jsonld",
    "https://w3id.org/dspace/2025/1/odrl-profile.jsonld": "dcat/dsp-2025/odrl.jsonld",
    "https://w3id.org/dspace/2024/1/context.json": "dcat/dsp-2024-1/context.json",
    "https://w3id.org/edc/connector/management/v2": "dcat/edc/management-context-v2.jsonld",
    "https://w3id.org/edc/dspace/v0.0.1": "dcat/edc/dspace-edc-context-v1.jsonld",
    "https://semiceu.github.io/DCAT-AP/releases/3.0.1/context/dcat-ap.jsonld":
        "vocab/dcat-ap-3.0.1.context.jsonld",
}  # fmt: skip


def plain(context: dict[str, Any]) -> dict[str, Any]:
    """Write every term in the same way: with its IRI, and as a text when that is all."""
    found = {}
    for term, meaning in context.items():
        if isinstance(meaning, dict):
            meaning = {"@id": term, **meaning}
            if "@context" in meaning:
                meaning["@context"] = plain(meaning["@context"])
        found[term] = meaning["@id"] if isinstance(meaning, dict) and len(meaning) == 1 else meaning
    return found


@pytest.mark.parametrize("iri", PUBLISHED)
def test_each_term_means_what_it_means_in_the_published_context(
    iri: str, shared_data: Path
) -> None:
    published = json.loads((shared_data / PUBLISHED[iri]).read_text(encoding="utf-8"))
    assert plain(bundled_context(iri)["@context"]) == plain(published["@context"])


def test_every_recorded_document_gives_the_same_statements(shared_data: Path) -> None:
    def load(iri: str, options: Mapping[str, Any]) -> dict[str, Any]:
        if iri not in PUBLISHED:
            return load_document(iri, options)
        document = json.loads((shared_data / PUBLISHED[iri]).read_text(encoding="utf-8"))
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": iri,
                "document": {"@context": document["@context"]}}  # fmt: skip

    compared = 0
    for folder in ("dcat", "dome/odrl-profile", "dome/fiware-dsc"):
        for path in sorted((shared_data / folder).rglob("*.json")):
            tree = json.loads(decode(path.read_bytes()))
            if not isinstance(tree, dict) or "@context" not in tree or len(tree) == 1:
                continue
            assert canonical(tree, load_document) == canonical(tree, load), path.name
            compared += 1
    assert compared >= 35


def canonical(tree: object, loader: object) -> str:
    def fresh(iri: str, options: object) -> object:
        return copy.deepcopy(loader(iri, options))  # type: ignore[operator]

    # PyLD remembers contexts by IRI, whoever loaded them, and writes into them
    options = {"documentLoader": fresh, "algorithm": "URDNA2015", "base": "urn:base:",
               "contextResolver": ContextResolver({}, fresh),
               "format": "application/n-quads"}  # fmt: skip
    return str(jsonld.normalize(tree, options))
