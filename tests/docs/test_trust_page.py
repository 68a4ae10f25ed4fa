"""The commands of docs/trust.md are run as they stand; its words are those of the vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

from test_readme import commands, run_all

from kgservice.labels import Proof
from kgservice.model.terms import KG

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    found = commands(PAGE)
    assert len(found) == 4
    run_all(found, tmp_path)


def test_the_page_tells_every_result() -> None:
    named = {getattr(KG, name) for name in re.findall(r"`kg:(Proof\w+)`", PAGE)}
    assert named == {result.iri for result in Proof}
