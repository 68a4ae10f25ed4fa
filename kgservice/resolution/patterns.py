"""Patterns of `matches`: a subset of regular expressions that means the same everywhere.

Inside it XPath (SPARQL's REGEX, sh:pattern), the store's engine and Python agree, and the engine
needs time in proportion to the text. Outside are back-references, looking around, classes by
name (digits and words, whose members differ), lazy quantifiers and large repetitions.
"""

from __future__ import annotations

import re

from kgservice.model.errors import InputError

MOST_CHARACTERS = 200
MOST_REPETITION = 200
"""How long a pattern may get with its counted repetitions written out."""

_ESCAPED = frozenset(".\\?*+{}()[]|^$-")
_META = frozenset(".\\?*+{}()[]|^$")
_QUANTIFIER = re.compile(r"[?*+]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\}")
_NOT_IN_CLASS = frozenset("[]^&~\\-")


def check_pattern(pattern: str, at: str) -> str:
    """Give a pattern back if it is in the subset.

    Raises:
        InputError: it is not (`pattern-invalid`).
    """
    if not pattern or len(pattern) > MOST_CHARACTERS:
        raise _invalid(f"A pattern has 1 to {MOST_CHARACTERS} characters.", at)
    reader = _Reader(pattern, at)
    size = reader.branches()
    if reader.place < len(pattern):
        raise reader.error("a `)` without its `(`")
    if size > MOST_REPETITION:
        raise _invalid(f"With its repetitions it would have {size} places.", at)
    return pattern


class _Reader:
    """Reads a pattern from left to right; each method gives the number of places that it has."""

    def __init__(self, text: str, at: str) -> None:
        self.text = text
        self.at = at
        self.place = 0

    def here(self) -> str:
        return self.text[self.place : self.place + 1]

    def error(self, what: str) -> InputError:
        return _invalid(f"Character {self.place + 1} of {self.text!r}: {what}.", self.at)

    def branches(self, depth: int = 0) -> int:
        if depth > 10:
            raise self.error("too many groups in one another")
        size = 0
        while True:
            while self.here() not in ("", "|", ")"):
                size += self.piece(depth)
            if self.here() != "|":
                return size
            self.place += 1

    def piece(self, depth: int) -> int:
        if self.here() in ("^", "$"):
            self.place += 1
            if _QUANTIFIER.match(self.text, self.place):
                raise self.error("nothing to repeat")
            return 0
        return self.atom(depth) * self.repeated()

    def repeated(self) -> int:
        found = _QUANTIFIER.match(self.text, self.place)
        if found is None:
            return 1
        self.place = found.end()
        if _QUANTIFIER.match(self.text, self.place):
            raise self.error("a repetition of a repetition; put the inner one into ( )")
        least, _, most = found.groups()
        if least and most and int(least) > int(most):
            raise self.error("the repetition counts down")
        return max(int(most or least or 1), 1)

    def atom(self, depth: int) -> int:
        character = self.here()
        self.place += 1
        if character == "(":
            if self.here() in ("?", "*"):
                raise self.error("special groups are not used")
            size = self.branches(depth + 1)
            if self.here() != ")":
                raise self.error("a `(` without its `)`")
            self.place += 1
            return max(size, 1)
        if character == "[":
            self.characters()
        elif character == "\\":
            self.escaped()
        elif character in _META - {"."} or ord(character) < 32:
            self.place -= 1
            raise self.error(f"`{character}` needs `\\` before it")
        return 1

    def escaped(self) -> None:
        if self.here() not in _ESCAPED or not self.here():
            raise self.error(f"`\\{self.here()}` is not used; write the characters, such as [0-9]")
        self.place += 1

    def characters(self) -> None:
        """Read a class such as `[A-Za-z0-9_]`."""
        self.place += self.here() == "^"
        if self.here() == "]":
            raise self.error("an empty class")
        while self.here() != "]":
            first = self.member()
            if self.here() == "-" and self.text[self.place + 1 : self.place + 2] != "]":
                self.place += 1
                if self.member() < first:
                    raise self.error("the range goes backwards")
            elif self.here() == "-":
                self.place += 1
        self.place += 1

    def member(self) -> str:
        character = self.here()
        if not character:
            raise self.error("a `[` without its `]`")
        self.place += 1
        if character == "\\":
            self.escaped()
            return self.text[self.place - 1]
        if character in _NOT_IN_CLASS or ord(character) < 32:
            self.place -= 1
            raise self.error(f"`{character}` cannot stand there in a class")
        return character


def _invalid(detail: str, at: str) -> InputError:
    return InputError(
        f"The pattern cannot be used. {detail}",
        code="pattern-invalid",
        at=at,
        hint="Use characters, `.`, [classes], (groups|of ways), `? * + {n,m}`, `^` and `$`.",
    )
