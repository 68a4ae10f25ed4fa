"""One dataset on disk: named graphs, their versions, and the merged graph.

The engine's default graph holds the merged graph: it has half the indexes of a named graph, and
`GRAPH ?g` does not see it, so that a query over every graph counts no statement twice. Versions
are statements of the metadata graph, written in the same transaction as what they describe:
`<graph> kg:graphVersion n`, `<graph> dcterms:isPartOf <merged>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.terms import DCTERMS, KG
from kgservice.store.port import INPUTS, MERGED_GRAPH, META_GRAPH

BULK = 20_000
"""Statements from which a pure addition goes through the bulk loader (measured: 25 ms fixed, then
100,000 statements a second; a transaction costs 12 µs a statement and holds them in memory)."""

STATE = "urn:kgservice:state"
"""Its version is the dataset's generation; the merged graph's is the shared dataset's."""

MERGED = ""
"""Key of the merged graph in a `Delta`."""

_VERSION = ox.NamedNode(KG.graphVersion.value)
_PART_OF = ox.NamedNode(DCTERMS.NS + "isPartOf")
_MERGED = ox.NamedNode(MERGED_GRAPH)
_META = ox.NamedNode(META_GRAPH)


@dataclass(slots=True)
class Delta:
    """What one transaction removes and then adds: statements (`s p o `, N-Triples) by graph."""

    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)

    def add(self, graph: str, statements: Iterable[str]) -> None:
        """Note additions."""
        self.added.setdefault(graph, []).extend(statements)

    def remove(self, graph: str, statements: Iterable[str]) -> None:
        """Note removals."""
        self.removed.setdefault(graph, []).extend(statements)

    def set_version(self, graph: str, old: int, new: int) -> None:
        """Note a graph's new version; 0 means that it does not exist."""
        if old:
            self.remove(META_GRAPH, [version_text(graph, old)])
        if new:
            self.add(META_GRAPH, [version_text(graph, new)])

    def is_empty(self) -> bool:
        """Say whether there is nothing to write."""
        return not any(self.added.values()) and not any(self.removed.values())


