"""A proof counts only when key, issuer, algorithm, times and signature all hold."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws
from joserfc.jwk import Key

from kgservice.labels import Proof, ProofOutcome, bundled_did_documents, verify
from kgservice.model.documents import Credential

ISSUER = "did:web:issuer.example"
OTHER = "did:web:other.example"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def key_of(kind: str = "EC", curve: str = "P-256") -> Key:
    return jwk.generate_key(kind, curve)  # type: ignore[call-overload]


KEY, OTHER_KEY, ED_KEY = key_of(), key_of(), key_of("OKP", "Ed25519")


def did_document(did: str, key: Key, **method: object) -> dict[str, Any]:
    entry = {
        "id": f"{did}#key-1",
        "type": "JsonWebKey2020",
        "controller": did,
        "publicKeyJwk": key.as_dict(private=False),
        **method,
    }
    return {"id": did, "verificationMethod": [entry], "assertionMethod": [f"{did}#key-1"]}


DOCUMENTS: dict[str, Any] = {
    ISSUER: did_document(ISSUER, KEY),
    OTHER: did_document(OTHER, OTHER_KEY),
}


def claims(**changes: object) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "iss": ISSUER,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2028-12-31T23:59:59Z",
        "credentialSubject": {"id": "urn:offering:1"},
        **changes,
    }


def sign(payload: dict[str, Any], key: Key = KEY, alg: str = "ES256", **header: object) -> str:
    head = {"alg": alg, "kid": f"{ISSUER}#key-1", "typ": "vc+jwt", **header}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jws.serialize_compact(head, json.dumps(payload), key, [alg])


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def check(
    token: str, documents: dict[str, Any] | None = None, issuer: str = ISSUER
) -> ProofOutcome:
    credential = Credential("urn:uuid:1", issuer, "vc-jwt", token)
    return verify(credential, DOCUMENTS if documents is None else documents, NOW)


def header_of(**members: object) -> str:
    return b64({"alg": "ES256", "kid": f"{ISSUER}#key-1", "typ": "vc+jwt", **members})


def alg_none() -> str:
    return f"{header_of(alg='none')}.{b64(claims())}."


def hmac_with_public_key() -> str:
    """The classic confusion: the public key's text used as an HMAC secret."""
    secret = KEY.as_pem(private=False)
    signed = f"{header_of(alg='HS256')}.{b64(claims())}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def tampered() -> str:
    head, _, signature = sign(claims()).split(".")
    return f"{head}.{b64(claims(credentialSubject={'id': 'urn:offering:2'}))}.{signature}"


def without_signature() -> str:
    return sign(claims()).rpartition(".")[0] + "."


NEGATIVE: dict[str, tuple[Callable[[], str], Proof, str]] = {
    "wrong key": (lambda: sign(claims(), OTHER_KEY), Proof.INVALID, "proof-signature-wrong"),
    "alg none": (alg_none, Proof.INVALID, "proof-algorithm-refused"),
    "HS256 with the public key": (hmac_with_public_key, Proof.INVALID, "proof-algorithm-refused"),
    "algorithm of another key type": (
        lambda: sign(claims(), ED_KEY, "EdDSA"), Proof.INVALID, "proof-algorithm-refused",
    ),
    "tampered payload": (tampered, Proof.INVALID, "proof-signature-wrong"),
    "signature removed": (without_signature, Proof.INVALID, "proof-signature-wrong"),
    "truncated": (lambda: sign(claims())[:-40], Proof.INVALID, "proof-signature-wrong"),
    "two parts": (lambda: sign(claims()).rpartition(".")[0], Proof.INVALID, "proof-malformed"),
    "not base64": (lambda: "*.*.*", Proof.INVALID, "proof-malformed"),
    "payload is a list": (
        lambda: f"{header_of()}.{b64([1])}.AAAA", Proof.INVALID, "proof-malformed",
    ),
    "kid of another issuer": (
        lambda: sign(claims(), OTHER_KEY, kid=f"{OTHER}#key-1"), Proof.INVALID, "proof-key-unknown",
    ),
    "kid that is not there": (
        lambda: sign(claims(), kid=f"{ISSUER}#key-9"), Proof.INVALID, "proof-key-unknown",
    ),
    "kid that is a number": (
        lambda: f"{header_of(kid=1)}.{b64(claims())}.AAAA", Proof.INVALID, "proof-malformed",
    ),
    "expired": (
        lambda: sign(claims(validUntil="2026-11-30T00:00:00Z")),
        Proof.EXPIRED, "credential-expired",
    ),
    "expired by exp": (
        lambda: sign(claims(exp=1_700_000_000)), Proof.EXPIRED, "credential-expired",
    ),
    "not yet valid": (
        lambda: sign(claims(validFrom="2027-01-01T00:00:00Z")),
        Proof.INVALID, "credential-not-yet-valid",
    ),
    "not yet valid by nbf": (
        lambda: sign(claims(nbf=1_900_000_000)), Proof.INVALID, "credential-not-yet-valid",
    ),
    "dates that are none": (
        lambda: sign(claims(validUntil="some day")), Proof.INVALID, "proof-malformed",
    ),
    "iss and issuer differ": (lambda: sign(claims(iss=OTHER)), Proof.INVALID, "issuer-differs"),
    "no issuer at all": (
        lambda: sign({k: v for k, v in claims().items() if k not in ("iss", "issuer")}),
        Proof.UNVERIFIABLE, "issuer-unknown",
    ),
    "a presentation's type": (
        lambda: sign(claims(), typ="vp+jwt"), Proof.INVALID, "proof-type-wrong",
    ),
    "an unknown critical header": (
        lambda: f"{header_of(crit=['x'], x=1)}.{b64(claims())}.AAAA",
        Proof.UNVERIFIABLE, "proof-header-unknown",
    ),
}  # fmt: skip


