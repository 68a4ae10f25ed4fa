"""SERVICE blocks of a query: found in its text, cut out, and put back as the solutions they gave.

Readers have no network, so what a block asks for is fetched before the query runs, and stands in
its place as VALUES (SPARQL 1.1 Federated Query §4: the solutions of a SERVICE are joined with those
of the group around it, and so are those of VALUES). The tokens are those of the gate. A misreading
can only make another local query of the text: the gate looks at what is left, and refuses it when
it still seems to call anyone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgservice.store.gate import TOKEN, check_query, no_service
from kgservice.store.mistakes import query_error

MOST_CALLS = 8
"""SERVICE blocks in one query; each is a request to somebody else's server."""

_FORMS = frozenset(("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"))
_CLOSING = {"{": "}", "(": ")", "[": "]"}
_PLAIN_LOCAL = re.compile(r"[\w:-]*")
_MAYBE = re.compile(r"(?<!https://w3id\.org/kg)SERVICE|SERVICE(?!/ns#)", re.IGNORECASE)
"""A call, or a word of this kind; not the namespace of nearly every query."""


@dataclass(frozen=True, slots=True)
class Call:
    """One SERVICE block.

    Attributes:
        endpoint: The IRI that it names.
        is_silent: SERVICE SILENT: a failure counts as one empty solution.
        query: What the endpoint is asked.
        start: Where it begins in the text.
        end: Where it ends.
        names: The variables that its solutions bind (SPARQL 1.1 §18.2.1), without `?`.
    """

    endpoint: str
    is_silent: bool
    query: str
    start: int
    end: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def read_calls(text: str) -> list[Call]:
    """Find a query's SERVICE blocks, and let the gate look at all of it.

    Raises:
        InputError: what the gate refuses; or a block whose endpoint is a variable, that holds
            another one, or that cannot be read with certainty (`query-service-refused`).
    """
    if _MAYBE.search(text) is None:
        check_query(text)
        return []
    check_query(text, is_calling=True)
    tokens = _tokens(text)
    places = [place for place, token in enumerate(tokens) if token.word == "SERVICE"]
    if len(places) > MOST_CALLS:
        raise no_service(text, tokens[places[-1]].start, f"More than {MOST_CALLS} SERVICE blocks.")
    pairs = _pairs(text, tokens) if places else {}
    prologue, prefixes = _prologue(text, tokens) if places else ("", {})
    calls: list[Call] = []
    for place in places:
        start = tokens[place].start
        if calls and start < calls[-1].end:
            raise no_service(text, start, "A SERVICE block may not hold another one.")
        endpoint, is_silent, opening = _beginning(text, tokens, place, prefixes)
        if opening not in pairs:
            raise no_service(text, start, "This SERVICE block cannot be read.")
        end = tokens[pairs[opening]].end
        query = f"{prologue}SELECT * WHERE {text[tokens[opening].start : end]}"
        names = tuple(_visible(tokens, pairs, opening + 1, pairs[opening]))
        calls.append(Call(endpoint, is_silent, query, start, end, names))
    check_query(put(text, calls, ["{}"] * len(calls)))
    for call in calls:
        check_query(call.query)
    return calls


def put(text: str, calls: Sequence[Call], patterns: Sequence[str]) -> str:
    """Put a pattern in the place of each block; lines keep their numbers."""
    parts, position = [], 0
    for call, pattern in zip(calls, patterns, strict=True):
        lines = "\n" * text.count("\n", call.start, call.end)
        parts += [text[position : call.start], " ", pattern, lines, " "]
        position = call.end
    return "".join((*parts, text[position:]))


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            found.append(_Token("stray", text[position], position, position + 1))
            position += 1
            continue
        if match.lastgroup != "skip":
            found.append(_Token(str(match.lastgroup), match.group(), position, match.end()))
        position = match.end()
    return found


