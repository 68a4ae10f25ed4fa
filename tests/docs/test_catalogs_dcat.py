"""The page for owners of DCAT catalogues: its commands run, its examples are read as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kgservice_importers.dcat import IMPORTER

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.terms import KG, RDF
from kgservice.store.vocabulary import load_vocabulary

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "catalogs-dcat.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KG_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KG_DATA_DIR": str(tmp_path / "data"),
    }
    commands = [
        line for block in blocks("") for line in block.splitlines() if line.startswith("kg ")
    ]
    assert len(commands) == 5
    answers = []
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        answers.append(done.stdout)
    assert "12.5" in answers[2]
    assert "0.02" in answers[2]


def read(tmp_path: Path, name: str, text: str) -> list[SourceDocument]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    context = ImportContext("page", "http://kg.example/", load_vocabulary())
    items = list(IMPORTER.read(str(tmp_path / name), context))
    assert all(isinstance(item, SourceDocument) and not item.problems for item in items), items
    return [item for item in items if isinstance(item, SourceDocument)]


def test_the_catalogue_of_the_page_is_an_offering_with_all_its_facts(tmp_path: Path) -> None:
    (text,) = blocks("turtle")
    found = read(tmp_path, "page.ttl", text)
    (database,) = (d for d in found if d.primary.value.endswith("/database"))
    said = {t.predicate for t in database.triples}
    assert {KG.provider, KG.price, KG.amount, KG.period, KG.location, KG.termsDocument} <= said
    assert any(t.predicate == RDF.type and t.object == KG.PostgreSQL for t in database.triples)
    (place,) = (d for d in found if d.kind == "dcat/Place")
    assert {KG.country, KG.city} <= {t.predicate for t in place.triples}


def test_the_policy_of_the_page_is_understood(tmp_path: Path) -> None:
    (text,) = blocks("json")
    (policy,) = read(tmp_path, "page.json", text)
    countries = [str(t.object)[-3:] for t in policy.triples if t.predicate == KG.appliesInCountry]
    assert sorted(countries) == ["DEU", "NLD"]
    assert KG.unreadCondition not in {t.predicate for t in policy.triples}


@pytest.mark.parametrize("name", ["kinds.ttl", "README.md"])
def test_the_tables_that_the_page_names_are_there(name: str) -> None:
    assert f"mapping/{name}" in PAGE
