"""Collect the statements, the own subjects and the findings of one document."""

from __future__ import annotations

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice_importers.tmf620.values import Finding

_LONGEST_TEXT = 20_000


class Draft:
    """A document in the making."""

    __slots__ = ("own", "problems", "subject", "triples")

    def __init__(self, subject: Iri) -> None:
        """Start a document about `subject`."""
        self.subject = subject
        self.own: set[str] = {subject.value}
        self.triples: dict[Triple, None] = {}
        self.problems: list[Problem] = []

    def add(self, predicate: Iri, value: Term) -> None:
        """State something about the document's subject."""
        self.triples[Triple(self.subject, predicate, value)] = None

    def count(self, predicate: Iri) -> int:
        """Count what is stated of the subject by one predicate."""
        return sum(1 for triple in self.triples if triple[:2] == (self.subject, predicate))

    def state(self, subject: Iri, predicate: Iri, value: Term) -> None:
        """State something about one of the document's own nodes."""
        self.own.add(subject.value)
        self.triples[Triple(subject, predicate, value)] = None

    def node(self, subject: Iri, kind: Iri, **texts: str) -> None:
        """Describe an own node: its class and plain texts by local name of the kg: property."""
        self.state(subject, RDF.type, kind)
        for name, text in texts.items():
            if text:
                self.state(subject, Iri(KG.NS + name), Literal(text))

    def title(self, subject: Iri, text: str) -> None:
        """Give an own node a title, when there is one."""
        if text:
            self.state(subject, DCTERMS.title, Literal(text[:_LONGEST_TEXT]))

    def describe(self, text: str) -> None:
        """Give the subject a description, when there is one."""
        if text:
            self.add(DCTERMS.description, Literal(text[:_LONGEST_TEXT]))

    def find(self, finding: Finding, at: str, hint: str = "") -> None:
        """Keep a finding with its place."""
        hint = hint or ("" if finding.severity is Severity.INFO else "The fact is unknown.")
        self.problems.append(Problem(finding.code, finding.detail, at, hint, finding.severity))
