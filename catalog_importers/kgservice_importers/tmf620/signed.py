"""Make the document of an object that is the subject of a credential (DOME: SignedOffering)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kgservice.model.documents import Credential, EmbeddedProof, SourceDocument
from kgservice_importers.tmf620.json_tree import Object, as_list, as_object, member_text, objects

_KIND: Final = "dome/SignedOffering"
_UNHASHED: Final = (
    "the statements are mapped from JSON members, not from the statements that the proof is about"
)


def signed_document(document: SourceDocument, envelope: Object) -> SourceDocument:
    """Give the document its credential: what was read is what the credential claims.

    The proof counts as unverifiable: DOME signs the canonical statements of a JSON-LD context,
    and what is imported are not these.
    """
    identifier = member_text(envelope, "id", "@id") or document.source_id
    if identifier == document.primary.value:
        identifier = f"{identifier} (signed)"
    issuer = as_object(envelope.get("issuer"))
    proofs = tuple(_proofs(envelope))
    credential = Credential(
        id=identifier,
        issuer=member_text(issuer, "id") or member_text(envelope, "issuer"),
        proof_kind="data-integrity" if proofs else "",
        types=tuple(str(name) for name in as_list(envelope.get("type"))[:20]),
        valid_from=member_text(envelope, "validFrom", "issuanceDate"),
        valid_until=member_text(envelope, "validUntil", "expirationDate"),
        proofs=proofs,
    )
    return replace(document, source_id=identifier, credential=credential, kind=_KIND)


def _proofs(envelope: Object) -> Iterator[EmbeddedProof]:
    for _, proof in objects(envelope.get("proof")):
        yield EmbeddedProof(
            type=member_text(proof, "type"),
            cryptosuite=member_text(proof, "cryptosuite"),
            method=member_text(proof, "verificationMethod"),
            purpose=member_text(proof, "proofPurpose"),
            created=member_text(proof, "created"),
            expires=member_text(proof, "expires"),
            value=member_text(proof, "proofValue", "jws"),
            document=b"",
            options=b"",
            problem=_UNHASHED,
        )
