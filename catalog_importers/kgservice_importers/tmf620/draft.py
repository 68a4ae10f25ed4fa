"""Collect the statements, the own subjects, the findings and the coverage of one document."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import DCTERMS, KG, RDF, SCHEMA
from kgservice_importers.tmf620.values import Finding

_LONGEST_TEXT: Final = 20_000
_LONGEST_NAME: Final = 80
_MOST_NAMES: Final = 400
_PROPERTY_VALUE: Final = Iri(SCHEMA.NS + "PropertyValue")
ADDITIONAL: Final = Iri(SCHEMA.NS + "additionalProperty")
JSON_LITERAL: Final = RDF.NS + "JSON"
"""Datatype of structures that are kept as they were found (JSON-LD 1.1 §10.2)."""


@lru_cache(maxsize=256)
def _kg(name: str) -> Iri:
    return Iri(KG.NS + name)


@lru_cache(maxsize=64)
def schema(name: str) -> Iri:
    """Give a term of schema.org."""
    return Iri(SCHEMA.NS + name)


class Draft:
    """A document in the making."""

    __slots__ = ("has_kind", "lost", "mapped", "own", "problems", "subject", "triples", "unmapped")

    def __init__(self, subject: Iri) -> None:
        """Start a document about `subject`."""
        self.subject = subject
        self.own: set[str] = {subject.value}
        self.triples: dict[Triple, None] = {}
        self.problems: list[Problem] = []
        self.has_kind = False
        self.mapped: set[str] = set()
        self.unmapped: set[str] = set()
        self.lost: list[str] = []
        """Where something is of which a fact could not be made."""

    def add(self, predicate: Iri, value: Term) -> None:
        """State something about the document's subject."""
        self.triples[Triple(self.subject, predicate, value)] = None

    def state(self, subject: Iri, predicate: Iri, value: Term) -> None:
        """State something about one of the document's own nodes."""
        self.own.add(subject.value)
        self.triples[Triple(subject, predicate, value)] = None

    def node(self, subject: Iri, kind: Iri, **texts: str) -> None:
        """Describe an own node: its class and plain texts by local name of the kg: property."""
        self.state(subject, RDF.type, kind)
        for name, text in texts.items():
            if text:
                self.state(subject, _kg(name), Literal(text))

    def title(self, subject: Iri, text: str) -> None:
        """Give an own node a title, when there is one."""
        if text:
            self.state(subject, DCTERMS.title, Literal(text[:_LONGEST_TEXT]))

    def describe(self, text: str) -> None:
        """Give the subject a description, when there is one."""
        if text:
            self.add(DCTERMS.description, Literal(text[:_LONGEST_TEXT]))

    def keep(self, node: Iri, name: str, values: list[Literal], unit: str = "") -> None:
        """Keep what no term was found for, as a schema.org PropertyValue of the subject."""
        self.add(ADDITIONAL, node)
        self.state(node, RDF.type, _PROPERTY_VALUE)
        self.state(node, schema("name"), Literal(name[:_LONGEST_TEXT]))
        for value in values:
            self.state(node, schema("value"), value)
        if unit:
            self.state(node, schema("unitText"), Literal(unit[:_LONGEST_TEXT]))

    def tell(self, path: str, name: str, *, is_mapped: bool) -> None:
        """Tell whether a named characteristic became a fact; its name is part of the path."""
        names = self.mapped if is_mapped else self.unmapped
        if len(names) < _MOST_NAMES:
            names.add(f"{path}[{name[:_LONGEST_NAME]}]")

    def find(self, finding: Finding, at: str, hint: str = "") -> None:
        """Keep a finding with its place."""
        is_loss = finding.severity is not Severity.INFO
        if is_loss:
            self.lost.append(at)
        hint = hint or ("The fact is unknown." if is_loss else "")
        self.problems.append(Problem(finding.code, finding.detail, at, hint, finding.severity))
