"""What became of a document: its outcome, its evidence, and what a report counts of it."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.ingest.documents import Entry
from kgservice.ingest.policy import Policy
from kgservice.ingest.report import SyncReport
from kgservice.labels.credentials import Proof
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG, RDF


def outcome_of(entry: Entry, *, is_same: bool) -> str:
    """Name a document's outcome (`report.OUTCOMES`)."""
    if not entry.is_valid:
        return "quarantined"
    if entry.document.triples and not entry.admitted.triples:
        return "refused"
    return "unchanged" if is_same else "imported"


def evidence_of(entry: Entry, policy: Policy) -> Iri:
    """Name the kind of evidence that a document is."""
    if entry.proof.result is not Proof.VALID:
        return KG.SelfDeclared
    return KG.Certified if entry.proof.issuer in policy.accredited else KG.Signed


def count_documents(entries: Sequence[Entry], report: SyncReport) -> None:
    """Count documents and statements."""
    counts = report.counts
    counts["documents"] = len(entries)
    for entry in entries:
        counts["statements"] += len(entry.document.triples)
        counts["refused"] += len(entry.admitted.refusals)
        counts["derived"] += len(entry.derived)
        counts["quarantined"] += not entry.is_valid
        if entry.is_valid:
            counts["admitted"] += len(entry.admitted.triples)
            stated = (*entry.admitted.triples, *entry.derived)
            counts["offerings"] += any(t[1] == RDF.type and t[2] == KG.Offering for t in stated)
