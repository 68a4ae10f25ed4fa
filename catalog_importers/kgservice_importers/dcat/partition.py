"""Take a page apart: one part for each thing that is offered, with its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kgservice.model.rdf import Blank, Iri, Literal, Subject, Term, Triple
from kgservice_importers.dcat.graph import Graph
from kgservice_importers.dcat.tables import Tables


@dataclass(frozen=True, slots=True)
class Part:
    """What will be one document.

    Attributes:
        root: What it is about.
        kind: `Dataset`, `DataService`, `Policy`, ….
        triples: What is said of the root and its parts, and which catalogue lists it.
        described: The root and its parts.
        catalogs: Catalogues that list it, on this page.
    """

    root: Subject
    kind: str
    triples: tuple[Triple, ...]
    described: frozenset[Subject]
    catalogs: tuple[Subject, ...] = ()


class Partition:
    """The parts of one page."""

    def __init__(self, graph: Graph, tables: Tables, offered: Collection[str]) -> None:
        """Find the things that get a document.

        Args:
            graph: The page.
            tables: How a catalogue is taken apart.
            offered: Further classes whose members are offerings (`kg:PostgreSQL`, …).
        """
        self._graph = graph
        self._tables = tables
        self._offered = offered
        self.roots = dict(self._find_roots())
        self._members = self._find_members()
        self._reached: set[Subject] = set()

    def parts(self) -> Iterator[Part]:
        """Give the parts, catalogues first, so that what they say of themselves is known."""
        for root, kind in sorted(self.roots.items(), key=lambda item: item[1] != "Catalog"):
            described = self._closure(root)
            own = [t for node in described for t in self._graph.by_subject[node]]
            listed = self._members.get(root, ())
            kept = [t for t in own if not self._goes_to_member(t)]
            catalogs = tuple(dict.fromkeys(t.subject for t in listed))
            triples = tuple(dict.fromkeys([*kept, *listed]))
            yield Part(root, kind, triples, frozenset(described), catalogs)

    def left(self) -> Counter[str]:
        """Count by class what no part took along; call it after `parts`."""
        found: Counter[str] = Counter()
        for subject in self._graph.by_subject:
            if subject in self._reached:
                continue
            if not self._is_word(subject):
                types = self._graph.types(subject)
                found[types[0] if types else "no class"] += 1
        return found

    def words(self) -> dict[Term, frozenset[str]]:
        """Give what the page says of words of others: predicates by word."""
        return {
            subject: frozenset(t.predicate.value for t in triples)
            for subject, triples in self._graph.by_subject.items()
            if isinstance(subject, Iri) and self._is_word(subject)
        }

    def _is_word(self, subject: Subject) -> bool:
        if subject in self.roots or subject in self._reached:
            return False
        pointed = self._graph.pointed.get(subject, set())
        return bool(
            pointed & self._tables.to_words
            or self._tables.words.intersection(self._graph.types(subject))
        )

    def _find_roots(self) -> Iterator[tuple[Subject, str]]:
        for subject in self._graph.by_subject:
            kind = self.kind_of(subject)
            if not kind or self._is_within(subject, kind):
                continue
            if isinstance(subject, Iri) or kind not in self._tables.named:
                yield subject, kind

    def kind_of(self, subject: Subject) -> str:
        """Say which kind of document a thing gets, or nothing."""
        types = self._graph.types(subject)
        kinds = {self._tables.documents[t] for t in types if t in self._tables.documents}
        if not kinds and self._tables.words.intersection(types):
            return ""
        found = next((kind for kind in self._tables.order if kind in kinds), "")
        if found in ("", "Resource") and any(t in self._offered for t in types):
            return "Offering"
        return found

    def _is_within(self, subject: Subject, kind: str) -> bool:
        pointed = self._graph.pointed.get(subject, set())
        if isinstance(subject, Blank) and pointed & self._tables.parts:
            return True
        return kind in self._tables.within and bool(pointed & self._tables.parts)

    def _find_members(self) -> dict[Subject, tuple[Triple, ...]]:
        found: dict[Subject, list[Triple]] = {}
        for catalog, kind in self.roots.items():
            if kind != "Catalog":
                continue
            for triple in self._graph.by_subject[catalog]:
                if self._goes_to_member(triple) and not isinstance(triple.object, Literal):
                    found.setdefault(triple.object, []).append(triple)
        return {member: tuple(triples) for member, triples in found.items()}

    def _goes_to_member(self, triple: Triple) -> bool:
        return (
            triple.predicate.value in self._tables.members
            and self.roots.get(triple.subject) == "Catalog"
            and triple.object in self.roots
        )

    def _closure(self, root: Subject) -> list[Subject]:
        """Follow nameless nodes and named parts; other documents are not entered."""
        found: dict[Subject, None] = {root: None}
        todo = [root]
        while todo:
            for triple in self._graph.by_subject[todo.pop()]:
                value = triple.object
                if self._belongs(triple, value) and value not in found:
                    assert not isinstance(value, Literal)  # noqa: S101 - for mypy
                    found[value] = None
                    todo.append(value)
        self._reached.update(found)
        return list(found)

    def _belongs(self, triple: Triple, value: Term) -> bool:
        if isinstance(value, Literal) or value in self.roots or value not in self._graph.by_subject:
            return False
        return isinstance(value, Blank) or triple.predicate.value in self._tables.parts
