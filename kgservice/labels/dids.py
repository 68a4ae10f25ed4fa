"""Find the key that an issuer's DID document names: pinned, fetched before, or in the DID."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwk
from joserfc.errors import JoseError
from openvc.multibase import MultibaseError, decode_multibase, read_varint

from kgservice.model.errors import InputError

DidDocument: TypeAlias = Mapping[str, Any]
"""A DID document as parsed JSON (W3C DID Core 1.0 §5)."""

_CURVES: Final[Mapping[int, ec.EllipticCurve]] = {
    0xE7: ec.SECP256K1(),
    0x1200: ec.SECP256R1(),
    0x1201: ec.SECP384R1(),
}
_ED25519: Final = 0xED
_MULTIKEYS: Final = frozenset({"Multikey", "Ed25519VerificationKey2020"})


class KeyNotFound(LookupError):
    """No such key, or not one that may sign claims; `args[0]` says why."""


def load_did_documents(folder: Path) -> dict[str, DidDocument]:
    """Read every `*.json` of a folder as a DID document, by the DID that it is about.

    Raises:
        InputError: a file is not a DID document (`did-document-invalid`).
    """
    documents: dict[str, DidDocument] = {}
    for file in sorted(folder.glob("*.json")):
        document = read_did_document(file.read_bytes(), str(file))
        documents[str(document["id"])] = document
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
                document = read_did_document(file.read_bytes(), file.name)
                documents[str(document["id"])] = document
    return documents


def read_did_document(content: bytes, at: str) -> DidDocument:
    """Read a DID document.

    Raises:
        InputError: it is none (`did-document-invalid`).
    """
    try:
        document = json.loads(content)
        identifier = document["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        identifier = None
    if not isinstance(identifier, str) or not identifier.startswith("did:"):
        raise InputError(
            "this is not a DID document.", code="did-document-invalid", at=at,
            hint="It must be a JSON object with an `id` that starts with `did:`.",
        )  # fmt: skip
    found: DidDocument = document
    return found


def document_of(did: str, documents: Mapping[str, DidDocument]) -> DidDocument | None:
    """Give a DID's document: pinned or fetched, or made from the DID itself (did:key); else None.

    did:key holds Ed25519, P-256, P-384 or secp256k1 keys (did:key Method v0.7 §3).
    """
    found = documents.get(did)
    if found is None and did.startswith("did:key:z"):
        found = _did_key(did)
    return found if found is not None and found.get("id") == did else None


def signing_key(document: DidDocument, kid: str) -> tuple[str, Mapping[str, Any]]:
    """Give the DID URL and the JWK of the method `kid`, if the document lets it make claims.

    A key must be the DID's own (`controller`), listed under `assertionMethod`, and public. Where
    `kid` is the DID itself, its only such key is meant.

    Raises:
        KeyNotFound: one of these does not hold.
    """
    did = str(document["id"])
    wanted = did + kid if kid.startswith("#") else kid
    if wanted.partition("#")[0] != did:
        raise KeyNotFound(f"the key {kid} does not belong to {did}")
    allowed = {_absolute(did, _name(item)) for item in _list(document, "assertionMethod")}
    if wanted == did:
        if len(allowed) != 1:
            raise KeyNotFound(f"{did} has {len(allowed)} keys for claims; none is named")
        (wanted,) = allowed
    if wanted not in allowed:
        raise KeyNotFound(f"{wanted} may not be used to make claims (assertionMethod)")
    method = _method(document, did, wanted)
    if method.get("controller", did) != did:
        raise KeyNotFound(f"{wanted} is controlled by someone else")
    return wanted, _public_jwk(method, wanted)


def _method(document: DidDocument, did: str, wanted: str) -> Mapping[str, Any]:
    listed = [*_list(document, "verificationMethod"), *_list(document, "assertionMethod")]
    methods = [m for m in listed if isinstance(m, Mapping)]
    found = [m for m in methods if _absolute(did, m.get("id")) == wanted]
    if len(found) != 1:
        raise KeyNotFound(f"{did} has no key {wanted}")
    return found[0]


def _public_jwk(method: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    key = method.get("publicKeyJwk")
    if isinstance(key, Mapping) and "d" not in key and "k" not in key:
        return key
    multibase = method.get("publicKeyMultibase")
    if key is None and method.get("type") in _MULTIKEYS and isinstance(multibase, str):
        found = key_of_multibase(multibase)
        if found is not None:
            return found
    raise KeyNotFound(f"{name} has no public key that is understood")


def key_of_multibase(text: str) -> Mapping[str, Any] | None:
    """Read a public key in Multikey form as JWK (Controlled Identifiers 1.0 §2.2.2)."""
    try:
        raw = decode_multibase(text)
        code, start = read_varint(raw)
        if code == _ED25519:
            return jwk_of(ed25519.Ed25519PublicKey.from_public_bytes(raw[start:]))
        if code in _CURVES:
            return jwk_of(ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[code], raw[start:]))
    except (MultibaseError, JoseError, ValueError, TypeError):
        return None
    return None


def jwk_of(key: CertificatePublicKeyTypes) -> Mapping[str, Any] | None:
    """Write a public key as JWK (RFC 7517); None for kinds that no algorithm here goes with."""
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kind: type[jwk.ECKey] | type[jwk.OKPKey] | type[jwk.RSAKey]
    if isinstance(key, ec.EllipticCurvePublicKey):
        kind = jwk.ECKey
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind = jwk.OKPKey
    elif isinstance(key, rsa.RSAPublicKey):
        kind = jwk.RSAKey
    else:
        return None
    return dict(kind.import_key(pem).as_dict(private=False))


def _did_key(did: str) -> DidDocument | None:
    multibase = did.removeprefix("did:key:")
    key = key_of_multibase(multibase)
    if key is None:
        return None
    method = f"{did}#{multibase}"
    entry = {"id": method, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": key}
    return {"id": did, "verificationMethod": [entry], "assertionMethod": [method]}


def _list(document: DidDocument, member: str) -> list[Any]:
    value = document.get(member, [])
    return value if isinstance(value, list) else [value]


def _name(item: object) -> object:
    return item.get("id") if isinstance(item, Mapping) else item


def _absolute(did: str, identifier: object) -> str:
    text = identifier if isinstance(identifier, str) else ""
    return did + text if text.startswith("#") else text
