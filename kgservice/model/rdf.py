"""RDF terms as plain values, so that pure rooms and plug-ins need no RDF engine.

Terms are immutable and hashable. Lexical forms are kept exactly as they were written
(RDF 1.1 Concepts §3.3): an engine may rewrite literals, signatures and shapes must not notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD_STRING = XSD + "string"
RDF_LANG_STRING = RDF + "langString"

_IRI_FORBIDDEN = re.compile(
    r"[\x00-\x20<>\"{}|^`\\\[\]\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000e0000-\U0010ffff]"
    r"|%(?![0-9A-Fa-f]{2})"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_AUTHORITY = re.compile(
    r"//(?:[^/?#@\[\]]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]*)(?::[0-9]*)?(?=[/?#]|$)"
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r'[\\"\n\r\t]')


class Iri(NamedTuple):
    """An absolute IRI."""

    value: str

    def __str__(self) -> str:
        """Return the IRI itself, without angle brackets."""
        return self.value


class Blank(NamedTuple):
    """A blank node; the label is meaningful within one document only."""

    label: str


class Literal(NamedTuple):
    """A literal with its lexical form, datatype IRI and, for `rdf:langString`, its language."""

    value: str
    datatype: str = XSD_STRING
    language: str = ""


Subject: TypeAlias = Iri | Blank
Term: TypeAlias = Iri | Blank | Literal


class Triple(NamedTuple):
    """A statement."""

    subject: Subject
    predicate: Iri
    object: Term


Row: TypeAlias = dict[str, Term]
"""One solution of a SELECT: variable name (no `?`) to term; an unbound variable is absent."""


def is_valid_iri(text: str) -> bool:
    """Say whether `text` is an absolute IRI (RFC 3987 §2.2) that an engine will take.

    Stricter than the grammar in one point: private use characters are refused everywhere.
    """
    scheme, colon, rest = text.partition(":")
    if not (colon and rest and _SCHEME.fullmatch(scheme) and rest.count("#") <= 1):
        return False
    if rest.startswith("//"):
        authority = _AUTHORITY.match(rest)
        if authority is None or _IRI_FORBIDDEN.search(re.sub(r"[\[\]]", "", authority.group())):
            return False
        rest = rest[authority.end() :]
    if _IRI_FORBIDDEN.search(rest):
        return False
    return all(ord(letter) & 0xFFFE != 0xFFFE for letter in rest if letter > "\uffff")


def to_text(term: Term) -> str:
    """Write one term in N-Triples syntax."""
    if isinstance(term, Iri):
        return f"<{term.value}>"
    if isinstance(term, Blank):
        return f"_:{term.label}"
    quoted = _ESCAPED.sub(lambda match: _ESCAPES[match.group()], term.value)
    if term.language:
        return f'"{quoted}"@{term.language}'
    return f'"{quoted}"' if term.datatype == XSD_STRING else f'"{quoted}"^^<{term.datatype}>'


_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def from_text(text: str) -> Term:
    """Read one term that an engine wrote in N-Triples syntax (RDF 1.2 N-Triples §2).

    Raises:
        ValueError: it is none.
    """
    if text.startswith("<"):
        return Iri(_unescaped(text[1:-1]))
    if text.startswith("_:"):
        return Blank(text[2:])
    match = _LITERAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:80]!r} is no term")
    value, language, datatype = _unescaped(match[1]), match[2] or "", match[3] or ""
    return Literal(value, RDF_LANG_STRING if language else datatype or XSD_STRING, language)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else _MEANT.get(m[3], m[3]), text
    )


def to_ntriples(triples: Iterable[Triple]) -> str:
    """Write statements as N-Triples, one a line, in the order given."""
    return "".join(f"{to_text(s)} {to_text(p)} {to_text(o)} .\n" for s, p, o in triples)


def typed(value: str | int | bool, datatype: str = "") -> Literal:
    """Make a literal; `datatype` is an XSD local name, by default chosen from the Python type."""
    if isinstance(value, bool):
        return Literal("true" if value else "false", XSD + (datatype or "boolean"))
    if isinstance(value, int):
        return Literal(str(value), XSD + (datatype or "integer"))
    return Literal(value, XSD + (datatype or "string"))
