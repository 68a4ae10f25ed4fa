"""What goes into a commit and what comes out of it; `port` gives these names too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kgservice.model.rdf import Triple


class ChangeKind(Enum):
    """How a graph changes."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"
    DESCRIBE = "describe"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class GraphChange:
    """A change of one named graph.

    Attributes:
        graph: The graph's IRI.
        triples: The new content (REPLACE), what to add (ADD) or to take out (REMOVE), or all that
            the graph says about their subjects (DESCRIBE).
        kind: REPLACE writes only what differs; DELETE empties and forgets the graph. ADD, REMOVE
            and DESCRIBE do not read the rest of the graph.
        merge: The graph's statements are part of the merged graph.
        if_version: Commit only while the graph has this version; 0 means "does not exist".
    """

    graph: str
    triples: tuple[Triple, ...] = ()
    kind: ChangeKind = ChangeKind.REPLACE
    merge: bool = False
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What a commit did.

    Attributes:
        generation: Number of the dataset's state; grows with each commit that changed something.
        versions: New version of each graph that changed; unchanged graphs keep theirs.
        added: Statements added.
        removed: Statements removed.
    """

    generation: int
    versions: dict[str, int]
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """A named graph and its version."""

    graph: str
    version: int
    merge: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What commits on the shared dataset touched since one of them, `DERIVED_GRAPHS` apart.

    Attributes:
        number: Number of the last commit that changed what conclusions are drawn from.
        is_complete: All that was touched is given; when it is not, everything may have changed.
        statements: Statements that the merged graph gained or lost, with the predicates asked for.
        graphs: Graphs whose statements or metadata changed.
    """

    number: int
    is_complete: bool
    statements: tuple[Triple, ...] = ()
    graphs: frozenset[str] = frozenset()
