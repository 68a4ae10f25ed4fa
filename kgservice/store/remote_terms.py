"""Literals that an engine behind the SPARQL protocol would refuse or change, and its answers.

Measured on Virtuoso 7.2.5: `xsd:duration` and integers beyond 64 bits are refused or come back as
another number, ill-typed literals (`"many"^^xsd:integer`) fail the whole update, a NaN cannot be
deleted, a WKT literal gets another datatype. They are kept under a datatype of ours that no engine
knows, `urn:kgservice:as:` and the real one, and come back as they were. All else is compared by
value: in the canonical form of our own engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import pyoxigraph as ox

from kgservice.model.rdf import XSD, Literal

AS: Final = "urn:kgservice:as:"
_INTEGERS: Final = frozenset(
    XSD + name
    for name in (
        *("integer", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger"),
        *("negativeInteger", "long", "int", "short", "byte", "unsignedLong", "unsignedInt"),
        *("unsignedShort", "unsignedByte"),
    )
)
_FORMS: Final = {
    XSD + "boolean": re.compile(r"true|false|[01]"),
    XSD + "decimal": re.compile(r"[+-]?(\d{1,20}(\.\d{0,15})?|\.\d{1,15})"),
    XSD + "double": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"),
    XSD + "float": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"),
    XSD + "dateTime": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})?"
    ),
    XSD + "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?"),
    XSD + "time": re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z)?"),
}
_NEVER: Final = frozenset(
    (
        XSD + "duration",
        XSD + "dayTimeDuration",
        XSD + "yearMonthDuration",
        "http://www.opengis.net/ont/geosparql#wktLiteral",
    )
)
_OTHERS: Final = re.compile(re.escape(XSD) + r"(g[A-Z]\w*|hexBinary|base64Binary|QName|NOTATION)")
_MOST: Final = 2**63 - 1
_TYPED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\^\^<([^>]*)> $', re.DOTALL)


def encoded(literal: Literal) -> Literal:
    """Give the literal that is written to the engine."""
    return literal if _is_safe(literal.value, literal.datatype) else _shadow(literal)


def _shadow(literal: Literal) -> Literal:
    return Literal(literal.value, AS + literal.datatype)


def _is_safe(value: str, datatype: str) -> bool:
    if datatype in _INTEGERS:
        return bool(re.fullmatch(r"[+-]?[0-9]{1,19}", value)) and abs(int(value)) <= _MOST
    form = _FORMS.get(datatype)
    if form is not None:
        return form.fullmatch(value) is not None
    return datatype not in _NEVER and not _OTHERS.fullmatch(datatype)


def to_engine(statements: Iterable[str]) -> list[str]:
    """Write statements (`s p o `) in the canonical form of our engine, for another engine.

    Raises:
        SyntaxError: one is no N-Triples.
    """
    return [_encoded_text(text) for text in canonical(statements)]


def canonical(statements: Iterable[str]) -> list[str]:
    """Give statements as our own engine keeps them, in the order given, each once."""
    found: dict[str, None] = {}
    for text in statements:
        found[text] = None
    plain = [text for text in found if not text.endswith("> ") or '"^^<' not in text]
    if len(plain) == len(found):
        check(plain)
        return plain
    return _canonical(found)


def check(statements: Iterable[str]) -> None:
    """Raise SyntaxError when one is no N-Triples."""
    text = "".join([f"{statement}.\n" for statement in statements])
    for _ in ox.parse(text, format=ox.RdfFormat.N_TRIPLES):
        pass


def _canonical(statements: Iterable[str]) -> list[str]:
    """Let the engine rewrite each object by itself, which keeps the order."""
    known: dict[ox.Literal, str] = {}
    result: dict[str, None] = {}
    text = "".join([f"{statement}.\n" for statement in statements])
    for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES):
        value: object = quad.object
        if isinstance(value, ox.Literal) and not value.language:
            value = known.get(value) or known.setdefault(value, _rewritten(value))
        result[f"{quad.subject} {quad.predicate} {value} "] = None
    return list(result)


_SCRATCH_NODE: Final = ox.NamedNode("urn:x")


def _rewritten(literal: ox.Literal) -> str:
    store = ox.Store()
    store.add(ox.Quad(_SCRATCH_NODE, _SCRATCH_NODE, literal))
    return str(next(iter(store)).object)


def _encoded_text(statement: str) -> str:
    if '"^^<' not in statement:
        return statement
    match = _TYPED.search(statement)
    if match is None or _is_safe(match[1], match[2]):
        return statement
    return f'{statement[: match.start()]}"{match[1]}"^^<{AS}{match[2]}> '


def from_engine(ntriples: bytes) -> Iterator[str]:
    """Read an engine's N-Triples; give statements (`s p o `) in our canonical form."""
    parsed = ox.parse(ntriples, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    known: dict[ox.Literal, str] = {}
    for quad in parsed:
        value: object = quad.object
        if isinstance(value, ox.Literal) and not value.language:
            value = known.get(value) or known.setdefault(value, _rewritten(_decoded(value)))
        yield f"{quad.subject} {quad.predicate} {value} "


def _decoded(literal: ox.Literal) -> ox.Literal:
    datatype = literal.datatype.value
    if not datatype.startswith(AS):
        return literal
    return ox.Literal(literal.value, datatype=ox.NamedNode(datatype[len(AS) :]))


_ASK: Final = b'<variable name="__ASK_RETVAL"/>'
_BOOLEAN: Final = re.compile(
    rb'(<literal datatype="http://www\.w3\.org/2001/XMLSchema#boolean">)([01])</literal>'
)
_EMPTY_RESULTS: Final = (
    b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><boolean>%s</boolean></sparql>'
)


def table(xml: bytes) -> ox.QuerySolutions | ox.QueryBoolean:
    """Read SPARQL results in XML, the form in which engines differ least and answer fastest.

    A start tag in that text can only be one: `<` in a value is written as `&lt;`.
    """
    if _ASK in xml:  # Virtuoso
        xml = _EMPTY_RESULTS % (b"true" if b">1</literal>" in xml else b"false")
    xml = xml.replace(b'<literal datatype="' + AS.encode(), b'<literal datatype="')
    xml = _BOOLEAN.sub(
        lambda m: m[1] + (b"true" if m[2] == b"1" else b"false") + b"</literal>", xml
    )
    return ox.parse_query_results(xml, format=ox.QueryResultsFormat.XML)
