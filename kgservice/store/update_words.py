"""Going through the words of an update: keywords, prefixes, names of graphs."""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import urljoin

from kgservice.model.rdf import is_valid_iri
from kgservice.store.mistakes import query_error
from kgservice.store.update_tokens import Line, Token, tokens_of

END = Token("end", "", 0)
_ESCAPES = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


class Words:
    """A text's words, where the reading has come, and what its prologues declared."""

    def __init__(self, text: str, base_iri: str) -> None:
        """Begin at the first word."""
        self._text, self._base = text, base_iri
        self._tokens = tokens_of(text)
        self._next = 0
        self._prefixes: dict[str, str] = {}
        self._writes_whole_names = False
        self.line = Line(self._tokens)

    def _peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else END

    def _word(self) -> str:
        token = self._peek()
        return token.text.upper() if token.kind == "word" else ""

    def _take(self, *words: str) -> bool:
        """Go past a word if it is one of these."""
        if self._word() in words:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if self._peek().text.upper() != text or self._peek().kind == "string":
            self._fail(f"expected `{text}`")
        self._next += 1

    def _fail(self, what: str) -> NoReturn:
        token = self._peek()
        offset = len(self._text) if token is END else token.start
        raise query_error(
            "query-syntax", f"{what[0].upper()}{what[1:]}.", self._text, offset
        ) from None

    def _too_complex(self, what: str) -> NoReturn:
        raise query_error(
            "query-too-complex",
            f"The update is too complex: {what}.",
            self._text,
            min(self._peek().start, len(self._text)),
            hint="Split it, or send content as a graph.",
        )

    def _prologue(self) -> None:
        """Go past declarations.

        The engine takes them only at the beginning (measured: 0.5.13; the grammar allows them
        after each semicolon), so later ones are not written, and what follows them is written with
        whole IRIs.
        """
        begin = self._next
        while (word := self._word()) in ("PREFIX", "BASE", "VERSION"):
            self._next += 1
            token = self._peek()
            if word == "PREFIX":
                if token.kind != "name" or not token.text.endswith(":"):
                    self._fail("expected a prefix and its colon")
                self._next += 1
                self._prefixes[token.text[:-1]] = self._absolute()
            elif word == "BASE":
                self._base = self._absolute()
            elif token.kind == "string":
                self._next += 1
            else:
                self._fail("expected a version")
        if begin and begin < self._next:
            self._writes_whole_names = True
            for index in range(begin, self._next):
                self.line.replace(index, "")

    def _write_whole_names(self, begin: int) -> None:
        """Write the IRIs and names since a word as they are meant, when that is needed."""
        if not self._writes_whole_names:
            return
        end, self._next = self._next, begin
        while self._next < end:
            token, index = self._peek(), self._next
            if token.kind == "iri":
                self.line.replace(index, f"<{self._absolute()}>")
            elif token.kind == "name" and not token.text.startswith("_:"):
                name = token.text.rstrip(".")
                self.line.replace(index, f"<{self._expanded(name)}>{token.text[len(name) :]}")
            else:
                self._next += 1

    def _expanded(self, name: str) -> str:
        """Go past a prefixed name and give its IRI."""
        prefix, _, local = name.partition(":")
        if prefix not in self._prefixes:
            self._fail("this prefix is not declared")
        self._next += 1
        return self._prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)

    def _absolute(self) -> str:
        """Go past an IRI in angle brackets and give it without what is relative in it."""
        token = self._peek()
        if token.kind != "iri":
            self._fail("expected an IRI in angle brackets")
        self._next += 1
        try:
            text = _ESCAPES.sub(lambda m: chr(int(m[1] or m[2], 16)), token.text[1:-1])
        except ValueError:  # beyond Unicode
            self._fail("the IRI before this has an escape that is no character")
        return text if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) else urljoin(self._base, text)

    def _graph(self) -> str:
        """Go past a graph's name; the engine gets it as the absolute IRI that is given here."""
        token, index = self._peek(), self._next
        if token.kind == "iri":
            iri = self._absolute()
        elif token.kind == "name" and not token.text.startswith("_:"):
            if token.text.endswith("."):
                self._fail("the name of a graph does not end in a dot")
            iri = self._expanded(token.text)
        else:
            self._fail("expected the name of a graph")
        if not is_valid_iri(iri):
            self._next = index
            self._fail("this is not the IRI of a graph")
        self.line.replace(index, f"<{iri}>")
        return iri
