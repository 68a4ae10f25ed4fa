"""`kg request check` says what can never be met, at its line, and exits with 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from kgservice.cli import request


class Answer:
    def __init__(self, notes: list[dict[str, object]]) -> None:
        self.notes = notes

    def call(self, *_arguments: object, **_options: object) -> Answer:
        return self

    def json(self) -> dict[str, object]:
        return {"id": "1", "notes": self.notes}


NEVER = {
    "code": "never-met",
    "at": "request:7",
    "message": "No value can meet both.",
    "hint": "Leave one out.",
    "neverMet": True,
}


@pytest.mark.parametrize(
    ("notes", "code"), [([], 0), ([{**NEVER, "neverMet": False}], 0), ([NEVER], 1)]
)
def test_notes_are_shown_at_their_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notes: list[dict[str, object]], code: int
) -> None:
    @contextmanager
    def gateway(_settings: object) -> Iterator[Answer]:
        yield Answer(notes)

    monkeypatch.setattr(request, "open_gateway", gateway)
    file = tmp_path / "portal.yaml"
    file.write_text("components: {}\n", "utf-8")
    done = CliRunner().invoke(request.request, ["check", str(file)], standalone_mode=False)
    assert done.return_value == code
    line = f"{file}:7: No value can meet both. Leave one out.  [never-met]"
    assert (line in done.output) == bool(notes)
    assert "is a valid request; its id is 1." in done.output
