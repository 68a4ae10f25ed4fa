"""Short ways to read TMF620 sources in tests, and to look at what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from kgservice_importers.tmf620.importer import Tmf620Importer
from small_vocabulary import context

from kgservice.model.documents import ImportContext, ImportItem, SourceDocument
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG

Json = object


def read(source: Path | str, ctx: ImportContext | None = None) -> list[ImportItem]:
    """Read a source to its end."""
    importer = Tmf620Importer(wait=lambda seconds: None)
    return list(importer.read(str(source), ctx or context()))


def read_tree(folder: Path, tree: Json) -> list[ImportItem]:
    """Write a JSON tree to a file and read it."""
    path = folder / "catalogue.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return read(path)


def documents(items: list[ImportItem]) -> dict[str, SourceDocument]:
    """Give the documents by what they are about."""
    return {item.primary.value: item for item in items if isinstance(item, SourceDocument)}


def only(items: list[ImportItem]) -> SourceDocument:
    """Give the one document about an offering."""
    (found,) = (item for item in items if isinstance(item, SourceDocument))
    return found


def values(document: SourceDocument, name: str, subject: str = "") -> set[str]:
    """Give the values of a kg: property as texts, kg: terms by their local name."""
    about = Iri(subject) if subject else document.primary
    return {
        triple.object.value.removeprefix(KG.NS)  # type: ignore[union-attr]
        for triple in document.triples
        if triple.subject == about and triple.predicate == Iri(KG.NS + name)
    }


def prices(document: SourceDocument) -> list[dict[str, str]]:
    """Give each price component as a table of its kg: properties."""
    return [
        {
            triple.predicate.value.rpartition("#")[2]: triple.object.value.removeprefix(KG.NS)  # type: ignore[union-attr]
            for triple in document.triples
            if triple.subject == Iri(component)
        }
        for component in sorted(values(document, "price"))
    ]


def codes(items: list[ImportItem] | SourceDocument) -> set[str]:
    """Give the codes of all findings."""
    if isinstance(items, SourceDocument):
        return {problem.code for problem in items.problems}
    loose = {item.code for item in items if isinstance(item, Problem)}
    return loose.union(*(codes(item) for item in items if isinstance(item, SourceDocument)))


def offering(*characteristics: Mapping[str, Json], **members: Json) -> dict[str, Json]:
    """Give an offering whose embedded specification has these characteristics."""
    return {
        "id": "urn:ngsi-ld:product-offering:one",
        "name": "One",
        "lifecycleStatus": "Launched",
        "productSpecification": {
            "id": "urn:ngsi-ld:product-specification:one",
            "brand": "Test",
            "productSpecCharacteristic": list(characteristics),
            "relatedParty": [{"id": "urn:ngsi-ld:organization:p", "role": "Seller"}],
        },
        **members,
    }


def fact(name: str, *written: Json, unit: Json = None) -> dict[str, Json]:
    """Give a characteristic."""
    more = {} if unit is None else {"unitOfMeasure": unit}
    return {
        "name": name,
        "productSpecCharacteristicValue": [{"value": value, **more} for value in written],
    }
