"""What commits touched lately, so that what follows from the graphs need not look at all of them.

Every commit that changes something that conclusions are drawn from gets the next number, which is
kept on disk; what it touched is kept in memory, as far as the room given to it goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kgservice.store.dataset import MERGED, Delta
from kgservice.store.port import DERIVED_GRAPHS, META_GRAPH

MOST_KEPT = 200_000
"""Statements and graph names that are kept; about 200 bytes each."""


@dataclass(slots=True)
class Touched:
    """What one commit touched: statements of the merged graph, and names of graphs."""

    number: int
    statements: list[str] = field(default_factory=list)
    graphs: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Count what is kept."""
        return len(self.statements) + len(self.graphs)


class TouchLog:
    """The latest commits of a dataset, oldest first; what is too much is forgotten."""

    def __init__(self, number: int) -> None:
        """Start after the commit of this number; nothing is known of it and those before."""
        self._known_since = number
        self._number = number
        self._commits: deque[Touched] = deque()
        self._size = 0

    def note(self, touched: Touched) -> None:
        """Keep what a commit touched."""
        self._number = touched.number
        self._commits.append(touched)
        self._size += touched.size
        while self._size > MOST_KEPT:
            oldest = self._commits.popleft()
            self._size -= oldest.size
            self._known_since = oldest.number

    def forget(self, number: int) -> None:
        """Forget all up to a commit that touched too much."""
        self._number = self._known_since = number
        self._commits.clear()
        self._size = 0

    def since(
        self, number: int, predicates: Collection[str]
    ) -> tuple[int, bool, bytes, tuple[str, ...]]:
        """Give the last number, whether all since `number` is known, N-Triples and graph names.

        Only statements with one of the predicates are given.
        """
        if not self._known_since <= number <= self._number:
            return self._number, False, b"", ()
        wanted = {f"<{predicate}>" for predicate in predicates}
        statements: dict[str, None] = {}
        graphs: set[str] = set()
        for commit in tuple(self._commits):
            if commit.number > number:
                graphs |= commit.graphs
                statements |= dict.fromkeys(_with(commit.statements, wanted))
        text = "".join(f"{statement}.\n" for statement in statements)
        return self._number, True, text.encode(), tuple(sorted(graphs))


def _with(statements: Iterable[str], predicates: Collection[str]) -> Iterable[str]:
    return (text for text in statements if text.split(" ", 2)[1] in predicates)


def touched_by(
    number: int, delta: Delta, merged: Delta, versions: Mapping[str, int]
) -> Touched | None:
    """Say what a commit touched; None when nothing is concluded from what it changed.

    `versions` are those of the graphs that the commit leaves. The metadata graph counts where it
    speaks of a graph: of a document's proof, for example.
    """
    changed = {
        name for part in (delta.added, delta.removed) for name, texts in part.items() if texts
    }
    apart = DERIVED_GRAPHS | {META_GRAPH}
    graphs = changed - apart
    for part in (delta.added, delta.removed):
        subjects = {text[1 : text.index(">")] for text in part.get(META_GRAPH, ())}
        graphs |= {name for name in subjects if name in versions} - apart
    if not graphs:
        return None
    statements = [*merged.added.get(MERGED, ()), *merged.removed.get(MERGED, ())]
    return Touched(number, statements, graphs)
