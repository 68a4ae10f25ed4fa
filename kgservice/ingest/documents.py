"""Documents in the store: names of their graphs, their provenance, digests, quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kgservice.inference.validation import Report
from kgservice.ingest.admission import NOTHING, Admitted, Claim, Refused
from kgservice.ingest.standing import ALONE, Standing
from kgservice.labels.credentials import Proof, ProofOutcome
from kgservice.model.documents import SourceDocument
from kgservice.model.rdf import Iri, Literal, Term, Triple, is_valid_iri, to_text, typed
from kgservice.model.terms import DCTERMS, KG, PROV, RDF

INFERRED = "/inferred"
QUARANTINE = "/quarantine"


def graph_prefix(base_iri: str, catalog: str) -> str:
    """Give what the names of a catalogue's graphs start with."""
    return f"{base_iri}graph/{catalog}/"


def graph_name(base_iri: str, catalog: str, source_id: str) -> str:
    """Give the name of a document's graph."""
    return graph_prefix(base_iri, catalog) + hashlib.sha256(source_id.encode()).hexdigest()[:16]


def typed_time(text: str) -> Literal:
    """Make an xsd:dateTime."""
    return typed(text, "dateTime")


class Digest:
    """Hashes of statement sets; texts of terms are made once, since they repeat."""

    def __init__(self) -> None:
        """Start with no known terms."""
        self._texts: dict[Term, str] = {}

    def parts(self, *groups: Iterable[Triple]) -> str:
        """Give a hash for each group of statements, whatever their order, with dashes between."""
        text = self._of
        found = []
        for group in groups:
            lines = sorted(f"{text(s)} {text(p)} {text(o)}\n" for s, p, o in group)
            whole = "".join(lines).encode("utf-8", "surrogatepass")
            found.append(hashlib.blake2b(whole, digest_size=16).hexdigest())
        return "-".join(found)

    def _of(self, term: Term) -> str:
        found = self._texts.get(term)
        if found is None:
            found = self._texts[term] = to_text(term)
        return found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and how a document came in.

    Attributes:
        catalog: The catalogue's IRI.
        base_iri: The service's base IRI.
        source: Where the catalogue is read from.
    """

    catalog: Iri
    base_iri: str
    source: str


@dataclass(slots=True)
class Entry:
    """One document on its way through a sync.

    Attributes:
        document: As the importer gave it.
        graph: Name of its graph.
        content: SHA-256 of its bytes.
        digest: Hash of what is kept of it, empty until that is known.
        refers: Nodes whose description by the same issuer it has to be read with, or None.
        joined: Its statements when it was read so, or None.
        proof: What checking its proof came to.
        claim: Who speaks, and what they call their own.
        standing: By what the proof's verdict was reached.
        own: The subjects that are its own.
        named: The providers that it names.
        admitted: What may be believed.
        derived: What follows from that.
        report: What validation found, or None.
        is_valid: False when it is quarantined as a whole.
    """

    document: SourceDocument
    graph: str
    content: str
    proof: ProofOutcome
    claim: Claim
    standing: Standing = ALONE
    own: frozenset[str] = frozenset()
    named: set[str] = field(default_factory=set)
    admitted: Admitted = NOTHING
    derived: tuple[Triple, ...] = ()
    report: Report | None = None
    is_valid: bool = True
    digest: str = ""
    refers: frozenset[str] | None = None
    joined: tuple[Triple, ...] | None = None

    @property
    def statements(self) -> tuple[Triple, ...]:
        """What it says."""
        return self.document.triples if self.joined is None else self.joined


def metadata(entry: Entry, origin: Origin, evidence: Iri) -> list[Triple]:
    """Describe a document's graph (PROV-O, DCAT 3) but for `dating`; the store adds its version."""
    document, proof = entry.document, entry.proof
    issuer = proof.issuer or (document.credential.issuer if document.credential else "")
    reserved = (f"{origin.base_iri}.well-known/genid/", f"{origin.catalog}/")
    values: list[tuple[Iri, Term]] = [
        (RDF.type, KG.Document),
        (KG.catalog, origin.catalog),
        (KG.sourceId, Literal(document.source_id)),
        (KG.contentHash, Literal(entry.content)),
        (DCTERMS.format, Literal(document.media_type)),
        (KG.proofResult, proof.result.iri),
        (KG.evidence, evidence),
        (PROV.wasAttributedTo, Iri(issuer) if is_valid_iri(issuer) else origin.catalog),
        (PROV.hadPrimarySource, origin.catalog),
    ]
    # Nobody else can claim what lies below the catalogue's own IRI, so that is not listed.
    mine = {s for s in entry.own if not s.startswith(reserved)} | {document.primary.value}
    values += [(KG.describes, Iri(s)) for s in sorted(mine & entry.own)]
    if entry.claim.owner != origin.catalog.value:
        values.append((KG.ownerKey, Iri(entry.claim.owner)))
    values += _proof_facts(proof)
    if document.modified:
        values.append((DCTERMS.modified, typed_time(document.modified)))
    return [Triple(Iri(entry.graph), predicate, value) for predicate, value in values]


