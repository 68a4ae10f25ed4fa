"""Queries that have nothing to look for are skipped; that changes no answer."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from dcat_reading import DATA, documents, read
from kgservice_importers.rdf import construct

from kgservice.model.documents import SourceDocument

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
MAPPING = resources.files("kgservice_importers.dcat") / "mapping"


def everything(folder: Path) -> dict[str, SourceDocument]:
    return {**documents(read(folder)), **documents(read(EXAMPLES / "dcat-catalog.ttl"))}


def test_skipping_queries_changes_nothing(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [DATA, *(shared_data / f for f in ("dcat", "prices", "dome/odrl-profile"))]
    skipping = [everything(folder) for folder in folders]
    monkeypatch.setattr(construct, "_ONLY_WITH", re.compile("(?!)"))
    for folder, found in zip(folders, skipping, strict=True):
        assert {k: d.triples for k, d in everything(folder).items()} == {
            k: d.triples for k, d in found.items()
        }


def test_every_header_names_prefixes_of_its_query() -> None:
    for text in construct.read_queries(MAPPING):
        header = re.search(r"^# Only with: (.*)$", text, re.M)
        for name in header.group(1).split() if header else ():
            prefix, _, local = name.partition(":")
            assert f"PREFIX {prefix}: <" in text
            assert name in text.split("WHERE", 1)[1], local


def test_a_store_that_is_made_anew_gives_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = everything(DATA)
    monkeypatch.setattr(construct, "_MOST_USES", 1)
    assert {k: d.triples for k, d in everything(DATA).items()} == {
        k: d.triples for k, d in found.items()
    }
