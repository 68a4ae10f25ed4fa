"""A store in this process's memory, enough of the port for the label rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyoxigraph as ox

from kgservice.model.rdf import Blank, Iri, Literal, Row, Term, Triple, to_ntriples
from kgservice.store.port import CommitResult, GraphChange


def _term(value: object) -> Term:
    if isinstance(value, ox.NamedNode):
        return Iri(value.value)
    if isinstance(value, ox.BlankNode):
        return Blank(value.value)
    assert isinstance(value, ox.Literal)
    return Literal(value.value, value.datatype.value, value.language or "")


def _triples(answer: object) -> list[Triple]:
    return [Triple(_term(t.subject), _term(t.predicate), _term(t.object)) for t in answer]


class MemorySession:
    generation = 1

    def __init__(self, snapshot: ox.Store) -> None:
        self._stores = {"snapshot": snapshot, "scratch": ox.Store()}

    def load(self, triples: Iterable[Triple]) -> None:
        self._stores["scratch"].load(to_ntriples(triples).encode(), format=ox.RdfFormat.N_TRIPLES)

    def construct(self, text: str, *, where: str = "snapshot") -> int:
        found = _triples(self._stores[where].query(text))
        self.load(found)
        return len(found)

    def select(self, text: str, *, where: str = "scratch") -> list[Row]:
        answer = self._stores[where].query(text)
        names = [v.value for v in answer.variables]
        return [{n: _term(row[n]) for n in names if row[n] is not None} for row in answer]

    def triples(self, text: str, *, where: str = "scratch") -> list[Triple]:
        return _triples(self._stores[where].query(text))


class MemoryStore:
    def __init__(self) -> None:
        self.engine = ox.Store()
        self.generation = 0

    def put(self, graph: str, triples: Iterable[Triple]) -> None:
        self.engine.load(
            to_ntriples(triples).encode(),
            format=ox.RdfFormat.N_TRIPLES,
            to_graph=ox.NamedNode(graph),
        )

    def commit(self, changes: Sequence[GraphChange], *, dataset: str = "shared") -> CommitResult:
        added = removed = 0
        for change in changes:
            before = set(self.graph(change.graph))
            self.engine.remove_graph(ox.NamedNode(change.graph))
            self.put(change.graph, change.triples)
            added += len(set(change.triples) - before)
            removed += len(before - set(change.triples))
        self.generation += 1
        return CommitResult(self.generation, {}, added, removed)

    def graph(self, graph: str) -> list[Triple]:
        quads = self.engine.quads_for_pattern(None, None, None, ox.NamedNode(graph))
        return _triples(quads)

    @contextmanager
    def session(self, **_options: object) -> Iterator[MemorySession]:
        yield MemorySession(self.engine)
