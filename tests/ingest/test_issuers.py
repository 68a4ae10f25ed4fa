"""Issuers are looked up at their own hosts; what was found stands in when they are away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kgservice_importers.gaiax import IMPORTER
from openvc.status.bitstring import encode_bitstring, new_bitstring, set_status_bit

from kgservice.ingest.issuers import MAX_LOOKUPS, Issuers, IssuerSettings, reader_of
from kgservice.labels import Proof, ProofOutcome
from kgservice.model.documents import Credential, ImportContext
from kgservice.model.errors import InputError
from kgservice.store.vocabulary import load_vocabulary
from tests.issuer_server import IssuerServer, issuer_server
from tests.signing import credential, data_integrity, did_document, new_key, token

NOW = datetime(2026, 12, 1, tzinfo=UTC)
KEY = new_key()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IssuerServer]:
    with issuer_server(tmp_path / "tls") as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
        running.pages["/.well-known/did.json"] = json.dumps(did_document(running.did, KEY)).encode()
        yield running


def issuers(folder: Path, *hosts: str, at: datetime = NOW) -> Issuers:
    context = ImportContext("c", "http://kg.example/", load_vocabulary())
    settings = IssuerSettings(folder / "trust", frozenset(hosts), reader_of(IMPORTER, context))
    return Issuers(settings, at=at)


def signed(server: IssuerServer, **changes: Any) -> Credential:  # noqa: ANN401
    text = token(
        credential(**{"issuer": server.did, "id": "urn:uuid:1", **changes}),
        KEY, kid=f"{server.did}#key-1",
    )  # fmt: skip
    return Credential("urn:uuid:1", server.did, "vc-jwt", text)


def with_status(server: IssuerServer, index: int = 7) -> Credential:
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": server.url("/status/1"),
    }
    return signed(server, credentialStatus=entry)


def status_list(server: IssuerServer, *revoked: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    bits = new_bitstring(131_072)
    for index in revoked:
        set_status_bit(bits, index, 1)
    return credential(
        **{
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": server.url("/status/1"),
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": server.did,
            "credentialSubject": {
                "id": server.url("/status/1#list"),
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": encode_bitstring(bytes(bits)),
            },
            **changes,
        }
    )


def as_token(server: IssuerServer, document: dict[str, Any]) -> bytes:
    return token(document, KEY, kid=f"{server.did}#key-1").encode()


def as_json(server: IssuerServer, document: dict[str, Any]) -> bytes:
    proof = data_integrity(document, KEY, "ecdsa-rdfc-2019", method=f"{server.did}#key-1")
    return json.dumps({**document, "proof": proof}).encode()


def result(outcome: ProofOutcome) -> tuple[Proof, str]:
    return outcome.result, outcome.code


def test_a_did_web_is_fetched_when_its_host_is_allowed(
    server: IssuerServer, tmp_path: Path
) -> None:
    found = issuers(tmp_path, server.host)
    for _ in range(3):
        assert result(found.check(signed(server))) == (Proof.VALID, "")
    assert server.calls == ["/.well-known/did.json"]


@pytest.mark.parametrize("hosts", [(), ("localhost",), ("issuer.example",)])
def test_a_host_that_is_not_allowed_is_not_asked(
    server: IssuerServer, tmp_path: Path, hosts: tuple[str, ...]
) -> None:
    outcome = issuers(tmp_path, *hosts).check(signed(server))
    assert result(outcome) == (Proof.UNVERIFIABLE, "issuer-unknown")
    assert "may not be contacted" in outcome.detail
    assert server.calls == []


def test_a_pinned_document_is_preferred_to_the_network(
    server: IssuerServer, tmp_path: Path
) -> None:
    pinned = tmp_path / "trust" / "dids"
    pinned.mkdir(parents=True)
    (pinned / "a.json").write_text(json.dumps(did_document(server.did, new_key())))
    outcome = issuers(tmp_path, server.host).check(signed(server))
    assert result(outcome) == (Proof.INVALID, "proof-signature-wrong")
    assert server.calls == []


@pytest.mark.parametrize(
    "page",
    [
        b"", b"[]", b"{}", b"not JSON", b"[" * 50_000,
        json.dumps(did_document("did:web:other.example", KEY)).encode(),
        json.dumps({"id": 7, "verificationMethod": 7}).encode(),
    ],
    ids=["nothing", "a list", "no id", "no JSON", "deep", "another DID", "numbers"],
)  # fmt: skip
def test_what_is_no_document_of_the_did_gives_no_key(
    server: IssuerServer, tmp_path: Path, page: bytes
) -> None:
    server.pages["/.well-known/did.json"] = page
    outcome = issuers(tmp_path, server.host).check(signed(server))
    assert result(outcome) == (Proof.UNVERIFIABLE, "issuer-unknown")


def test_a_key_of_a_foreign_controller_makes_no_claims(
    server: IssuerServer, tmp_path: Path
) -> None:
    document = did_document(server.did, KEY, controller="did:web:other.example")
    server.pages["/.well-known/did.json"] = json.dumps(document).encode()
    outcome = issuers(tmp_path, server.host).check(signed(server))
    assert result(outcome) == (Proof.INVALID, "proof-key-unknown")


def test_when_an_issuer_is_away_its_keys_hold_for_a_week(
    server: IssuerServer, tmp_path: Path
) -> None:
    assert issuers(tmp_path, server.host).check(signed(server)).result is Proof.VALID
    server.pages.clear()
    for days, expected in ((6, Proof.VALID), (8, Proof.UNVERIFIABLE)):
        later = issuers(tmp_path, server.host, at=NOW + timedelta(days=days))
        outcome = later.check(signed(server))
        assert outcome.result is expected
    assert "looked up last at 2026-12-01" in outcome.detail


@pytest.mark.parametrize("write", [as_token, as_json])
def test_a_revocation_counts_at_the_next_look(
    server: IssuerServer,
    tmp_path: Path,
    write: Any,  # noqa: ANN401
) -> None:
    for revoked, expected in (((), Proof.VALID), ((7,), Proof.REVOKED), ((), Proof.VALID)):
        server.pages["/status/1"] = write(server, status_list(server, *revoked))
        assert issuers(tmp_path, server.host).check(with_status(server)).result is expected


def test_a_list_that_is_away_holds_for_a_day(server: IssuerServer, tmp_path: Path) -> None:
    server.pages["/status/1"] = as_token(server, status_list(server))
    assert issuers(tmp_path, server.host).check(with_status(server)).result is Proof.VALID
    del server.pages["/status/1"]
    for hours, expected in ((23, Proof.VALID), (25, Proof.UNVERIFIABLE)):
        later = issuers(tmp_path, server.host, at=NOW + timedelta(hours=hours))
        outcome = later.check(with_status(server))
        assert outcome.result is expected
    assert outcome.code == "status-unknown"


def test_a_list_may_be_pinned_or_in_the_source(server: IssuerServer, tmp_path: Path) -> None:
    pinned = tmp_path / "trust" / "status"
    pinned.mkdir(parents=True)
    (pinned / "list.jwt").write_bytes(as_token(server, status_list(server, 7)))
    assert issuers(tmp_path, server.host).check(with_status(server)).result is Proof.REVOKED

    (pinned / "list.jwt").unlink()
    source = tmp_path / "source"
    source.mkdir()
    (source / "list.json").write_bytes(as_json(server, status_list(server, 7)))
    context = ImportContext("c", "http://kg.example/", load_vocabulary())
    found = issuers(tmp_path, server.host)
    found.learn([d for d in IMPORTER.read(str(source), context) if hasattr(d, "credential")])  # type: ignore[misc]
    assert found.check(with_status(server)).result is Proof.REVOKED


def test_an_old_list_in_the_source_does_not_hide_a_revocation(
    server: IssuerServer, tmp_path: Path
) -> None:
    pinned = tmp_path / "trust" / "status"
    pinned.mkdir(parents=True)
    old = status_list(server, validFrom="2026-01-01T00:00:00Z")
    new = status_list(server, 7, validFrom="2026-11-01T00:00:00Z")
    for name, document in (("a", new), ("b", old)):
        (pinned / f"{name}.jwt").write_bytes(as_token(server, document))
    assert issuers(tmp_path).check(with_status(server)).result is not Proof.VALID
    assert issuers(tmp_path, server.host).check(with_status(server)).result is Proof.REVOKED


def test_one_sync_asks_only_so_many_addresses(server: IssuerServer, tmp_path: Path) -> None:
    found = issuers(tmp_path, server.host)
    for number in range(MAX_LOOKUPS + 20):
        did = f"{server.did}:{number}"
        text = token(credential(issuer=did), KEY, kid=f"{did}#key-1")
        assert found.check(Credential("urn:x", did, "vc-jwt", text)).code == "issuer-unknown"
    assert len(server.calls) <= MAX_LOOKUPS


def test_an_older_issue_is_not_valid_any_more(server: IssuerServer, tmp_path: Path) -> None:
    older = signed(server, validFrom="2026-01-01T00:00:00Z")
    newer = signed(server, validFrom="2026-06-01T00:00:00Z")
    assert issuers(tmp_path, server.host).check(older).result is Proof.VALID
    assert issuers(tmp_path, server.host).check(newer).result is Proof.VALID
    outcome = issuers(tmp_path, server.host).check(older)
    assert result(outcome) == (Proof.INVALID, "credential-older")
    forged = Credential("urn:uuid:1", server.did, "vc-jwt", newer.token[:-8] + "AAAAAAAA")
    issuers(tmp_path, server.host).check(forged)
    assert issuers(tmp_path, server.host).check(newer).result is Proof.VALID


def test_what_the_operator_pins_is_part_of_the_rules(tmp_path: Path) -> None:
    before = issuers(tmp_path).digest()
    pinned = tmp_path / "trust" / "dids"
    pinned.mkdir(parents=True)
    (pinned / "a.json").write_text(json.dumps(did_document("did:web:a.example", KEY)))
    assert issuers(tmp_path).digest() != before
    (pinned / "b.json").write_text("{}")
    with pytest.raises(InputError, match="not a DID document"):
        issuers(tmp_path)
