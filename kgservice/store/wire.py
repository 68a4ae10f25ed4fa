"""Statements and solutions on their way between processes: N-Triples and JSON, as bytes.

The engine parses and writes both in native code. A blank node is stored as an IRI of its graph
(RDF 1.1 Concepts §3.5), because its label means something within one document only and because
an update could not take it out again; `graph` gives it back as the blank node that it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kgservice.model.errors import InputError
from kgservice.model.rdf import (
    XSD,
    XSD_STRING,
    Blank,
    Iri,
    Literal,
    Row,
    Subject,
    Term,
    Triple,
    from_text,
    is_valid_iri,
    to_text,
)

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
SKOLEM = "urn:kgservice:genid:"
EngineTriple = ox.Triple | ox.Quad


class TripleWriter:
    """Writes the statements of one graph as N-Triples; remembers the terms it has checked."""

    def __init__(self) -> None:
        """Start with no term known."""
        self._known: dict[Term, str] = {}
        self._prefix = ""

    def lines(self, graph: str, triples: Iterable[Triple]) -> list[str]:
        """Give the distinct statements, each without its final dot, in the order given.

        Raises:
            InputError: an IRI, datatype or language tag cannot be written (`statement-invalid`).
        """
        if not is_valid_iri(graph):
            raise _invalid(graph)
        self._prefix = skolem_prefix(graph)
        known, write = self._known, self._write
        seen: dict[str, None] = {}
        for subject, predicate, value in triples:
            s = known.get(subject) or write(subject)
            p = known.get(predicate) or write(predicate)
            o = known.get(value) or write(value)
            seen[f"{s} {p} {o} "] = None
        return list(seen)

    def _write(self, term: Term) -> str:
        if isinstance(term, Blank):  # depends on the graph, so it is not remembered
            return f"<{self._prefix}{quote(term.label, safe='')}>"
        if isinstance(term, Iri):
            valid = is_valid_iri(term.value)
        else:
            valid = is_valid_iri(term.datatype) and is_language(term.language)
        if not valid:
            raise _invalid(term.value if isinstance(term, Iri) else to_text(term))
        self._known[term] = text = to_text(term)
        return text


def skolem_prefix(graph: str) -> str:
    """Give the start of the IRIs that stand for a graph's blank nodes."""
    return f"{SKOLEM}{hashlib.sha256(graph.encode()).hexdigest()[:16]}:"


def is_language(tag: str) -> bool:
    """Say whether a language tag can be written (BCP 47's characters); empty is none."""
    return not tag or _LANGUAGE.fullmatch(tag) is not None


def _invalid(text: str) -> InputError:
    return InputError(
        f"The statement cannot be stored: {text!r} is not a valid term.",
        code="statement-invalid",
        hint="An IRI is absolute and has no spaces; a literal's datatype is an IRI.",
    )


class TermReader:
    """Turns the engine's terms into model values; each distinct term is made once."""

    def __init__(self, *, blank_prefix: str = "") -> None:
        """IRIs that start with `blank_prefix` come back as the blank nodes they stand for."""
        self._made: dict[object, Term] = {}
        self._prefix = blank_prefix

    def triples(self, statements: Iterable[EngineTriple]) -> list[Triple]:
        """Convert statements; those with triple terms (RDF 1.2) are left out."""
        found = []
        for statement in statements:
            subject, value = self.term(statement.subject), self.term(statement.object)
            predicate = self.term(statement.predicate)
            if subject and value and isinstance(predicate, Iri):
                assert not isinstance(subject, Literal)  # noqa: S101 - the engine's own guarantee
                found.append(Triple(subject, predicate, value))
        return found

    def term(self, term: object) -> Term | None:
        """Convert one term; a triple term gives None."""
        made = self._made.get(term)
        if made is None and (made := self._make(term)) is not None:
            self._made[term] = made
        return made

    def _make(self, term: object) -> Term | None:
        if isinstance(term, ox.NamedNode):
            return self._iri(term.value)
        if isinstance(term, ox.Literal):
            return Literal(term.value, term.datatype.value, term.language or "")
        return Blank(term.value) if isinstance(term, ox.BlankNode) else None

    def _iri(self, value: str) -> Subject:
        if self._prefix and value.startswith(self._prefix):
            return Blank(unquote(value[len(self._prefix) :]))
        return Iri(value)


def read_triples(ntriples: bytes, *, blank_prefix: str = "") -> list[Triple]:
    """Parse N-Triples that an engine wrote."""
    parsed = ox.parse(ntriples, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return TermReader(blank_prefix=blank_prefix).triples(parsed)


def read_rows(answer: bytes) -> list[Row]:
    """Read SPARQL 1.1 Query Results JSON; an ASK gives one row with `answer`."""
    found = json.loads(answer)
    if "boolean" in found:
        return [{"answer": Literal(str(found["boolean"]).lower(), XSD + "boolean")}]
    known: dict[tuple[str, ...], Term | None] = {}
    rows = []
    for binding in found["results"]["bindings"]:
        row: Row = {}
        for name, cell in binding.items():
            if (term := _cell(cell, known)) is not None:
                row[name] = term
        rows.append(row)
    return rows


def read_table(answer: bytes, known: dict[str, Term]) -> list[Row]:
    """Read SPARQL 1.1 Query Results TSV (§4): several times as fast as JSON for many rows.

    `known` remembers terms from one answer to the next.
    """
    head, *lines = answer.decode().split("\n")
    names = [name[1:] for name in head.split("\t")]
    rows = []
    for line in lines[:-1]:
        row: Row = {}
        for name, text in zip(names, line.split("\t"), strict=True):
            if not text:
                continue
            term = known.get(text)
            if term is None:
                term = known[text] = _turtle_term(text)
            row[name] = term
        rows.append(row)
    return rows


_SHORT: Final = (
    (re.compile(r"[+-]?[0-9]+"), XSD + "integer"),
    (re.compile(r"[+-]?[0-9]*\.[0-9]+"), XSD + "decimal"),
    (re.compile(r"[+-]?[0-9]*\.?[0-9]*[eE][+-]?[0-9]+"), XSD + "double"),
    (re.compile(r"true|false"), XSD + "boolean"),
)
"""What Turtle writes without quotes (§2.5.2, §2.5.3)."""


def _turtle_term(text: str) -> Term:
    if text[0] in '<"_':
        return from_text(text)
    for pattern, datatype in _SHORT:
        if pattern.fullmatch(text):
            return Literal(text, datatype)
    raise ValueError(f"{text[:80]!r} is no term")


def _cell(cell: dict[str, str], known: dict[tuple[str, ...], Term | None]) -> Term | None:
    if not isinstance(cell["value"], str):
        return None  # a triple term (RDF 1.2)
    key = tuple(cell.values())
    if key not in known:
        known[key] = _json_term(cell)
    return known[key]


def _json_term(cell: dict[str, str]) -> Term | None:
    kind, value = cell["type"], cell["value"]
    if kind == "uri":
        return Iri(value)
    if kind == "bnode":
        return Blank(value)
    language = cell.get("xml:lang", "")
    datatype = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString" if language else XSD_STRING
    return Literal(value, cell.get("datatype", datatype), language)
