"""Statements by subject, and names for the nameless parties among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from kgservice.model.rdf import RDF, Blank, Iri, Literal, Subject, Term, Triple
from kgservice_importers.dcat.tables import Tables

TYPE = RDF + "type"


class Graph:
    """The statements of one page, found by their subject."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Index the statements."""
        self.by_subject: defaultdict[Subject, list[Triple]] = defaultdict(list)
        self.pointed: defaultdict[Term, set[str]] = defaultdict(set)
        for triple in triples:
            self.by_subject[triple.subject].append(triple)
            if not isinstance(triple.object, Literal):
                self.pointed[triple.object].add(triple.predicate.value)

    def types(self, subject: Subject) -> list[str]:
        """Give the classes of a subject."""
        return [
            t.object.value
            for t in self.by_subject.get(subject, ())
            if t.predicate.value == TYPE and isinstance(t.object, Iri)
        ]

    def values(self, subject: Term, predicates: Iterable[str]) -> Iterator[Term]:
        """Give the values of a subject, those of the first predicate first."""
        if isinstance(subject, Literal):
            return
        for predicate in predicates:
            for triple in self.by_subject.get(subject, ()):
                if triple.predicate.value == predicate:
                    yield triple.object


def name_nodes(triples: Sequence[Triple], home: str, at: str, tables: Tables) -> Sequence[Triple]:
    """Give nameless publishers an IRI after their name, and nameless catalogues one after the page.

    Many datasets repeat their publisher as a nameless node; one name in one catalogue is one party.

    Args:
        triples: The statements of a page.
        home: What the IRIs start with.
        at: The page.
        tables: Which predicates lead to parties, and which name them.
    """
    parties: dict[Term, None] = {}
    catalogs: dict[Term, None] = {}
    for triple in triples:
        if triple.predicate.value in tables.parties and isinstance(triple.object, Blank):
            parties[triple.object] = None
        if _is_catalog(triple, tables) and isinstance(triple.subject, Blank):
            catalogs[triple.subject] = None
    if not parties and not catalogs:
        return triples
    graph = Graph(t for t in triples if t.subject in parties)
    names: dict[Term, Iri] = {}
    for node in parties:
        found = next(graph.values(node, tables.party_names), None)
        if isinstance(found, Literal) and found.value.strip():
            names[node] = Iri(f"{home}party/{_safe(found.value)}")
    for number, node in enumerate(catalogs):
        names[node] = Iri(f"{home}source/{_safe(at)}" + (f"/{number}" if number else ""))
    return [_renamed(triple, names) for triple in triples]


def _is_catalog(triple: Triple, tables: Tables) -> bool:
    if triple.predicate.value != TYPE or not isinstance(triple.object, Iri):
        return False
    return tables.documents.get(triple.object.value) == "Catalog"


def _safe(text: str) -> str:
    return quote(text.strip()[:200].encode(errors="replace"), safe="")


def _renamed(triple: Triple, names: dict[Term, Iri]) -> Triple:
    subject, predicate, value = triple
    return Triple(names.get(subject, subject), predicate, names.get(value, value))
