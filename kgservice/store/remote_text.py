"""Queries as one strict text for somebody else's engine.

A query is taken apart by the tokens of SPARQL 1.1 §19.8 and written again: prefixed names as IRIs,
no comments, no escapes, one space between tokens, so that any engine's scanner finds the same
tokens. The dataset that the text names is taken out: Virtuoso 7.2.5 adds it to the protocol's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urljoin

from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF_LANG_STRING, XSD_STRING, Literal, is_valid_iri, to_text
from kgservice.store.mistakes import query_error
from kgservice.store.remote_terms import encoded

NOWHERE: Final = "urn:kgservice:none"
"""A graph that never holds anything."""

_LOCAL = r"(?:[\w:]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%])"
_INNER = r"(?:[\w:.·-]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%])"
_LAST = r"(?:[\w:·-]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%])"
_TOKEN: Final = re.compile(
    rf"""
      (?P<skip>(?:[ \t\r\n]|\#[^\r\n]*)+)
    | (?P<iri><[^<>"{{}}|^`\x00-\x20]*>)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | (?P<variable>[?$]\w+)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<blank>_:\w(?:[\w.·-]*[\w·-])?)
    | (?P<name>(?:[^\W\d_](?:[\w.·-]*[\w·-])?)?:(?:{_LOCAL}(?:{_INNER}*{_LAST})?)?)
    | (?P<number>[+-]?(?:[0-9]+\.[0-9]*[eE][+-]?[0-9]+|\.[0-9]+[eE][+-]?[0-9]+|[0-9]+[eE][+-]?[0-9]+
        |[0-9]*\.[0-9]+|[0-9]+))
    | (?P<word>[A-Za-z][A-Za-z0-9_]*)
    | (?P<sign>\^\^|&&|\|\||!=|<=|>=|[{{}}()\[\]|/^?*+!=<>,;.-])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_MEANT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CASTS: Final = ("http://www.w3.org/2001/XMLSchema#", "http://www.opengis.net/def/function/")
_ENGINES_OWN: Final = ("bif:", "sql:", "java:", "xsl:")
"""Schemes under which engines keep functions of their own, some of which run code."""


class Token(NamedTuple):
    """A token: `iri`, `literal`, `variable`, `blank`, `number`, `word` or `sign`; and its text."""

    kind: str
    text: str


@dataclass(slots=True)
class Text:
    """A query taken apart, without prologue and dataset.

    Attributes:
        tokens: What is left of it.
        default_graphs: IRIs after FROM.
        named_graphs: IRIs after FROM NAMED.
        form: SELECT, ASK, CONSTRUCT or DESCRIBE.
    """

    tokens: list[Token] = field(default_factory=list)
    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)

    @property
    def form(self) -> str:
        """The query's form, in capitals; empty when there is none."""
        return self.tokens[0].text.upper() if self.tokens else ""

    @property
    def names_a_dataset(self) -> bool:
        """Whether the text says FROM."""
        return bool(self.default_graphs or self.named_graphs)

    def written(self) -> str:
        """Write it as one line."""
        return " ".join(token.text for token in self.tokens)


def is_word(token: Token, word: str) -> bool:
    """Say whether a token is a keyword."""
    return token.kind == "word" and token.text.upper() == word


def read_text(text: str, base_iri: str = "", *, is_trusted: bool = False) -> Text:
    """Take a query apart; relative IRIs are resolved against `base_iri`.

    Raises:
        InputError: it has something that is no token of SPARQL 1.1 (`query-syntax`), or calls a
            function of the engine's own (`query-function-refused`), unless it is trusted.
    """
    reader = _Reader(text, base_iri, is_trusted)
    tokens = reader.tokens()
    found = Text()
    _take_dataset(tokens, found)
    return found


def _take_dataset(tokens: Sequence[Token], found: Text) -> None:
    """Move FROM and FROM NAMED out of the tokens."""
    depth = place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "sign":
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(token.text, 0)
        if depth or not is_word(token, "FROM"):
            found.tokens.append(token)
            place += 1
            continue
        is_named = place + 1 < len(tokens) and is_word(tokens[place + 1], "NAMED")
        place += 1 + is_named
        if place >= len(tokens) or tokens[place].kind != "iri":
            raise InputError("After FROM comes an IRI.", code="query-syntax")
        graphs = found.named_graphs if is_named else found.default_graphs
        graphs.append(tokens[place].text[1:-1])
        place += 1


class _Reader:
    """Reads tokens, with the prologue's names resolved."""

    def __init__(self, text: str, base_iri: str, is_trusted: bool) -> None:
        self._text, self._is_trusted = text, is_trusted
        self._prefixes: dict[str, str] = {}
        self._base = base_iri
        self._position = 0
        self._tokens: list[Token] = []

    def tokens(self) -> list[Token]:
        while (raw := self._next()) is not None:
            word = raw.text.upper() if raw.kind == "word" else ""
            if word == "PREFIX":
                name, iri = self._next(), self._next()
                self._prefixes[name.text.split(":")[0] if name else ""] = self._iri(iri)
            elif word == "BASE":
                self._base = self._iri(self._next())
            else:
                self._take(raw)
        return self._tokens

    def _next(self) -> Token | None:
        """Give the next raw token; None at the end."""
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                raise self._wrong("This is no word or sign of SPARQL 1.1.")
            self._position = match.end()
            if match.lastgroup != "skip":
                return Token(match.lastgroup or "", match.group())
        return None

    def _take(self, raw: Token) -> None:
        if raw.kind in ("iri", "name"):
            iri = self._iri(raw) if raw.kind == "iri" else self._expanded(raw.text)
            self._check_function(iri)
            self._tokens.append(Token("iri", f"<{iri}>"))
        elif raw.kind == "string":
            self._tokens.append(Token("literal", self._literal(raw.text)))
        elif raw.kind == "language":
            raise self._wrong("A language belongs to a string.")
        else:
            self._tokens.append(raw)

    def _literal(self, text: str) -> str:
        quotes = 3 if text[:3] in ('"""', "'''") else 1
        value = _plain(text[quotes:-quotes])
        start = self._position
        after = self._next()
        if after is not None and after.kind == "language":
            return to_text(Literal(value, RDF_LANG_STRING, after.text[1:]))
        if after is not None and after.text == "^^":
            datatype = self._next()
            if datatype is not None and datatype.kind == "name":
                return to_text(encoded(Literal(value, self._expanded(datatype.text))))
            return to_text(encoded(Literal(value, self._iri(datatype))))
        self._position = start
        return to_text(Literal(value, XSD_STRING))

    def _iri(self, token: Token | None) -> str:
        if token is None or token.kind != "iri":
            raise self._wrong("An IRI belongs here.")
        iri = _plain(token.text[1:-1])
        iri = urljoin(self._base, iri) if self._base and ":" not in iri else iri
        if not is_valid_iri(iri):
            raise self._wrong(f"<{iri}> is no absolute IRI.")
        return iri

    def _expanded(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        if prefix not in self._prefixes:
            raise self._wrong("a prefix before this is not declared.")
        iri = self._prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)
        if not is_valid_iri(iri):
            raise self._wrong(f"<{iri}> is no absolute IRI.")
        return iri

    def _check_function(self, iri: str) -> None:
        """Refuse functions: only casts and GeoSPARQL mean the same everywhere."""
        if self._is_trusted:
            return
        match = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*\(").match(self._text, self._position)
        is_call = match is not None and not iri.startswith(_CASTS)
        if is_call or iri.lower().startswith(_ENGINES_OWN):
            raise query_error(
                "query-function-refused",
                f"<{iri}> is no function of SPARQL 1.1.",
                self._text,
                self._position,
                hint="Behind a remote store, only the functions of SPARQL and casts may be called.",
            )

    def _wrong(self, what: str) -> InputError:
        return query_error("query-syntax", what, self._text, self._position)


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else _MEANT.get(m[3], m[3]), text
    )
