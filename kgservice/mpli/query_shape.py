"""What may be logged of a query: its shape, without what was asked for and about whom."""

from __future__ import annotations

from kgservice.model import terms
from kgservice.model.rdf import Iri
from kgservice.mpli.query_graphs import tokens
from kgservice.store.gate import MAX_BYTES

LONGEST = 2000
"""Characters of a shape that are kept."""

_TERMS = {
    term.value: f"{name.lower()}:{local}"
    for name, vocabulary in vars(terms).items()
    if isinstance(vocabulary, type)
    for local, term in vars(vocabulary).items()
    if isinstance(term, Iri)
}
"""Terms of the vocabularies, which say nothing about anybody, with how they are shown."""


def shape_of(text: str) -> str:
    """Write a query with `…` for each literal, number and name that is no vocabulary's term.

    Variables are numbered; prefixes and comments, which may say anything, are left out.
    """
    if len(text) > MAX_BYTES:
        return "…"
    variables: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    parts: list[str] = []
    found = [*tokens(text, strings=True), ("end", ""), ("end", "")]
    place = 0
    while found[place][0] != "end":
        kind, word = found[place]
        place += 1
        if word.upper() == "PREFIX" and [k for k, _ in found[place : place + 2]] == ["name", "iri"]:
            prefixes[found[place][1].rstrip(":")] = found[place + 1][1]
            place += 2
        elif kind == "variable":
            parts.append(variables.setdefault(word[1:], f"?v{len(variables) + 1}"))
        else:
            parts.append(_shown(kind, word, prefixes))
    shape = " ".join(parts)
    return shape if len(shape) <= LONGEST else shape[:LONGEST] + "…"


def _shown(kind: str, word: str, prefixes: dict[str, str]) -> str:
    if kind == "name":
        prefix, _, local = word.partition(":")
        word = prefixes.get(prefix, "") + local
    if kind in ("iri", "name"):
        return _TERMS.get(word, "…")
    if kind == "word":
        return word.upper() if word.upper() in _WORDS else "…"
    return "…" if kind == "string" else word


_WORDS = frozenset(
    word
    for line in (
        "A ABS ADD ALL AS ASC ASK AVG BASE BIND BNODE BOUND BY CEIL CLEAR COALESCE CONCAT",
        "CONSTRUCT CONTAINS COPY COUNT CREATE DATA DATATYPE DAY DEFAULT DELETE DESC DESCRIBE",
        "DISTINCT DROP ENCODE_FOR_URI EXISTS FALSE FILTER FLOOR FROM GRAPH GROUP GROUP_CONCAT",
        "HAVING HOURS IF IN INSERT INTO IRI ISBLANK ISIRI ISLITERAL ISNUMERIC ISURI LANG",
        "LANGMATCHES LATERAL LCASE LIMIT LOAD MAX MD5 MIN MINUS MINUTES MONTH MOVE NAMED NOT NOW",
        "OFFSET OPTIONAL ORDER RAND REDUCED REGEX REPLACE ROUND SAMETERM SAMPLE SECONDS SELECT",
        "SEPARATOR SERVICE SHA1 SHA256 SHA384 SHA512 SILENT STR STRAFTER STRBEFORE STRDT STRENDS",
        "STRLANG STRLEN STRSTARTS STRUUID SUBSTR SUM TIMEZONE TO TRUE TZ UCASE UNDEF UNION URI",
        "USING UUID VALUES WHERE WITH YEAR",
    )
    for word in line.split()
)
"""Words of SPARQL 1.1 §19.8; any other word might be part of a name."""
