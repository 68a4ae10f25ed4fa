"""Which graphs a query names: its dataset clause, and what it asks of GRAPH.

A linear scan, not a parser: it decides which dataset a query gets, never what it may see (the
dataset's lists do that). SPARQL 1.1 §13.2 and §13.3; strings and comments are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from kgservice.store.gate import MAX_BYTES

_TOKEN = re.compile(
    r"""
      (?P<skip>\s+|\#[^\n\r]*)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | <(?P<iri>[^<>"{}|^`\\\x00-\x20]*)>
    | (?P<variable>[?$]\w+)
    | (?P<name>[\w.-]{0,256}:(?:[\w.:%-]|\\.)*)
    | (?P<word>@?\w+)
    | (?P<open>[{(\[])
    | (?P<close>[})\]])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MENTIONED = re.compile("from|graph", re.IGNORECASE)


@dataclass(slots=True)
class QueryGraphs:
    """What a query says of graphs.

    Attributes:
        default_graphs: Those of its FROM clauses.
        named_graphs: Those of its FROM NAMED clauses.
        reached: Those that a GRAPH names.
        mentioned: Every IRI of the query.
        has_open_graph: A GRAPH takes a variable.
    """

    default_graphs: list[str] = field(default_factory=list)
    named_graphs: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    has_open_graph: bool = False

    @property
    def uses_graph(self) -> bool:
        """Whether the query looks into named graphs at all."""
        return self.has_open_graph or bool(self.reached)


def graphs_of(text: str) -> QueryGraphs:
    """Read what a query says of graphs; what it does not understand it leaves to the engine."""
    if not _MENTIONED.search(text):
        return QueryGraphs()  # as most queries, and quickly
    return _Scan(text if len(text) <= MAX_BYTES else "").found


class _Scan:
    def __init__(self, text: str) -> None:
        self.found = QueryGraphs()
        self._prefixes: dict[str, str] = {}
        self._base = ""
        self._depth = 0
        found = [*tokens(text), ("end", "")]
        for place, (kind, word) in enumerate(found[:-1]):
            if kind in ("open", "close"):
                self._depth += 1 if kind == "open" else -1
            elif kind == "word":
                self._read_word(word.upper(), found[place + 1 : place + 3])
            elif (iri := self._iri(kind, word)) is not None:
                self.found.mentioned.add(iri)

    def _read_word(self, word: str, after: list[tuple[str, str]]) -> None:
        if word == "PREFIX" and [kind for kind, _ in after] == ["name", "iri"]:
            self._prefixes[after[0][1].rstrip(":")] = urljoin(self._base, after[1][1])
        elif word == "BASE" and after[0][0] == "iri":
            self._base = urljoin(self._base, after[0][1])
        elif word.endswith("FROM") and self._depth == 0:
            self._read_from(after)
        elif word.endswith("GRAPH"):  # the engine's grammar takes `1GRAPH` for two words
            self._read_graph(after[0])

    def _read_from(self, after: list[tuple[str, str]]) -> None:
        is_named = after[0][1].upper() == "NAMED" and after[0][0] == "word"
        iri = self._iri(*after[1 if is_named else 0])
        if iri is not None:
            (self.found.named_graphs if is_named else self.found.default_graphs).append(iri)

    def _read_graph(self, after: tuple[str, str]) -> None:
        iri = self._iri(*after)
        if iri is not None:
            self.found.reached.append(iri)
        else:  # a variable, or what this scan cannot read
            self.found.has_open_graph = True

    def _iri(self, kind: str, word: str) -> str | None:
        if kind == "iri":
            return urljoin(self._base, word) if self._base else word
        prefix, colon, local = word.partition(":")
        if kind != "name" or not colon or prefix not in self._prefixes:
            return None
        return self._prefixes[prefix] + local.replace("\\", "")


def tokens(text: str, *, strings: bool = False) -> Iterator[tuple[str, str]]:
    """Give the kinds and texts of a query's tokens, without comments and, unless asked, strings."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if match.group() in ("'", '"'):
            return  # an open string: the gate refuses it, and looking for its end is not linear
        if kind != "skip" and (strings or kind != "string"):
            yield kind, match.group(kind)