def test_a_good_token_is_valid_and_says_by_which_key() -> None:
    outcome = check(sign(claims()))
    assert (outcome.result, outcome.verified_key) == (Proof.VALID, f"{ISSUER}#key-1")
    assert outcome.valid_until == "2028-12-31T23:59:59Z"


@pytest.mark.parametrize("name", NEGATIVE)
def test_a_bad_token_is_never_valid(name: str) -> None:
    make, result, code = NEGATIVE[name]
    issuer = "did:web:nobody.example" if name == "no issuer at all" else ISSUER
    outcome = check(make(), issuer=issuer)
    assert (outcome.result, outcome.code) == (result, code)
    assert outcome.detail
    assert not outcome.verified_key


def test_a_credential_that_names_another_issuer_than_its_token_is_invalid() -> None:
    assert check(sign(claims()), issuer=OTHER).code == "issuer-differs"


def test_an_issuer_without_pinned_document_is_unverifiable() -> None:
    outcome = check(sign(claims()), documents={})
    assert (outcome.result, outcome.code) == (Proof.UNVERIFIABLE, "issuer-unknown")


@pytest.mark.parametrize(
    "method",
    [{"controller": OTHER}, {"publicKeyJwk": {"kty": "oct", "k": "c2VjcmV0"}}, {"id": "#key-2"}],
)
def test_a_method_that_is_not_the_issuers_own_public_key_is_refused(
    method: dict[str, object],
) -> None:
    document = did_document(ISSUER, KEY, **method)
    assert check(sign(claims()), documents={ISSUER: document}).result is Proof.INVALID


def test_a_key_that_may_only_authenticate_makes_no_claims() -> None:
    document = did_document(ISSUER, KEY) | {"assertionMethod": []}
    assert check(sign(claims()), documents={ISSUER: document}).code == "proof-key-unknown"


def test_a_document_about_another_did_is_not_used() -> None:
    assert check(sign(claims()), documents={ISSUER: did_document(OTHER, KEY)}).code == (
        "issuer-unknown"
    )


def test_a_did_key_carries_its_own_key() -> None:
    raw = b"\xed\x01" + base64.urlsafe_b64decode(ED_KEY.as_dict(private=False)["x"] + "=")
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = alphabet[rest] + text
    did = f"did:key:z{text}"
    token = sign(claims(iss=did, issuer=did), ED_KEY, "EdDSA", kid=f"{did}#z{text}")
    assert check(token, documents={}, issuer=did).result is Proof.VALID


def test_no_proof_is_absent_and_an_embedded_proof_is_unverifiable() -> None:
    assert verify(None, {}, NOW).result is Proof.ABSENT
    assert verify(Credential("urn:1", ISSUER), {}, NOW).result is Proof.ABSENT
    embedded = Credential("urn:1", ISSUER, "data-integrity")
    assert verify(embedded, DOCUMENTS, NOW).result is Proof.UNVERIFIABLE


def test_the_bundled_documents_hold_public_keys_only() -> None:
    documents = bundled_did_documents()
    assert "did:web:cert.tuev-fiktiv.example" in documents
    assert '"d"' not in json.dumps(dict(documents))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("abcXYZ019-_.="))
def test_one_changed_character_is_never_valid(position: int, letter: str) -> None:
    token = TOKEN
    place = position % len(token)
    if token[place] == letter or place >= len(token) - 2:
        return  # the last characters of base64url carry unused bits
    changed = token[:place] + letter + token[place + 1 :]
    assert check(changed).result is not Proof.VALID


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), st.text())
def test_any_payload_gives_an_outcome_and_no_exception(value: object, text: str) -> None:
    token = f"{header_of()}.{b64({**claims(), 'validFrom': value, 'vc': value, 'exp': value})}."
    assert check(token + text).result in (Proof.INVALID, Proof.UNVERIFIABLE)


TOKEN = sign(claims())
