"""A small store of the port's shape over pyoxigraph, in memory or in a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.rdf import Blank, Iri, Literal, Row, Term, Triple, to_ntriples
from kgservice.store.port import (
    MERGED_GRAPH,
    VOCABULARY_GRAPH,
    WORKER_GRAPH,
    CommitResult,
    GraphChange,
)

VOCAB = Path(__file__).resolve().parents[2] / "vocab"


def to_ox(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if isinstance(term, Iri):
        return ox.NamedNode(term.value)
    if isinstance(term, Blank):
        return ox.BlankNode(term.label)
    if term.language:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))


def from_ox(term: object) -> Term:
    if isinstance(term, ox.NamedNode):
        return Iri(term.value)
    if isinstance(term, ox.BlankNode):
        return Blank(term.value)
    assert isinstance(term, ox.Literal)
    return Literal(term.value, term.datatype.value, term.language or "")


def vocabulary() -> tuple[Triple, ...]:
    found = []
    for path in [*sorted(VOCAB.glob("*.ttl")), *sorted((VOCAB / "kinds").glob("*.ttl"))]:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            s, p, o = (from_ox(term) for term in quad.triple)
            found.append(Triple(s, p, o))  # type: ignore[arg-type]
    return tuple(found)


class MemoryStore:
    """Commit, read, graph and graphs of the store port; atomic per dataset."""

    def __init__(self, folder: Path | None = None) -> None:
        self._data = {
            name: ox.Store(str(folder / name)) if folder else ox.Store()
            for name in ("shared", "private")
        }
        self._lock = threading.RLock()
        self._merging = {name for name in (VOCABULARY_GRAPH, WORKER_GRAPH) if self.graph(name)}
        self.generation = 0
        self.commits = 0
        if not self.graph(VOCABULARY_GRAPH):
            self.commit([GraphChange(VOCABULARY_GRAPH, vocabulary(), merge=True)])

    def commit(self, changes: Sequence[GraphChange], *, dataset: str = "shared") -> CommitResult:
        with self._lock:
            self.commits += 1
            self.generation += 1
            texts = []
            for change in changes:
                texts.append(f"CLEAR SILENT GRAPH <{change.graph}>")
                body = to_ntriples(change.triples)
                texts.append(f"INSERT DATA {{ GRAPH <{change.graph}> {{ {body} }} }}")
            self._data[dataset].update(" ;\n".join(texts))
            for change in changes:
                if change.merge:
                    self._merge(change.graph)
            return CommitResult(self.generation, {}, 0, 0)

    def _merge(self, graph: str) -> None:
        merging = sorted(self._merging | {graph})
        self._merging.add(graph)
        body = to_ntriples(t for name in merging for t in self.graph(name))
        text = f"CLEAR SILENT GRAPH <{MERGED_GRAPH}> ;"
        text += f"INSERT DATA {{ GRAPH <{MERGED_GRAPH}> {{ {body} }} }}"
        for store in self._data.values():
            store.update(text)

    def read(self, text: str, *, dataset: str = "shared", graphs: Sequence[str] = ()) -> list[Row]:
        default = [ox.NamedNode(graph) for graph in graphs or (MERGED_GRAPH,)]
        with self._lock:
            answer = self._data[dataset].query(text, default_graph=default)
            assert isinstance(answer, ox.QuerySolutions)
            names = [variable.value for variable in answer.variables]
            return [
                {name: from_ox(row[name]) for name in names if row[name] is not None}
                for row in answer
            ]

    def graph(self, graph: str, *, dataset: str = "shared") -> list[Triple]:
        with self._lock:
            quads = self._data[dataset].quads_for_pattern(None, None, None, ox.NamedNode(graph))
            return [
                Triple(from_ox(q.subject), from_ox(q.predicate), from_ox(q.object))  # type: ignore[arg-type]
                for q in quads
            ]
