"""Keep of a credential what checking it needs: issuer, validity, proofs, status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgservice.model.documents import Credential, EmbeddedProof, StatusEntry
from kgservice_importers.gaiax.claims import Claims
from kgservice_importers.gaiax.envelopes import Envelope
from kgservice_importers.gaiax.expansion import Dataset
from kgservice_importers.jsonld.contexts import Json


def credential_of(
    envelope: Envelope, dataset: Dataset, claims: Claims, mended: Sequence[str]
) -> Credential:
    """Describe a credential (VC Data Model 2.0 §4).

    Args:
        envelope: As found.
        dataset: All statements of the document without its proofs: what a proof is about.
        claims: What of it was imported.
        mended: Why the document is not as it was signed; then no embedded proof can hold.
    """
    payload = envelope.payload
    return Credential(
        id=claims.id,
        issuer=_issuer(payload.get("issuer")),
        proof_kind=envelope.proof_kind,
        token=envelope.token,
        types=claims.types,
        valid_from=_text(payload.get("validFrom", payload.get("issuanceDate"))),
        valid_until=_text(payload.get("validUntil", payload.get("expirationDate"))),
        proofs=_proofs(envelope, dataset, mended),
        status=status_entries(payload.get("credentialStatus")),
    )


def _proofs(
    envelope: Envelope, dataset: Dataset, mended: Sequence[str]
) -> tuple[EmbeddedProof, ...]:
    why = f"no valid JSON-LD as it was signed: {'; '.join(mended)}" if mended else ""
    return tuple(_proof(one, dataset, why) for one in envelope.proofs if isinstance(one, dict))


def _proof(proof: Mapping[str, Json], dataset: Dataset, why: str) -> EmbeddedProof:
    """Take a proof over as found; `dataset.nquads` are the statements that it is about."""
    return EmbeddedProof(
        type=_text(proof.get("type", proof.get("@type"))),
        cryptosuite=_text(proof.get("cryptosuite")),
        method=_text(proof.get("verificationMethod")),
        purpose=_text(proof.get("proofPurpose")),
        created=_text(proof.get("created")),
        expires=_text(proof.get("expires")),
        value=_text(proof.get("jws", proof.get("proofValue"))),
        document=b"" if why else dataset.nquads.encode(),
        options=b"",
        problem=why or "the canonical form was not made",
    )


def status_entries(value: Json) -> tuple[StatusEntry, ...]:
    """Read `credentialStatus`, one entry or several (Bitstring Status List 1.0 §2.1)."""
    entries = value if isinstance(value, list) else [value]
    return tuple(
        StatusEntry(
            type=_text(entry.get("type", entry.get("@type"))),
            purpose=_text(entry.get("statusPurpose")),
            list=_text(entry.get("statusListCredential")),
            index=_index(entry.get("statusListIndex")),
        )
        for entry in entries
        if isinstance(entry, dict)
    )


def _index(value: Json) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _issuer(value: Json) -> str:
    return _text(value.get("id", value.get("@id")) if isinstance(value, dict) else value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
