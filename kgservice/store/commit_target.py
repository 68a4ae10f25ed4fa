"""What commits need of a dataset, wherever that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kgservice.store.dataset import Delta


class CommitTarget(Protocol):
    """A dataset as `Commit` sees it; statements are text, `s p o ` in N-Triples.

    Attributes:
        versions: Version of each graph that exists.
        digests: Of what each graph was last replaced by.
        merged: Graphs whose statements are part of the merged graph.
        generation: Number of the dataset's state.
        inputs: Number of the last commit that changed what conclusions are drawn from.
    """

    versions: dict[str, int]
    digests: dict[str, bytes]
    merged: set[str]
    generation: int
    inputs: int

    def statements(self, graph: str) -> set[str]:
        """Give a graph's statements, without what the store itself says in the metadata graph."""
        ...

    def statements_about(self, graph: str, subjects: Iterable[str]) -> set[str]:
        """Give a graph's statements about subjects, which are written as in a statement."""
        ...

    def those_in(self, graph: str, statements: Iterable[str]) -> set[str]:
        """Give those of some statements, in their stored form, that a graph holds."""
        ...

    def graphs_with(self, statements: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """Say which named graphs of the dataset hold each of some statements now."""
        ...

    def of_themselves(self, predicate: str) -> Iterable[tuple[str, str]]:
        """Give what graphs say of themselves by a property whose values are literals."""
        ...

    def write(self, delta: Delta) -> None:
        """Write all of it or nothing; removals come before additions."""
        ...

    def holders(self, statements: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Say which graphs of the merged graph hold each of some statements now."""
        ...
