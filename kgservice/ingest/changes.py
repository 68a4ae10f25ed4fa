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


def graph_changes(entry: Entry, *, is_known: bool) -> list[GraphChange]:
    """Give the changes of a document's three graphs; empty ones are not made."""
    stated, derived, refused = contents_of(entry)
    return [
        *_replacement(entry.graph, stated, merge=True, is_known=is_known),
        *_replacement(entry.graph + INFERRED, derived, merge=True, is_known=is_known),
        *_replacement(entry.graph + QUARANTINE, refused, merge=False, is_known=is_known),
    ]


def _replacement(
    graph: str, triples: Sequence[Triple], *, merge: bool, is_known: bool
) -> list[GraphChange]:
    if triples:
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
