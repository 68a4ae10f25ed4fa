"""What a write must meet, and why one was ended."""

from __future__ import annotations

from collections.abc import Iterable

from kgservice.model.errors import (
    AccessDenied,
    DeadlineExceeded,
    PreconditionFailed,
    Unavailable,
)
from kgservice.store.written import WRITTEN_DEFAULT, Author, Precondition
from kgservice.store.written_book import WrittenBook
from kgservice.store.written_link import MEMORY_ABORT, Died, Overrun


def require_own(
    book: WrittenBook, graphs: Iterable[str], author: Author, *, is_open: bool = False
) -> None:
    """Refuse graphs that are another author's, and targets that no text names (AccessDenied)."""
    if author.may_write_all:
        return
    if is_open:
        raise AccessDenied(
            "The update may write graphs that it does not name.",
            code="update-open",
            hint="Name each graph that is written: no `GRAPH ?g` in a template, no ALL or"
            " NAMED. Operators may.",
        )
    for graph in graphs:
        found = book.find(graph)
        if graph != WRITTEN_DEFAULT and found and found.owner != author.name:
            raise AccessDenied(
                f"The graph <{graph}> is someone else's.",
                code="graph-not-yours",
                hint="Write a graph of your own; who writes one first owns it.",
            )


def require(book: WrittenBook, graph: str, condition: Precondition) -> None:
    """Refuse when a condition does not hold (PreconditionFailed)."""
    found = book.find(graph)
    exists = found is not None or graph == WRITTEN_DEFAULT
    version = found.version if found else 0
    if condition.exists is not None and condition.exists != exists:
        word = "exists" if exists else "does not exist"
        raise PreconditionFailed(f"The graph <{graph}> {word}.")
    is_other = condition.versions is not None and version not in condition.versions
    if is_other or version in condition.not_versions:
        raise PreconditionFailed(
            f"The graph <{graph}> is not the one that the condition names.",
            hint="Read it again and repeat the change with its new ETag.",
        )


def stopped(end: Overrun | Died, deadline_s: float) -> Unavailable:
    """Say why a write that is not there was ended."""
    if isinstance(end, Overrun):
        return DeadlineExceeded(
            f"The update was stopped at its deadline of {deadline_s:g} s; nothing was changed.",
            code="update-deadline",
            hint="Make it more selective, or do it in parts.",
        )
    if end.exit_code in (MEMORY_ABORT, 1):
        return Unavailable(
            "The update needed more memory than an update may use; nothing was changed.",
            code="update-memory",
            hint="Do it in parts.",
        )
    return Unavailable(
        "The update ended the process that worked on it; nothing was changed.",
        code="update-died",
        hint="Simplify it: less nesting, fewer alternatives. Please report it with the update.",
    )
