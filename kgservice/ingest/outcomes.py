"""What became of a document: its outcome, its evidence, and what the next sync must know."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from kgservice.ingest.documents import Entry
from kgservice.ingest.issuers import is_list
from kgservice.ingest.joining import links_of
from kgservice.ingest.kept import UNKNOWN, KeptDocument
from kgservice.ingest.policy import Policy
from kgservice.ingest.reading import pack, unpack
from kgservice.ingest.review import findings_of
from kgservice.ingest.standing import ALONE
from kgservice.labels.credentials import Proof
from kgservice.model.documents import SourceDocument
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG, RDF


def outcome_of(entry: Entry) -> str:
    """Name what became of a document: `imported`, `quarantined` or `refused`."""
    if not entry.is_valid:
        return "quarantined"
    if entry.statements and not entry.admitted.triples:
        return "refused"
    return "imported"


def evidence_of(entry: Entry, policy: Policy) -> Iri:
    """Name the kind of evidence that a document is."""
    if entry.proof.result is not Proof.VALID:
        return KG.SelfDeclared
    return KG.Certified if entry.proof.issuer in policy.accredited else KG.Signed


def kept_of(entry: Entry, digest: str, foreign: Mapping[str, str]) -> KeptDocument:
    """Give what the next sync must know of a document; `foreign` are the owners of strangers."""
    document, admitted = entry.document, entry.admitted
    stated = (*admitted.triples, *entry.derived) if entry.is_valid else ()
    counts = (
        len(entry.statements),
        len(admitted.triples) if entry.is_valid else 0,
        len(admitted.refusals),
        len(entry.derived),
        int(any(t[1] == RDF.type and t[2] == KG.Offering for t in stated)),
    )
    standing = entry.standing if _is_settled(entry) else UNKNOWN
    credential = document.credential
    return KeptDocument(
        source_id=document.source_id,
        graph=entry.graph,
        content=entry.content,
        digest=digest,
        fingerprint=document.fingerprint or entry.content,
        standing=standing,
        outcome=outcome_of(entry),
        proven=entry.claim.is_proven,
        counts=counts,
        kind=document.kind,
        mapped=tuple(document.mapped),
        unmapped=tuple(document.unmapped),
        problems=tuple(findings_of(entry)),
        named=tuple((name, foreign.get(name, "")) for name in sorted(entry.named)),
        whole=b"" if standing == ALONE else zlib.compress(pack([document]), 1),
        is_list=credential is not None and is_list(credential),
        links=links_of(entry),
    )


def whole_of(packed: bytes) -> list[SourceDocument]:
    """Give the document that was kept whole."""
    return unpack(zlib.decompress(packed))


def _is_settled(entry: Entry) -> bool:
    """Say whether nothing but the document, the rules and its standing decided on it.

    What others claim may be different next time.
    """
    return (
        entry.is_valid
        and entry.claim.own_subjects <= entry.own
        and not any(r.code in _DEPENDS_ON_OTHERS for r in entry.admitted.refusals)
    )


_DEPENDS_ON_OTHERS = frozenset({"provider-not-confirmed"})
