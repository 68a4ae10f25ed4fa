"""The commands of the page for operators of catalogues are run as they stand."""

from __future__ import annotations

from pathlib import Path

from test_readme import ROOT, commands, run_all

from kgservice.ingest.report import OUTCOMES


def test_the_commands_of_the_page_work_in_their_order(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "catalogs.md").read_text(encoding="utf-8")
    found = commands(page)
    assert len(found) >= 8
    run_all(found, tmp_path)


def test_the_page_explains_every_outcome() -> None:
    page = (ROOT / "docs" / "catalogs.md").read_text(encoding="utf-8")
    assert [name for name in OUTCOMES if f"\n| {name} |" not in page] == []
