"""`docs/errors.md` has exactly the codes that the code can raise or report."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CODE = re.compile(
    r"""(?:\bcode(?::\s*str)?\s*=\s*|Problem\(\s*|\bProblem\(code=)["']([a-z][a-z0-9]*(?:-[a-z0-9]+)+|forbidden|refused|internal|unauthenticated|unavailable)["']"""
)


def codes_in_code() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in ("kgservice", "catalog_importers", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for code in _CODE.findall(path.read_text(encoding="utf-8")):
                found.setdefault(code, str(path.relative_to(ROOT)))
    return found


def codes_on_page() -> set[str]:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    return set(re.findall(r"^### (\S+)$", page, re.MULTILINE))


def test_every_code_of_the_code_has_an_entry() -> None:
    found = codes_in_code()
    assert {code: found[code] for code in found.keys() - codes_on_page()} == {}


def test_every_entry_has_a_text_that_says_more_than_its_code() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code, text in re.findall(r"^### (\S+)\n(.*?)(?=^###|\Z)", page, re.MULTILINE | re.DOTALL):
        assert len(text.strip()) > 30, code
