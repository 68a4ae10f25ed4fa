"""The examples of the page for owners of TMF620 catalogues give the facts that it shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pyoxigraph as ox
import pytest
from kgservice_importers.tmf620.importer import Tmf620Importer
from kgservice_importers.tmf620.mapping import load_mapping

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.rdf import to_ntriples
from kgservice.store.vocabulary import load_vocabulary

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalogs-tmf620.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```\n\n```sparql\n(.*?)```", TEXT, re.DOTALL)
PREFIXES = """
PREFIX kg: <https://w3id.org/kgservice/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX schema: <http://schema.org/>
PREFIX odrl: <http://www.w3.org/ns/odrl/2/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""


@pytest.mark.parametrize(("written", "expected"), EXAMPLES)
def test_example_gives_the_facts_beside_it(tmp_path: Path, written: str, expected: str) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(written, encoding="utf-8")
    context = ImportContext("market", "http://127.0.0.1:8080/", load_vocabulary())
    store = ox.Store()
    for item in Tmf620Importer().read(str(path), context):
        if isinstance(item, SourceDocument):
            store.load(to_ntriples(item.triples).encode(), format=ox.RdfFormat.N_TRIPLES)
    for part in re.split(r"(?<=\.)\n(?=<)", expected):
        assert store.query(f"{PREFIXES} ASK {{ {part} }}"), part


def test_page_has_examples_and_its_mapping_can_be_used() -> None:
    assert len(EXAMPLES) == 4
    (own,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert tomllib.loads(own)
    assert load_mapping((("market.toml", own),)).meaning("kinds", "elefantenbank") == "PostgreSQL"
