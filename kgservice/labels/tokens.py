"""Check a credential that is a compact JWS: VC-JWT, and JAdES seals over one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kgservice.labels.anchors import ELSI, Anchors, certified_key
from kgservice.labels.dids import DidDocument, KeyNotFound, document_of, signing_key
from kgservice.labels.signatures import check_signature, from_base64url
from kgservice.labels.verdicts import Holds, Rejected, moment_of, unverifiable
from kgservice.model.documents import Credential, StatusEntry

_TYPES: Final = frozenset(
    {"", "jwt", "vc+jwt", "vc+ld+jwt", "vc+ld+json+jwt", "vc-ld+jwt", "vc+sd-jwt", "jose"}
)
_UNDERSTOOD: Final = frozenset({"sigT"})
"""Critical header parameters that are processed: JAdES's time of signing (TS 119 182-1 §5.2.1)."""
_MAX_TOKEN: Final = 1024 * 1024
_MAX_ENTRIES: Final = 16


def check_token(
    credential: Credential,
    did_documents: Mapping[str, DidDocument],
    anchors: Anchors,
    at: datetime,
) -> tuple[Holds, tuple[StatusEntry, ...]]:
    """Check header, issuer, key and signature; give what holds and where its status is published.

    Raises:
        Rejected: something does not hold, or cannot be checked.
    """
    header, payload = parts_of(credential.token)
    kind = _text(header, "typ").lower().removeprefix("application/")
    if kind not in _TYPES:
        raise Rejected("proof-type-wrong", f"a token of type {header.get('typ')} is no credential")
    _check_critical(header, at)
    issuer = _issuer(payload, credential)
    name, key = _key(header, issuer, did_documents, anchors, at)
    message, _, signature = credential.token.rpartition(".")
    algorithm = _text(header, "alg")
    check_signature(key, algorithm, message.encode("ascii"), from_base64url(signature))
    starts, ends = _validity(payload)
    holds = Holds(issuer, name, algorithm, starts, ends)
    return holds, _status(payload)


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give header and payload of a compact JWS; nothing is checked but its form.

    Raises:
        Rejected: it has another form, or a member comes twice (`proof-malformed`).
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _MAX_TOKEN or not all(parts[:2]) or not token.isascii():
        raise Rejected("proof-malformed", "the token is not a compact JWS of three parts")
    try:
        header, payload = (
            json.loads(from_base64url(part), object_pairs_hook=_once) for part in parts[:2]
        )
    except (ValueError, RecursionError) as error:
        raise Rejected("proof-malformed", "the token's parts are not base64url JSON") from error
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise Rejected("proof-malformed", "the token's parts are not JSON objects")
    return header, payload


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        # Two readers would take two different values for the same member (RFC 8725 §2.4).
        raise Rejected("proof-malformed", "a member comes twice in one object of the token")
    return found


def _check_critical(header: Mapping[str, Any], at: datetime) -> None:
    """Refuse what must be understood and is not (RFC 7515 §4.1.11), and a time not yet come."""
    critical = header.get("crit", [])
    names = critical if isinstance(critical, list) else [critical]
    strange = [str(name) for name in names if name not in _UNDERSTOOD or name not in header]
    if strange or ("crit" in header and not names):
        raise unverifiable(
            "proof-header-unknown",
            f"the header makes critical what is not understood here: {', '.join(strange)[:100]}",
        )
    if header.get("b64", True) is not True:
        raise unverifiable("proof-header-unknown", "a token with an unencoded payload is no JWT")
    signed = moment_of(header.get("sigT"), "sigT")
    if signed is not None and signed > at:
        raise Rejected("credential-not-yet-valid", "it says to be signed at a time to come")


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name, "")
    if not isinstance(value, str):
        raise Rejected("proof-malformed", f"{name} is not a string")
    return value


def _members(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = payload.get("vc")
    return inner if isinstance(inner, dict) else payload


def _issuer(payload: Mapping[str, Any], credential: Credential) -> str:
    """Name the one issuer; `iss`, `issuer` and the credential must not disagree (VC-JOSE §3.1)."""
    member = _members(payload).get("issuer")
    named = member.get("id") if isinstance(member, dict) else member
    claims = {str(value) for value in (payload.get("iss"), named, credential.issuer) if value}
    if len(claims) != 1:
        what = "no issuer" if not claims else "different issuers: " + ", ".join(sorted(claims))
        raise Rejected("issuer-differs", f"the token names {what}")
    return claims.pop()


def _key(
    header: Mapping[str, Any],
    issuer: str,
    did_documents: Mapping[str, DidDocument],
    anchors: Anchors,
    at: datetime,
) -> tuple[str, Mapping[str, Any]]:
    if issuer.startswith(ELSI):
        return certified_key(header.get("x5c"), issuer, anchors, at)
    document = document_of(issuer, did_documents)
    if document is None:
        raise unverifiable("issuer-unknown", f"no DID document is at hand for {issuer}")
    try:
        return signing_key(document, _text(header, "kid"))
    except KeyNotFound as error:
        raise Rejected("proof-key-unknown", str(error)) from error


def _validity(
    payload: Mapping[str, Any],
) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
    """Collect all starts and ends that the JWT's claims and the credential's members name."""
    members = _members(payload)
    starts = [(payload, "nbf"), (members, "validFrom"), (members, "issuanceDate")]
    ends = [(payload, "exp"), (members, "validUntil"), (members, "expirationDate")]
    for name in ("nbf", "exp"):
        if isinstance(payload.get(name), str | bool):
            raise Rejected("proof-malformed", f"{name} is not a number of seconds")
    found = [
        tuple(m for m in (moment_of(source.get(name), name) for source, name in group) if m)
        for group in (starts, ends)
    ]
    return found[0], found[1]


def _status(payload: Mapping[str, Any]) -> tuple[StatusEntry, ...]:
    value = _members(payload).get("credentialStatus")
    entries = value if isinstance(value, list) else [] if value is None else [value]
    if len(entries) > _MAX_ENTRIES or not all(isinstance(e, dict) for e in entries):
        raise unverifiable("status-unknown", "credentialStatus is not as the standard has it")
    return tuple(
        StatusEntry(
            str(entry.get("type", entry.get("@type", ""))),
            str(entry.get("statusPurpose", "")),
            str(entry.get("statusListCredential", "")),
            str(entry.get("statusListIndex", "")),
        )
        for entry in entries
    )