def _prologue(text: str, tokens: Sequence[_Token]) -> tuple[str, dict[str, str]]:
    """Read BASE and PREFIX up to the query's form (SPARQL 1.1 §19.8, Prologue)."""
    lines: list[str] = []
    prefixes: dict[str, str] = {}
    place = 0
    while place + 2 < len(tokens):
        word, first, second = tokens[place], tokens[place + 1], tokens[place + 2]
        if word.word in _FORMS:
            return "".join(f"{line}\n" for line in lines), prefixes
        if word.word == "BASE" and first.kind == "iri":
            lines.append(f"BASE {first.text}")
            place += 2
        elif word.word == "PREFIX" and first.text.endswith(":") and second.kind == "iri":
            lines.append(f"PREFIX {first.text} {second.text}")
            prefixes[first.text[:-1]] = second.text[1:-1]
            place += 3
        else:
            break
    raise no_service(text, tokens[min(place, len(tokens) - 1)].start, "Its prologue is unclear.")


def _beginning(
    text: str, tokens: Sequence[_Token], place: int, prefixes: dict[str, str]
) -> tuple[str, bool, int]:
    """Read what stands before a block: its endpoint, SILENT, and the place of its brace."""
    is_silent = place + 1 < len(tokens) and tokens[place + 1].word == "SILENT"
    named = place + (2 if is_silent else 1)
    if named + 1 >= len(tokens) or tokens[named + 1].text != "{":
        raise no_service(text, tokens[place].start, "This SERVICE block cannot be read.")
    return _endpoint(text, tokens[named], prefixes), is_silent, named + 1


def _visible(
    tokens: Sequence[_Token], pairs: dict[int, int], place: int, end: int
) -> dict[str, None]:
    """Find the variables of a group that are seen outside of it, in the order of the text."""
    found: dict[str, None] = {}
    while place < end:
        word = tokens[place].word
        opening = next((p for p in range(place, end) if p in pairs), end)
        if word in ("FILTER", "MINUS"):  # binds nothing
            place = pairs.get(opening, end)
        elif word == "BIND":
            inside = tokens[opening : pairs.get(opening, end)]
            found |= dict.fromkeys([t.text[1:] for t in inside if _is_variable(t)][-1:])
            place = pairs.get(opening, end)
        elif word == "SELECT" and place - 1 in pairs and tokens[place + 1].text != "*":
            found |= dict.fromkeys(_projected(tokens, pairs, place))
            place = pairs[place - 1]
        elif _is_variable(tokens[place]):
            found[tokens[place].text[1:]] = None
        place += 1
    return found


def _projected(tokens: Sequence[_Token], pairs: dict[int, int], place: int) -> list[str]:
    """Read what a subselect gives: its variables, and the last one of each `(… AS ?v)`."""
    found = []
    while tokens[place].word != "WHERE" and tokens[place].text != "{":
        if place in pairs:
            inside = tokens[place : pairs[place]]
            found += [t.text[1:] for t in inside if _is_variable(t)][-1:]
            place = pairs[place]
        elif _is_variable(tokens[place]):
            found.append(tokens[place].text[1:])
        place += 1
    return found


def _is_variable(token: _Token) -> bool:
    return len(token.text) > 1 and token.text[0] in "?$"


def _endpoint(text: str, token: _Token, prefixes: dict[str, str]) -> str:
    if token.kind == "iri":
        return token.text[1:-1]
    if token.text[0] in "?$":
        raise no_service(text, token.start, "The endpoint of a SERVICE has to be an IRI.")
    prefix, _, local = token.text.partition(":")
    if token.kind != "name" or prefix not in prefixes or not _PLAIN_LOCAL.fullmatch(local):
        raise no_service(text, token.start, "This endpoint cannot be read.")
    return prefixes[prefix] + local


def _pairs(text: str, tokens: Sequence[_Token]) -> dict[int, int]:
    """Find the closing bracket of each opening one, by their places among the tokens."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind == "open":
            waiting.append(place)
        elif token.kind == "close":
            if not waiting or _CLOSING[tokens[waiting[-1]].text] != token.text:
                raise query_error("query-syntax", "Nothing opens this.", text, token.start)
            pairs[waiting.pop()] = place
    if waiting:
        start = tokens[waiting[-1]].start
        raise query_error("query-syntax", "This bracket is not closed.", text, start)
    return pairs
