"""The gate in front of untrusted queries: a linear scan before any parser sees the text.

The engine's parser and optimiser recurse, and a deep query ends their process (measured: 1,000 to
20,000 nested groups, parentheses, unions, path steps). Readers may die without harm, but the gate
makes it cheap, and says what is wrong. Strings, IRIs and comments are skipped, so that words in
them do not count. SPARQL 1.1 §19.
"""

from __future__ import annotations

import re
from collections import Counter

from kgservice.model.errors import InputError
from kgservice.store.mistakes import query_error

MAX_BYTES = 512 << 10
MAX_DEPTH = 128
LIMITS = {
    "OPTIONAL": 64,
    "UNION": 256,
    "MINUS": 64,
    "EXISTS": 128,
    "SELECT": 64,
    "&&": 1000,
    "||": 1000,
    "!": 256,
    "/": 1000,
    "|": 1000,
    "^": 1000,
    "+": 1000,
    "-": 1000,
    "*": 1000,
    "=": 2000,
}
"""How often a word or operator may occur: far above any query a person writes."""

_UPDATES = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH")
)
TOKEN = re.compile(
    r"""
      (?P<skip>\s+|\#[^\n\r]*)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<name>[?$]\w+|@[A-Za-z][A-Za-z0-9-]*|[\w.-]{0,64}:(?:[\w.:%-]|\\.)*)
    | (?P<word>\w+)
    | (?P<open>[{(\[])
    | (?P<close>[})\]])
    | (?P<operator>&&|\|\||[!/|^+*=-])
    """,
    re.VERBOSE | re.DOTALL,
)
_GAP = r"(?:\s|\#[^\n\r]*+)*+"
_SERVICE = re.compile(
    rf"(?<![?$\w])\w*SERVICE{_GAP}(?:SILENT{_GAP})?+"
    rf"(?:<[^<>\s{{}}]*+>|[?$]\w++|[^\s:<>{{}}()\"'?$\#]*+:(?:\\.|[^\s<>{{}}\\\#])*+){_GAP}\{{",
    re.IGNORECASE,
)
"""A call of another endpoint, wherever it seems to stand.

The engine's grammar has no word boundaries and tells by context what `<` and `#` mean, so no scan
can be sure where a word begins: `1SERVICE<…>{` and `{SERVICE:x{` are calls. In a string the same
text is refused too.
"""
MOST_SERVICES = 400


def check_query(text: str, *, is_calling: bool = False) -> None:
    """Let a query pass or refuse it; linear in its length, about 1 ms for 10 kB.

    `is_calling` lets SERVICE pass: for a text whose calls are cut out before it runs.

    Raises:
        InputError: `query-too-complex`, `query-service-refused`, `query-is-update` or
            `query-syntax` (a character that no text may hold), with its position.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(
            f"The query is longer than {MAX_BYTES >> 10} KiB.", code="query-too-complex", at="query"
        )
    if not is_calling:
        _check_calls(text)
    counts: Counter[str] = Counter({"SERVICE": int(is_calling)})
    depth = position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            _check_stray(text, position)
            position += 1
            continue
        if match.lastgroup in ("open", "close"):
            depth = _deeper(match.lastgroup, depth, text, position)
        elif match.lastgroup in ("word", "operator"):
            _check_word(match.group().upper(), text, position, counts)
        position = match.end()


def _check_calls(text: str) -> None:
    if text.upper().count("SERVICE") > MOST_SERVICES:
        raise _too_complex(f"more than {MOST_SERVICES} times `SERVICE`", text, 0)
    found = _SERVICE.search(text)
    if found is not None:
        raise no_service(text, found.start())


def _check_stray(text: str, position: int) -> None:
    """Refuse an open string; any other stray character is left to the engine's parser."""
    if text[position] in "\"'":
        # Going on would look for its end again at each later quote: quadratic.
        raise query_error("query-syntax", "This string is not closed.", text, position)


def _deeper(bracket: str, depth: int, text: str, position: int) -> int:
    if bracket == "close":
        return max(0, depth - 1)
    if depth == MAX_DEPTH:
        raise _too_complex(f"nesting deeper than {MAX_DEPTH}", text, position)
    return depth + 1


def _check_word(word: str, text: str, position: int, counts: Counter[str]) -> None:
    if word == "SERVICE" and not counts[word]:
        raise no_service(text, position)
    if word in _UPDATES and not counts["SELECT"] + counts["{"]:
        raise query_error("query-is-update", "This endpoint only reads.", text, position)
    counts[word] += 1
    if counts[word] > LIMITS.get(word, MAX_BYTES):
        raise _too_complex(f"more than {LIMITS[word]} times `{word}`", text, position)


def no_service(
    text: str, position: int, why: str = "SERVICE would make this service call another one."
) -> InputError:
    """Make the error for a call of another endpoint at a position."""
    return query_error(
        "query-service-refused",
        why,
        text,
        position,
        hint="Name an endpoint of KG_SERVICE_ENDPOINTS by its IRI, in a block of its own; or query"
        " it yourself and put its answer in a VALUES block.",
    )


def _too_complex(what: str, text: str, position: int) -> InputError:
    return query_error(
        "query-too-complex",
        f"The query is too complex: {what}.",
        text,
        position,
        hint="Use VALUES instead of long alternatives, or several queries.",
    )
