"""What probably went wrong in a query: an undeclared prefix, an open bracket, a misspelt word.

Read with a tokenizer of our own, since the engine gives a position and no tree. A hint is never
sure, so nothing is refused because of one.
"""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG

KG_NAMES = frozenset(
    term.value.removeprefix(KG.NS) for term in vars(KG).values() if isinstance(term, Iri)
)
USUAL = {
    "kg": KG.NS,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sh": "http://www.w3.org/ns/shacl#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "schema": "http://schema.org/",
    "country": "http://publications.europa.eu/resource/authority/country/",
}
"""Prefixes that the product's documents use, and what they stand for."""

WORDS = (  # noqa: SIM905 - a word a line would be longer
    "BASE PREFIX SELECT DISTINCT REDUCED CONSTRUCT DESCRIBE ASK FROM NAMED WHERE ORDER BY ASC DESC"
    " LIMIT OFFSET GROUP HAVING VALUES UNDEF OPTIONAL GRAPH UNION MINUS SERVICE SILENT BIND AS"
    " FILTER EXISTS NOT IN COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT SEPARATOR STR LANG"
    " LANGMATCHES DATATYPE BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT STRLEN UCASE LCASE"
    " ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES"
    " SECONDS TIMEZONE TZ NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRDT"
    " SAMETERM ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR REPLACE TRUE FALSE A LATERAL"
    " INSERT DELETE DATA WITH USING LOAD CLEAR DROP CREATE ADD MOVE COPY INTO TO DEFAULT ALL"
).split()
_TOKEN = re.compile(
    r"""
      (?P<skip>\s+|\#[^\n\r]*
        |\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
        |"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'|[?$]\w+|@[A-Za-z][A-Za-z0-9-]*|_:\w+)
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<name>[\w-]{0,64}+(?:\.[\w-]{1,64}+){0,4}+:(?:[\w.:%-]*[\w:%-])?)
    | (?P<word>\w[\w-]*+)
    | (?P<odd>==|<>|:=|=>)
    | (?P<open>[{(\[])
    | (?P<close>[})\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_QUICK = re.compile(rf"(?:\bkg:|{re.escape(KG.NS)})([\w-]*)")
_OWN_PREFIX = re.compile(rf"(?<!\bkg):\s*<{re.escape(KG.NS)}>")
_ODD = {
    "==": "Write `=` to compare.",
    "<>": "Write `!=` for not equal.",
    ":=": "Write `BIND(… AS ?name)`.",
    "=>": "Write `>=` for at least.",
}
LOOKED_AT = 8
"""Strange words or terms that are compared with the known ones: about 1 ms each."""

_PAIRS = {"}": "{", ")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A part of a query that is probably wrong.

    Attributes:
        offset: Where it begins, in characters.
        text: The part.
        hint: What to do.
    """

    offset: int
    text: str
    hint: str


def undeclared_prefix(text: str) -> Suspect | None:
    """Find the first name whose prefix is not declared before it."""
    declared: list[str] = []
    for token, prefix, is_declaration, offset in _names(text):
        if is_declaration:
            declared.append(prefix)
        elif not token.startswith("<") and prefix not in declared:
            return Suspect(offset, f"{prefix}:", _declare(prefix, declared))
    return None


def _names(text: str) -> Iterator[tuple[str, str, bool, int]]:
    """Give each IRI and prefixed name with its prefix, or the prefix that it is declared for."""
    prefix: str | None = None
    is_declaring = False
    for kind, token, offset in _tokens(text):
        if kind == "name" and is_declaring:
            prefix = token.partition(":")[0]
        elif kind == "iri" and prefix is not None:
            yield token, prefix, True, offset
            prefix = None
        elif kind in ("name", "iri"):
            yield token, "" if kind == "iri" else token.partition(":")[0], False, offset
        is_declaring = kind == "word" and token.upper() == "PREFIX"


def _declare(prefix: str, declared: Iterable[str]) -> str:
    if prefix in USUAL:
        return f"Write `PREFIX {prefix}: <{USUAL[prefix]}>` in front of the query."
    near = difflib.get_close_matches(prefix, [*declared, *USUAL], n=1)
    meant = f"Did you mean `{near[0]}:`? " if near else ""
    return f"{meant}Write `PREFIX {prefix}: <…>` in front of the query."


def hint_for(text: str) -> str:
    """Say what probably is wrong with a text that does not parse; may be empty."""
    odd = next((_ODD[token] for kind, token, _ in _tokens(text) if kind == "odd"), "")
    return _bracket_hint(text) or odd or next((one.hint for one in misspelt_terms(text)), "")


def misspelt_word(text: str, offset: int) -> Suspect | None:
    """Find the last word that begins before the position and is nearly one of SPARQL."""
    strange: deque[tuple[str, int]] = deque(maxlen=LOOKED_AT)
    for kind, token, begin in _tokens(text):
        if begin > offset:
            break
        is_short = len(token) <= max(map(len, WORDS)) + 2
        if kind == "word" and is_short and not token[0].isdigit() and token.upper() not in WORDS:
            strange.append((token, begin))
    for token, begin in reversed(strange):
        near = difflib.get_close_matches(token.upper(), WORDS, n=1, cutoff=0.7)
        if near:
            return Suspect(begin, token, f"Did you mean `{near[0]}`?")
    return None


def misspelt_terms(text: str, known: frozenset[str] = KG_NAMES) -> Iterator[Suspect]:
    """Find names in the vocabulary's namespace that are none of its terms."""
    if _OWN_PREFIX.search(text) is None and known.issuperset(filter(None, _QUICK.findall(text))):
        return  # nearly every query: 20 times as fast as the tokens
    prefixes, strange = dict(USUAL), set[str]()
    for token, prefix, is_declaration, offset in _names(text):
        if is_declaration:
            prefixes[prefix] = token[1:-1]
            continue
        if token.startswith("<"):
            namespace, local = token[1 : len(KG.NS) + 1], token[len(KG.NS) + 1 : -1]
        else:
            namespace, local = prefixes.get(prefix, ""), token.partition(":")[2]
        if namespace == KG.NS and local and local not in known and local not in strange:
            strange.add(local)
            if len(strange) > LOOKED_AT:
                return
            yield Suspect(offset, token, f"{token} is not in the vocabulary{_meant(local, known)}")


def _meant(local: str, known: Iterable[str]) -> str:
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(local[:80].lower(), folded, n=1, cutoff=0.7)
    return f"; did you mean kg:{folded[near[0]]}?" if near else "."


def _bracket_hint(text: str) -> str:
    opened: list[tuple[str, int]] = []
    for kind, token, offset in _tokens(text):
        if kind == "open":
            opened.append((token, offset))
        elif kind == "close":
            if not opened:
                return f"The `{token}` at {place_of(text, offset)} closes nothing."
            bracket, begin = opened.pop()
            if bracket != _PAIRS[token]:
                return (
                    f"The `{bracket}` at {place_of(text, begin)} is closed by `{token}`"
                    f" at {place_of(text, offset)}."
                )
    if opened:
        bracket, begin = opened[-1]
        return f"The `{bracket}` at {place_of(text, begin)} is not closed."
    return ""


def place_of(text: str, offset: int) -> str:
    """Write a position as line and column, both from 1."""
    before = text[:offset]
    return f"{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            position += 1
            continue
        if match.lastgroup not in (None, "skip"):
            yield str(match.lastgroup), match.group(), position
        position = match.end()
