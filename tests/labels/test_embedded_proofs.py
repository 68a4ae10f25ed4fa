"""Embedded proofs of every suite, made with fresh keys by other code than what checks them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import Key
from kgservice_importers.gaiax.proofs import signed_form
from openvc.keys import Ed25519SigningKey, P256SigningKey, signing_key_from_jwk
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_ecdsa_rdfc import EcdsaRdfcProofSuite

from kgservice.labels import Proof, ProofOutcome, Trust, verify
from tests.signing import (
    ISSUER,
    credential,
    credential_1,
    data_integrity,
    did_document,
    imported,
    jws_2020,
    new_key,
    normal,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)
OTHER = "did:web:other.example"
KEYS: dict[str, Key] = {
    "P-256": new_key(),
    "P-384": new_key("EC", "P-384"),
    "secp256k1": new_key("EC", "secp256k1"),
    "Ed25519": new_key("OKP", "Ed25519"),
    "RSA": new_key("RSA", 2048),
}
STRANGER = {name: new_key(*_) for name, _ in {
    "P-256": ("EC", "P-256"), "Ed25519": ("OKP", "Ed25519"), "RSA": ("RSA", 2048),
    "P-384": ("EC", "P-384"), "secp256k1": ("EC", "secp256k1"),
}.items()}  # fmt: skip


def trust_in(key: Key, did: str = ISSUER) -> Trust:
    return Trust({did: did_document(did, key)})


def check(document: dict[str, Any], trust: Trust, *proofs: dict[str, Any]) -> ProofOutcome:
    return verify(imported(document, *proofs), trust, NOW)


SUITES = {
    "JWS 2020 as Gaia-X has it, PS256": ("RSA", "PS256", "gaia-x"),
    "JWS 2020 as Gaia-X has it, ES256": ("P-256", "ES256", "gaia-x"),
    "JWS 2020 as Gaia-X has it, EdDSA": ("Ed25519", "EdDSA", "gaia-x"),
    "JWS 2020 by its text, PS256": ("RSA", "PS256", "standard"),
    "JWS 2020 by its text, RS256": ("RSA", "RS256", "standard"),
    "JWS 2020 by its text, ES384": ("P-384", "ES384", "standard"),
    "JWS 2020 by its text, ES256K": ("secp256k1", "ES256K", "standard"),
    "Data Integrity, Ed25519": ("Ed25519", "eddsa-rdfc-2022", ""),
    "Data Integrity, P-256": ("P-256", "ecdsa-rdfc-2019", ""),
    "Data Integrity, P-384": ("P-384", "ecdsa-rdfc-2019", ""),
    "Ed25519Signature2020": ("Ed25519", "Ed25519Signature2020", ""),
}


def make(suite: str, key: Key | None = None, **changes: Any) -> tuple[dict[str, Any], Any, Key]:  # noqa: ANN401
    """Give a document, a function that signs it, and the key."""
    kind, algorithm, flavour = SUITES[suite]
    used = key or KEYS[kind]
    if flavour:
        document = credential_1(**changes)
        return document, lambda d, **m: jws_2020(d, used, algorithm, flavour, **m), used
    if algorithm == "Ed25519Signature2020":
        document = credential_1(**changes)
        document["@context"] = [
            "https://www.w3.org/2018/credentials/v1",
            "https://w3id.org/security/suites/ed25519-2020/v1",
            {"kg": "https://w3id.org/kgservice/ns#"},
        ]
    else:
        document = credential(**changes)
    return document, lambda d, **m: data_integrity(d, used, algorithm, **m), used


@pytest.mark.parametrize("suite", SUITES)
def test_a_good_proof_is_valid_and_says_by_which_key(suite: str) -> None:
    document, sign, key = make(suite)

    outcome = check(document, trust_in(key), sign(document))

    assert (outcome.result, outcome.detail) == (Proof.VALID, "")
    assert (outcome.issuer, outcome.verified_key) == (ISSUER, f"{ISSUER}#key-1")
    assert outcome.valid_until == "2028-12-31T23:59:59Z"
    assert ("gaia-x" in outcome.algorithm) == (SUITES[suite][2] == "gaia-x")


@pytest.mark.parametrize("suite", SUITES)
def test_a_proof_over_other_statements_is_invalid(suite: str) -> None:
    document, sign, key = make(suite)
    proof = sign(document)
    document["credentialSubject"]["kg:noticePeriod"] = "P99Y"

    outcome = check(document, trust_in(key), proof)

    assert (outcome.result, outcome.code) == (Proof.INVALID, "proof-signature-wrong")


@pytest.mark.parametrize("suite", SUITES)
def test_a_proof_by_another_key_is_invalid(suite: str) -> None:
    document, sign, _ = make(suite)

    outcome = check(document, trust_in(STRANGER[SUITES[suite][0]]), sign(document))

    assert (outcome.result, outcome.code) == (Proof.INVALID, "proof-signature-wrong")


@pytest.mark.parametrize("suite", SUITES)
def test_the_key_decides_on_the_suite(suite: str) -> None:
    document, sign, _key = make(suite)
    other = STRANGER["Ed25519" if SUITES[suite][0] != "Ed25519" else "P-256"]

    outcome = check(document, trust_in(other), sign(document))

    assert (outcome.result, outcome.code) == (Proof.INVALID, "proof-algorithm-refused")


@pytest.mark.parametrize("suite", SUITES)
def test_what_is_not_in_force_is_not_valid(suite: str) -> None:
    old = "validUntil" if not SUITES[suite][2] and "Sig" not in suite else "expirationDate"
    new = "validFrom" if old == "validUntil" else "issuanceDate"
    for name, moment, result, code in (
        (old, "2026-11-30T00:00:00Z", Proof.EXPIRED, "credential-expired"),
        (new, "2026-12-02T00:00:00Z", Proof.INVALID, "credential-not-yet-valid"),
    ):
        document, sign, key = make(suite, **{name: moment})
        outcome = check(document, trust_in(key), sign(document))
        assert (outcome.result, outcome.code, outcome.issuer) == (result, code, "")


@pytest.mark.parametrize("suite", ["Data Integrity, P-256", "JWS 2020 as Gaia-X has it, PS256"])
def test_every_one_of_several_proofs_must_hold(suite: str) -> None:
    document, sign, key = make(suite)
    other = {**sign(document), **{k: v for k, v in make(suite, STRANGER[SUITES[suite][0]])[1](
        document).items() if k in ("jws", "proofValue")}}  # fmt: skip
    trust = trust_in(key)

    assert check(document, trust, sign(document), sign(document)).result is Proof.VALID
    assert check(document, trust, sign(document), other).code == "proof-signature-wrong"
    assert check(document, trust, other, sign(document)).code == "proof-signature-wrong"


def test_a_second_proof_of_another_issuer_does_not_count() -> None:
    document, sign, key = make("Data Integrity, P-256")
    trust = Trust(
        {ISSUER: did_document(ISSUER, key), OTHER: did_document(OTHER, STRANGER["P-256"])}
    )
    foreign = data_integrity(
        document, STRANGER["P-256"], "ecdsa-rdfc-2019", method=f"{OTHER}#key-1"
    )

    assert check(document, trust, foreign).code == "proof-key-unknown"
    assert check(document, trust, sign(document), foreign).code == "proof-key-unknown"


REFUSED: dict[str, tuple[dict[str, Any], Proof, str]] = {
    "another purpose": (
        {"proofPurpose": "authentication"}, Proof.INVALID, "proof-purpose-wrong",
    ),
    "a suite that is not known": (
        {"cryptosuite": "ecdsa-sd-2023"}, Proof.UNVERIFIABLE, "proof-kind-unknown",
    ),
    "a key that is not there": (
        {"verificationMethod": f"{ISSUER}#key-9"}, Proof.INVALID, "proof-key-unknown",
    ),
    "no key": ({"verificationMethod": ""}, Proof.INVALID, "proof-key-unknown"),
    "an ended proof": ({"expires": "2026-11-01T00:00:00Z"}, Proof.EXPIRED, "credential-expired"),
    "no signature": ({"proofValue": ""}, Proof.INVALID, "proof-malformed"),
    "a signature that is no base58": (
        {"proofValue": "z0OIl"}, Proof.INVALID, "proof-malformed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_proof_that_is_not_as_it_should_be_does_not_count(what: str) -> None:
    members, result, code = REFUSED[what]
    document, sign, key = make("Data Integrity, P-256")
    proof = sign(document, **members) if what == "an ended proof" else sign(document) | members

    outcome = check(document, trust_in(key), proof)

    assert (outcome.result, outcome.code) == (result, code)


def test_the_names_of_the_issuer_must_agree() -> None:
    document, sign, key = make("Data Integrity, P-256")
    proof = sign(document)
    unnamed, _, _ = make("Data Integrity, P-256")
    del unnamed["issuer"]

    assert check(unnamed, trust_in(key), sign(unnamed)).code == "issuer-unknown"
    assert check(document, Trust(), proof).code == "issuer-unknown"
    stolen = document | {"issuer": OTHER}
    trust = Trust({OTHER: did_document(OTHER, key)})
    assert check(stolen, trust, proof).result is Proof.INVALID


def test_a_holder_who_respells_the_end_of_validity_does_not_hide_it() -> None:
    """The same statements under another name in the JSON have the same signature."""
    document, sign, key = make("Data Integrity, P-256", validUntil="2026-11-30T00:00:00Z")
    proof = sign(document)
    end = {"@id": "https://www.w3.org/2018/credentials#validUntil",
           "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}  # fmt: skip
    respelt = {k: v for k, v in document.items() if k != "validUntil"}
    respelt["@context"] = [*document["@context"], {"hidden": end}]
    respelt["hidden"] = document["validUntil"]
    assert normal(respelt) == normal(document)

    outcome = check(respelt, trust_in(key), proof)

    assert outcome.result is not Proof.VALID


def test_what_no_context_defines_is_told_and_in_no_statement() -> None:
    document, sign, _ = make("JWS 2020 as Gaia-X has it, PS256")
    proof = sign(document)
    document["credentialSubject"]["label"] = "CANARY"
    document["credentialSubject"]["schema:place"] = {"id": "relative/CANARY"}

    signed = signed_form(document, [proof], "here")

    assert [(p.code, "label" in p.detail) for p in signed.problems] == [("term-not-signed", True)]
    assert b"CANARY" not in signed.document


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "ecdsa-rdfc-2019"])
def test_what_openvc_signs_is_valid_here_and_what_is_signed_here_there(suite: str) -> None:
    """An independent implementation of both suites agrees in both directions."""
    key = KEYS["Ed25519" if suite.startswith("eddsa") else "P-256"]
    theirs = signing_key_from_jwk(key.as_dict(private=True), f"{ISSUER}#key-1")
    assert isinstance(theirs, Ed25519SigningKey | P256SigningKey)
    tool: Any = DataIntegrityProofSuite() if suite.startswith("eddsa") else EcdsaRdfcProofSuite()
    document = credential(**{"@context": ["https://www.w3.org/ns/credentials/v2"]})
    document["credentialSubject"] = {"id": "urn:offering:1"}

    secured = tool.add_proof(document, signing_key=theirs, verification_method=f"{ISSUER}#key-1")
    outcome = check(document, trust_in(key), secured["proof"])
    assert outcome.result is Proof.VALID, outcome
    ours = {**document, "proof": data_integrity(document, key, suite)}
    tool.verify(ours, public_key_jwk=key.as_dict(private=False), now=NOW)


# URDNA2015, which PyLD speaks, does not escape other control characters; RDFC-1.0 does.
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "type", "name", "description"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_any_subject_has_the_canonical_form_of_pyld_or_a_problem(value: object) -> None:
    document = credential(credentialSubject={"id": "urn:x", "name": value, "description": [value]})

    signed = signed_form(document, [{"type": "DataIntegrityProof"}], "here")

    if signed.document:
        relative = any("http://" in line and "example.org/base" in line
                       for line in normal(document).decode().splitlines())  # fmt: skip
        assert relative or signed.document == normal(document)
    else:
        assert signed.proofs[0].problem


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from("abcXYZ019-_."))
def test_one_changed_character_of_a_proof_is_never_valid(position: int, letter: str) -> None:
    document, proof, trust = SAMPLE
    name = "jws" if "jws" in proof else "proofValue"
    place = position % (len(proof[name]) - 2)
    if proof[name][place] == letter:
        return
    changed = proof[name][:place] + letter + proof[name][place + 1 :]
    assert check(document, trust, {**proof, name: changed}).result is not Proof.VALID


def _sample() -> tuple[dict[str, Any], dict[str, Any], Trust]:
    document, sign, key = make("JWS 2020 as Gaia-X has it, ES256")
    return json.loads(json.dumps(document)), sign(document), trust_in(key)


SAMPLE = _sample()
