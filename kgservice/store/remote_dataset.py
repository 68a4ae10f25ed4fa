"""One dataset in somebody else's engine: named graphs, their versions, and the merged graph.

All graphs of both datasets are named graphs of one engine; nothing is ever in its default graph.
What belongs to which dataset stands in an index graph of each, `<graph> dcterms:isPartOf <index>`,
with which a query's `GRAPH ?g` is joined. No graph is in both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyoxigraph as ox

from kgservice.model.errors import InputError, Unavailable
from kgservice.model.terms import DCTERMS, KG
from kgservice.store.dataset import (
    MERGED,
    STATE,
    Delta,
    is_own_text,
    subject_of,
)
from kgservice.store.names import EVERYONES_GRAPH
from kgservice.store.port import INPUTS, MERGED_GRAPH, META_GRAPH, DatasetName
from kgservice.store.remote_client import GRAPH, TABLE, Dataset, Refusal, RemoteClient
from kgservice.store.remote_terms import canonical, from_engine, table, to_engine
from kgservice.store.remote_writes import Writes

OWN: Final = "urn:kgservice:own:"
"""Begins the names of graphs that are only this adapter's."""
_AT_ONCE: Final = 200
_LONG_S: Final = 600.0
_VERSION: Final = f" <{KG.graphVersion}> "
PART_OF: Final = f"<{DCTERMS.NS}isPartOf>"


