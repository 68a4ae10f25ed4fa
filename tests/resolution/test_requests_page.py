"""The examples of `docs/requests.md` are read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kgservice.mpli.request_documents import check_request
from kgservice.store.vocabulary import load_vocabulary

PAGE = Path(__file__).resolve().parents[2] / "docs" / "requests.md"
KINDS = {"yaml": "application/yaml", "turtle": "text/turtle", "json": "application/ld+json"}
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_every_example_is_a_request(kind: str, text: str) -> None:
    request = check_request(text, KINDS[kind], load_vocabulary(), name="docs/requests.md")
    assert request.components


def test_the_page_shows_all_three_notations() -> None:
    assert {kind for kind, _ in BLOCKS} == set(KINDS)
