"""Find what proofs are checked by: pinned files first, then what issuers publish, within limits.

`DATA/trust` is the operator's: `dids/*.json` (DID documents), `anchors/*.pem` (authorities for
seals), `status/*` (status lists). `cache/` and `issued.db` are the service's own.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from openvc.did.base import DidError
from openvc.did.did_web import DidWebResolver

from kgservice.ingest.issued import Issued
from kgservice.ingest.lookups import Found, Looked, Lookups
from kgservice.ingest.standing import NEVER, Standing, judge
from kgservice.labels.anchors import load_anchors
from kgservice.labels.credentials import Proof, ProofOutcome, Trust, verify
from kgservice.labels.dids import DidDocument, bundled_did_documents, load_did_documents
from kgservice.labels.status import StatusList, read_plain_list, read_status_list
from kgservice.labels.tokens import parts_of
from kgservice.labels.verdicts import Rejected
from kgservice.model.documents import (
    Credential,
    ImportContext,
    Importer,
    ImportItem,
    SourceDocument,
)
from kgservice.model.errors import KgError
from kgservice.net.fetch import Fetcher, Limits
from kgservice.store.sandbox import run_isolated

ReadCredentials = Callable[[Path], Iterable[ImportItem]]
"""Reads the credentials of a file: the importer for credentials, in a process of its own."""

_LIMITS: Final = Limits(max_bytes=4 * 1024 * 1024, total_s=15, connect_s=5, redirects=3, attempts=2)
MAX_LOOKUPS: Final = 300
"""Addresses that one sync may ask, so that a catalogue cannot make it ask for ever."""
_KEYS_FOR: Final = timedelta(days=7)
_LISTS_FOR: Final = timedelta(hours=24)
"""How long what was looked up is relied on when its issuer does not answer."""


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Where issuers are looked up.

    Attributes:
        folder: `DATA/trust`; None pins nothing and keeps nothing.
        allowed_hosts: Hosts that may be asked (`KG_ALLOW_HOSTS`).
        read: Reads status lists that are credentials; None reads only those that are JWTs.
    """

    folder: Path | None = None
    allowed_hosts: frozenset[str] = frozenset()
    read: ReadCredentials | None = None


