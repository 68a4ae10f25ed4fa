"""What checking the proofs of recorded documents comes to here, and why."""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from kgservice_importers.gaiax import IMPORTER
from small_vocabulary import context

from kgservice.labels import Proof, ProofOutcome, Trust, verify
from kgservice.labels.tokens import parts_of
from kgservice.model.documents import Credential, SourceDocument

NOW = datetime(2026, 12, 1, tzinfo=UTC)
NOTHING = Trust()


def outcomes(path: Path, trust: Trust = NOTHING) -> dict[str, ProofOutcome]:
    found = IMPORTER.read(str(path), context("c"))
    return {
        item.source_id: verify(item.credential, trust, NOW)
        for item in found
        if isinstance(item, SourceDocument) and item.credential is not None
    }


def codes(path: Path) -> set[tuple[Proof, str]]:
    return {(o.result, o.code) for o in outcomes(path).values()}


@pytest.mark.parametrize("name", ["jws2020/0001_vc.json", "jws2020/0004_vc_two_valid_proofs.json"])
def test_credentials_of_an_issuer_that_is_not_pinned_are_unverifiable(
    shared_data: Path, name: str
) -> None:
    assert codes(shared_data / "credentials" / name) == {(Proof.UNVERIFIABLE, "issuer-unknown")}


def test_a_credential_with_a_relative_name_has_no_signed_envelope(shared_data: Path) -> None:
    """Its id is no absolute IRI, so no hashed statement says that it is a credential."""
    found = codes(shared_data / "credentials/jws2020/0003_vc_embedded.json")
    assert found == {(Proof.UNVERIFIABLE, "proof-not-canonical")}


def test_a_forged_credential_is_not_even_read_without_its_context(shared_data: Path) -> None:
    path = shared_data / "credentials/jws2020/0002_vc_forged.json"
    items = list(IMPORTER.read(str(path), context("c")))
    assert [getattr(item, "code", "") for item in items] == ["context-unknown"]


def test_a_token_of_a_did_key_is_valid_by_itself(shared_data: Path) -> None:
    """Its P-256 key is in the DID; its `kid` is the DID alone, its issuanceDate a number."""
    text = (shared_data / "credentials/jwt/userCredential.jwt").read_text().strip()
    issuer = parts_of(text)[1]["iss"]
    outcome = verify(Credential("", issuer, "vc-jwt", text), NOTHING, NOW)
    assert (outcome.result, outcome.algorithm) == (Proof.VALID, "ES256")
    forged = text[:-6] + ("A" * 6 if text[-6:] != "A" * 6 else "B" * 6)
    outcome = verify(Credential("", issuer, "vc-jwt", forged), NOTHING, NOW)
    assert (outcome.result, outcome.code) == (Proof.INVALID, "proof-signature-wrong")


def test_the_seal_of_dome_holds_when_its_authority_is_an_anchor(shared_data: Path) -> None:
    """A real JAdES seal: RS256, `crit` with sigT, organizationIdentifier VATES-…; it has ended."""
    text = (shared_data / "credentials/dome/compliance-vc-sandbox-1.jwt").read_text().strip()
    credential = Credential("", "did:elsi:VATES-B60645900", "vc-jwt", text)
    header, payload = parts_of(text)
    chain = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in header["x5c"]]
    signed = datetime(2025, 10, 29, 16, tzinfo=UTC)

    unanchored = verify(credential, NOTHING, signed)
    assert (unanchored.result, unanchored.code) == (Proof.UNVERIFIABLE, "issuer-not-anchored")
    anchored = verify(credential, Trust(anchors=(chain[-1],)), signed)
    assert payload["exp"] < signed.timestamp()
    assert (anchored.result, anchored.code) == (Proof.EXPIRED, "credential-expired"), anchored
    stolen = replace(credential, issuer="")
    assert verify(stolen, Trust(anchors=(chain[-1],)), signed).result is Proof.EXPIRED


def test_no_document_of_gaia_x_is_valid_without_pinned_keys(shared_data: Path) -> None:
    """Signed documents are unverifiable, each with its reason; the others have no proof."""
    found = Counter((o.result, o.code) for o in outcomes(shared_data / "gaia-x").values())
    assert {result for result, _ in found} <= {Proof.UNVERIFIABLE, Proof.ABSENT, Proof.INVALID}
    assert found[Proof.UNVERIFIABLE, "issuer-unknown"] >= 15
    # 2022: JsonWebKey2020 as a proof's type, in documents that had to be mended to be read.
    assert found[Proof.UNVERIFIABLE, "proof-not-canonical"] >= 5
    assert found[Proof.ABSENT, "proof-absent"] >= 20


def test_a_signed_offering_of_dome_uses_a_suite_that_is_not_checked(shared_data: Path) -> None:
    path = (
        shared_data
        / "dome/production-offerings-2024/product-offering-process-data-analyzer.vc.json"
    )
    items = [i for i in IMPORTER.read(str(path), context("c")) if isinstance(i, SourceDocument)]
    for item in items:
        outcome = verify(item.credential, NOTHING, NOW)
        assert outcome.result in (Proof.UNVERIFIABLE, Proof.INVALID)
