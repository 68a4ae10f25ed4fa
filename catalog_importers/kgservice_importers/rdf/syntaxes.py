"""Read text as RDF, whatever its syntax; the text decides, not the name of the file."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import pyoxigraph as ox

from kgservice.model.errors import Problem
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple, is_valid_iri
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.trees import BadJson, Place, parse_json, read_tree
from kgservice_importers.rdf.reading import Reading, invalid_iris, unreadable
from kgservice_importers.rdf.text import NotText, decode

_XML: Final = re.compile(r"<(\?xml\b|!DOCTYPE\b|!--|[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?[\s/>])")
_TURTLE_SIGNS: Final = re.compile(r"^[ \t]*(@prefix|@base|PREFIX|BASE|GRAPH)\b", re.I | re.M)
_FIRST: Final = 5
_TYPED: Final = re.compile(r"<!(DOCTYPE|ENTITY)", re.I)


def read_rdf(
    content: bytes, base: str, at: str, contexts: Contexts | None = None
) -> Reading | Problem:
    """Read Turtle, TriG, N-Triples, N-Quads, RDF/XML or JSON-LD.

    Relative IRIs are resolved against `base`. About 3 µs a statement, JSON-LD about 60 µs.
    """
    try:
        text = decode(content)
    except NotText as error:
        return unreadable(f"this is no text: {error}", at)
    start = text.lstrip()
    if not start:
        return unreadable("the file is empty", at)
    if start[0] in "{[":
        found = _read_json(start, Place(base, at, contexts or Contexts()))
        # `{` also opens a graph in TriG, and `[` a nameless node in Turtle.
        if isinstance(found, Reading) or not _TURTLE_SIGNS.search(text):
            return found
    if _XML.match(start):
        found = read_xml(text, base, at)
        if isinstance(found, Reading) or start.startswith(("<?xml", "<!")):
            return found
    return read_turtle(text, base, at)


def _read_json(text: str, place: Place) -> Reading | Problem:
    try:
        tree, problems = parse_json(text, place.at)
    except BadJson as error:
        return unreadable(f"not JSON: {error}", f"{place.at}:{error.line}")
    return read_tree(tree, place, problems)


def read_xml(text: str, base: str, at: str) -> Reading | Problem:
    """Read RDF/XML; a document type is refused, since entities can grow without bound."""
    if _TYPED.search(text):
        return unreadable("the XML has a document type or entities", at)
    try:
        return _parsed(text, ox.RdfFormat.RDF_XML, base, at, "rdf-xml")
    except (SyntaxError, ValueError) as error:
        return _syntax(error, "RDF/XML", at)


def read_turtle(text: str, base: str, at: str) -> Reading | Problem:
    """Read TriG, of which Turtle and N-Triples are parts, else N-Quads.

    Statements with malformed IRIs are left out, with a finding: published ontologies have some.
    """
    try:
        return _parsed(text, ox.RdfFormat.TRIG, base, at, "turtle")
    except (SyntaxError, ValueError) as error:
        first = error
    for syntax, name, lenient in (
        (ox.RdfFormat.N_QUADS, "n-quads", False),
        (ox.RdfFormat.TRIG, "turtle", True),
    ):
        try:
            return _parsed(text, syntax, base, at, name, lenient=lenient)
        except (SyntaxError, ValueError):
            continue
    return _syntax(first, "RDF", at)


def begins_as_rdf(text: str) -> bool:
    """Say whether the first statements of a text can be read as TriG or N-Quads."""
    for syntax in (ox.RdfFormat.TRIG, ox.RdfFormat.N_QUADS):
        try:
            quads = list(islice(ox.parse(text, format=syntax, base_iri="urn:x:"), _FIRST))
        except (SyntaxError, ValueError):
            continue
        return bool(quads)
    return False


def _syntax(error: Exception, what: str, at: str) -> Problem:
    line = getattr(error, "lineno", None)
    detail = (str(error).splitlines() or [""])[0][:200]
    return unreadable(f"not {what}: {detail}", f"{at}:{line}" if line else at)


def _parsed(
    text: str, syntax: ox.RdfFormat, base: str, at: str, name: str, *, lenient: bool = False
) -> Reading:
    terms = _Terms()
    found: dict[Triple, None] = {}
    for quad in ox.parse(text, format=syntax, base_iri=base, lenient=lenient):
        subject = terms.of(quad.subject)
        predicate = terms.of(quad.predicate)
        value = terms.of(quad.object)
        if isinstance(predicate, Iri) and value is not None and isinstance(subject, Iri | Blank):
            found[Triple(subject, predicate, value)] = None
    return Reading(tuple(found), name, problems=invalid_iris(terms.bad, at))


class _Terms:
    """Terms of one text; an IRI is checked once, since IRIs repeat."""

    def __init__(self) -> None:
        self.bad: set[str] = set()
        self._iris: dict[str, Iri | None] = {}

    def of(self, node: object) -> Term | None:
        """Give the term; nothing for a malformed IRI or a triple term of RDF 1.2."""
        if isinstance(node, ox.NamedNode):
            return self._iri(node.value)
        if isinstance(node, ox.Literal):
            return Literal(node.value, node.datatype.value, node.language or "")
        return Blank(node.value) if isinstance(node, ox.BlankNode) else None

    def _iri(self, text: str) -> Iri | None:
        if text in self._iris:
            return self._iris[text]
        sound = Iri(text) if is_valid_iri(text) else None
        self._iris[text] = sound
        if sound is None:
            self.bad.add(text)
        return sound
