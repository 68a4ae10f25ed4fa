"""Signed credentials of every suite with fresh keys, made by other code than what checks them."""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from joserfc import jwk, jws
from joserfc.jwk import Key
from jwt.api_jws import PyJWS
from kgservice_importers.gaiax.proofs import signed_form
from kgservice_importers.jsonld.contexts import load_document
from openvc.multibase import encode_multibase
from pyld import jsonld

from kgservice.model.documents import Credential

ISSUER = "did:web:issuer.example"
CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    {"kg": "https://w3id.org/kgservice/ns#"},
]
CONTEXT_1 = [
    "https://www.w3.org/2018/credentials/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
    {"kg": "https://w3id.org/kgservice/ns#"},
]
_CODES = {
    "Ed25519": b"\xed\x01",
    "secp256k1": b"\xe7\x01",
    "P-256": b"\x80\x24",
    "P-384": b"\x81\x24",
}


def new_key(kind: str = "EC", curve: str | int = "P-256") -> Key:
    return jwk.generate_key(kind, curve)  # type: ignore[call-overload]


def did_document(did: str, *keys: Key, **method: object) -> dict[str, Any]:
    entries = [
        {
            "id": f"{did}#key-{number}",
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": key.as_dict(private=False),
            **method,
        }
        for number, key in enumerate(keys, 1)
    ]
    return {
        "id": did,
        "verificationMethod": entries,
        "assertionMethod": [entry["id"] for entry in entries],
    }


def did_key(key: Key) -> str:
    """Name a key as did:key, by the text of the method's specification."""
    public = key.public_key
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "did:key:" + encode_multibase(_CODES["Ed25519"] + public.public_bytes_raw())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return "did:key:" + encode_multibase(_CODES[key.as_dict(private=False)["crv"]] + point)


def credential(**changes: object) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2028-12-31T23:59:59Z",
        "credentialSubject": {"id": "urn:offering:1", "kg:noticePeriod": "P1M"},
        **changes,
    }


def credential_1(**changes: object) -> dict[str, Any]:
    document = credential(**{"@context": CONTEXT_1})
    for new, old in (("validFrom", "issuanceDate"), ("validUntil", "expirationDate")):
        document[old] = document.pop(new)
    return {**document, **changes}


def normal(document: Mapping[str, Any]) -> bytes:
    """Give PyLD's own canonical form (URDNA2015), the oracle of ours."""
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": load_document,
    }
    return str(jsonld.normalize(dict(document), options)).encode()


def detached(payload: bytes, key: Key, algorithm: str, **header: object) -> str:
    """Sign an unencoded payload (RFC 7797) with PyJWT, an implementation independent of joserfc."""
    head = {"crit": ["b64"], "typ": None, **header}
    private: Any = key.private_key
    return PyJWS().encode(payload, private, algorithm, head, is_payload_detached=True)


def options_of(document: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    return normal({"@context": document["@context"], **proof})


def jws_2020(
    document: Mapping[str, Any],
    key: Key,
    algorithm: str,
    flavour: str = "gaia-x",
    method: str = f"{ISSUER}#key-1",
    **members: object,
) -> dict[str, Any]:
    proof = {
        "type": "JsonWebSignature2020",
        "created": "2026-01-01T00:00:00Z",
        "proofPurpose": "assertionMethod",
        "verificationMethod": method,
        **members,
    }
    form = normal(document)
    if flavour == "gaia-x":
        payload = hashlib.sha256(form).hexdigest().encode()
    else:
        options = options_of(document, proof)
        payload = hashlib.sha256(options).digest() + hashlib.sha256(form).digest()
    return {**proof, "jws": detached(payload, key, algorithm)}


def data_integrity(
    document: Mapping[str, Any],
    key: Key,
    suite: str,
    method: str = f"{ISSUER}#key-1",
    **members: object,
) -> dict[str, Any]:
    kind = {"type": suite} if suite == "Ed25519Signature2020" else {
        "type": "DataIntegrityProof", "cryptosuite": suite,
    }  # fmt: skip
    proof = {
        **kind,
        "created": "2026-01-01T00:00:00Z",
        "proofPurpose": "assertionMethod",
        "verificationMethod": method,
        **members,
    }
    curve = key.as_dict(private=False)["crv"]
    digest = hashlib.sha384 if curve == "P-384" else hashlib.sha256
    data = b"".join(digest(x).digest() for x in (options_of(document, proof), normal(document)))
    algorithm = {"Ed25519": "EdDSA", "P-256": "ES256", "P-384": "ES384"}[curve]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(data, key)
    return {**proof, "proofValue": encode_multibase(signature)}


def imported(document: Mapping[str, Any], *proofs: Mapping[str, Any]) -> Credential:
    """Give what the importer hands over for a document with these proofs."""
    signed = signed_form(document, proofs, "here")
    issuer = document.get("issuer", "")
    return Credential(
        str(document.get("id", "")), issuer if isinstance(issuer, str) else "", "data-integrity",
        proofs=signed.proofs,
    )  # fmt: skip


def token(payload: Mapping[str, Any], key: Key, algorithm: str = "ES256", **header: object) -> str:
    head = {"alg": algorithm, "kid": f"{ISSUER}#key-1", "typ": "vc+jwt", **header}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        registry.max_header_length = 64_000
        registry.max_payload_length = 4_000_000
        try:
            return jws.serialize_compact(head, json.dumps(payload), key, [algorithm], registry)
        except Exception:  # a header that joserfc will not make is made by its parts
            model = registry.get_alg(algorithm)
            signed = ".".join(map(b64, (head, dict(payload))))
            return f"{signed}.{b64(model.sign(signed.encode(), key))}"


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