class Issuers:
    """Checks credentials of one sync: each issuer and each status list is looked up once.

    Attributes:
        pinned: DID documents that the operator keeps, and those of the samples.
        trust: What proofs are checked by.
    """

    def __init__(
        self,
        settings: IssuerSettings,
        pinned: Mapping[str, DidDocument] | None = None,
        at: datetime | None = None,
    ) -> None:
        """Read the pinned files.

        Args:
            settings: Where to look.
            pinned: DID documents beside those of the folder; by default the bundled ones.
            at: The moment of the sync.

        Raises:
            InputError: a pinned file is not what its folder is for (`did-document-invalid`,
                `trust-anchor-invalid`).
        """
        self._settings = settings
        self._at = at or datetime.now(UTC)
        folder = settings.folder
        self.pinned = dict(bundled_did_documents() if pinned is None else pinned)
        own = load_did_documents(folder / "dids") if folder is not None else {}
        self.pinned |= own
        self.speaking = frozenset(own)
        """Issuers that the operator pinned: they speak for themselves."""
        self._lookups = Lookups(folder / "cache" if folder else None)
        self._issued = Issued(folder / "issued.db" if folder else None)
        self._fetcher = Fetcher(settings.allowed_hosts, _LIMITS)
        self._asked = 0
        self._missing: dict[str, str] = {}
        self._learnt: dict[str, list[Credential]] = {}
        anchors = load_anchors(folder / "anchors") if folder else ()
        self._lists = Looked(self._status_list)
        self.trust = Trust(Looked(self._document), anchors, self._lists, self._missing)
        self._learn_pinned()

    def learn(self, documents: Iterable[SourceDocument]) -> None:
        """Take note of status lists among the documents of a source, before they are checked."""
        for document in documents:
            if document.credential is not None and is_list(document.credential):
                self._learnt.setdefault(document.credential.id, []).append(document.credential)
                self._lists.forget(document.credential.id)

    def check(self, credential: Credential | None, at: datetime | None = None) -> ProofOutcome:
        """Verify a credential; see `judge`."""
        return self.judge(credential, at)[0]

    def judge(
        self, credential: Credential | None, at: datetime | None = None
    ) -> tuple[ProofOutcome, Standing]:
        """Verify a credential and say by what.

        One that is older than an issue that was valid here is not valid. Only the signature of its
        issuer makes an issue count, so nobody else can put an issuer's credentials out of date.
        """
        outcome, standing = judge(credential, self.trust, at or self._at)
        if outcome.result is not Proof.VALID or credential is None or not credential.id:
            return outcome, standing
        newest = self._issued.newest(outcome.issuer, credential.id)
        if outcome.valid_from < newest:
            detail = f"it holds from {outcome.valid_from}; one that holds from {newest} was known"
            return ProofOutcome(Proof.INVALID, "credential-older", detail), Standing(NEVER)
        if outcome.valid_from > newest:
            self._issued.note(outcome.issuer, credential.id, outcome.valid_from)
        return outcome, standing

    def digest(self) -> str:
        """Hash who speaks for itself: when that changes, every document is looked at again.

        Keys, lists and hosts are no part of it: verdicts on proofs note what they rest on.
        """
        return hashlib.sha256(" ".join(sorted(self.speaking)).encode()).hexdigest()

    def close(self) -> None:
        """Close what is open."""
        self._issued.close()

    def _document(self, did: str) -> DidDocument | None:
        found = self.pinned.get(did)
        if found is not None or not did.startswith("did:web:"):
            return found
        try:
            resolved: DidDocument = DidWebResolver(self._fetch_json).resolve(did).raw
        except (DidError, KgError, ValueError, TypeError, RecursionError) as error:
            self._missing[did] = str(error)[:300]
            return None
        return resolved

    def _fetch_json(self, address: str) -> dict[str, Any]:
        found = json.loads(self._fetch(address, _KEYS_FOR).content)
        if not isinstance(found, dict):
            raise TypeError("a DID document is a JSON object")
        return found

    def _status_list(self, address: str) -> StatusList | None:
        lists: list[StatusList] = []
        try:
            if address.startswith(("http://", "https://")):
                found = self._fetch(address, _LISTS_FOR)
                lists += self._lists_of(address, found)
        except (KgError, Rejected, ValueError) as error:
            self._missing[address] = str(error)[:300]
        for credential in () if lists else self._learnt.get(address, ()):
            lists += self._checked(address, credential, self._at)
        # Of several, the newest: an old list without the revocation is signed just as well.
        return max(lists, key=lambda one: one.since, default=None)

    def _lists_of(self, address: str, found: Found) -> list[StatusList]:
        text = found.content.strip()
        if text.startswith(b"["):
            return [read_plain_list(address, text, found.at)]
        if not text.startswith(b"{"):
            token = text.decode("ascii", errors="replace")
            return self._checked(address, Credential("", "", "vc-jwt", token), found.at)
        return [
            one
            for credential in self._read(text)
            if credential.id in ("", address)
            for one in self._checked(address, credential, found.at)
        ]

    def _checked(self, address: str, credential: Credential, at: datetime) -> list[StatusList]:
        own = replace(self.trust, status_lists={})  # a list has no list of its own
        outcome = verify(credential, own, self._at)
        try:
            return [read_status_list(address, credential, outcome, at)]
        except Rejected as error:
            self._missing[address] = str(error)[:300]
            return []

    def _read(self, content: bytes) -> list[Credential]:
        if self._settings.read is None:
            return []
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "list.json"
            file.write_bytes(content)
            return list(_credentials(self._settings.read(file)))

    def _learn_pinned(self) -> None:
        folder = self._settings.folder
        for file in sorted((folder / "status").glob("*")) if folder else ():
            text = file.read_bytes().strip()
            if text.startswith(b"{"):
                found = self._read(text)
            else:
                token = text.decode("ascii", errors="replace")
                found = [Credential(_id_of(token), "", "vc-jwt", token)]
            for credential in found:
                self._learnt.setdefault(credential.id, []).append(credential)

    def _fetch(self, address: str, relied_on: timedelta) -> Found:
        """Fetch an address; what was kept of it stands in for a while when nothing comes."""
        self._asked += 1
        if self._asked > MAX_LOOKUPS:
            raise ValueError(f"more than {MAX_LOOKUPS} addresses were asked in this sync")
        try:
            found = Found(self._ask(address), self._at)
        except (KgError, ValueError) as error:
            kept = self._lookups.get(address)
            if kept is not None and self._at - kept.at <= relied_on:
                return kept
            since = f"; it was looked up last at {kept.at.isoformat()}" if kept else ""
            raise ValueError(f"{error}{since}") from error
        self._lookups.put(address, found)
        return found

    def _ask(self, address: str) -> bytes:
        answer = self._fetcher.get(address, {"Accept": "application/json, */*;q=0.5"})
        if answer.status != 200:
            raise ValueError(f"it answered {answer.status}")
        return answer.body


def reader_of(importer: Importer, context: ImportContext) -> ReadCredentials:
    """Give a reader of credential files that runs an importer in a process of its own."""

    def read(file: Path) -> Iterable[ImportItem]:
        return run_isolated(_items, (importer, str(file), context), deadline_s=30)

    return read


def _items(importer: Importer, source: str, context: ImportContext) -> Iterator[ImportItem]:
    yield from importer.read(source, context)


def is_list(credential: Credential) -> bool:
    """Say whether a credential is a status list."""
    return any("StatusList" in name for name in credential.types)


def _credentials(items: Iterable[ImportItem]) -> Iterator[Credential]:
    for item in items:
        if isinstance(item, SourceDocument) and item.credential is not None:
            yield item.credential


def _id_of(token: str) -> str:
    try:
        _, payload = parts_of(token)
    except Rejected:
        return ""
    inner = payload.get("vc")
    members = inner if isinstance(inner, dict) else payload
    return str(members.get("id", payload.get("jti", "")))
