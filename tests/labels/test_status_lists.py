"""Lists of revoked and suspended credentials: what they say, and when they are not believed."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from openvc.status.bitstring import encode_bitstring, new_bitstring, set_status_bit

from kgservice.labels import Proof, Trust, verify
from kgservice.labels.status import StatusList, read_plain_list, read_status_list
from kgservice.labels.verdicts import Rejected
from kgservice.model.documents import Credential
from tests.signing import ISSUER, credential, data_integrity, did_document, imported, new_key, token

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LIST = "https://issuer.example/status/1"
KEY = new_key()
TRUST = Trust({ISSUER: did_document(ISSUER, KEY)})


def bits(*indexes: int, size: int = 131_072) -> str:
    made = new_bitstring(size)
    for index in indexes:
        set_status_bit(made, index, 1)
    return encode_bitstring(bytes(made))


def list_credential(encoded: str, purpose: str = "revocation", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    subject = {
        "id": f"{LIST}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose,
        "encodedList": encoded,
    }
    return credential(
        **{
            "id": LIST,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "credentialSubject": subject,
            **changes,
        }
    )


def listed(encoded: str, purpose: str = "revocation", **changes: Any) -> StatusList:  # noqa: ANN401
    text = token(list_credential(encoded, purpose, **changes), KEY)
    found = Credential(LIST, ISSUER, "vc-jwt", text)
    return read_status_list(LIST, found, verify(found, TRUST, NOW), NOW)


def with_status(index: object = 7, purpose: str = "revocation", **changes: object) -> str:
    entry = {
        "id": f"{LIST}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": LIST,
        **changes,
    }
    return token(credential(credentialStatus=entry), KEY)


def check(text: str, status_list: StatusList | None) -> tuple[Proof, str]:
    trust = replace(TRUST, status_lists={LIST: status_list} if status_list else {})
    outcome = verify(Credential("urn:uuid:1", ISSUER, "vc-jwt", text), trust, NOW)
    return outcome.result, outcome.code


def test_a_clear_bit_leaves_a_credential_valid() -> None:
    assert check(with_status(), listed(bits(6, 8, 131_071))) == (Proof.VALID, "")


@pytest.mark.parametrize("index", [0, 7, 8, 94_567, 131_071])
def test_a_set_bit_revokes_or_suspends(index: int) -> None:
    assert check(with_status(index), listed(bits(index))) == (Proof.REVOKED, "credential-revoked")
    suspended = listed(bits(index), "suspension")
    expected = (Proof.SUSPENDED, "credential-suspended")
    assert check(with_status(index, "suspension"), suspended) == expected


UNKNOWN = {
    "no list": (with_status(), None),
    "another purpose": (with_status(), listed(bits(7), "suspension")),
    "an ended list": (with_status(), replace(listed(bits(7)), until=NOW)),
    "a place beyond the list": (with_status(131_072), listed(bits(7))),
    "a place that is no number": (with_status("seven"), listed(bits(7))),
    "a negative place": (with_status(-1), listed(bits(7))),
    "a list of another issuer": (
        with_status(),
        replace(listed(bits()), issuer="did:web:x.example"),
    ),
    "a purpose that is not known": (with_status(7, "weather"), listed(bits(7))),
    "a text as status": (token(credential(credentialStatus="revoked"), KEY), listed(bits())),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_status_that_cannot_be_known_is_not_taken_for_good(what: str) -> None:
    text, found = UNKNOWN[what]
    assert check(text, found) == (Proof.UNVERIFIABLE, "status-unknown")


def test_a_message_says_nothing_about_trust() -> None:
    assert check(with_status(7, "message"), None) == (Proof.VALID, "")


def test_several_entries_are_all_looked_up() -> None:
    entries = [
        {"type": "BitstringStatusListEntry", "statusPurpose": p, "statusListIndex": "7",
         "statusListCredential": f"{LIST}/{p}"}
        for p in ("suspension", "revocation")
    ]  # fmt: skip
    text = token(credential(credentialStatus=entries), KEY)
    lists = {
        f"{LIST}/suspension": listed(bits(), "suspension"),
        f"{LIST}/revocation": listed(bits(7)),
    }
    outcome = verify(
        Credential("urn:uuid:1", ISSUER, "vc-jwt", text), replace(TRUST, status_lists=lists), NOW
    )
    assert outcome.result is Proof.REVOKED
    lists.pop(f"{LIST}/suspension")
    outcome = verify(
        Credential("urn:uuid:1", ISSUER, "vc-jwt", text), replace(TRUST, status_lists=lists), NOW
    )
    assert outcome.result is Proof.REVOKED  # a missing list does not hide what the other one says


def test_an_embedded_proof_has_its_status_in_the_hashed_statements() -> None:
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": LIST,
    }
    document = credential(credentialStatus=entry)
    made = imported(document, data_integrity(document, KEY, "ecdsa-rdfc-2019"))
    for encoded, result in ((bits(), Proof.VALID), (bits(7), Proof.REVOKED)):
        trust = replace(TRUST, status_lists={LIST: listed(encoded)})
        assert verify(made, trust, NOW).result is result


def test_a_list_may_have_an_embedded_proof() -> None:
    document = list_credential(bits(7))
    made = imported(document, data_integrity(document, KEY, "ecdsa-rdfc-2019"))
    found = read_status_list(LIST, made, verify(made, TRUST, NOW), NOW)
    assert check(with_status(), found) == (Proof.REVOKED, "credential-revoked")


def test_the_list_of_2021_is_read_too() -> None:
    """StatusList2021 has no multibase prefix and other types."""
    document = list_credential(bits(7).removeprefix("u"))
    document["credentialSubject"]["type"] = "StatusList2021"
    found = Credential(LIST, ISSUER, "vc-jwt", token(document, KEY))
    read = read_status_list(LIST, found, verify(found, TRUST, NOW), NOW)
    entry = with_status(type="StatusList2021Entry")
    assert check(entry, read) == (Proof.REVOKED, "credential-revoked")


def packed(size: int) -> str:
    raw = gzip.compress(bytes(size), 9)
    return "u" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


BAD_LISTS = {
    "a bomb": packed(200 * 1024 * 1024),
    "no base64": "u***",
    "no gzip": "uAAAA",
    "nothing": "",
    "half a list": bits(7)[:40],
}


@pytest.mark.parametrize("what", BAD_LISTS)
def test_a_list_that_is_none_is_refused(what: str) -> None:
    with pytest.raises(Rejected) as caught:
        listed(BAD_LISTS[what])
    assert caught.value.outcome.code == "status-list-invalid"


def test_a_list_whose_own_proof_does_not_hold_is_refused() -> None:
    forged = Credential(LIST, ISSUER, "vc-jwt", token(list_credential(bits()), new_key()))
    with pytest.raises(Rejected, match="invalid"):
        read_status_list(LIST, forged, verify(forged, TRUST, NOW), NOW)
    ended = list_credential(bits(), validUntil="2026-11-01T00:00:00Z")
    old = Credential(LIST, ISSUER, "vc-jwt", token(ended, KEY))
    with pytest.raises(Rejected, match="expired"):
        read_status_list(LIST, old, verify(old, TRUST, NOW), NOW)


def test_a_plain_list_revokes_and_clears_only_for_its_own_host() -> None:
    """Nobody signs DOME's plain list: it is its host's word, as a did:web's keys are."""
    found = read_plain_list(LIST, json.dumps([{"nonce": "abc"}]).encode(), NOW)
    entry = {"type": "PlainListEntity", "statusPurpose": ""}
    assert check(with_status("abc", **entry), found) == (Proof.REVOKED, "credential-revoked")
    assert check(with_status("xyz", **entry), found) == (Proof.VALID, "")
    other = replace(found, iri="https://elsewhere.example/status/1")
    assert check(with_status("xyz", **entry), other) == (Proof.UNVERIFIABLE, "status-unknown")
    for content in (b"{}", b"[1", b'[{"x": 1}]', b"[" * 99_999):
        with pytest.raises(Rejected):
            read_plain_list(LIST, content, NOW)
