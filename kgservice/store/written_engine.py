"""The written dataset in its writer process: updates and replacements, each one transaction.

Each write leaves its number in a graph of its own (`TURN`) as part of its transaction, so that
whoever finds this process dead knows whether the write is there. The number is taken out when the
parent has noted it; a snapshot made in between is cleaned before anybody reads it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph as ox

from kgservice.store.dataset import text_of
from kgservice.store.update_text import WRITTEN_DEFAULT

TURN = "urn:kgservice:turn"
BULK = 20_000
"""Statements from which new content goes through the bulk loader, which is all or nothing too."""
PATIENCE_S = 0.5
"""How long a snapshot waits for a write that is under way."""
_TURN = ox.NamedNode(TURN)
_IS = ox.NamedNode("urn:kgservice:is")
_NTRIPLES, _NQUADS = ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS
Name = ox.NamedNode | ox.DefaultGraph


class WrittenEngine:
    """One store; `run`, `put` and `drop` come one at a time, `snapshot` beside them."""

    def __init__(self, folder: Path, noted: int) -> None:
        """Open it; `noted` is the last write that the parent knows to be there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._store = ox.Store(str(folder))
        self._noted = noted
        self._changed = threading.Condition()
        self._is_writing = self.turn() != 0  # until it is settled
        self._snapshots = 0
        self._is_copying = False

    def turn(self) -> int:
        """Give the number of a write that is there and was not settled; 0 when there is none."""
        return _turn_of(self._store)

    def settle(self, number: int) -> None:
        """Take the number of a write out: the parent has noted it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_copying)
            self._store.remove_graph(_TURN)
            self._noted, self._is_writing = number, False
            self._changed.notify_all()

    def run(self, number: int, line: str, base_iri: str) -> None:
        """Carry out an update."""
        with self._writing():
            self._store.update(f"{line} ; {_turn_text(number)}", base_iri=base_iri)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Begin between snapshots; a write that fails leaves nothing to settle."""
        with self._changed:
            self._changed.wait_for(lambda: not self._snapshots)
            self._is_writing = True
        try:
            yield
        except BaseException:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
            raise

    def put(self, number: int, graph: str, content: bytes, how: str) -> None:
        """Make N-Triples a graph's content (`replace`) or add them (`add`)."""
        with self._writing():
            self._put(number, graph, content, how)

    def _put(self, number: int, graph: str, content: bytes, how: str) -> None:
        name = _name(graph)
        new = list(ox.parse(content, format=_NTRIPLES, lenient=True))
        old = list(self._store.quads_for_pattern(None, None, None, name))
        if not old and len(new) >= BULK:
            lines = "".join(f"{text_of(quad)}{_suffix(graph)}" for quad in new)
            self._store.bulk_load((lines + _turn_quad(number)).encode(), _NQUADS, lenient=True)
            return
        removed: list[str] = []
        is_blank_there = False
        if how == "replace":
            new, removed, is_blank_there = _difference(old, new)
        parts = [
            "" if name == ox.DefaultGraph() else f"CREATE SILENT GRAPH {name}",
            _forget_blank(graph) if is_blank_there else "",
            f"DELETE DATA {{ {_in(graph, removed)} }}" if removed else "",
            f"INSERT DATA {{ {_in(graph, map(text_of, new))} }}" if new else "",
            _turn_text(number),
        ]
        self._store.update(" ;\n".join(part for part in parts if part))

    def drop(self, number: int, graph: str) -> None:
        """Delete a graph; empty the default graph."""
        what = "CLEAR DEFAULT" if graph == WRITTEN_DEFAULT else f"DROP SILENT GRAPH <{graph}>"
        with self._writing():
            self._store.update(f"{what} ; {_turn_text(number)}")

    def names(self, among: Sequence[str] | None) -> list[str]:
        """List the named graphs that exist: all, or those of a list."""
        if among is None:
            found = (name.value for name in self._store.named_graphs() if name != _TURN)
            return [name for name in found if isinstance(name, str)]
        named = (graph for graph in among if graph != WRITTEN_DEFAULT)
        return [name for name in named if self._store.contains_named_graph(ox.NamedNode(name))]

    def count(self) -> int:
        """Count the statements."""
        return len(self._store)

    def snapshot(self, path: str) -> int:
        """Make a snapshot in a new folder; give the number of the last write that it has.

        It waits a moment for a write that is under way, and lets no other begin. When that one
        takes longer, the snapshot may have it or not; its number tells.
        """
        with self._changed:
            self._snapshots += 1
            is_clean = self._changed.wait_for(lambda: not self._is_writing, PATIENCE_S)
            self._is_copying = True
            noted = self._noted
        try:
            self._store.backup(path)
            return noted if is_clean else _cleaned(path) or noted
        finally:
            with self._changed:
                self._snapshots -= 1
                self._is_copying = False
                self._changed.notify_all()


def _cleaned(path: str) -> int:
    """Take the number of a write out of a snapshot and give it; 0 when there is none."""
    copy = ox.Store(path)
    if number := _turn_of(copy):
        copy.remove_graph(_TURN)
        copy.flush()
    return number


def _turn_of(store: ox.Store) -> int:
    found = [q.object for q in store.quads_for_pattern(None, _IS, None, _TURN)]
    return max((int(term.value) for term in found if isinstance(term, ox.Literal)), default=0)


def _turn_text(number: int) -> str:
    return f"CLEAR SILENT GRAPH <{TURN}> ; INSERT DATA {{ GRAPH <{TURN}> {{ {_turn(number)} }} }}"


def _turn(number: int) -> str:
    return f'{_TURN} {_IS} "{number}" '


def _turn_quad(number: int) -> str:
    return f"{_turn(number)}<{TURN}> .\n"


def _name(graph: str) -> Name:
    return ox.DefaultGraph() if graph == WRITTEN_DEFAULT else ox.NamedNode(graph)


def _suffix(graph: str) -> str:
    return ".\n" if graph == WRITTEN_DEFAULT else f"<{graph}> .\n"


def _in(graph: str, statements: Iterable[str]) -> str:
    data = "".join(f"{statement}.\n" for statement in statements)
    return data if graph == WRITTEN_DEFAULT else f"GRAPH <{graph}> {{ {data} }}"


def _forget_blank(graph: str) -> str:
    """Write the update that takes out every statement with a blank node.

    A blank node of new content is never one that is there, and no text can name one that is.
    """
    triple = "?s ?p ?o"
    where = triple if graph == WRITTEN_DEFAULT else f"GRAPH <{graph}> {{ {triple} }}"
    # Triple terms (RDF 1.2) may hold blank nodes too.
    condition = "isBlank(?s) || isBlank(?o) || isTriple(?o)"
    return f"DELETE {{ {where} }} WHERE {{ {where} FILTER({condition}) }}"


def _difference(
    old: Sequence[ox.Quad], new: Sequence[ox.Quad]
) -> tuple[list[ox.Quad], list[str], bool]:
    """Give what is to be added, what is to be removed, and whether old blank nodes are there."""
    scratch = ox.Store()  # the engine rewrites literals, and both sides must be as it keeps them
    scratch.extend(ox.Quad(q.subject, q.predicate, q.object) for q in new)
    after = {text_of(quad): quad for quad in scratch}
    before = {text_of(quad) for quad in old if not _has_blank(quad)}
    added = [quad for text, quad in after.items() if _has_blank(quad) or text not in before]
    ground = {text for text, quad in after.items() if not _has_blank(quad)}
    return added, sorted(before - ground), len(before) < len(old)


def _has_blank(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(
        quad.object, ox.BlankNode | ox.Triple
    )
