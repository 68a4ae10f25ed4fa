"""The firewall: which statements of a document may be believed, before anything is inferred.

Per statement: who says it (catalogue, or an issuer with a valid proof), what (predicate or class)
and about whom. What the authority matrix does not allow is refused with a reason and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kgservice.ingest.authority import AuthorityMatrix, Rights, Scope
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG, OWL, RDF, RDFS, SH

_IDENTITY = frozenset(
    OWL.NS + name
    for name in ("sameAs", "differentFrom", "distinctMembers", "members", "sourceIndividual")
)
_READABLE = frozenset({RDFS.label.value, RDFS.comment.value, RDFS.seeAlso.value})
_VOCABULARIES = (
    KG.NS,
    "https://w3id.org/kgservice/",
    RDF.NS,
    RDFS.NS,
    OWL.NS,
    SH.NS,
    "http://www.w3.org/2001/XMLSchema#",
    "http://publications.europa.eu/resource/authority/",
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A statement that was not admitted, and why (`code` is listed in `docs/errors.md`)."""

    triple: Triple
    code: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Who speaks, and what they call their own.

    Attributes:
        owner: Owner key: the catalogue's IRI, or the issuer whose proof is valid.
        issuer: Who the statements are attributed to.
        is_proven: The issuer's proof is valid.
        own_subjects: What the document describes as its own.
        prefixes: IRIs below these, of the service's own, belong to the catalogue.
    """

    owner: str
    issuer: str
    is_proven: bool
    own_subjects: frozenset[str]
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """The outcome for one document.

    Attributes:
        triples: What may be believed.
        refusals: What may not, with reasons; nothing is lost.
        subjects: About whom the document was heard; it may conclude about these only.
    """

    triples: tuple[Triple, ...]
    refusals: tuple[Refused, ...]
    subjects: frozenset[str]


_NOTHING_FOREIGN: Mapping[str, str] = MappingProxyType({})
NOTHING = Admitted((), (), frozenset())


@dataclass(slots=True)
class Owners:
    """Whose a subject is: the first who described it.

    Attributes:
        base_iri: The service's own namespace; only a catalogue's own part of it may be claimed.
        known: Owner key by subject, from earlier imports.
    """

    base_iri: str
    known: dict[str, str] = field(default_factory=dict)

    def claim(self, claim: Claim) -> frozenset[str]:
        """Register what a document calls its own; give those of them that are its own now."""
        own = set()
        for subject in claim.own_subjects:
            if self._is_claimable(subject, claim) and (
                self.known.setdefault(subject, claim.owner) == claim.owner
            ):
                own.add(subject)
        return frozenset(own)

    def _is_claimable(self, subject: str, claim: Claim) -> bool:
        if subject.startswith(self.base_iri):
            genid = self.base_iri + ".well-known/genid/"
            return subject.startswith((genid, *claim.prefixes))
        return not subject.startswith((*_VOCABULARIES, "urn:kgservice:"))


def admit(
    triples: Iterable[Triple],
    claim: Claim,
    own: frozenset[str],
    matrix: AuthorityMatrix,
    foreign: Mapping[str, str] = _NOTHING_FOREIGN,
) -> Admitted:
    """Divide a document's statements into admitted and refused ones; about 1 µs a statement.

    Args:
        triples: All statements of the document.
        claim: Who speaks.
        own: The document's own subjects, as `Owners.claim` gave them.
        matrix: Who may say what.
        foreign: Owner keys of what other catalogues describe. An offering does not become a
            provider's because a stranger says so: it would inherit its headquarters.
    """
    rights = matrix.rights(claim.issuer, is_proven=claim.is_proven)
    kept: list[Triple] = []
    refusals: list[Refused] = []
    heard: set[str] = set(own)
    for triple in triples:
        code = _refusal(triple, rights, own)
        if not code and rights.names_provider(triple.predicate.value):
            named = triple.object.value if isinstance(triple.object, Iri) else ""
            is_strangers = foreign.get(named, claim.owner) != claim.owner
            code = "provider-not-confirmed" if is_strangers else ""
        if code:
            refusals.append(Refused(triple, code))
        else:
            kept.append(triple)
            heard.add(triple[0][0])
    return Admitted(tuple(kept), tuple(refusals), frozenset(heard))


def _refusal(triple: Triple, rights: Rights, own: frozenset[str]) -> str:
    """Give the reason why a statement is refused, or nothing."""
    subject, predicate, value = triple
    name = predicate.value
    if name == RDF.type.value:
        if not isinstance(value, Iri):
            return "class-not-allowed"
        scope = rights.cls(value.value)
        code = "label-not-granted" if _is_label(value.value) else "class-not-allowed"
    else:
        scope = rights.predicate(name)
        code = "" if scope else _predicate_code(name)
    if scope is Scope.NOBODY:
        return code
    if name in rights.sayable and value not in rights.sayable[name]:
        return "value-not-allowed"
    if not isinstance(subject, Iri):
        return "subject-not-owned"
    return "" if subject.value in own or _is_open(subject.value, scope) else "subject-not-owned"


def _is_open(subject: str, scope: Scope) -> bool:
    return scope is Scope.ANYONE and not subject.startswith(_VOCABULARIES)


def _is_label(name: str) -> bool:
    return name in (KG.Label.value, KG.LabelLevel.value, KG.LabelScheme.value)


def _predicate_code(name: str) -> str:
    if name in _IDENTITY:
        return "identity-statement"
    if name.startswith((RDFS.NS, OWL.NS, RDF.NS, SH.NS)) and name not in _READABLE:
        return "vocabulary-statement"
    if name in (KG.label.value, KG.level.value, KG.scheme.value, KG.evidence.value):
        return "label-not-granted"
    return "predicate-not-allowed"
