"""What the store has of a catalogue's documents, and the changes that bring it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgservice.ingest.documents import INFERRED, QUARANTINE, Entry, quarantine
from kgservice.ingest.questions import select
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store.port import META_GRAPH, ChangeKind, GraphChange, Store


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has of a document."""

    graph: str
    source_id: str
    content: str
    digest: str
    is_gone: bool


def metadata_changes(before: dict[str, list[Triple]], after: Sequence[Triple]) -> list[GraphChange]:
    """Replace what the metadata graph said about some documents; only what differs."""
    old = {triple for triples in before.values() for triple in triples}
    new = set(after)
    changes = []
    if old - new:
        changes.append(GraphChange(META_GRAPH, tuple(old - new), ChangeKind.REMOVE))
    if new - old:
        changes.append(GraphChange(META_GRAPH, tuple(new - old), ChangeKind.ADD))
    return changes


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


def kept_documents(store: Store, home: Iri) -> list[Kept]:
    """Give what the store has of a catalogue's documents, retired ones too."""
    found = []
    for row in select(store, "documents", catalog=home.value):
        found.append(
            Kept(
                str(row["document"]),
                row["source"].value if isinstance(row["source"], Literal) else "",
                row["content"].value if isinstance(row["content"], Literal) else "",
                row["digest"].value if isinstance(row["digest"], Literal) else "",
                "gone" in row,
            )
        )
    return found
