"""The sample catalogue and generated offerings read with the vocabulary that the product ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_vocabulary import BASE, ROOT
from test_polder_market import FOLDER, OFFERING
from tmf620_reading import codes, documents, read, values

from kgservice.model.documents import ImportContext
from kgservice.store.vocabulary import load_vocabulary


@pytest.fixture(scope="module")
def product_context() -> ImportContext:
    return ImportContext("polder-market", BASE, load_vocabulary())


def test_databases_of_the_story_have_the_facts_that_the_demo_asks_for(
    product_context: ImportContext,
) -> None:
    found = documents(read(FOLDER, product_context))
    versions = {
        "waterlinie": {"15", "16"},
        "noordzee": {"18"},
        "lage-landen": {"16", "17"},
        "prairie": {"16", "17", "18"},
    }
    for slug, expected in versions.items():
        document = found[f"{OFFERING}{slug}-postgresql"]
        assert "vector" in values(document, "extension")
        assert "pg_dump-directory" in values(document, "exportFormat")
        assert "pg_dump-directory" in values(document, "importFormat")
        assert set(values(document, "majorVersion")) == expected
        assert all(float(size) >= 100 for size in values(document, "storage"))
        assert values(document, "location")
        assert len(values(document, "price")) >= 2


def test_only_the_intended_blemishes_are_found(product_context: ImportContext) -> None:
    assert codes(read(FOLDER, product_context)) == {
        "characteristic-unmapped",
        "credential-not-read",
        "default-taken",
        "price-ambiguous",
        "price-on-request",
        "unit-missing",
        "value-unmapped",
    }


def test_generated_offerings_are_read_without_a_finding(
    product_context: ImportContext, tmp_path: Path
) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("generate", ROOT / "bench/generate_offerings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = tmp_path / "generated.json"
    module.write(300, path, seed=7)
    again = tmp_path / "again.json"
    module.write(300, again, seed=7)
    assert path.read_bytes() == again.read_bytes()
    assert len(json.loads(path.read_text("utf-8"))) == 301
    items = read(path, product_context)
    assert codes(items) == set()
    assert len(documents(items)) == 301
