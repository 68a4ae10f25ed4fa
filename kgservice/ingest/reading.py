"""Run an importer over a source, in a process of its own, and collect what it gives."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kgservice.model.documents import ImportContext, Importer, ImportItem, SetAside, SourceDocument
from kgservice.model.errors import Problem, Severity
from kgservice.store.sandbox import run_isolated


def read_source(
    importer: Importer,
    source: str,
    context: ImportContext,
    *,
    isolated: bool = True,
    on_document: Callable[[SourceDocument], object] = lambda _: None,
    on_other: Callable[[str, str], object] = lambda _outcome, _name: None,
) -> tuple[list[SourceDocument], list[Problem]]:
    """Read the whole source; a document whose id came before is left out, with a finding.

    `on_document` is told of each document while the rest is still being read, `on_other` of the
    outcome and place of what is no document.

    Raises:
        Unavailable: the source cannot be reached or broke half-way.
    """
    documents: dict[str, SourceDocument] = {}
    problems: list[Problem] = []
    for item in _items(importer, source, context, isolated=isolated):
        if isinstance(item, Problem):
            problems.append(item)
            if item.severity is Severity.ERROR:
                on_other("unreadable", item.at)
        elif isinstance(item, SetAside):
            on_other("set-aside", f"{item.at} ({item.kind})")
        elif not isinstance(item, SourceDocument):
            continue
        elif item.source_id in documents:
            on_other("duplicate", item.source_id)
            problems.append(
                Problem(
                    "document-duplicate",
                    "The source has two documents with this id.",
                    item.source_id,
                    "The first is kept.",
                    Severity.ERROR,
                )
            )
        else:
            documents[item.source_id] = item
            on_document(item)
    return list(documents.values()), problems


def _items(
    importer: Importer, source: str, context: ImportContext, *, isolated: bool
) -> Iterable[ImportItem]:
    if isolated:
        return run_isolated(read_in_child, (importer, source, context))
    return importer.read(source, context)


def read_in_child(importer: Importer, source: str, context: ImportContext) -> Iterator[ImportItem]:
    """Run the importer; a function by name, since the child process imports it."""
    gc.disable()  # the process ends after this one task
    yield from importer.read(source, context)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Keep the cyclic collector from walking a source's millions of terms again and again.

    Statements hold no cycles; what else makes some is collected when this is over.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
