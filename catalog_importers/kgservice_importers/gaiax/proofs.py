"""Embedded proofs of a credential, ready for checking; nothing is checked here.

What a proof is about is the canonical form of the document without its proofs. The statements that
are imported from a document with proofs must come from that form (`Signed.document`), so that
nothing gets in that no signature covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from kgservice.model.documents import EmbeddedProof
from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Blank, Iri, Literal, Subject, Term
from kgservice_importers.gaiax.expansion import Dataset, Quad
from kgservice_importers.jsonld.canonical import Canonical, NotCanonical, canonical_form
from kgservice_importers.jsonld.contexts import Json, Loader, load_document

_SUITES: Final = {
    "JsonWebSignature2020": "https://w3id.org/security/suites/jws-2020/v1",
    "Ed25519Signature2020": "https://w3id.org/security/suites/ed25519-2020/v1",
}
"""Contexts that define the words of a proof, for documents that do not name them."""
_VALUES: Final = frozenset({"jws", "proofValue"})
MAX_PROOFS: Final = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """A document with embedded proofs.

    Attributes:
        document: The canonical N-Quads that were hashed; empty when there is no canonical form.
        proofs: Its proofs; each has a `problem` when there is no canonical form.
        problems: What is in the document and in no statement (`term-not-signed`), and why there is
            no canonical form.
        left_out: Members that are in no statement.
    """

    document: bytes
    proofs: tuple[EmbeddedProof, ...]
    problems: tuple[Problem, ...]
    left_out: frozenset[str] = frozenset()


def signed_form(
    payload: Mapping[str, Json], proofs: Sequence[Json], at: str, loader: Loader = load_document
) -> Signed:
    """Make the canonical form of a document and of its proofs' options; about 1 ms a proof.

    Args:
        payload: The document as found, without `proof`; mended documents have no valid proof.
        proofs: The values of `proof`.
        at: Where the document was, for problems.
        loader: Gives pinned JSON-LD contexts.
    """
    found = [proof for proof in proofs if isinstance(proof, Mapping)]
    if len(found) != len(proofs) or len(found) > MAX_PROOFS:
        why = f"it has {len(proofs)} proofs, of which {len(found)} are objects"
        return Signed(b"", (_unusable(why),), ())
    try:
        document = canonical_form(dict(payload), loader)
    except NotCanonical as error:
        problem = Problem(
            error.code, f"the document has no canonical form: {error}", at,
            "Its proof cannot be checked; its statements count as self-declared.",
        )  # fmt: skip
        return Signed(b"", tuple(_proof(p, b"", b"", str(error)) for p in found), (problem,))
    context = payload.get("@context", [])
    made = tuple(_with_options(p, document.content, context, loader) for p in found)
    return Signed(document.content, made, tuple(_not_signed(document, at)), document.left_out)


def signed_dataset(signed: Signed) -> Dataset:
    """Give the statements of a canonical form: those that were hashed, and no others."""
    text = signed.document
    quads = tuple(
        Quad(_subject(q.subject), Iri(q.predicate.value), _term(q.object), _graph(q.graph_name))
        for q in ox.parse(text, format=ox.RdfFormat.N_QUADS)
    )
    pointed = {quad.object for quad in quads}
    outer = [q.subject for q in quads if not q.graph and q.subject not in pointed]
    roots = tuple(dict.fromkeys(outer or [q.subject for q in quads[:1]]))
    return Dataset(roots, quads, text.decode(), signed.left_out, signed.problems)


def uncheckable(proofs: Sequence[Json], why: str) -> Signed:
    """Give proofs of a document that is not as it was signed; none of them can hold."""
    found = [proof for proof in proofs if isinstance(proof, Mapping)]
    return Signed(b"", tuple(_proof(p, b"", b"", why) for p in found) or (_unusable(why),), ())


def _not_signed(document: Canonical, at: str) -> list[Problem]:
    if not document.left_out:
        return []
    names = ", ".join(sorted(document.left_out)[:8])
    return [
        Problem(
            "term-not-signed", f"no signature covers: {names}", at,
            "These members were left out: anyone could have added them to the signed document.",
            Severity.WARNING,
        )
    ]  # fmt: skip


def _with_options(
    proof: Mapping[str, Json], document: bytes, context: Json, loader: Loader
) -> EmbeddedProof:
    """Canonicalise a proof without its value (Data Integrity 1.0 §4.2; lds-jws2020 §3.1)."""
    named = list(context) if isinstance(context, list) else [context]
    suite = _SUITES.get(_text(proof.get("type")), "")
    if suite and suite not in named:
        named.append(suite)
    options = {name: value for name, value in proof.items() if name not in _VALUES}
    try:
        form = canonical_form({"@context": named, **options}, loader)
    except NotCanonical as error:
        return _proof(proof, document, b"", f"the proof's options: {error}")
    return _proof(proof, document, form.content, "")


def _proof(
    proof: Mapping[str, Json], document: bytes, options: bytes, problem: str
) -> EmbeddedProof:
    method = proof.get("verificationMethod")
    return EmbeddedProof(
        type=_text(proof.get("type", proof.get("@type"))),
        cryptosuite=_text(proof.get("cryptosuite")),
        method=_text(method.get("id") if isinstance(method, Mapping) else method),
        purpose=_text(proof.get("proofPurpose")),
        created=_text(proof.get("created")),
        expires=_text(proof.get("expires")),
        value=_text(proof.get("jws", proof.get("proofValue"))),
        document=document,
        options=options,
        problem=problem,
    )


def _unusable(why: str) -> EmbeddedProof:
    return EmbeddedProof("", "", "", "", "", "", "", b"", b"", why)


def _subject(term: object) -> Subject:
    found = _term(term)
    if isinstance(found, Literal):
        raise TypeError("a literal is no subject")
    return found


def _term(term: object) -> Term:
    if isinstance(term, ox.NamedNode):
        return Iri(term.value)
    if isinstance(term, ox.BlankNode):
        return Blank(term.value)
    if isinstance(term, ox.Literal):
        return Literal(term.value, term.datatype.value, term.language or "")
    raise TypeError("JSON-LD has no RDF 1.2 terms")


def _graph(term: object) -> str:
    if isinstance(term, ox.DefaultGraph):
        return ""
    found = _subject(term)
    return found.value if isinstance(found, Iri) else f"_:{found.label}"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
