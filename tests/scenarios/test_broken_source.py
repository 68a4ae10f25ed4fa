"""A file that cannot be read keeps the last good version of what it held."""

from __future__ import annotations

import json
from pathlib import Path

from tests.running import Service


def test_a_broken_file_retires_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    offering = {
        "id": "urn:ngsi-ld:product-offering:kept",
        "name": "Kept",
        "lifecycleStatus": "Launched",
    }
    file = source / "productOffering.json"
    file.write_text(json.dumps([offering]), encoding="utf-8")
    service = Service(tmp_path / "data")
    service.kg("catalog", "add", "mine", "--type", "tmf620", str(source))
    file.write_text("[{", encoding="utf-8")
    said = service.kg("catalog", "sync", "mine")
    assert "json-invalid" in said
    assert "Kept" in service.kg("query", "SELECT ?t { ?o a kg:Offering ; dcterms:title ?t }")
    file.write_text("[]", encoding="utf-8")
    service.kg("catalog", "sync", "mine")
    assert "Kept" not in service.kg("query", "SELECT ?t { ?o a kg:Offering ; dcterms:title ?t }")
