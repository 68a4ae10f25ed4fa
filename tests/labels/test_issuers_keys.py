"""Keys in DIDs, in DID documents and behind certificates; tokens of every algorithm."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwk
from joserfc.jwk import Key
from openvc.multibase import encode_multibase

from kgservice.labels import Proof, ProofOutcome, Trust, load_anchors, verify
from kgservice.model.documents import Credential
from kgservice.model.errors import InputError
from tests.signing import ISSUER, credential, did_document, did_key, new_key, token

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ELSI = "did:elsi:VATES-B12345678"
CURVES = {
    "Ed25519": (new_key("OKP", "Ed25519"), "EdDSA"),
    "P-256": (new_key(), "ES256"),
    "P-384": (new_key("EC", "P-384"), "ES384"),
    "secp256k1": (new_key("EC", "secp256k1"), "ES256K"),
}
RSA_KEY = new_key("RSA", 2048)


def check(text: str, trust: Trust, issuer: str = ISSUER) -> ProofOutcome:
    return verify(Credential("urn:uuid:1", issuer, "vc-jwt", text), trust, NOW)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("named", ["whole", "by its DID alone"])
def test_a_did_key_carries_its_own_key(curve: str, named: str) -> None:
    key, algorithm = CURVES[curve]
    did = did_key(key)
    kid = did if named != "whole" else f"{did}#{did.removeprefix('did:key:')}"

    outcome = check(token(credential(issuer=did), key, algorithm, kid=kid), Trust(), did)

    assert (outcome.result, outcome.detail) == (Proof.VALID, "")
    assert outcome.verified_key == f"{did}#{did.removeprefix('did:key:')}"


@pytest.mark.parametrize(
    "end", ["", "z", "z6Mk", "z" + "1" * 40, "zQ3s" + "0" * 40, "u7QE", "z" * 9999]
)
def test_a_did_key_that_is_none_is_unverifiable(end: str) -> None:
    did = "did:key:" + end
    key, algorithm = CURVES["Ed25519"]
    outcome = check(token(credential(issuer=did), key, algorithm, kid=did), Trust(), did)
    assert (outcome.result, outcome.code) == (Proof.UNVERIFIABLE, "issuer-unknown")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        *CURVES.values(),
        *((RSA_KEY, a) for a in ("RS256", "PS256", "PS384", "RS512")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("kind", ["vc+jwt", "JWT", "vc+ld+json+jwt", "application/vc+jwt", ""])
def test_tokens_of_every_algorithm_and_type_are_checked(
    key: Key, algorithm: str, kind: str
) -> None:
    trust = Trust({ISSUER: did_document(ISSUER, key)})
    outcome = check(token(credential(), key, algorithm, typ=kind), trust)
    assert (outcome.result, outcome.algorithm) == (Proof.VALID, algorithm)


def test_a_key_may_be_written_as_multibase() -> None:
    key, algorithm = CURVES["Ed25519"]
    multibase = did_key(key).removeprefix("did:key:")
    for kind in ("Multikey", "Ed25519VerificationKey2020"):
        document = did_document(ISSUER, key, type=kind, publicKeyMultibase=multibase)
        del document["verificationMethod"][0]["publicKeyJwk"]
        trust = Trust({ISSUER: document})
        assert check(token(credential(), key, algorithm), trust).result is Proof.VALID


def test_a_key_within_assertion_method_counts() -> None:
    key, algorithm = CURVES["P-256"]
    document = did_document(ISSUER, key)
    document["assertionMethod"] = document.pop("verificationMethod")
    trust = Trust({ISSUER: document})
    assert check(token(credential(), key, algorithm), trust).result is Proof.VALID


def test_a_key_that_is_named_twice_is_nobodys() -> None:
    key, algorithm = CURVES["P-256"]
    document = did_document(ISSUER, key, new_key())
    document["verificationMethod"][1]["id"] = f"{ISSUER}#key-1"
    trust = Trust({ISSUER: document})
    assert check(token(credential(), key, algorithm), trust).code == "proof-key-unknown"


def test_seconds_since_1970_are_dates_too() -> None:
    key, algorithm = CURVES["P-256"]
    trust = Trust({ISSUER: did_document(ISSUER, key)})
    good = credential(validFrom=1_760_440_223.213)
    assert check(token(good, key, algorithm), trust).valid_from.startswith("2025-10-14T")
    ended = credential(validUntil=1_700_000_000)
    assert check(token(ended, key, algorithm), trust).result is Proof.EXPIRED


def test_a_member_that_comes_twice_spoils_the_token() -> None:
    key, algorithm = CURVES["P-256"]
    good = token(credential(), key, algorithm)
    head, payload, _ = good.split(".")
    text = base64.urlsafe_b64decode(payload + "==")
    twice = text.replace(b'"id": "urn:offering:1"', b'"id": "urn:x", "id": "urn:offering:1"')
    assert twice != text
    body = base64.urlsafe_b64encode(twice).rstrip(b"=").decode()
    trust = Trust({ISSUER: did_document(ISSUER, key)})
    assert check(f"{head}.{body}.AAAA", trust).code == "proof-malformed"


# Seals: a chain of certificates that leads to an anchor.


def certificate(
    subject: str,
    key: Any,  # noqa: ANN401
    issued_by: tuple[x509.Certificate, Any] | None = None,
    *,
    organisation: str = "",
    ends: datetime = datetime(2028, 1, 1, tzinfo=UTC),
    is_authority: bool = False,
) -> x509.Certificate:
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]
    if organisation:
        attributes.append(x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), organisation))
    name = x509.Name(attributes)
    issuer, signer = (issued_by[0].subject, issued_by[1]) if issued_by else (name, key)
    authority = issued_by[1].public_key() if issued_by else key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority, content_commitment=not is_authority,
                key_encipherment=False, data_encipherment=False, key_agreement=False,
                key_cert_sign=is_authority, crl_sign=is_authority, encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    return builder.sign(signer, hashes.SHA256())


def chain_header(*certificates: x509.Certificate) -> list[str]:
    return [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in certificates]


ROOT_KEY, MIDDLE_KEY = (
    ec.generate_private_key(ec.SECP384R1()),
    rsa.generate_private_key(65537, 2048),
)
SEAL_KEY = rsa.generate_private_key(65537, 2048)
ROOT = certificate("Root", ROOT_KEY, is_authority=True)
MIDDLE = certificate("Middle", MIDDLE_KEY, (ROOT, ROOT_KEY), is_authority=True)
SEAL = certificate("Seal", SEAL_KEY, (MIDDLE, MIDDLE_KEY), organisation="VATES-B12345678")


def sealed(chain: Sequence[x509.Certificate], key: Any = SEAL_KEY, **header: object) -> str:  # noqa: ANN401
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer: Key = (
        jwk.RSAKey.import_key(pem)
        if isinstance(key, rsa.RSAPrivateKey)
        else jwk.ECKey.import_key(pem)
    )
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    head = {"typ": "jose", "kid": "MIHQ", "x5c": chain_header(*chain), **header}
    return token(credential(issuer=ELSI), signer, algorithm, **head)


def check_seal(text: str, *anchors: x509.Certificate, at: datetime = NOW) -> ProofOutcome:
    return verify(Credential("urn:uuid:1", ELSI, "vc-jwt", text), Trust(anchors=anchors), at)


def test_a_seal_that_leads_to_an_anchor_is_valid() -> None:
    signed = {"crit": ["sigT"], "sigT": "2026-10-29T15:11:29Z"}
    for chain, anchor in (((SEAL, MIDDLE), ROOT), ((SEAL,), MIDDLE), ((SEAL, MIDDLE, ROOT), ROOT)):
        outcome = check_seal(sealed(chain, **signed), anchor)
        assert (outcome.result, outcome.detail) == (Proof.VALID, "")
        assert outcome.verified_key.startswith(ELSI + "#")


def _ended() -> x509.Certificate:
    return certificate(
        "Seal", SEAL_KEY, (MIDDLE, MIDDLE_KEY), organisation="VATES-B12345678",
        ends=datetime(2026, 6, 1, tzinfo=UTC),
    )  # fmt: skip


def _own() -> x509.Certificate:
    return certificate("Seal", SEAL_KEY, organisation="VATES-B12345678")


def _by_a_leaf() -> list[x509.Certificate]:
    """A certificate that is no authority vouches for another one."""
    other = rsa.generate_private_key(65537, 2048)
    forged = certificate("Seal", other, (SEAL, SEAL_KEY), organisation="VATES-B12345678")
    return [forged, SEAL, MIDDLE]


BAD_SEALS = {
    "no anchors": (lambda: check_seal(sealed([SEAL, MIDDLE])), "issuer-not-anchored"),
    "another root": (
        lambda: check_seal(
            sealed([SEAL, MIDDLE]), certificate("Root", SEAL_KEY, is_authority=True)
        ),
        "issuer-not-anchored",
    ),
    "self-signed": (lambda: check_seal(sealed([_own()]), ROOT), "issuer-not-anchored"),
    "a gap in the chain": (lambda: check_seal(sealed([SEAL]), ROOT), "issuer-not-anchored"),
    "ended": (lambda: check_seal(sealed([_ended(), MIDDLE]), ROOT), "issuer-not-anchored"),
    "not begun": (
        lambda: check_seal(sealed([SEAL, MIDDLE]), ROOT, at=NOW - timedelta(days=900)),
        "issuer-not-anchored",
    ),
    "vouched for by a seal": (
        lambda: check_seal(sealed(_by_a_leaf()), ROOT), "issuer-not-anchored",
    ),
    "no chain": (lambda: check_seal(sealed([])), "issuer-not-anchored"),
    "a chain that is a text": (
        lambda: check_seal(sealed([SEAL], x5c="MIIB")), "issuer-not-anchored",
    ),
    "a chain of rubbish": (
        lambda: check_seal(sealed([SEAL], x5c=["MIIB", 7])), "certificate-wrong",
    ),
    "another organisation": (
        lambda: check_seal(
            sealed([
                certificate("Seal", SEAL_KEY, (MIDDLE, MIDDLE_KEY), organisation="VATDE-1"), MIDDLE,
            ]),
            ROOT,
        ),
        "certificate-wrong",
    ),
    "no organisation": (
        lambda: check_seal(
            sealed([certificate("Seal", SEAL_KEY, (MIDDLE, MIDDLE_KEY)), MIDDLE]), ROOT
        ),
        "certificate-wrong",
    ),
    "another key": (
        lambda: check_seal(sealed([SEAL, MIDDLE], rsa.generate_private_key(65537, 2048)), ROOT),
        "proof-signature-wrong",
    ),
    "critical and not understood": (
        lambda: check_seal(sealed([SEAL, MIDDLE], crit=["sigT", "sigD"], sigT="x", sigD={}), ROOT),
        "proof-header-unknown",
    ),
    "signed in the future": (
        lambda: check_seal(
            sealed([SEAL, MIDDLE], crit=["sigT"], sigT="2027-01-01T00:00:00Z"), ROOT
        ),
        "credential-not-yet-valid",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_SEALS)
def test_a_seal_that_leads_nowhere_does_not_count(what: str) -> None:
    make, code = BAD_SEALS[what]
    outcome = make()
    assert outcome.code == code, outcome
    assert outcome.result in (Proof.INVALID, Proof.UNVERIFIABLE)


def test_anchors_are_read_from_a_folder(tmp_path: Any) -> None:  # noqa: ANN401
    (tmp_path / "a.pem").write_bytes(
        ROOT.public_bytes(Encoding.PEM) + MIDDLE.public_bytes(Encoding.PEM)
    )
    assert load_anchors(tmp_path) == (ROOT, MIDDLE)
    (tmp_path / "b.pem").write_text("nothing")
    with pytest.raises(InputError) as caught:
        load_anchors(tmp_path)
    assert caught.value.code == "trust-anchor-invalid"


def test_multibase_keys_with_a_wrong_length_are_none() -> None:
    key, algorithm = CURVES["Ed25519"]
    for raw in (b"\xed\x01" + b"a" * 31, b"\xed\x01" + b"a" * 33, b"\x80\x24" + b"\x02" * 33):
        did = "did:key:" + encode_multibase(raw)
        outcome = check(token(credential(issuer=did), key, algorithm, kid=did), Trust(), did)
        assert outcome.result is not Proof.VALID