def dating(entry: Entry, moment: str) -> list[Triple]:
    """Say since when a document's graph is as it is, and the hash of what it holds."""
    node, time = Iri(entry.graph), typed_time(moment)
    found = [
        Triple(node, PROV.generatedAtTime, time),
        Triple(node, KG.graphDigest, Literal(entry.digest)),
    ]
    if entry.proof.result is not Proof.ABSENT:
        found.append(Triple(node, KG.proofCheckedAt, time))
    return found


def _proof_facts(proof: ProofOutcome) -> list[tuple[Iri, Term]]:
    """Say why a proof does not count, or by which key it does, from when and until when."""
    if proof.result is Proof.ABSENT:
        return []
    key = f"{proof.verified_key} {proof.algorithm}".strip()
    texts = ((KG.proofReason, proof.code), (KG.proofDetail, proof.detail), (KG.proofKey, key))
    found: list[tuple[Iri, Term]] = [(name, Literal(text)) for name, text in texts if text]
    moments = ((KG.proofValidFrom, proof.valid_from), (KG.proofValidUntil, proof.valid_until))
    found += [(name, typed_time(moment)) for name, moment in moments if moment]
    return found


def retirement(document: str, base_iri: str, catalog: str, moment: str) -> list[Triple]:
    """Say that a document is no longer in its source."""
    node = Iri(document)
    activity = Iri(f"{base_iri}catalog/{catalog}/sync/{moment}")
    return [
        Triple(node, PROV.invalidatedAtTime, typed_time(moment)),
        Triple(node, PROV.wasInvalidatedBy, activity),
    ]


def quarantine(
    graph: str, refusals: Sequence[Refused], findings: Sequence[tuple[Term, str]] = ()
) -> tuple[Triple, ...]:
    """Describe what was refused: statements one by one, and why a whole document failed."""
    found: list[Triple] = []
    for number, refused in enumerate(refusals, 1):
        node = Iri(f"{graph}{QUARANTINE}#{number}")
        subject, predicate, value = refused.triple
        found += [
            Triple(node, RDF.type, KG.Refusal),
            Triple(node, KG.refusedSubject, subject),
            Triple(node, KG.refusedPredicate, predicate),
            Triple(node, KG.refusedObject, value),
            Triple(node, KG.refusalReason, Literal(refused.code)),
        ]
    for number, (focus, detail) in enumerate(findings, 1):
        node = Iri(f"{graph}{QUARANTINE}#finding-{number}")
        found += [
            Triple(node, RDF.type, KG.Refusal),
            Triple(node, KG.refusedSubject, focus),
            Triple(node, KG.refusalReason, Literal("shape-violated")),
            Triple(node, KG.refusalDetail, Literal(detail)),
        ]
    return tuple(found)
