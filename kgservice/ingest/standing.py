"""By what a verdict on a proof was reached, so that it need not be reached again while that stands.

A verdict rests on a credential's own bytes, on keys and status lists that were looked up, and on
the time. The bytes are what a fingerprint is of; the rest is noted here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from kgservice.labels.credentials import Proof, ProofOutcome, Trust, verify
from kgservice.labels.dids import DidDocument
from kgservice.labels.status import StatusList
from kgservice.model.documents import Credential

Value = TypeVar("Value")
ALWAYS: Final = "9999"
NEVER: Final = ""
_BY_TIME: Final = frozenset(
    {"credential-not-yet-valid", "status-unknown", "issuer-not-anchored", "certificate-wrong"}
)
"""Codes of verdicts that may be others later, without anything else having changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """By what a verdict was reached.

    Attributes:
        until: Until when it stands by itself: xsd:dateTime text in UTC, `ALWAYS` or `NEVER`.
        basis: What was looked up, each with a hash, as JSON; empty when nothing was.
    """

    until: str = ALWAYS
    basis: str = ""


ALONE: Final = Standing()
"""Nothing but the document decides."""


class _Noting(Mapping[str, Value]):
    """A mapping that notes what it was asked for."""

    def __init__(self, inner: Mapping[str, Value]) -> None:
        self._inner = inner
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> Value:
        self.asked.add(key)
        return self._inner[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)


def judge(
    credential: Credential | None, trust: Trust, at: datetime
) -> tuple[ProofOutcome, Standing]:
    """Verify a credential; say by what the verdict was reached."""
    documents, lists = _Noting(trust.did_documents), _Noting(trust.status_lists)
    noting = replace(trust, did_documents=documents, status_lists=lists)
    outcome = verify(credential, noting, at)
    if credential is None or outcome.result is Proof.ABSENT:
        return outcome, ALONE
    basis = [["key", name, digest_of_key(trust, name)] for name in sorted(documents.asked)]
    basis += [["list", name, digest_of_list(trust, name)] for name in sorted(lists.asked)]
    found = [trust.status_lists.get(name) for name in lists.asked]
    ends = [one.until for one in found if one is not None and one.until is not None]
    return outcome, Standing(_until(outcome, ends), json.dumps(basis))


def _until(outcome: ProofOutcome, ends: list[datetime]) -> str:
    if outcome.result in (Proof.REVOKED, Proof.SUSPENDED) or outcome.code in _BY_TIME:
        return NEVER
    if outcome.result is not Proof.VALID:
        return ALWAYS
    if outcome.issuer.startswith("did:elsi:"):
        return NEVER  # by certificates, which have ends of their own
    said = [datetime.fromisoformat(outcome.valid_until)] if outcome.valid_until else []
    return min((end.astimezone(UTC).isoformat() for end in (*said, *ends)), default=ALWAYS)


def stands(basis: str, trust: Trust) -> bool:
    """Say whether what a verdict rests on is as it was; each thing is looked up once a sync."""
    digests: Mapping[str, Callable[[Trust, str], str]] = {
        "key": digest_of_key,
        "list": digest_of_list,
    }
    return all(digests[kind](trust, name) == digest for kind, name, digest in json.loads(basis))


def digest_of_key(trust: Trust, name: str) -> str:
    """Hash an issuer's keys, or why they are not at hand."""
    document: DidDocument | None = trust.did_documents.get(name)
    said = json.dumps(document, sort_keys=True) if document is not None else _why(trust, name)
    return hashlib.sha256(said.encode()).hexdigest()


def digest_of_list(trust: Trust, name: str) -> str:
    """Hash a status list, or why it is not at hand; when it was looked up does not matter."""
    found: StatusList | None = trust.status_lists.get(name)
    if found is None:
        return hashlib.sha256(_why(trust, name).encode()).hexdigest()
    parts = (
        found.issuer,
        sorted(found.purposes),
        hashlib.sha256(found.bits).hexdigest(),
        sorted(found.listed) if found.listed is not None else None,
        str(found.until),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _why(trust: Trust, name: str) -> str:
    return f"missing {trust.missing.get(name, '')}"
