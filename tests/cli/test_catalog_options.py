"""A catalogue brings names of its own: as an option, and as a file of the operator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def kg(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KG_")}
    return subprocess.run(
        [str(Path(sys.executable).parent / "kg"), *arguments],
        env={**environment, "KG_DATA_DIR": str(data)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_option_and_file_of_the_data_folder_extend_the_mapping(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "mappings").mkdir(parents=True)
    (data / "mappings" / "ours.toml").write_text('[kinds]\nPostgreSQL = ["Elefantenbank"]\n')
    own = tmp_path / "own.toml"
    own.write_text("[properties]\nvcpu = ['prozessoren']\n", encoding="utf-8")
    values = [
        {"name": "Service type", "value": "Elefantenbank"},
        {"name": "Prozessoren", "value": 4},
    ]
    offer = {"id": "urn:ngsi-ld:product-offering:kg-made-up", "name": "x", "characteristic": values}
    source = tmp_path / "offers.json"
    source.write_text(json.dumps([offer]), encoding="utf-8")
    option = f"mapping=@{own}"
    added = kg(data, "catalog", "add", "m", "--type", "tmf620", str(source), "--option", option)
    assert added.returncode == 0, added.stderr
    found = kg(data, "query", "--format", "csv", "SELECT ?n { ?o a kg:PostgreSQL ; kg:vcpu ?n }")
    assert "4" in found.stdout.split(), found.stdout + found.stderr


def test_option_without_a_value_is_wrong_use(tmp_path: Path) -> None:
    wrong = kg(tmp_path, "catalog", "add", "m", "--type", "tmf620", "x", "--option", "mapping")
    assert wrong.returncode == 2
    assert "NAME=VALUE" in wrong.stderr