class RemoteDataset:
    """A dataset as `Commit` needs it; the thread that commits is the only one that writes."""

    def __init__(self, name: DatasetName, client: RemoteClient, writes: Writes) -> None:
        """Read the versions."""
        self._client, self._writes = client, writes
        self._is_private = name == "private"
        self.meta = META_GRAPH if name == "shared" else f"{OWN}{name}-meta"
        self.index = f"{OWN}{name}-graphs"
        self.versions: dict[str, int] = {}
        self.digests: dict[str, bytes] = {}
        self.merged: set[str] = set()
        self.generation = self.inputs = 0
        self.read_state()

    def read_state(self) -> None:
        """Read again what the engine says about versions and the merged graph."""
        versions: dict[str, int] = {}
        merged: set[str] = set()
        for text in self._own_texts():
            graph = subject_of(text)[1:-1]
            if _VERSION in text:
                number = int(text.split('"')[1])
                versions[graph] = max(number, versions.get(graph, 0))
            else:
                merged.add(graph)
        self.generation = versions.pop(STATE, 0)
        self.inputs = versions.pop(INPUTS, 0)
        self.versions, self.merged, self.digests = versions, merged, {}

    def _own_texts(self) -> Iterator[str]:
        for pattern in (
            f"?s <{KG.graphVersion}> ?o",
            f"?s {PART_OF} <{MERGED_GRAPH}>",
        ):
            text = f"CONSTRUCT {{ {pattern} }} WHERE {{ GRAPH <{self.meta}> {{ {pattern} }} }}"
            yield from self._construct(text)

    def name(self, graph: str) -> str:
        """Give the name in the engine of a graph of this dataset."""
        if graph in (MERGED, MERGED_GRAPH):
            return MERGED_GRAPH
        return self.meta if graph == META_GRAPH else graph

    def holds(self, graph: str) -> bool:
        """Say whether a query on this dataset may name a graph."""
        if graph in self.versions or graph in (META_GRAPH, MERGED_GRAPH):
            return True
        return self._is_private and graph.startswith(EVERYONES_GRAPH)

    def statements(self, graph: str) -> set[str]:
        """Give a graph's statements, without what the store itself says in the metadata graph."""
        return self._cleaned(graph, self._construct(_ALL % self.name(graph)))

    def statements_about(self, graph: str, subjects: Iterable[str]) -> set[str]:
        """Give a graph's statements about subjects, which are written as in a statement."""
        found: set[str] = set()
        for some in _portions(sorted(subjects)):
            found |= self._cleaned(
                graph, self._construct(_ABOUT % (" ".join(some), self.name(graph)))
            )
        return found

    def those_in(self, graph: str, statements: Iterable[str]) -> set[str]:
        """Give those of some statements, in their stored form, that a graph holds."""
        wanted = set(statements)
        return wanted & self.statements_about(graph, {subject_of(text) for text in wanted})

    def holders(self, statements: Sequence[str]) -> dict[str, list[str]]:
        """Say which graphs of the merged graph hold each of some statements now."""
        found = self.graphs_with(statements)
        return {text: [g for g in names if g in self.merged] for text, names in found.items()}

    def graphs_with(self, statements: Iterable[str]) -> dict[str, list[str]]:
        """Say which named graphs of the dataset hold each of some statements now."""
        wanted = set(statements)
        found: dict[str, list[str]] = defaultdict(list)
        for some in _portions(sorted({subject_of(text) for text in wanted})):
            lines: dict[str, list[str]] = defaultdict(list)
            for row in self._rows(_HOLDERS % " ".join(some)):
                lines[str(row["g"])[1:-1]].append(f"{row['s']} {row['p']} {row['o']} ")
            for graph, texts in lines.items():
                if graph in self.versions:
                    for text in wanted.intersection(canonical(texts)):
                        found[text].append(graph)
        return found

    def of_themselves(self, predicate: str) -> Iterator[tuple[str, str]]:
        """Give what graphs say of themselves by a property whose values are literals."""
        for row in self._rows(_OF_THEMSELVES % (self.index, PART_OF, self.index, predicate)):
            value = row["o"]
            if isinstance(value, ox.Literal):
                yield str(row["g"])[1:-1], value.value

    def _rows(self, text: str) -> ox.QuerySolutions:
        found = table(self._ask(text, TABLE))
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - a SELECT
        return found

    def write(self, delta: Delta) -> None:
        """Write all of it or nothing; removals come before additions, versions last."""
        self._index(delta)
        sides = []
        for texts_of in (delta.removed, delta.added):
            by_name = {
                self.name(graph): to_engine(texts)
                for graph, texts in texts_of.items()
                if graph != META_GRAPH
            }
            by_name[self.meta] = to_engine(texts_of.get(META_GRAPH, ()))
            sides.append(by_name)
        self._writes.write(sides[0], sides[1], self.held)

    def held(self, statements: Sequence[str]) -> set[str]:
        """Give those of some statements of the merged graph that a graph still holds."""
        self.read_state()
        plain = canonical(statements)
        holders = self.holders(plain)
        return {engine for engine, text in zip(statements, plain, strict=True) if holders.get(text)}

    def _index(self, delta: Delta) -> None:
        """Add the index's own changes: of graphs that begin or end to exist."""
        old = {subject_of(t) for t in delta.removed.get(META_GRAPH, ()) if _VERSION in t}
        new = {subject_of(t) for t in delta.added.get(META_GRAPH, ()) if _VERSION in t}
        apart = {f"<{name}>" for name in (META_GRAPH, STATE, INPUTS, f"{EVERYONES_GRAPH}:kept")}
        delta.add(self.index, [self._entry(name) for name in sorted(new - old - apart)])
        delta.remove(self.index, [self._entry(name) for name in sorted(old - new - apart)])

    def _entry(self, name: str) -> str:
        return f"{name} {PART_OF} <{self.index}> "

    def begin(self) -> None:
        """Let the metadata graph be found in every case."""
        entry = self._entry(f"<{self.meta}>")
        if entry not in set(self._construct(_ALL % self.index)):
            self._writes.write({}, {self.index: [entry]}, lambda _: set())

    def _cleaned(self, graph: str, statements: Iterable[str]) -> set[str]:
        if graph != META_GRAPH:
            return set(statements)
        return {text for text in statements if not is_own_text(text)}

    def _construct(self, text: str) -> Iterator[str]:
        yield from from_engine(self._ask(text, GRAPH))

    def _ask(self, text: str, accept: str) -> bytes:
        try:
            return self._client.query(text, Dataset(), accept, _LONG_S)
        except Refusal as refusal:
            raise Unavailable(
                f"The remote store failed on a request of this service ({refusal}).",
                code="store-failed",
                hint="See docs/remote-stores.md for what an engine must be able to do.",
            ) from None


_ALL: Final = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <%s> { ?s ?p ?o } }"
_ABOUT: Final = "CONSTRUCT { ?s ?p ?o } WHERE { VALUES ?s { %s } GRAPH <%s> { ?s ?p ?o } }"
_OF_THEMSELVES: Final = "SELECT ?g ?o WHERE { GRAPH <%s> { ?g %s <%s> } GRAPH ?g { ?g <%s> ?o } }"
_HOLDERS: Final = "SELECT ?g ?s ?p ?o WHERE { VALUES ?s { %s } GRAPH ?g { ?s ?p ?o } }"


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def refuse_names(changed: Iterable[str], other: RemoteDataset) -> None:
    """Refuse graphs that are this adapter's own, or belong to the other dataset."""
    for graph in changed:
        is_kept = graph.startswith((OWN, EVERYONES_GRAPH))
        if is_kept or (graph != META_GRAPH and graph in other.versions):
            raise InputError(
                f"The graph <{graph}> is kept for something else.", code="graph-reserved"
            )
