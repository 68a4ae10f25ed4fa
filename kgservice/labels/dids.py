"""Find the key that an issuer's DID document names; documents are pinned files, never fetched."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from kgservice.model.errors import InputError

DidDocument: TypeAlias = Mapping[str, Any]
"""A DID document as parsed JSON (W3C DID Core 1.0 §5)."""

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUB: Final = b"\xed\x01"


class KeyNotFound(LookupError):
    """No such key, or not one that may sign claims; `args[0]` says why."""


def load_did_documents(folder: Path) -> dict[str, DidDocument]:
    """Read every `*.json` of a folder as a DID document, by the DID that it is about.

    Raises:
        InputError: a file is not a DID document (`did-document-invalid`).
    """
    documents: dict[str, DidDocument] = {}
    for file in sorted(folder.glob("*.json")):
        documents.update([_document(file.read_text(encoding="utf-8"), str(file))])
    return documents


@cache
def bundled_did_documents() -> Mapping[str, DidDocument]:
    """Give the DID documents of the sample catalogues in the package."""
    documents: dict[str, DidDocument] = {}
    for catalog in resources.files("kgservice_importers.samples").iterdir():
        folder = catalog / "did"
        if not catalog.is_dir() or not folder.is_dir():
            continue
        for file in folder.iterdir():
            if file.name.endswith(".json"):
                documents.update([_document(file.read_text(encoding="utf-8"), file.name)])
    return documents


def _document(text: str, at: str) -> tuple[str, DidDocument]:
    try:
        document = json.loads(text)
        identifier = document["id"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "the file is not a DID document.", code="did-document-invalid", at=at,
            hint="It must be a JSON object with an `id` that starts with `did:`.",
        ) from error  # fmt: skip
    return str(identifier), document


def document_of(did: str, documents: Mapping[str, DidDocument]) -> DidDocument | None:
    """Give a DID's document: pinned, or made from the DID itself (did:key); else None."""
    found = documents.get(did)
    if found is None and did.startswith("did:key:z"):
        found = _did_key(did)
    return found if found is not None and found.get("id") == did else None


def signing_key(document: DidDocument, kid: str) -> Mapping[str, Any]:
    """Give the JWK of the method `kid`, when the document allows it to make claims.

    A key must be the DID's own (`controller`), listed under `assertionMethod`, and public.

    Raises:
        KeyNotFound: one of these does not hold.
    """
    did = str(document["id"])
    wanted = did + kid if kid.startswith("#") else kid
    if wanted.partition("#")[0] != did:
        raise KeyNotFound(f"the key {kid} does not belong to {did}")
    methods = [m for m in _list(document, "verificationMethod") if isinstance(m, Mapping)]
    found = [m for m in methods if _absolute(did, m.get("id")) == wanted]
    if len(found) != 1:
        raise KeyNotFound(f"{did} has no key {wanted}")
    method = found[0]
    if method.get("controller", did) != did:
        raise KeyNotFound(f"{wanted} is controlled by someone else")
    allowed = {_absolute(did, item) for item in _list(document, "assertionMethod")}
    if wanted not in allowed:
        raise KeyNotFound(f"{wanted} may not be used to make claims (assertionMethod)")
    jwk = method.get("publicKeyJwk")
    if not isinstance(jwk, Mapping) or "d" in jwk or "k" in jwk:
        raise KeyNotFound(f"{wanted} has no public JWK")
    return jwk


def _list(document: DidDocument, member: str) -> list[Any]:
    value = document.get(member, [])
    return value if isinstance(value, list) else [value]


def _absolute(did: str, identifier: object) -> str:
    text = identifier if isinstance(identifier, str) else ""
    return did + text if text.startswith("#") else text


def _did_key(did: str) -> DidDocument | None:
    """Read an Ed25519 key out of a did:key (did:key Method v0.7 §3)."""
    multibase = did.removeprefix("did:key:")
    raw = _base58(multibase[1:])
    if raw is None or raw[:2] != _ED25519_PUB or len(raw) != 34:
        return None
    method = f"{did}#{multibase}"
    x = base64.urlsafe_b64encode(raw[2:]).rstrip(b"=").decode()
    return {
        "id": did,
        "verificationMethod": [
            {
                "id": method,
                "type": "JsonWebKey2020",
                "controller": did,
                "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
            }
        ],
        "assertionMethod": [method],
    }


def _base58(text: str) -> bytes | None:
    if len(text) > 128 or any(letter not in _ALPHABET for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip(_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
