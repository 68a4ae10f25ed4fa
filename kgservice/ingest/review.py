"""Review documents: what is believed of them, what follows, and what is wrong with them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kgservice.ingest.admission import Claim, admit
from kgservice.ingest.completeness import completed
from kgservice.ingest.documents import Entry, graph_name, graph_prefix
from kgservice.ingest.ownership import Ownership
from kgservice.ingest.policy import Policy
from kgservice.ingest.questions import select_for
from kgservice.ingest.report import SyncReport
from kgservice.labels.credentials import Proof
from kgservice.model.documents import SourceDocument
from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, Term, Triple
from kgservice.model.terms import RDF
from kgservice.store.port import Store

OLDER = "credential-older"
"""Code of a document that would bring back an older issue of a credential."""


def enter(
    documents: Iterable[SourceDocument], policy: Policy, base_iri: str, catalog: str, at: datetime
) -> list[Entry]:
    """Check proofs, name graphs, say who speaks."""
    home = f"{base_iri}catalog/{catalog}"
    entries = []
    documents = list(documents)
    if policy.issuers is not None:
        policy.issuers.learn(documents)
    for document in documents:
        proof, standing = policy.judge(document.credential, at)
        proven = proof.result is Proof.VALID
        owner = proof.issuer if proven else home
        called = document.own_subjects | {document.primary.value}
        claim = Claim(
            owner=owner,
            issuer=owner,
            is_proven=proven,
            own_subjects=frozenset(s for s in called if policy.may_claim(s, owner)),
            prefixes=(home + "/",),
        )
        graph = graph_name(base_iri, catalog, document.source_id)
        content = hashlib.sha256(document.content).hexdigest()
        entries.append(Entry(document, graph, content, proof, claim, standing))
    return entries


def admit_all(entries: Sequence[Entry], policy: Policy, ownership: Ownership) -> None:
    """Divide every document's statements into admitted and refused ones."""
    ownership.settle(entries)
    for entry in entries:
        entry.named = ownership.named_by(entry)
    foreign = ownership.foreign(name for entry in entries for name in entry.named)
    for entry in entries:
        entry.admitted = admit(entry.statements, entry.claim, entry.own, policy.matrix, foreign)


def conclude_each(entries: Iterable[Entry], policy: Policy, report: SyncReport) -> None:
    """Close and validate every document by itself, so that it does not matter what else there is.

    For policies that look at no other document (`Policy.looks_across`).
    """
    with report.phase("infer"):
        for entry in entries:
            subjects = entry.admitted.subjects
            (entry.derived,) = policy.reasoner.close_documents(
                [entry.admitted.triples], (), [subjects]
            )
            entry.derived += completed(entry, policy.complete)
    with report.phase("validate"):
        for entry in entries:
            _validate([entry], policy, policy.classes)


def link_context(
    entries: Sequence[Entry], policy: Policy, store: Store, base_iri: str, catalog: str
) -> list[Triple]:
    """Give what other catalogues say about nodes that these documents link to, one hop."""
    own = {t[0] for entry in entries for t in entry.admitted.triples}
    linked = {
        t[2][0]
        for entry in entries
        for t in entry.admitted.triples
        if isinstance(t[2], Iri) and t[2] not in own and t[2] not in policy.classes
    }
    graphs, prefix = base_iri + "graph/", graph_prefix(base_iri, catalog)
    found = []
    for row in select_for(store, "context", "nodes", linked, prefix=prefix, graphs=graphs):
        subject, predicate = row["s"], row["p"]
        if isinstance(subject, Iri) and isinstance(predicate, Iri):
            found.append(Triple(subject, predicate, row["o"]))
    return found


def conclude_together(
    entries: Sequence[Entry], policy: Policy, context: Sequence[Triple], report: SyncReport
) -> None:
    """Close all valid documents together and validate each; again without those that fail."""
    while True:
        valid = [entry for entry in entries if entry.is_valid]
        with report.phase("infer"):
            derived = policy.reasoner.close_documents(
                [entry.admitted.triples for entry in valid],
                context,
                [entry.admitted.subjects for entry in valid],
            )
            for entry, triples in zip(valid, derived, strict=True):
                entry.derived = triples + completed(entry, policy.complete)
        with report.phase("validate"):
            if not _validate(valid, policy, _classes(valid, policy.classes, context)):
                break


def _validate(entries: Iterable[Entry], policy: Policy, classes: Mapping[Term, set[Term]]) -> int:
    """Validate; give the number of documents that fail."""
    if policy.validator is None:
        return 0
    failed = 0
    for entry in entries:
        statements = (*entry.admitted.triples, *entry.derived)
        entry.report = policy.validator.validate(statements, classes)
        if not entry.report.conforms:
            entry.is_valid = False
            entry.derived = ()
            failed += 1
    return failed


def _classes(
    entries: Iterable[Entry], known: Mapping[Term, set[Term]], context: Iterable[Triple]
) -> dict[Term, set[Term]]:
    found: defaultdict[Term, set[Term]] = defaultdict(set)
    for node, kinds in known.items():
        found[node] |= kinds
    for entry in entries:
        for s, p, o in (*entry.admitted.triples, *entry.derived):
            if p == RDF.type:
                found[s].add(o)
    for s, p, o in context:
        if p == RDF.type:
            found[s].add(o)
    return dict(found)


def findings_of(entry: Entry) -> Iterable[Problem]:
    """Give what the importer, admission and validation found about a document."""
    at = entry.document.source_id
    yield from entry.document.problems
    counts: dict[str, list[Triple]] = {}
    for refused in entry.admitted.refusals:
        counts.setdefault(refused.code, []).append(refused.triple)
    for code, triples in sorted(counts.items()):
        first = triples[0]
        example = f"{first.subject} {first.predicate}"
        many = f"{len(triples)} statements were" if len(triples) > 1 else "one statement was"
        detail = f"{many} refused, such as one on {example}."
        yield Problem(code, detail, at, "It is kept in quarantine.", Severity.ERROR)
    if entry.proof.result not in (Proof.VALID, Proof.ABSENT):
        hint = "Its statements count as self-declared."
        if entry.proof.code == OLDER:
            hint = "The newer one stays, where it is kept."
        yield Problem(entry.proof.code, entry.proof.detail, at, hint, Severity.WARNING)
    for finding in entry.report.findings if entry.report else ():
        fatal = finding.severity is Severity.ERROR
        hint = "The whole document is kept in quarantine." if fatal else ""
        yield Problem("shape-violated", f"{finding.shape}: {finding}", at, hint, finding.severity)
