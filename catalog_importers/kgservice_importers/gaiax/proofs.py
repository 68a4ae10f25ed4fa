"""Embedded proofs and status entries of a credential, ready for checking; nothing is checked here.

What a proof is about is the canonical form of the document without its proofs. The statements that
are imported from a document with proofs must come from that form (`Signed.document`), so that
nothing gets in that no signature covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kgservice.model.documents import EmbeddedProof, StatusEntry
from kgservice.model.errors import Problem, Severity
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
    """

    document: bytes
    proofs: tuple[EmbeddedProof, ...]
    problems: tuple[Problem, ...]


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
    return Signed(document.content, made, tuple(_not_signed(document, at)))


def status_entries(payload: Mapping[str, Json]) -> tuple[StatusEntry, ...]:
    """Read `credentialStatus`, one entry or several (Bitstring Status List 1.0 §2.1)."""
    value = payload.get("credentialStatus")
    entries = value if isinstance(value, list) else [value]
    return tuple(
        StatusEntry(
            type=_text(entry.get("type", entry.get("@type"))),
            purpose=_text(entry.get("statusPurpose")),
            list=_text(entry.get("statusListCredential")),
            index=_text(entry.get("statusListIndex")),
        )
        for entry in entries
        if isinstance(entry, Mapping)
    )


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


def _text(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