class Dataset:
    """A store on disk. The writer's one committing thread is the only one that may write."""

    def __init__(self, path: Path) -> None:
        """Open or make it; OSError when another process holds it."""
        path.mkdir(parents=True, exist_ok=True)
        self.store = ox.Store(str(path))
        self.versions: dict[str, int] = {}
        self.digests: dict[str, bytes] = {}  # of what each graph was last replaced by
        parts = self.store.quads_for_pattern(None, _PART_OF, _MERGED, _META)
        self.merged = {iri_of(quad.subject) for quad in parts}
        self._read_versions()
        self.generation = self.versions.pop(STATE, 0)
        self.inputs = self.versions.pop(INPUTS, 0)
        self.mirrored = self.versions.pop(MERGED_GRAPH, 0)

    def _read_versions(self) -> None:
        stale = Delta()
        for quad in self.store.quads_for_pattern(None, _VERSION, None, _META):
            graph, version = iri_of(quad.subject), int(str(quad.object).split('"')[1])
            other = self.versions.get(graph)
            if other is not None:  # a bulk addition was followed by a crash
                stale.remove(META_GRAPH, [version_text(graph, min(version, other))])
            self.versions[graph] = max(version, other or 0)
        self.write(stale)

    def statements(self, graph: str) -> set[str]:
        """Give a graph's statements, without what this module keeps in the metadata graph."""
        name = ox.NamedNode(graph) if graph else ox.DefaultGraph()
        quads = self.store.quads_for_pattern(None, None, None, name)
        if graph == META_GRAPH:
            return {text_of(quad) for quad in quads if not is_own(quad)}
        return {text_of(quad) for quad in quads}

    def statements_about(self, graph: str, subjects: Iterable[str]) -> set[str]:
        """Give a graph's statements about subjects, which are written as in a statement."""
        name, found = ox.NamedNode(graph), set()
        for subject in subjects:
            node = ox.NamedNode(subject[1:-1])
            quads = self.store.quads_for_pattern(node, None, None, name)
            found |= {text_of(quad) for quad in quads if graph != META_GRAPH or not is_own(quad)}
        return found

    def those_in(self, graph: str, statements: Iterable[str]) -> set[str]:
        """Give those of some statements, in their stored form, that a graph holds."""
        name = ox.NamedNode(graph)
        return {
            text_of(quad)
            for quad in parse(statements)
            if ox.Quad(quad.subject, quad.predicate, quad.object, name) in self.store
        }

    def holders(self, statements: Iterable[str]) -> dict[str, list[str]]:
        """Say which graphs of the merged graph hold each of some statements now."""
        found = self.graphs_with(statements)
        return {text: [g for g in names if g in self.merged] for text, names in found.items()}

    def graphs_with(self, statements: Iterable[str]) -> dict[str, list[str]]:
        """Say which named graphs hold each of some statements now."""
        return {text: self._graphs_with(text) for text in statements}

    def _graphs_with(self, statement: str) -> list[str]:
        (triple,) = parse([statement])
        quads = self.store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        names = (quad.graph_name for quad in quads)
        return [name.value for name in names if isinstance(name, ox.NamedNode)]

    def of_themselves(self, predicate: str) -> Iterator[tuple[str, str]]:
        """Give what graphs say of themselves by a property whose values are literals."""
        for quad in self.store.quads_for_pattern(None, ox.NamedNode(predicate), None, None):
            if quad.subject == quad.graph_name and isinstance(quad.object, ox.Literal):
                yield iri_of(quad.subject), quad.object.value

    def write(self, delta: Delta) -> None:
        """Write all of it or nothing; removals come before additions.

        A long pure addition goes through the bulk loader; old versions are then removed in a
        second step, and a crash between the two is repaired when the dataset is opened.
        """
        old_versions = delta.removed.get(META_GRAPH, [])
        only_added = not any(v for graph, v in delta.removed.items() if graph != META_GRAPH)
        only_added = only_added and all(_VERSION_TEXT in text for text in old_versions)
        if only_added and sum(map(len, delta.added.values())) >= BULK:
            self.store.bulk_load(nquads(delta.added), ox.RdfFormat.N_QUADS)
            delta = Delta(removed={META_GRAPH: old_versions})
        if not delta.is_empty():
            self.store.update(
                f"DELETE DATA {{ {_quad_data(delta.removed)} }} ;\n"
                f"INSERT DATA {{ {_quad_data(delta.added)} }}"
            )

    def state(self) -> list[tuple[str, int]]:
        """Name what stands for the dataset's state, with versions."""
        return [(STATE, self.generation), (INPUTS, self.inputs)]

    def load(self, quads: bytes) -> None:
        """Add N-Quads in one step of the bulk loader."""
        self.store.bulk_load(quads, ox.RdfFormat.N_QUADS, lenient=True)

    def load_merged(self, triples: bytes) -> None:
        """Add N-Triples to the merged graph."""
        if triples:
            self.store.bulk_load(triples, ox.RdfFormat.N_TRIPLES, lenient=True)

    def load_versions(self, new: Sequence[str], old: Sequence[str]) -> None:
        """Add statements of this module's own in one step, then take old versions out."""
        self.load(nquads({META_GRAPH: list(new)}))
        self.write(Delta(removed={META_GRAPH: list(old)}))

    def note_new(self, graphs: Mapping[str, bool], raised: Iterable[tuple[str, int]]) -> None:
        """Note graphs that were loaded, each with whether it is merged, and raised versions."""
        for name, number in raised:
            if name == STATE:
                self.generation = number + 1
            elif name == INPUTS:
                self.inputs = number + 1
            else:
                self.versions[name] = number + 1
        for name, merge in graphs.items():
            self.versions[name] = 1
            if merge:
                self.merged.add(name)

    def note_mirrored(self, generation: int) -> None:
        """Say that the merged graph is a copy of the shared one of this generation."""
        delta = Delta()
        delta.set_version(MERGED_GRAPH, self.mirrored, generation)
        self.write(delta)
        self.mirrored = generation


