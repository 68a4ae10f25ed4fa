"""Verify the proof of a credential against its issuer's pinned DID document."""

from __future__ import annotations

import base64
import binascii
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError, SecurityWarning

from kgservice.labels.dids import DidDocument, KeyNotFound, document_of, signing_key
from kgservice.model.documents import Credential
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG

ALGORITHMS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("RSA", ""): ("PS256", "RS256"),
}
"""Which algorithms a key may be used with. The key decides, never the token's header alone."""

_TYPES: Final = frozenset(
    {"", "jwt", "vc+jwt", "vc+ld+jwt", "vc+ld+json+jwt", "vc-ld+jwt", "vc+sd-jwt"}
)
_MIN_RSA_BITS: Final = 2048
_MAX_TOKEN: Final = 1024 * 1024


class Proof(Enum):
    """What checking a proof came to."""

    VALID = "valid"
    INVALID = "invalid"
    UNVERIFIABLE = "unverifiable"
    ABSENT = "absent"

    @property
    def iri(self) -> Iri:
        """Give the term that stands for it in the graph."""
        return {
            Proof.VALID: KG.ProofValid,
            Proof.INVALID: KG.ProofInvalid,
            Proof.UNVERIFIABLE: KG.ProofUnverifiable,
            Proof.ABSENT: KG.ProofAbsent,
        }[self]


@dataclass(frozen=True, slots=True)
class ProofOutcome:
    """The result of checking one credential's proof.

    Attributes:
        result: Only VALID lifts the statements above a self-declaration.
        code: Stable slug of the reason, empty when valid (`docs/errors.md`).
        detail: The reason in words.
        issuer: The DID whose key was used, empty unless valid.
        verified_key: The key's DID URL, empty unless valid.
        algorithm: Of the signature, empty unless valid.
        valid_from: Start of the credential's validity, xsd:dateTime text or empty.
        valid_until: Its end, likewise; a proof that is valid today says nothing about later.
    """

    result: Proof
    code: str = ""
    detail: str = ""
    issuer: str = ""
    verified_key: str = ""
    algorithm: str = ""
    valid_from: str = ""
    valid_until: str = ""


class _Rejected(Exception):
    """A verdict on its way out of the checks; never leaves this module."""

    def __init__(self, code: str, detail: str, result: Proof = Proof.INVALID) -> None:
        super().__init__(detail)
        self.outcome = ProofOutcome(result, code, detail)


def verify(
    credential: Credential | None,
    did_documents: Mapping[str, DidDocument],
    at: datetime | None = None,
) -> ProofOutcome:
    """Check signature, key, issuer and times of a credential; `at` is now by default.

    Nothing is fetched: an issuer without a pinned document, and a proof of a kind that this
    version cannot check, are UNVERIFIABLE, which counts as self-declared. Cost: 0.1-0.5 ms.
    """
    if credential is None or not credential.proof_kind:
        return ProofOutcome(Proof.ABSENT, "proof-absent", "the document carries no proof")
    if credential.proof_kind != "vc-jwt" or not credential.token:
        return ProofOutcome(
            Proof.UNVERIFIABLE, "proof-kind-unknown",
            f"proofs of kind {credential.proof_kind} are not checked by this version",
        )  # fmt: skip
    try:
        return _verify_token(credential, did_documents, at or datetime.now(UTC))
    except _Rejected as rejected:
        return rejected.outcome


