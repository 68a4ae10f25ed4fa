"""Certificate chains (`x5c`) against the operator's trust anchors; did:elsi by organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from openvc.x5c import X5cError, load_x5c_chain, validate_cert_chain

from kgservice.labels.dids import jwk_of
from kgservice.labels.verdicts import Rejected, unverifiable
from kgservice.model.errors import InputError

Anchors: TypeAlias = tuple[x509.Certificate, ...]

ELSI: Final = "did:elsi:"
_ORGANIZATION: Final = x509.ObjectIdentifier("2.5.4.97")
_MAX_CHAIN: Final = 8


def load_anchors(folder: Path) -> Anchors:
    """Read the certificates of every `*.pem` of a folder: authorities that may vouch for seals.

    Raises:
        InputError: a file holds no certificate (`trust-anchor-invalid`).
    """
    found: list[x509.Certificate] = []
    for file in sorted(folder.glob("*.pem")):
        try:
            found += x509.load_pem_x509_certificates(file.read_bytes())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputError(
                "the file holds no certificate in PEM form.",
                code="trust-anchor-invalid",
                at=str(file),
                hint="Export the authority's certificate as PEM (`-----BEGIN CERTIFICATE-----`).",
            ) from error
    return tuple(found)


def certified_key(
    chain: object, issuer: str, anchors: Anchors, at: datetime
) -> tuple[str, Mapping[str, Any]]:
    """Give the name and the JWK of the key that a chain certifies for a did:elsi issuer.

    The chain must lead to an anchor (RFC 5280 §6), and the certificate's organizationIdentifier
    (ETSI EN 319 412-1 §5.1.4) must be the DID's. Whether a certificate was revoked (CRL, OCSP) is
    not looked up.

    Raises:
        Rejected: no anchors, or none that the chain leads to (`issuer-not-anchored`); the chain is
            none or is another organisation's (`certificate-wrong`).
    """
    certificates = _certificates(chain)
    leaf = certificates[0]
    organisation = issuer.removeprefix(ELSI)
    named = {str(a.value) for a in leaf.subject.get_attributes_for_oid(_ORGANIZATION)}
    if named != {organisation}:
        said = ", ".join(sorted(named)) or "no organisation"
        raise Rejected("certificate-wrong", f"the certificate names {said}, not {organisation}")
    if not anchors:
        raise unverifiable(
            "issuer-not-anchored", "no trust anchors are configured to check the certificate by"
        )
    try:
        validate_cert_chain(leaf, certificates[1:], trust_anchors=anchors, now=at)
    except X5cError as error:
        raise unverifiable(
            "issuer-not-anchored", f"the certificate leads to no trust anchor: {_line(error)}"
        ) from error
    key = jwk_of(leaf.public_key())
    if key is None:
        raise unverifiable("issuer-not-anchored", "the certificate's key is of an unknown kind")
    return f"{issuer}#{leaf.serial_number:x}", key


def _certificates(chain: object) -> Sequence[x509.Certificate]:
    if not isinstance(chain, list) or not 0 < len(chain) <= _MAX_CHAIN:
        raise unverifiable("issuer-not-anchored", "the token carries no certificates (x5c)")
    try:
        found: Sequence[x509.Certificate] = load_x5c_chain(chain)
    except X5cError as error:
        raise Rejected("certificate-wrong", f"x5c: {_line(error)}") from error
    return found


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
