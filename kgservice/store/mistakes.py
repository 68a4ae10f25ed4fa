"""What is wrong with a query's text, with its line and a caret."""

from __future__ import annotations

import re

from kgservice.model.errors import InputError

_POSITION = re.compile(r"error at (\d+):(\d+): ?(.*)", re.DOTALL)
_EXPECTED = re.compile(r'(?:^|, |one of )\s*("[^"]*"|[A-Z]{2,})(?=,|$)')
_HIDDEN = {
    "Prefix not found": "a prefix before this is not declared",
    "contains a variable that is unbound": "a selected variable is not in GROUP BY",
    "IRI parsing failed": "the IRI before this is not valid",
}
SHOWN = 160
"""Characters of the line that are shown."""


def query_error(code: str, detail: str, text: str, offset: int, hint: str = "") -> InputError:
    """Make the error for something at a position of the text, counted in characters from 0."""
    before = text[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    return _at(code, detail, text, (line, column), hint)


def syntax_error(message: str, text: str) -> InputError:
    """Make the error for the engine's message, `error at LINE:COLUMN: expected …`."""
    match = _POSITION.search(message)
    if match is None:
        return InputError(f"{message.rstrip('.')}.", code="query-syntax", at="query")
    what = _reworded(match[3])
    return _at("query-syntax", f"{what}.", text, (int(match[1]), int(match[2])), "")


def _reworded(message: str) -> str:
    """Leave out the engine's character classes; name what it hides among its expectations."""
    for engine, ours in _HIDDEN.items():
        if engine in message:
            return ours
    wanted = [word for word in _EXPECTED.findall(message.partition("expected")[2]) if word]
    return f"expected {' or '.join(wanted[:4])}" if wanted else "the text is not SPARQL up to here"


def _at(code: str, detail: str, text: str, place: tuple[int, int], hint: str) -> InputError:
    line, column = place
    lines = text.split("\n")
    shown = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
    start = max(0, column - SHOWN // 2) if len(shown) > SHOWN else 0
    excerpt = shown[start : start + SHOWN].replace("\t", " ")
    caret = " " * (column - 1 - start) + "^"
    picture = f"\n    {excerpt}\n    {caret}" if excerpt else ""
    return InputError(f"{detail}{picture}", code=code, at=f"query:{line}:{column}", hint=hint)