OWN_TEXTS = (_VERSION_TEXT := f" {_VERSION} ", f" {_PART_OF} {_MERGED} ")  # its own


def difference(one: ox.Store, other: ox.Store) -> tuple[set[str], set[str]]:
    """Give what only the merged graph of `one` holds, and what only that of `other` holds.

    The engine keeps statements in an order that their content gives, so both are read side by side,
    and what waits in memory for its counterpart is about as much as differs.
    """
    default = ox.DefaultGraph()
    only: tuple[set[str], set[str]] = (set(), set())
    sides = [store.quads_for_pattern(None, None, None, default) for store in (one, other)]
    for pair in zip_longest(*sides):
        for place, quad in enumerate(pair):
            if quad is None:
                continue
            text = text_of(quad)
            if text in only[1 - place]:
                only[1 - place].discard(text)
            else:
                only[place].add(text)
    return only


def iri_of(term: object) -> str:
    """Give a node's IRI."""
    return str(term)[1:-1]


def is_own(quad: ox.Quad) -> bool:
    """Say whether a statement of the metadata graph is this module's."""
    return quad.predicate == _VERSION or (quad.predicate == _PART_OF and quad.object == _MERGED)


def is_own_text(statement: str) -> bool:
    """Say the same of a statement's text."""
    return _VERSION_TEXT in statement or statement.endswith(OWN_TEXTS[1])


def version_text(graph: str, version: int) -> str:
    """Write the statement of a graph's version."""
    return f'<{graph}>{_VERSION_TEXT}"{version}"^^<http://www.w3.org/2001/XMLSchema#integer> '


def membership_text(graph: str) -> str:
    """Write the statement that a graph is part of the merged graph."""
    return f"<{graph}>{OWN_TEXTS[1]}"


def subject_of(statement: str) -> str:
    """Give the subject of a statement's text; it is an IRI, in angle brackets."""
    return statement[: statement.index(" ")]


def text_of(quad: ox.Quad | ox.Triple) -> str:
    """Write a statement."""
    return f"{quad.subject} {quad.predicate} {quad.object} "


def parse(statements: Iterable[str]) -> list[ox.Quad]:
    """Read statements."""
    text = "".join(f"{statement}.\n" for statement in statements)
    return list(ox.parse(text, format=ox.RdfFormat.N_TRIPLES))


def stored_form(statements: Iterable[str]) -> set[str]:
    """Give statements as the engine keeps them: it rewrites the lexical forms of literals."""
    return {text if _is_stored_form(text) else _rewritten(text) for text in statements}


def _is_stored_form(text: str) -> bool:
    """Say whether nothing is there to rewrite: an IRI or a plain string, without escapes."""
    is_plain = text.endswith('" ') or '"' not in text
    return is_plain and "\\" not in text and text.isprintable()


def _rewritten(text: str) -> str:
    subject, predicate, value = text.split(" ", 2)
    return f"{subject} {predicate} {_stored_value(value)} "


@lru_cache(maxsize=16_384)
def _stored_value(value: str) -> str:
    """Give a literal as the engine keeps it; the same ones come again and again."""
    scratch = ox.Store()
    scratch.extend(parse([f"<urn:s> <urn:p> {value}"]))
    return str(next(iter(scratch)).object)


def nquads(by_graph: dict[str, list[str]]) -> bytes:
    """Write statements by graph as N-Quads."""
    parts = []
    for graph, statements in by_graph.items():
        end = f"<{graph}> .\n" if graph else ".\n"
        parts.append("".join([statement + end for statement in statements]))
    return "".join(parts).encode()


def _quad_data(by_graph: dict[str, list[str]]) -> str:
    """Write statements by graph as the data of an update (SPARQL 1.1 §19.8, QuadData)."""
    parts = []
    for graph, statements in by_graph.items():
        data = "".join([statement + ".\n" for statement in statements])
        parts.append(f"GRAPH <{graph}> {{\n{data}}}\n" if graph else data)
    return "".join(parts)
