"""Going through the bodies of an update: templates, data blocks, WHERE groups."""

from __future__ import annotations

from collections import Counter

from kgservice.store.gate import LIMITS, MAX_DEPTH, no_service
from kgservice.store.update_words import END, Words

_NO_LIMIT = 1 << 30
_CALLS = ("SERVICE", "SERVICESILENT")


class Bodies(Words):
    """Notes which graphs the templates write."""

    def __init__(self, text: str, base_iri: str) -> None:
        """Begin at the first word."""
        super().__init__(text, base_iri)
        self._counts: Counter[str] = Counter()
        self.targets: set[str] = set()
        self.is_open = False

    def _quads(self, graph: str) -> None:
        """Go past a template or data block and note the graphs that it writes."""
        self._expect("{")
        depth = 0
        while (text := self._peek().text) != "}" or depth:
            token = self._peek()
            if token is END:
                self._fail("this block is not closed")
            self._next += 1
            if token.kind == "word" and text.upper() == "GRAPH":
                self._in_graph(depth)
            elif token.kind == "mark" and text in "{}[]()":
                depth = self._nest(text, depth)
            elif text != ".":
                self.targets.add(graph)
        self._next += 1

    def _in_graph(self, depth: int) -> None:
        if depth:
            self._fail("GRAPH cannot stand here")
        if self._peek().kind == "variable":
            self.is_open = True
            self._next += 1
        else:
            self.targets.add(self._graph())
        self._expect("{")
        while (text := self._peek().text) != "}" or depth:
            token = self._peek()
            if token is END or (token.kind == "word" and text.upper() == "GRAPH"):
                self._fail("this block is not closed")
            self._next += 1
            if token.kind == "mark" and text in "{}[]()":
                depth = self._nest(text, depth)
        self._next += 1

    def _nest(self, mark: str, depth: int) -> int:
        """Give the depth after a bracket; a brace has no place in a triple."""
        if mark in "{}":
            follows = self._tokens[self._next - 2 if mark == "}" else self._next :][:1]
            if not follows or follows[0].text != "|":  # `{| … |}` annotates a triple (SPARQL 1.2)
                self._next -= 1
                self._fail("a brace cannot stand here")
        if mark in "{[(":
            if depth >= MAX_DEPTH:
                self._too_complex(f"nesting deeper than {MAX_DEPTH}")
            return depth + 1
        return depth - 1 if depth else self._fail("this bracket was not opened")

    def _group(self) -> None:
        self._expect("{")
        depth = 1
        while depth:
            token = self._peek()
            if token is END:
                self._fail("this group is not closed")
            if token.kind == "mark" and token.text in "{}[]()":
                depth += 1 if token.text in "{[(" else -1
                if depth > MAX_DEPTH:
                    self._too_complex(f"nesting deeper than {MAX_DEPTH}")
            elif token.kind in ("word", "operator"):
                self._count(token.text.upper())
            elif token.kind == "name":
                self._refuse_call(token.text.partition(":")[0])
            self._next += 1

    def _refuse_call(self, prefix: str) -> None:
        """Refuse a name that the engine may read as SERVICE and a name: it needs no space."""
        before, behind = self._tokens[self._next - 1], self._tokens[self._next + 1 :][:1]
        is_graph = before.kind == "word" and before.text.upper() == "GRAPH"
        if "SERVICE" in prefix.upper() and behind and behind[0].text == "{" and not is_graph:
            raise no_service(self._text, self._peek().start)

    def _count(self, word: str) -> None:
        if word.endswith(_CALLS):
            raise no_service(self._text, self._peek().start)
        self._counts[word] += 1
        if self._counts[word] > LIMITS.get(word, _NO_LIMIT):
            self._too_complex(f"more than {LIMITS[word]} times `{word}`")
