"""What the store has of a catalogue's documents, and the changes that bring it up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kgservice.ingest.documents import INFERRED, QUARANTINE, Entry, quarantine
from kgservice.ingest.kept import KeptDocument
from kgservice.ingest.questions import select
from kgservice.model.rdf import Iri, Literal, Row, Triple
from kgservice.store.port import ChangeKind, GraphChange, Store


def contents_of(entry: Entry) -> tuple[Sequence[Triple], Sequence[Triple], Sequence[Triple]]:
    """Give what goes into the document's graph, the inferred one and quarantine."""
    if entry.is_valid:
        refused = quarantine(entry.graph, entry.admitted.refusals)
        return entry.admitted.triples, entry.derived, refused
    findings = entry.report.findings if entry.report else ()
    reasons = [(finding.focus, str(finding)) for finding in findings]
    refused = quarantine(entry.graph, entry.admitted.refusals, reasons)
    return (), (), (*refused, *entry.admitted.triples)


def graph_changes(entry: Entry, before: str | None) -> list[GraphChange]:
    """Give the changes of a document's three graphs; empty ones are not made.

    `before` is the digest of what they hold (see `Digest.parts`), or None when there are none.
    """
    names = (entry.graph, entry.graph + INFERRED, entry.graph + QUARANTINE)
    new, old = entry.digest.split("-"), (before or "").split("-")
    is_comparable = len(old) == len(new)
    return [
        change
        for place, (name, triples) in enumerate(zip(names, contents_of(entry), strict=True))
        if not (is_comparable and old[place] == new[place])
        for change in _replacement(name, triples, is_known=before is not None)
    ]


def _replacement(graph: str, triples: Sequence[Triple], *, is_known: bool) -> list[GraphChange]:
    if triples:
        merge = not graph.endswith(QUARANTINE)
        return [GraphChange(graph, tuple(triples), ChangeKind.REPLACE, merge)]
    return [deletion(graph)] if is_known else []


def deletion(graph: str) -> GraphChange:
    """Give the change that empties a graph."""
    return GraphChange(graph, (), ChangeKind.DELETE, not graph.endswith(QUARANTINE))


def kept_documents(store: Store, home: Iri) -> Iterator[KeptDocument]:
    """Give what the metadata graph says of the documents of a catalogue that are there."""
    for row in select(store, "documents", catalog=home.value):
        if "gone" not in row:
            yield KeptDocument(
                _text(row, "source"), _text(row, "document"), _text(row, "content"),
                _text(row, "digest"),
            )  # fmt: skip


def _text(row: Row, name: str) -> str:
    term = row[name]
    return term.value if isinstance(term, Iri | Literal) else ""
