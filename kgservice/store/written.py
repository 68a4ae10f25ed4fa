"""The written dataset: what people write by SPARQL Update and the Graph Store Protocol.

It lies apart from what catalogues say: nothing of it is admitted, inferred from, labelled or
resolved. Its writer is a process of its own, so that a hostile update ends by its death.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import Protocol

from kgservice.store.update_text import WRITTEN_DEFAULT, Update

__all__ = [
    "NO_CONDITION",
    "WRITTEN_DEFAULT",
    "Author",
    "Precondition",
    "Update",
    "WriteResult",
    "Written",
    "WrittenGraph",
]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes.

    Attributes:
        name: Graphs that this author writes first belong to this name.
        may_write_all: Whether the graphs of others, and graphs that the text does not name, may be
            written too.
        key: What the author calls this write (`Idempotency-Key`); empty when nothing.
    """

    name: str
    may_write_all: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold when a write's turn comes (RFC 9110 §13.1).

    Attributes:
        versions: The graph has one of these versions; None: nothing is asked.
        not_versions: The graph has none of these versions.
        exists: True: the graph exists; False: it does not; None: nothing is asked.
    """

    versions: frozenset[int] | None = None
    not_versions: frozenset[int] = frozenset()
    exists: bool | None = None


NO_CONDITION = Precondition()


@dataclass(frozen=True, slots=True)
class WrittenGraph:
    """A written graph: its version, a number that is never used again, and whose it is."""

    graph: str
    version: int
    owner: str


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write did.

    Attributes:
        number: Number of the write; numbers grow in the order of the queue.
        created: Whether the graph did not exist before (Graph Store Protocol).
        is_repeated: It was done before under the same key, and was not done again.
    """

    number: int
    created: bool = False
    is_repeated: bool = False


class Written(Protocol):
    """Writes to the written dataset; reads go through the store's `query`."""

    def update(
        self, update: Update, author: Author, *, deadline_s: float | None = None
    ) -> WriteResult:
        """Carry out an update when its turn comes: all of it or nothing.

        Raises:
            AccessDenied: it writes a graph that is not the author's (`graph-not-yours`).
            InputError: it does not parse; `at` is its position.
            Refused: the engine cannot carry it out, such as CREATE of a graph that exists
                (`update-failed`).
            DeadlineExceeded: it was stopped at the deadline; nothing was changed.
            Unavailable: it needed more memory than allowed (`update-memory`), or its turn did not
                come (`update-busy`); nothing was changed.
        """
        ...

    def put(
        self,
        graph: str,
        content: bytes,
        author: Author,
        *,
        how: OneOf["replace", "add"],
        condition: Precondition,
    ) -> WriteResult:
        """Make N-Triples the graph's content, or add them to it: all or nothing.

        A blank node is one of this content: it is never taken for one that is there.

        Raises:
            AccessDenied: the graph is not the author's.
            PreconditionFailed: the condition does not hold when the write's turn comes.
            DeadlineExceeded: it was stopped; nothing was changed.
        """
        ...

    def delete(self, graph: str, author: Author, *, condition: Precondition) -> WriteResult:
        """Delete a graph; the default graph becomes empty.

        Raises:
            NotFound: there is no such graph.
            AccessDenied: it is not the author's.
            PreconditionFailed: the condition does not hold when the write's turn comes.
        """
        ...

    def find(self, graph: str) -> WrittenGraph | None:
        """Give a graph as it is after the last write that was answered; None when there is none."""
        ...

    def version_at(self, graph: str, generation: int) -> int | None:
        """Give a graph's version in a snapshot; 0 when it has none, None when no longer known."""
        ...

    def graphs(self) -> list[WrittenGraph]:
        """List the graphs, longest unchanged first; the default graph when it was written."""
        ...

    def show(self, may_show: Callable[[str], bool]) -> None:
        """Copy what changed to the shared dataset, where queries of the merged graph find it.

        Graphs that may not be shown, because the name stands for something else, stay away.
        """
        ...
