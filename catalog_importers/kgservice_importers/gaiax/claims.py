"""Part a credential's statements from what it claims, and other credentials from this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kgservice.model.rdf import RDF, Blank, Iri, Literal, Subject, Term, Triple
from kgservice_importers.gaiax.expansion import Dataset, Quad
from kgservice_importers.gaiax.repair import is_placeholder, is_secret

CRED: Final = "https://www.w3.org/2018/credentials#"
SECURITY: Final = "https://w3id.org/security#"
_SUBJECT: Final = Iri(CRED + "credentialSubject")
_TYPE: Final = Iri(RDF + "type")
_CREDENTIAL: Final = Iri(CRED + "VerifiableCredential")
_ENVELOPE_TYPES: Final = frozenset({CRED + "VerifiableCredential", CRED + "VerifiablePresentation"})
_ENVELOPE_MEMBERS: Final = frozenset(
    {
        CRED + "credentialSubject",
        CRED + "issuer",
        CRED + "holder",
        CRED + "issuanceDate",
        CRED + "expirationDate",
        CRED + "validFrom",
        CRED + "validUntil",
        SECURITY + "proof",
    }
)
_OF_OTHERS: Final = frozenset({CRED + "verifiableCredential", SECURITY + "proof"})


@dataclass(frozen=True, slots=True)
class Claims:
    """What a document says, without its envelope.

    Attributes:
        id: The credential's own id, or empty.
        types: Types of the credential other than VerifiableCredential.
        subjects: What the credential is about, or the outermost nodes of bare claims.
        triples: Statements; blank nodes are still blank.
    """

    id: str
    types: tuple[str, ...]
    subjects: tuple[Subject, ...]
    triples: tuple[Triple, ...]


def claims_of(dataset: Dataset) -> Claims:
    """Take the claims out of a document's statements; what is added is the subjects' type."""
    quads = _own_graphs(dataset.quads)
    envelope = _envelope(quads, dataset.roots)
    subjects = _subjects(quads, envelope, dataset.roots)
    quads = _without_others(quads, envelope, subjects)
    types = _types(quads, envelope)
    kept: list[Triple] = []
    for s, p, o, _ in quads:
        if s == envelope and _is_envelope(p, o, is_subject=s in subjects):
            continue
        # A form's example is no value, and a secret is for nobody's eyes; coverage tells of both.
        if isinstance(o, Literal) and (is_placeholder(o.value) or is_secret(p.value)):
            continue
        kept.append(Triple(s, p, o))
    kept += _types_moved_down(kept, subjects, types)
    name = envelope.value if isinstance(envelope, Iri) else ""
    return Claims(name, types, subjects, tuple(dict.fromkeys(kept)))


def _own_graphs(quads: Sequence[Quad]) -> list[Quad]:
    """Leave out proofs and other credentials, which JSON-LD puts into graphs of their own.

    Statements of any other graph within the document are read like the outer ones.
    """
    foreign = {_name(q.object) for q in quads if q.predicate.value in _OF_OTHERS}
    return [q for q in quads if not (q.graph and q.graph in foreign)]


def _name(term: Term) -> str:
    return f"_:{term.label}" if isinstance(term, Blank) else term.value


def _envelope(quads: Iterable[Quad], roots: Sequence[Subject]) -> Subject | None:
    """Find the credential among the outermost nodes."""
    claiming = {q.subject for q in quads if q.predicate == _SUBJECT}
    typed = {q.subject for q in quads if q.predicate == _TYPE and q.object == _CREDENTIAL}
    outer = [root for root in roots if root in claiming or root in typed]
    # A credential about itself is pointed to by itself, so that a nameless one is no root.
    return outer[0] if outer else min(claiming, default=None, key=_name) if claiming else None


def _subjects(
    quads: Iterable[Quad], envelope: Subject | None, roots: Sequence[Subject]
) -> tuple[Subject, ...]:
    if envelope is None:
        return tuple(roots)
    found = [q.object for q in quads if q.subject == envelope and q.predicate == _SUBJECT]
    return tuple(dict.fromkeys(o for o in found if not isinstance(o, Literal)))


def _without_others(
    quads: list[Quad], envelope: Subject | None, subjects: Sequence[Subject]
) -> list[Quad]:
    """Leave out credentials within this one, with all that only they lead to."""
    others = {
        q.subject
        for q in quads
        if q.subject not in (envelope, *subjects)
        and (q.predicate == _SUBJECT or (q.predicate == _TYPE and q.object == _CREDENTIAL))
    }
    if not others:
        return quads
    links: defaultdict[Term, list[Term]] = defaultdict(list)
    for quad in quads:
        links[quad.subject].append(quad.object)
    starts: list[Term] = [envelope] if envelope is not None else list(subjects)
    mine = _reachable(starts, links, others)
    theirs = _reachable(list(others), links, mine - others) | others
    return [q for q in quads if q.subject not in theirs]


def _reachable(
    starts: Iterable[Term], links: dict[Term, list[Term]], closed: Iterable[Term]
) -> set[Term]:
    found = set(starts)
    shut = set(closed)
    todo = list(found)
    while todo:
        for term in links.get(todo.pop(), ()):
            if term not in found and term not in shut and not isinstance(term, Literal):
                found.add(term)
                todo.append(term)
    return found


def _types(quads: Iterable[Quad], envelope: Subject | None) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            q.object.value
            for q in quads
            if q.subject == envelope and q.predicate == _TYPE and isinstance(q.object, Iri)
            and q.object.value not in _ENVELOPE_TYPES
        )
    )  # fmt: skip


def _is_envelope(predicate: Iri, value: Term, *, is_subject: bool) -> bool:
    """Say whether a statement about the credential belongs to its envelope."""
    if predicate.value in _ENVELOPE_MEMBERS:
        return True
    if predicate != _TYPE:
        return False
    # A credential about itself keeps its types: they are its subject's.
    return not is_subject or (isinstance(value, Iri) and value.value in _ENVELOPE_TYPES)


def _types_moved_down(
    kept: Iterable[Triple], subjects: Sequence[Subject], types: Sequence[str]
) -> list[Triple]:
    """Give a subject without a type those of its credential, as in VC-JWTs of Gaia-X."""
    typed = {t.subject for t in kept if t.predicate == _TYPE}
    return [Triple(s, _TYPE, Iri(t)) for s in subjects if s not in typed for t in types]
