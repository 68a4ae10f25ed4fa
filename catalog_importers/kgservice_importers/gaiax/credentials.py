"""Keep of a credential what checking it needs: issuer, validity, proofs, status."""

from __future__ import annotations

from kgservice.model.documents import Credential, StatusEntry
from kgservice_importers.gaiax.claims import Claims
from kgservice_importers.gaiax.envelopes import Envelope
from kgservice_importers.gaiax.proofs import Signed
from kgservice_importers.jsonld.contexts import Json


def credential_of(envelope: Envelope, claims: Claims, signed: Signed | None) -> Credential:
    """Describe a credential (VC Data Model 2.0 §4).

    Args:
        envelope: As found.
        claims: What of it was imported.
        signed: Its embedded proofs, when it has any.
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
        proofs=signed.proofs if signed is not None else (),
        status=status_entries(payload.get("credentialStatus")),
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
