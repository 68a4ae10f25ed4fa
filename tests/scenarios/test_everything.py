"""One command takes a folder of everything: every file of the real data has an outcome."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from kgservice_importers.mixed.importer import trace

from kgservice.model.documents import ImportContext, ImportItem, SetAside, SourceDocument
from kgservice.model.errors import Problem, Severity
from kgservice.store.vocabulary import load_vocabulary
from tests.running import Service

BASE = "http://127.0.0.1:8080/"


def outcome(item: ImportItem) -> str:
    if isinstance(item, SourceDocument):
        return "document"
    if isinstance(item, SetAside):
        return "set-aside"
    return "unreadable" if isinstance(item, Problem) and item.severity is Severity.ERROR else ""


def report_of(service: Service, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(service.kg("catalog", "report", name, "--json"))
    return found


def test_every_file_of_the_real_data_has_an_outcome_in_one_command(
    shared_data: Path, tmp_path: Path
) -> None:
    files = {p.relative_to(shared_data).as_posix() for p in shared_data.rglob("*") if p.is_file()}
    context = ImportContext("everything", BASE, load_vocabulary())
    told = [(name, outcome(item)) for name, item in trace(str(shared_data), context)]
    assert {name for name, what in told if what} == files
    expected = Counter(what for _, what in told)
    service = Service(tmp_path / "service").start()
    try:
        service.kg("catalog", "add", "everything", "--type", "mixed", str(shared_data))
        report = report_of(service, "everything")
        outcomes = report["outcomes"]
        assert outcomes["set-aside"] == expected["set-aside"]
        assert outcomes["unreadable"] == expected["unreadable"]
        read = ("imported", "quarantined", "refused", "duplicate")
        assert sum(outcomes[name] for name in read) == expected["document"]
        assert report["counts"]["offerings"] >= 100
        assert "import-crashed" not in report["codes"]
        service.kg("catalog", "sync", "everything")
        again = report_of(service, "everything")["outcomes"]
        assert again["imported"] == 0
        assert (
            again["unchanged"] + again["quarantined"]
            == outcomes["imported"] + outcomes["quarantined"]
        )
        assert again["set-aside"] == outcomes["set-aside"]
    finally:
        service.stop()