def _verify_token(
    credential: Credential, did_documents: Mapping[str, DidDocument], at: datetime
) -> ProofOutcome:
    header, payload = _parts(credential.token)
    algorithm, kid = _text(header, "alg"), _text(header, "kid")
    if _text(header, "typ").lower() not in _TYPES:
        raise _Rejected("proof-type-wrong", f"a token of type {header.get('typ')} is no credential")
    issuer = _issuer(payload, credential)
    document = document_of(issuer, did_documents)
    if document is None:
        raise _Rejected(
            "issuer-unknown", f"no DID document is pinned for {issuer}", Proof.UNVERIFIABLE
        )
    try:
        key = dict(signing_key(document, kid))
    except KeyNotFound as error:
        raise _Rejected("proof-key-unknown", str(error)) from error
    _check_signature(credential.token, key, algorithm)
    start, end = _validity(payload)
    _check_times(start, end, at)
    return ProofOutcome(
        Proof.VALID, "", "", issuer, kid if not kid.startswith("#") else issuer + kid, algorithm,
        _iso(start), _iso(end),
    )  # fmt: skip


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _MAX_TOKEN or not all(parts[:2]):
        raise _Rejected("proof-malformed", "the token is not a compact JWS of three parts")
    try:
        header, payload = (json.loads(_base64url(part)) for part in parts[:2])
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _Rejected("proof-malformed", "the token's parts are not base64url JSON") from error
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise _Rejected("proof-malformed", "the token's parts are not JSON objects")
    return header, payload


def _base64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name, "")
    if not isinstance(value, str):
        raise _Rejected("proof-malformed", f"{name} is not a string")
    return value


def _issuer(payload: Mapping[str, Any], credential: Credential) -> str:
    """Name the one issuer; `iss`, `issuer` and the credential must not disagree (VC-JOSE §3.1)."""
    inner = payload.get("vc") if isinstance(payload.get("vc"), dict) else payload
    member = inner.get("issuer") if isinstance(inner, dict) else None
    named = member.get("id") if isinstance(member, dict) else member
    claims = {str(value) for value in (payload.get("iss"), named, credential.issuer) if value}
    if len(claims) != 1:
        what = "no issuer" if not claims else "different issuers: " + ", ".join(sorted(claims))
        raise _Rejected("issuer-differs", f"the token names {what}")
    return claims.pop()


def _check_signature(token: str, key: dict[str, Any], algorithm: str) -> None:
    family = (str(key.get("kty", "")), str(key.get("crv", "")))
    allowed = ALGORITHMS.get(family, ())
    if algorithm not in allowed or key.get("alg", algorithm) != algorithm:
        raise _Rejected(
            "proof-algorithm-refused", f"{algorithm or 'no algorithm'} does not go with this key"
        )
    try:
        with warnings.catch_warnings():
            # joserfc warns of EdDSA's new name (RFC 9864); credentials still use the old one.
            warnings.simplefilter("ignore", SecurityWarning)
            public = jwk.import_key(key)
            if isinstance(public, jwk.RSAKey) and public.public_key.key_size < _MIN_RSA_BITS:
                raise _Rejected("proof-algorithm-refused", "the RSA key is shorter than 2048 bits")
            registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
            jws.deserialize_compact(token, public, algorithms=[algorithm], registry=registry)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _Rejected("proof-signature-wrong", "the signature does not match") from error


def _validity(payload: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Give the narrowest window that the JWT's claims and the credential's members allow."""
    inner = payload.get("vc") if isinstance(payload.get("vc"), dict) else payload
    members = inner if isinstance(inner, dict) else {}
    starts = [
        _numeric(payload, "nbf"),
        *(_moment(members, n) for n in ("validFrom", "issuanceDate")),
    ]
    ends = [
        _numeric(payload, "exp"),
        *(_moment(members, n) for n in ("validUntil", "expirationDate")),
    ]
    return (
        max((moment for moment in starts if moment), default=None),
        min((moment for moment in ends if moment), default=None),
    )


def _numeric(payload: Mapping[str, Any], name: str) -> datetime | None:
    value = payload.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Rejected("proof-malformed", f"{name} is not a number of seconds")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _Rejected("proof-malformed", f"{name} is not a moment in time") from error


def _moment(members: Mapping[str, Any], name: str) -> datetime | None:
    value = members.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise _Rejected("proof-malformed", f"{name} is not a date and time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_times(start: datetime | None, end: datetime | None, at: datetime) -> None:
    if start is not None and at < start:
        raise _Rejected("credential-not-yet-valid", f"valid only from {_iso(start)}")
    if end is not None and at >= end:
        raise _Rejected("credential-expired", f"expired on {_iso(end)}")


def _iso(moment: datetime | None) -> str:
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""
    except OverflowError:
        return ""
