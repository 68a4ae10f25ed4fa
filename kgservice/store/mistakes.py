"""What is wrong with a query's text, with its line and a caret."""

from __future__ import annotations

import re

from kgservice.model.errors import InputError
from kgservice.store.hints import hint_for, misspelt_word, undeclared_prefix

_POSITION = re.compile(r"error at (\d+):(\d+): ?(.*)", re.DOTALL)
_EXPECTED = re.compile(r'(?:^|, |one of )\s*("[^"]*"|[A-Z]{2,})(?=,|$)')
_HIDDEN = {
    "Prefix not found": "a prefix before this is not declared",
    "contains a variable that is unbound": "a selected variable is not in GROUP BY",
    "IRI parsing failed": "the IRI before this is not valid",
}
_FUNCTION = re.compile(r"\b(?:ADJUST|CONCAT|STRBEFORE|STRSTARTS|SHA256|isLITERAL|isNUMERIC)\b")
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
    place = int(match[1]), int(match[2])
    offset = _offset(text, place)
    unknown = undeclared_prefix(text)
    if unknown is not None and unknown.offset < offset:
        detail = f"the prefix `{unknown.text}` is not declared."
        return query_error("query-syntax", detail, text, unknown.offset, unknown.hint)
    word = misspelt_word(text, offset)
    if word is not None:
        detail = f"`{word.text}` is no word of SPARQL."
        return query_error("query-syntax", detail, text, word.offset, word.hint)
    return _at("query-syntax", f"{_reworded(match[3])}.", text, place, hint_for(text))


def _offset(text: str, place: tuple[int, int]) -> int:
    lines = text.split("\n")[: place[0] - 1]
    return sum(len(line) + 1 for line in lines) + place[1] - 1


def query_failed(message: str) -> InputError:
    """Make the error for what is SPARQL and cannot be evaluated; 400 would say that it is none."""
    return InputError(
        f"The query failed in the engine: {message}.", code="query-failed", status=409
    )


def _reworded(message: str) -> str:
    """Leave out the engine's character classes; name what it hides among its expectations."""
    for engine, ours in _HIDDEN.items():
        if engine in message:
            return ours
    if _FUNCTION.search(message):
        return "expected an expression, or what goes on or ends the one before this"
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
