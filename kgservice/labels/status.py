"""Whether a credential was revoked or suspended, by the list that its issuer publishes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from openvc.status.bitstring import StatusListError, decode_bitstring, get_status_bit

from kgservice.labels.hashed import Statements
from kgservice.labels.tokens import parts_of
from kgservice.labels.verdicts import Proof, ProofOutcome, Rejected, moment_of, unverifiable
from kgservice.model.documents import Credential, StatusEntry

_LIST_SPACES: Final = (
    "https://www.w3.org/ns/credentials/status#",
    "https://w3id.org/vc/status-list#",
)
_NOT_ABOUT_TRUST: Final = frozenset({"message", "refresh"})
_PLAIN: Final = "PlainListEntity"
MAX_NONCES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StatusList:
    """A status list as it was found at one moment.

    Attributes:
        iri: Its address.
        issuer: Who signed it; empty for DOME's plain lists, which nobody signs.
        purposes: What a set bit means: `revocation`, `suspension`.
        bits: The list, most significant bit first (Bitstring Status List 1.0 §3.4).
        listed: Names on a plain list; None for a list of bits.
        since: When it began to hold, xsd:dateTime text in UTC, or empty.
        until: When the list is no longer to be relied on; None when it does not say.
        checked_at: When it was looked up.
    """

    iri: str
    issuer: str
    purposes: frozenset[str]
    bits: bytes
    listed: frozenset[str] | None
    since: str
    until: datetime | None
    checked_at: datetime


def read_status_list(
    iri: str, credential: Credential, outcome: ProofOutcome, checked_at: datetime
) -> StatusList:
    """Take the list out of a status list credential whose proof was checked.

    At most 16 MiB are unpacked (134 million entries).

    Raises:
        Rejected: the proof is not valid, or it holds no list (`status-list-invalid`).
    """
    if outcome.result is not Proof.VALID:
        detail = f"the list's proof is {outcome.result.value}: {outcome.detail or outcome.code}"
        raise Rejected("status-list-invalid", detail)
    subject = _list_of_token(credential.token) if credential.token else _list_of_quads(credential)
    encoded, size = subject.get("encodedList"), subject.get("statusSize", "1")
    if not isinstance(encoded, str) or str(size) != "1":
        raise Rejected("status-list-invalid", "it holds no list of single bits")
    try:
        bits = decode_bitstring(encoded)
    except StatusListError as error:
        raise Rejected("status-list-invalid", str(error)[:200]) from error
    if not bits:
        raise Rejected("status-list-invalid", "the list is empty")
    purposes = subject.get("statusPurpose")
    named = purposes if isinstance(purposes, list) else [purposes]
    return StatusList(
        iri,
        outcome.issuer,
        frozenset(str(p) for p in named if p),
        bits,
        None,
        outcome.valid_from,
        moment_of(outcome.valid_until or None, "validUntil"),
        checked_at,
    )


def read_plain_list(iri: str, content: bytes, checked_at: datetime) -> StatusList:
    """Read DOME's plain list: a JSON array of objects with the `nonce` of each revoked credential.

    Raises:
        Rejected: it is no such list (`status-list-invalid`).
    """
    try:
        items = json.loads(content)
        found = frozenset(str(item["nonce"]) for item in items if isinstance(item, dict))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Rejected("status-list-invalid", "it is no array of objects with a nonce") from error
    if not isinstance(items, list) or len(items) > MAX_NONCES:
        raise Rejected("status-list-invalid", "it is no array of objects with a nonce")
    return StatusList(iri, "", frozenset({"revocation"}), b"", found, "", None, checked_at)


def check_status(
    entries: Iterable[StatusEntry],
    issuer: str,
    lists: Mapping[str, StatusList],
    missing: Mapping[str, str],
    at: datetime,
) -> None:
    """Look every entry up; returns when none says that the credential no longer counts.

    Args:
        entries: Where the credential's status is published.
        issuer: Who signed the credential; a list of bits must be signed by the same.
        lists: Lists at hand, by address.
        missing: Why a list is not at hand, by address.
        at: The moment of the check.

    Raises:
        Rejected: it was revoked or suspended (`credential-revoked`, `credential-suspended`), or
            that cannot be known (`status-unknown`).
    """
    unknown: Rejected | None = None
    for entry in entries:
        if entry.purpose in _NOT_ABOUT_TRUST:
            continue
        try:
            _check_entry(entry, issuer, lists, missing, at)
        except Rejected as rejected:
            if rejected.outcome.result is not Proof.UNVERIFIABLE:
                raise
            unknown = rejected
    if unknown is not None:
        raise unknown


def _check_entry(
    entry: StatusEntry,
    issuer: str,
    lists: Mapping[str, StatusList],
    missing: Mapping[str, str],
    at: datetime,
) -> None:
    found = lists.get(entry.list)
    if found is None:
        why = missing.get(entry.list, "it is not at hand")
        raise unverifiable("status-unknown", f"the status list {entry.list or '(none)'}: {why}")
    if found.until is not None and at >= found.until:
        raise unverifiable("status-unknown", f"the status list {entry.list} ended on {found.until}")
    purpose = entry.purpose or ("revocation" if entry.type == _PLAIN else "")
    if purpose not in found.purposes:
        raise unverifiable("status-unknown", f"{entry.list} is no list of purpose {purpose!r}")
    if _is_set(entry, found):
        raise _no_longer(purpose, entry)
    if found.issuer != issuer and not (found.listed is not None and _is_host(found.iri, issuer)):
        who = found.issuer or "nobody"
        raise unverifiable(
            "status-unknown", f"{entry.list} is signed by {who}, not by the credential's issuer"
        )


def _is_set(entry: StatusEntry, found: StatusList) -> bool:
    if found.listed is not None:
        return entry.index in found.listed
    if not (entry.index.isascii() and entry.index.isdecimal() and len(entry.index) < 12):
        raise unverifiable("status-unknown", f"{entry.index!r} is no place in a list")
    try:
        return bool(get_status_bit(found.bits, int(entry.index)))
    except StatusListError as error:
        raise unverifiable("status-unknown", str(error)[:200]) from error


def _no_longer(purpose: str, entry: StatusEntry) -> Rejected:
    where = f"according to {entry.list}, entry {entry.index}"
    if purpose == "suspension":
        return Rejected("credential-suspended", f"suspended {where}", Proof.SUSPENDED)
    return Rejected("credential-revoked", f"revoked {where}", Proof.REVOKED)


def _is_host(address: str, issuer: str) -> bool:
    """Say whether a list came from the host whose word a did:web issuer's keys are, by TLS."""
    parts = urlsplit(address)
    host = unquote(issuer.removeprefix("did:web:").partition(":")[0])
    return issuer.startswith("did:web:") and parts.scheme == "https" and parts.netloc == host


def _list_of_token(token: str) -> Mapping[str, Any]:
    _, payload = parts_of(token)
    inner = payload.get("vc")
    members = inner if isinstance(inner, dict) else payload
    subject = members.get("credentialSubject")
    return subject if isinstance(subject, dict) else {}


def _list_of_quads(credential: Credential) -> Mapping[str, Any]:
    statements = Statements(credential.proofs[0].document)
    nodes = {n for space in _LIST_SPACES for n in statements.having(space + "encodedList")}
    if len(nodes) != 1:
        return {}
    (node,) = nodes
    found: dict[str, Any] = {}
    for name in ("encodedList", "statusPurpose", "statusSize"):
        values = statements.values(node, *(space + name for space in _LIST_SPACES))
        if values:
            found[name] = values if name == "statusPurpose" else values[0]
    return found
