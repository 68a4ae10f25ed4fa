"""A store in memory, for many small searches: the port's session over two Oxigraph stores."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyoxigraph as ox

from kgservice.model.rdf import XSD, Blank, Iri, Literal, Row, Term, Triple, to_ntriples
from kgservice.model.terms import KG
from kgservice.store.port import MERGED_GRAPH, META_GRAPH, Columns, GraphInfo, QueryScope, Step
from kgservice.store.remote_session import run_each

DOCUMENT = "http://127.0.0.1:8080/graph/test/0000000000000001"
SIGNED = "http://127.0.0.1:8080/graph/test/0000000000000002"


def to_term(node: object) -> Term:
    if isinstance(node, ox.NamedNode):
        return Iri(node.value)
    if isinstance(node, ox.BlankNode):
        return Blank(node.value)
    assert isinstance(node, ox.Literal)
    return Literal(node.value, node.datatype.value, node.language or "")


class MemorySession:
    """The snapshot is the whole store; the scratch store is empty at first."""

    generation = 1

    def __init__(self, snapshot: ox.Store) -> None:
        self.snapshot = snapshot
        self.scratch = ox.Store()
        self.queries: list[str] = []

    def load(self, triples: Iterable[Triple]) -> None:
        self.scratch.load(to_ntriples(triples).encode(), format=ox.RdfFormat.N_TRIPLES)

    def construct(self, text: str, *, where: str = "snapshot") -> int:
        found = list(self._run(text, where))
        self.scratch.extend(ox.Quad(t.subject, t.predicate, t.object) for t in found)
        return len(found)

    def select(self, text: str, *, where: str = "scratch") -> list[Row]:
        solutions = self._run(text, where)
        names = [variable.value for variable in solutions.variables]
        return [
            {name: to_term(row[name]) for name in names if row[name] is not None}
            for row in solutions
        ]

    def columns(self, properties: Iterable[Iri]) -> Columns:
        numbers: dict[str, int] = {}
        found = {}
        merged = ox.NamedNode(MERGED_GRAPH)
        for prop in properties:
            quads = self.snapshot.quads_for_pattern(None, ox.NamedNode(prop.value), None, merged)
            pairs = [(str(quad.subject), str(quad.object)) for quad in quads]
            columns = [
                [numbers.setdefault(t, len(numbers)) for t in part]
                for part in zip(*pairs, strict=True)
            ]
            if columns:
                found[prop.value] = tuple(array("i", part).tobytes() for part in columns)
        return list(numbers), found  # type: ignore[return-value]

    def triples(self, text: str, *, where: str = "scratch") -> list[Triple]:
        return [
            Triple(to_term(t.subject), to_term(t.predicate), to_term(t.object))  # type: ignore[arg-type]
            for t in self._run(text, where)
        ]

    def run(self, steps: Iterable[Step]) -> list[list[Row]]:
        return run_each(self, steps)

    def _run(self, text: str, where: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        self.queries.append(text)
        if where == "scratch":
            return self.scratch.query(text)
        merged = ox.NamedNode(MERGED_GRAPH)
        named = [g for g in self.snapshot.named_graphs() if g != merged]
        return self.snapshot.query(text, default_graph=[merged], named_graphs=named)


class MemoryStore:
    """Holds one document graph, one whose document is signed, and the merged graph."""

    def __init__(
        self,
        triples: Iterable[Triple],
        signed: Iterable[Triple] = (),
        evidence: Iri = KG.Signed,
    ) -> None:
        self.store = ox.Store()
        text = to_ntriples(triples).encode()
        for graph in (MERGED_GRAPH, DOCUMENT):
            self.store.load(text, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(graph))
        proven = to_ntriples(signed).encode()
        self.store.load(proven, format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(SIGNED))
        version = f'<{DOCUMENT}> <{KG.graphVersion}> "3"^^<{XSD}integer> .\n'
        version += f"<{DOCUMENT}> <{KG.evidence}> <{KG.SelfDeclared}> .\n"
        version += f"<{SIGNED}> <{KG.evidence}> <{evidence}> ."
        meta = ox.NamedNode(META_GRAPH)
        self.store.load(version.encode(), format=ox.RdfFormat.N_TRIPLES, to_graph=meta)
        self.last: MemorySession | None = None

    def graphs(self, prefix: str = "", *, dataset: str = "shared") -> list[GraphInfo]:
        return [GraphInfo(DOCUMENT, 3, merge=True)]

    def changed_subjects(self, since: int) -> None:
        del since

    @contextmanager
    def session(
        self, *, scope: QueryScope, deadline_s: float | None = None
    ) -> Iterator[MemorySession]:
        self.last = MemorySession(self.store)
        yield self.last
