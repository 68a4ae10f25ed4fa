"""Proofs are judged again without their documents being read again.

The oracle is a fresh store in which the same source is read for the first time, at the same moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_up_source import BASE, EMPTY, Careful, document

from kgservice.ingest import catalogs
from kgservice.ingest.issuers import Issuers, IssuerSettings
from kgservice.ingest.pipeline import SyncRequest, sync, sync_documents
from kgservice.ingest.policy import Policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import Credential, ImportContext, ImportItem, SourceDocument
from kgservice.model.rdf import Literal, Triple
from kgservice.model.terms import DCTERMS, KG
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import MERGED_GRAPH, META_GRAPH
from tests.issuer_server import IssuerServer, issuer_server
from tests.signing import credential, did_document, new_key, token

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = new_key()
TOLD = (KG.proofResult, KG.proofReason, KG.ownerKey, KG.evidence, KG.describes)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IssuerServer]:
    with issuer_server(tmp_path / "tls") as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
        running.pages["/.well-known/did.json"] = json.dumps(did_document(running.did, KEY)).encode()
        yield running


@dataclass
class Reader(Careful):
    """Notes which documents it read and gave."""

    given: list[str] = field(default_factory=list)

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        for item in super().read(source, context):
            if isinstance(item, SourceDocument):
                self.given.append(item.source_id)
            yield item


class Place:
    """A store, and the folder of what its operator pins."""

    def __init__(self, folder: Path, policy: Policy, trust: Path) -> None:
        self.store = open_store(folder / "data", query_workers=1)
        self.contents = ContentStore(folder / "documents")
        self.policy, self.trust = policy, trust
        catalogs.register(self.store, BASE, catalogs.Catalog("a", "made-up", "nowhere"))

    def sync(
        self, items: list[ImportItem], host: str, at: datetime, only: tuple[str, ...] = ()
    ) -> tuple[SyncReport, list[str]]:
        """Read a source; give the report, and the documents that were read."""
        settings = IssuerSettings(self.trust, frozenset({host} - {""}))
        importer = Reader(list(items))
        with closing(Issuers(settings, at=at)) as issuers:
            request = SyncRequest(
                catalogs.get_catalog(self.store, "a"),
                importer,
                ImportContext("a", BASE, EMPTY),
                self.contents,
                policy=self.policy.with_issuers(issuers),
                at=at,
                isolated=False,
            )
            report = (
                sync_documents(self.store, request, only) if only else sync(self.store, request)
            )
        return report, importer.given

    def told(self) -> tuple[set[Triple], set[Triple]]:
        """Give what is believed, and what is told of proofs."""
        meta = {t for t in self.store.graph(META_GRAPH) if t.predicate in TOLD}
        return set(self.store.graph(MERGED_GRAPH)), meta

    def results(self) -> set[str]:
        told = self.told()[1]
        return {str(t.object).rpartition("#")[2] for t in told if t.predicate == KG.proofResult}


@pytest.fixture
def place(tmp_path: Path, policy: Policy) -> Iterator[Place]:
    made = Place(tmp_path / "one", policy, tmp_path / "trust")
    yield made
    made.store.close()


def proven(server: IssuerServer, number: int, **changes: object) -> SourceDocument:
    identity = f"urn:uuid:{number}"
    said = credential(**{"issuer": server.did, "id": identity, **changes})  # type: ignore[arg-type]
    text = token(said, KEY, kid=f"{server.did}#key-1")
    made = document(f"https://a.example/{number}", content=text)
    return replace(made, credential=Credential(identity, server.did, "vc-jwt", text))


def source(server: IssuerServer) -> list[ImportItem]:
    """Make three proven documents, of which one ends and one may be revoked, and a plain one."""
    entry = {
        "type": "PlainListEntity",
        "statusListIndex": "n-3",
        "statusListCredential": server.url("/list"),
    }
    server.pages["/list"] = b"[]"
    return [
        proven(server, 1),
        proven(server, 2, validUntil=(NOW + 5 * DAY).isoformat()),
        proven(server, 3, credentialStatus=entry),
        document("https://a.example/4"),
    ]


def is_as_read_first(
    place: Place, items: list[ImportItem], host: str, at: datetime, folder: Path
) -> bool:
    fresh = Place(folder, place.policy, place.trust)
    try:
        fresh.sync(items, host, at)
        return fresh.told() == place.told()
    finally:
        fresh.store.close()


def test_a_proof_that_stands_costs_no_reading(place: Place, server: IssuerServer) -> None:
    items = source(server)
    assert place.sync(items, server.host, NOW)[1] == [i.source_id for i in items]  # type: ignore[union-attr]
    assert place.results() == {"ProofValid", "ProofAbsent"}
    report, read = place.sync(items, server.host, NOW + DAY)
    assert read == []
    assert (report.counts["unchanged"], report.counts["changed"]) == (4, 0)
    assert report.outcomes["unchanged"] == 4


def test_what_expires_or_is_revoked_is_judged_from_what_is_kept(
    place: Place, server: IssuerServer, tmp_path: Path
) -> None:
    items = source(server)
    place.sync(items, server.host, NOW)
    report, read = place.sync(items, server.host, NOW + 6 * DAY)
    assert (read, report.counts["changed"]) == ([], 1)
    assert "ProofExpired" in place.results()
    server.pages["/list"] = json.dumps([{"nonce": "n-3"}]).encode()
    report, read = place.sync(items, server.host, NOW + 7 * DAY)
    assert (read, report.counts["changed"]) == ([], 1)
    assert "ProofRevoked" in place.results()
    assert is_as_read_first(place, items, server.host, NOW + 7 * DAY, tmp_path / "fresh")
    server.pages["/list"] = b"[]"
    _, read = place.sync(items, server.host, NOW + DAY)
    assert read == [], "the clock went back"
    assert place.results() == {"ProofValid", "ProofAbsent"}


def test_a_key_that_is_pinned_later_is_used_without_reading(
    place: Place, server: IssuerServer, tmp_path: Path
) -> None:
    items = source(server)
    place.sync(items, "", NOW)
    assert place.results() == {"ProofUnverifiable", "ProofAbsent"}
    _, read = place.sync(items, server.host, NOW)
    assert read == []
    assert "ProofValid" in place.results()
    assert is_as_read_first(place, items, server.host, NOW, tmp_path / "fresh")


def test_one_changed_document_among_proven_ones_is_the_one_that_is_read(
    place: Place, server: IssuerServer, tmp_path: Path
) -> None:
    items = source(server)
    place.sync(items, server.host, NOW)
    taken = document(
        "https://a.example/5", ("https://a.example/1", DCTERMS.description, Literal("x"))
    )
    others = replace(taken, own_subjects=taken.own_subjects | {"https://a.example/1"})
    items = [*items[:3], document("https://a.example/4", content="more"), others]
    _, read = place.sync(items, server.host, NOW + DAY, only=("https://a.example/4",))
    assert read == ["https://a.example/4"]
    report, read = place.sync(items, server.host, NOW + DAY)
    assert read == ["https://a.example/5"]
    assert report.by_code() == {"subject-not-owned": 1}, "what an issuer has proven is the issuer's"
    assert is_as_read_first(place, items, server.host, NOW + DAY, tmp_path / "fresh")
