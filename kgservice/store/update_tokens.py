"""The words of an update's text, and the text as the engine gets it: one line, no comments.

The engine's grammar has no word boundaries and tells by context what `<` and `#` mean, so two
readers can see two different updates in one text: what is a comment for one is an operation for
the other. On one line with no comments, a `#` that the engine takes for a comment hides all that
follows, which can only be a syntax error; strings and IRIs hold no bracket that counts.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kgservice.store.mistakes import query_error

_ESCAPE = r"\\[tbnrf\\\"']|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_TOKEN = re.compile(
    rf"""
      (?P<gap>(?:[ \t\r\n]+|\#[^\n\r]*)+)
    | (?P<string>\"\"\"(?:[^"\\]|{_ESCAPE}|\"(?!\"\"))*\"\"\"
        |'''(?:[^'\\]|{_ESCAPE}|'(?!''))*'''
        |"(?:[^"\\\n\r]|{_ESCAPE})*"|'(?:[^'\\\n\r]|{_ESCAPE})*')
    | (?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*>)
    | (?P<variable>[?$]\w+)
    | (?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<name>(?:[^\W\d_][\w.-]{{0,64}}+)?:
        (?:[\w.:-]|%[0-9A-Fa-f]{{2}}|\\[_~.\-!$&'()*+,;=/?\#@%])*
        |_:[\w.-]+)
    | (?P<word>\w+)
    | (?P<operator>\^\^|&&|\|\||[!/|^+*=-])
    | (?P<mark>[^\\"'])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of the text: its kind, how it is written, where it begins (characters from 0)."""

    kind: str
    text: str
    start: int


def tokens_of(text: str) -> list[Token]:
    """Cut a text into words, without what is between them; linear, some 0.5 µs a word.

    Raises:
        InputError: a string is not closed, or an escape is none (`query-syntax`).
    """
    found, position = [], 0
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup
        position = match.end()
        if kind != "gap":
            found.append(Token(kind or "", match.group(), match.start()))
    if position < len(text):
        what = "This string is not closed." if text[position] != "\\" else "This is no escape."
        raise query_error("query-syntax", what, text, position)
    return found


class Line:
    """The text for the engine, written from words, with the way back to the original's places."""

    def __init__(self, tokens: list[Token]) -> None:
        """Begin with the words as they are."""
        self._tokens = tokens
        self._instead: dict[int, str] = {}

    def replace(self, index: int, text: str) -> None:
        """Write something else for a word."""
        self._instead[index] = text

    def written(self, first: int = 0, last: int | None = None) -> str:
        """Give the words of a range as one line."""
        return "".join(self._pieces(first, len(self._tokens) if last is None else last))

    def _pieces(self, first: int, last: int) -> list[str]:
        pieces, end = [], self._tokens[first].start if first < last else 0
        for index in range(first, last):
            token = self._tokens[index]
            text = self._instead.get(index)
            if text is None:
                text = token.text
                if token.kind == "string" and ("\n" in text or "\r" in text):
                    text = text.replace("\n", "\\n").replace("\r", "\\r")
            pieces.append(f" {text}" if token.start > end else text)
            end = token.start + len(token.text)
        return pieces

    def place(self, column: int) -> int:
        """Say where in the original a column (from 1) of the whole line is."""
        begin = 0
        for token, piece in zip(self._tokens, self._pieces(0, len(self._tokens)), strict=True):
            end = begin + len(piece)
            if column <= end:
                inside = column - 1 - begin - piece.startswith(" ")
                return token.start + min(max(0, inside), len(token.text))
            begin = end
        return self._tokens[-1].start + len(self._tokens[-1].text) if self._tokens else 0
