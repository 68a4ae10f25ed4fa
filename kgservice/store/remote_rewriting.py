"""Say in a query's own text which graphs it reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kgservice.model.errors import InputError
from kgservice.store.remote_text import NOWHERE, Token, is_word

__all__ = ["NOWHERE", "guarded", "refuse_hidden_selects", "refuse_long_paths", "wrapped"]
_PATH_SIGNS: Final = frozenset("()|/^!?+*")
_DEPTH: Final = {"{": 1, "}": -1}


def guarded(
    tokens: Sequence[Token],
    name_of: Callable[[str], str],
    guard: Callable[[str], str],
) -> list[Token]:
    """Give each GRAPH its guard.

    A graph that the text names gets the name that `name_of` gives (`NOWHERE`, when it may not be
    read); before GRAPH with a variable comes what `guard` writes for it, in the same group.
    """
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if is_word(token, "GRAPH") and place + 1 < len(tokens):
            name = tokens[place + 1]
            if name.kind == "variable":
                result.append(Token("word", guard(name.text)))
                result += [token, name]
            elif name.kind == "iri":
                result += [token, Token("iri", f"<{name_of(name.text[1:-1])}>")]
            else:
                raise InputError("After GRAPH comes an IRI or a variable.", code="query-syntax")
            place += 2
            continue
        result.append(token)
        place += 1
    return result


def wrapped(tokens: Sequence[Token], graph: str) -> list[Token]:
    """Let a graph stand for the default graph: put `GRAPH <graph> { … }` around every pattern.

    That is the query's pattern, and each EXISTS outside it (in SELECT, HAVING, ORDER BY).
    """
    opens: set[int] = set()
    closes: set[int] = set()
    place, pattern = 0, _pattern(tokens)
    while place < len(tokens):
        if place == pattern or (is_word(tokens[place - 1], "EXISTS") and tokens[place].text == "{"):
            opens.add(place)
            place = _closing(tokens, place)
            closes.add(place)
        place += 1
    result: list[Token] = []
    for place, token in enumerate(tokens):
        if place in opens:
            result += [Token("sign", "{"), Token("word", "GRAPH"), Token("iri", f"<{graph}>")]
        result.append(token)
        if place in closes:
            result.append(Token("sign", "}"))
    return result


def _closing(tokens: Sequence[Token], start: int) -> int:
    """Find the brace that closes the one at `start`."""
    depth = 0
    for place in range(start, len(tokens)):
        depth += _DEPTH.get(tokens[place].text, 0) if tokens[place].kind == "sign" else 0
        if not depth:
            return place
    return len(tokens) - 1


def _pattern(tokens: Sequence[Token]) -> int:
    """Find the brace that opens the query's pattern; -1 when it has none."""
    place = 0
    if tokens and is_word(tokens[0], "CONSTRUCT") and tokens[1:2] != [] and tokens[1].text == "{":
        place = _closing(tokens, 1) + 1
    depth = 0
    for place in range(place, len(tokens)):  # noqa: B020 - goes on from there
        token = tokens[place]
        if token.kind != "sign":
            continue
        if token.text == "{" and not depth:
            return place
        depth += {"(": 1, ")": -1}.get(token.text, 0)
    return -1


def refuse_hidden_selects(tokens: Sequence[Token]) -> None:
    """Refuse SELECT within `GRAPH ?variable { … }`: there it reads every graph (Virtuoso 7.2.5).

    Raises:
        InputError: one is there (`query-not-portable`).
    """
    inside: list[bool] = [False]
    for place, token in enumerate(tokens):
        if token.text == "{" and token.kind == "sign":
            after_graph = place >= 2 and is_word(tokens[place - 2], "GRAPH")
            is_any = tokens[place - 1].kind == "variable" if after_graph else inside[-1]
            inside.append(is_any)
        elif token.text == "}" and token.kind == "sign" and len(inside) > 1:
            inside.pop()
        elif is_word(token, "SELECT") and inside[-1]:
            raise InputError(
                "A SELECT within GRAPH with a variable does not mean the same in every engine.",
                code="query-not-portable",
                hint="Behind a remote store, put GRAPH into the inner SELECT instead.",
            )


def refuse_long_paths(tokens: Sequence[Token]) -> None:
    """Refuse paths that go on and on (`+` or `*`, SPARQL 1.1 §9.3).

    Raises:
        InputError: one is there (`query-not-portable`).
    """
    for place, token in enumerate(tokens):
        is_sign = token.kind == "sign" and token.text in "+*"
        if place and is_sign and _ends_a_path(tokens, place - 1):
            raise InputError(
                "The remote store leaves answers out when a path has + or *.",
                code="query-not-portable",
                hint="Write the steps out (`p | p/p`): rdf:type is already there for every class.",
            )


def _ends_a_path(tokens: Sequence[Token], place: int) -> bool:
    """Say whether a path ends here: with a property, or with parentheses around paths."""
    last = tokens[place]
    if last.kind == "iri" or (last.kind == "word" and last.text == "a"):
        return True
    if last.text != ")" or last.kind != "sign":
        return False
    depth = 0
    for token in reversed(tokens[: place + 1]):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if not depth:
            return place > 0 and tokens[place - 1].text != "("
        is_property = token.kind == "iri" or (token.kind == "word" and token.text == "a")
        if not is_property and token.text not in _PATH_SIGNS:
            return False
    return False
