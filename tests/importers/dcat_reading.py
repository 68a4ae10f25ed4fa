"""Read catalogues of tests with the `dcat` importer."""

from __future__ import annotations

from pathlib import Path

from kgservice_importers.dcat import IMPORTER
from small_vocabulary import context

from kgservice.model.documents import ImportContext, ImportItem, SourceDocument
from kgservice.model.rdf import Iri, Literal

DATA = Path(__file__).resolve().parents[1] / "data" / "dcat"
ZZ = "https://zuiderzee.example/"


def read(source: Path | str, known: ImportContext | None = None) -> list[ImportItem]:
    """Read a source with the small vocabulary."""
    return list(IMPORTER.read(str(source), known or context("zuiderzee")))


def documents(items: list[ImportItem]) -> dict[str, SourceDocument]:
    """Give the documents by what they are about."""
    return {item.primary.value: item for item in items if isinstance(item, SourceDocument)}


def values(document: SourceDocument, predicate: Iri) -> list[str]:
    """Give the values of a property anywhere in a document, sorted."""
    return sorted(
        o.value for _, p, o in document.triples if p == predicate and isinstance(o, Iri | Literal)
    )
