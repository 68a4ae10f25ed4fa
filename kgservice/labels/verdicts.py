"""What checking a proof came to, and the way a verdict leaves the checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG


class Proof(Enum):
    """What checking a proof came to. Only VALID lifts statements above a self-declaration."""

    VALID = "valid"
    INVALID = "invalid"
    UNVERIFIABLE = "unverifiable"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    ABSENT = "absent"

    @property
    def iri(self) -> Iri:
        """Give the term that stands for it in the graph."""
        return {
            Proof.VALID: KG.ProofValid,
            Proof.INVALID: KG.ProofInvalid,
            Proof.UNVERIFIABLE: KG.ProofUnverifiable,
            Proof.EXPIRED: KG.ProofExpired,
            Proof.REVOKED: KG.ProofRevoked,
            Proof.SUSPENDED: KG.ProofSuspended,
            Proof.ABSENT: KG.ProofAbsent,
        }[self]


@dataclass(frozen=True, slots=True)
class ProofOutcome:
    """The result of checking one credential's proof.

    Attributes:
        result: Only VALID lifts the statements above a self-declaration.
        code: Stable slug of the reason, empty when valid (`docs/errors.md`).
        detail: The reason in words.
        issuer: The DID whose key was used, empty unless valid.
        verified_key: The key's DID URL, empty unless valid.
        algorithm: Of the signature, empty unless valid.
        valid_from: Start of the credential's validity, xsd:dateTime text or empty.
        valid_until: Its end, likewise; a proof that is valid today says nothing about later.
    """

    result: Proof
    code: str = ""
    detail: str = ""
    issuer: str = ""
    verified_key: str = ""
    algorithm: str = ""
    valid_from: str = ""
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class Holds:
    """A signature that holds, before times and status are looked at.

    Attributes:
        issuer: The DID whose key was used.
        key: The key's DID URL.
        algorithm: Of the signature.
        starts: Moments from which the credential says to hold.
        ends: Moments at which it says to end.
    """

    issuer: str
    key: str
    algorithm: str
    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()

    def outcome(self) -> ProofOutcome:
        """Give the outcome for a credential that is in force."""
        start, end = max(self.starts, default=None), min(self.ends, default=None)
        return ProofOutcome(
            Proof.VALID, "", "", self.issuer, self.key, self.algorithm, iso(start), iso(end)
        )

    def at(self, moment: datetime) -> ProofOutcome:
        """Give the outcome at a moment: valid, not yet or no longer."""
        found = self.outcome()
        if self.starts and moment < max(self.starts):
            detail = f"valid only from {found.valid_from}"
            return _fallen(found, Proof.INVALID, "credential-not-yet-valid", detail)
        if self.ends and moment >= min(self.ends):
            detail = f"expired on {found.valid_until}"
            return _fallen(found, Proof.EXPIRED, "credential-expired", detail)
        return found


def _fallen(found: ProofOutcome, result: Proof, code: str, detail: str) -> ProofOutcome:
    return replace(
        found, result=result, code=code, detail=detail, issuer="", verified_key="", algorithm=""
    )


class Rejected(Exception):
    """A verdict on its way out of the checks; `verify` catches it."""

    def __init__(self, code: str, detail: str, result: Proof = Proof.INVALID) -> None:
        """Keep the outcome."""
        super().__init__(detail)
        self.outcome = ProofOutcome(result, code, detail)


def unverifiable(code: str, detail: str) -> Rejected:
    """Make the verdict that nothing can be said."""
    return Rejected(code, detail, Proof.UNVERIFIABLE)


def moment_of(value: object, name: str) -> datetime | None:
    """Read a date and time, or a number of seconds since 1970 (RFC 7519 §2); None stays None.

    Raises:
        Rejected: it is neither (`proof-malformed`).
    """
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise Rejected("proof-malformed", f"{name} is not a date and time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime | None) -> str:
    """Write a moment as xsd:dateTime in UTC; None and what cannot be written give nothing."""
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else ""
    except OverflowError:
        return ""
