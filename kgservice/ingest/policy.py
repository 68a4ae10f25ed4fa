"""The rules that decide on a document, read once: axioms, shapes, authority, keys."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from kgservice.inference.closure import Reasoner
from kgservice.inference.tbox import closed_schema, load_tbox
from kgservice.inference.validation import Validator, load_shapes
from kgservice.ingest.authority import AuthorityMatrix, authority_rules
from kgservice.ingest.completeness import declared_complete
from kgservice.ingest.issuers import Issuers
from kgservice.ingest.standing import Standing, judge
from kgservice.labels.credentials import ProofOutcome, Trust
from kgservice.labels.dids import DidDocument, bundled_did_documents
from kgservice.labels.schemes import accredited_issuers, operator_rules
from kgservice.model.documents import Credential
from kgservice.model.rdf import Iri, Term, Triple, to_ntriples
from kgservice.model.terms import RDF


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides about documents.

    Attributes:
        reasoner: Our axioms.
        validator: The admission shapes, or None when there are none.
        matrix: Who may say what.
        did_documents: Keys of issuers, by DID.
        classes: Classes of what the vocabulary names.
        accredited: Issuers listed as certification bodies.
        digest: Hash of all rules; when it changes, every document is looked at again.
        issuers: Looks up keys and status lists; None checks by `did_documents` alone.
        complete: Catalogue or issuer to the properties that it declares complete for its subjects.
    """

    reasoner: Reasoner
    validator: Validator | None
    matrix: AuthorityMatrix
    did_documents: Mapping[str, DidDocument]
    classes: Mapping[Term, set[Term]]
    accredited: frozenset[str]
    digest: str
    issuers: Issuers | None = None
    complete: Mapping[str, frozenset[Iri]] = field(default_factory=dict)

    def judge(self, credential: Credential | None, at: datetime) -> tuple[ProofOutcome, Standing]:
        """Verify a document's credential; say by what."""
        if self.issuers is None:
            return judge(credential, self.trust, at)
        return self.issuers.judge(credential, at)

    @property
    def trust(self) -> Trust:
        """What proofs are checked by."""
        return Trust(self.did_documents) if self.issuers is None else self.issuers.trust

    def may_claim(self, subject: str, owner: str) -> bool:
        """Say whether something may be called one's own by its first describer.

        An issuer whose keys the operator pinned speaks for itself: nobody else describes it first.
        The keys of the samples do not count: a service may read what another one publishes of them.
        """
        speaking = self.did_documents if self.issuers is None else self.issuers.speaking
        return subject == owner or subject not in speaking

    def with_issuers(self, issuers: Issuers) -> Policy:
        """Give a policy that checks proofs by what issuers publish."""
        digest = hashlib.sha256(f"{self.digest} {issuers.digest()}".encode()).hexdigest()
        return replace(self, issuers=issuers, digest=digest)

    @property
    def looks_across(self) -> bool:
        """Whether what is believed of a document may depend on what another one says."""
        return self.reasoner.joins or (
            self.validator is not None and self.validator.looks_elsewhere
        )


def load_policy(
    ontologies: Sequence[Path] = (),
    *,
    shapes: Sequence[Path] = (),
    authority: Sequence[Path] = (),
    more_authority: Sequence[Triple] = (),
    did_documents: Mapping[str, DidDocument] | None = None,
    cache_dir: Path | None = None,
) -> Policy:
    """Read vocabularies, alignment, shapes and authority; 0.3 s when the schema is cached.

    Args:
        ontologies: Ontology files beside the bundled ones.
        shapes: Shape files beside the bundled ones.
        authority: Authority files beside the bundled ones.
        more_authority: Authority rules beside those.
        did_documents: Pinned DID documents; the bundled ones by default.
        cache_dir: Where closed schemas are kept.

    Raises:
        InputError: a shapes file uses terms that are not supported.
    """
    tbox = load_tbox(ontologies)
    rules = [*authority_rules(authority), *more_authority]
    shape_triples = load_shapes(shapes)
    classes: defaultdict[Term, set[Term]] = defaultdict(set)
    for triple in tbox:
        if triple.predicate == RDF.type:
            classes[triple.subject].add(triple.object)
    return Policy(
        reasoner=Reasoner(tbox, cache_dir),
        validator=Validator(shape_triples) if shape_triples else None,
        matrix=AuthorityMatrix(rules, [*tbox, *closed_schema(tbox, cache_dir)]),
        did_documents=bundled_did_documents() if did_documents is None else did_documents,
        classes=dict(classes),
        accredited=accredited_issuers(rules),
        digest=_digest(tbox, rules, shape_triples),
        complete=declared_complete(rules),
    )


def current_policy(ontologies: Sequence[Path] = (), trust: Path | None = None) -> Policy:
    """Give the policy of the packaged files, read again when a file of the operator changes.

    Args:
        ontologies: Ontology files beside the bundled ones.
        trust: `DATA/trust`, whose authority rules add to the bundled ones.

    Raises:
        InputError: one of the operator's files is no RDF (`ontology-invalid`).
    """
    stamps = tuple(
        (path, file.stat().st_mtime_ns)
        for path in ontologies
        for file in ([*sorted(path.rglob("*"))] if path.is_dir() else [path])
    )
    return _policy(tuple(ontologies), stamps, operator_rules(trust) if trust else ())


@lru_cache(maxsize=4)
def _policy(
    ontologies: tuple[Path, ...],
    _stamps: tuple[tuple[Path, int], ...],
    authority: tuple[Triple, ...],
) -> Policy:
    return load_policy(ontologies, more_authority=authority)


def _digest(*groups: Sequence[Triple]) -> str:
    whole = hashlib.sha256()
    for group in groups:
        for line in sorted(to_ntriples((triple,)) for triple in group):
            whole.update(line.encode())
        whole.update(b"\0")
    return whole.hexdigest()
