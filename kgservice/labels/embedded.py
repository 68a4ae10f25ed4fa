"""Check the proofs that are embedded in a credential, over the statements that were hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from openvc.multibase import MultibaseError, decode_multibase

from kgservice.labels.dids import DidDocument, KeyNotFound, document_of, signing_key
from kgservice.labels.hashed import Envelope, ends_of_options, envelope_of
from kgservice.labels.signatures import allowed_algorithms, check_signature, from_base64url
from kgservice.labels.verdicts import Holds, Rejected, moment_of, unverifiable
from kgservice.model.documents import Credential, EmbeddedProof, StatusEntry

Key: TypeAlias = Mapping[str, Any]
_ASSERTION: Final = "assertionMethod"


def check_embedded(
    credential: Credential, did_documents: Mapping[str, DidDocument]
) -> tuple[Holds, tuple[StatusEntry, ...]]:
    """Check every proof; all must hold, by keys of the one issuer that the statements name.

    Raises:
        Rejected: one does not hold, or cannot be checked.
    """
    for proof in credential.proofs:
        if proof.problem:
            raise unverifiable("proof-not-canonical", f"it cannot be checked: {proof.problem}")
    envelope = envelope_of(credential.proofs[0].document)
    if any(proof.document != credential.proofs[0].document for proof in credential.proofs):
        raise Rejected("proof-malformed", "the proofs are about different documents")
    issuer = _issuer(envelope, credential)
    document = document_of(issuer, did_documents)
    if document is None:
        raise unverifiable("issuer-unknown", f"no DID document is at hand for {issuer}")
    found = [_check(proof, document) for proof in credential.proofs]
    ends = [end for proof in credential.proofs for end in _proof_ends(proof)]
    names = dict.fromkeys(name for name, _ in found)
    algorithms = dict.fromkeys(algorithm for _, algorithm in found)
    holds = Holds(
        issuer, ", ".join(names), ", ".join(algorithms), envelope.starts, (*envelope.ends, *ends)
    )
    return holds, envelope.status


def _issuer(envelope: Envelope, credential: Credential) -> str:
    named = envelope.issuers | ({credential.issuer} if credential.issuer else set())
    if not named:
        raise unverifiable("issuer-unknown", "the signed document names no issuer")
    if len(named) != 1:
        raise Rejected("issuer-differs", f"it names different issuers: {', '.join(sorted(named))}")
    return next(iter(named))


def _proof_ends(proof: EmbeddedProof) -> tuple[datetime, ...]:
    said = moment_of(proof.expires or None, "expires")
    return ends_of_options(proof.options) + ((said,) if said else ())


def _check(proof: EmbeddedProof, document: DidDocument) -> tuple[str, str]:
    """Check one proof; give its key's name and its algorithm."""
    if proof.purpose.rpartition("#")[2] != _ASSERTION:
        raise Rejected("proof-purpose-wrong", f"the proof is for {proof.purpose}, not for claims")
    suite = _SUITES.get((proof.type, proof.cryptosuite))
    if suite is None:
        kind = " ".join(filter(None, (proof.type, proof.cryptosuite)))
        raise unverifiable("proof-kind-unknown", f"proofs of kind {kind} are not checked here")
    try:
        name, key = signing_key(document, proof.method)
    except KeyNotFound as error:
        raise Rejected("proof-key-unknown", str(error)) from error
    return name, suite(proof, key)


def _jws_2020(proof: EmbeddedProof, key: Key) -> str:
    """JsonWebSignature2020: detached, unencoded (RFC 7797), over one of two payloads.

    The suite hashes options and document (lds-jws2020 §3.1). Gaia-X's signers, up to release 23,
    sign the hexadecimal SHA-256 of the document alone; then nothing protects the options.
    """
    head, _, rest = proof.value.partition("..")
    try:
        header = json.loads(from_base64url(head))
    except (ValueError, RecursionError) as error:
        raise Rejected("proof-malformed", "the jws has no header") from error
    if not isinstance(header, dict) or not rest or "." in rest:
        raise Rejected("proof-malformed", "the jws is not detached")
    if header.get("b64") is not False or header.get("crit") != ["b64"]:
        raise unverifiable("proof-header-unknown", "the jws is not of an unencoded payload")
    algorithm = header.get("alg")
    wrong: Rejected | None = None
    for flavour, payload in (("gaia-x", _hex_of_document(proof)), ("", _both(proof, "sha256"))):
        message = head.encode("ascii") + b"." + payload
        try:
            check_signature(key, str(algorithm), message, from_base64url(rest))
        except Rejected as rejected:
            wrong = rejected
        else:
            return f"{algorithm} ({flavour})" if flavour else str(algorithm)
    assert wrong is not None  # noqa: S101 - for mypy
    raise wrong


def _hex_of_document(proof: EmbeddedProof) -> bytes:
    return hashlib.sha256(proof.document).hexdigest().encode("ascii")


def _both(proof: EmbeddedProof, digest: str) -> bytes:
    return b"".join(hashlib.new(digest, part).digest() for part in (proof.options, proof.document))


def _eddsa(proof: EmbeddedProof, key: Key) -> str:
    """eddsa-rdfc-2022 (vc-di-eddsa §3.2) and Ed25519Signature2020, which are alike."""
    algorithm = _algorithm(key, "OKP", "Ed25519")
    check_signature(key, algorithm, _both(proof, "sha256"), _proof_value(proof))
    return algorithm


def _ecdsa(proof: EmbeddedProof, key: Key) -> str:
    """ecdsa-rdfc-2019: the curve decides on the hash (vc-di-ecdsa §3.2)."""
    curve = str(key.get("crv", ""))
    algorithm = _algorithm(key, "EC", "P-384" if curve == "P-384" else "P-256")
    digest = "sha384" if curve == "P-384" else "sha256"
    check_signature(key, algorithm, _both(proof, digest), _proof_value(proof))
    return algorithm


def _algorithm(key: Key, kind: str, curve: str) -> str:
    if (key.get("kty"), key.get("crv")) != (kind, curve) or not allowed_algorithms(key):
        raise Rejected("proof-algorithm-refused", "the key is not of the proof's cryptosuite")
    return allowed_algorithms(key)[0]


def _proof_value(proof: EmbeddedProof) -> bytes:
    try:
        return decode_multibase(proof.value)
    except MultibaseError as error:
        raise Rejected("proof-malformed", "proofValue is not base58btc") from error


_SUITES: Final[Mapping[tuple[str, str], Callable[[EmbeddedProof, Key], str]]] = {
    ("JsonWebSignature2020", ""): _jws_2020,
    ("Ed25519Signature2020", ""): _eddsa,
    ("DataIntegrityProof", "eddsa-rdfc-2022"): _eddsa,
    ("DataIntegrityProof", "ecdsa-rdfc-2019"): _ecdsa,
}
