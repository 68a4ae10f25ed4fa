"""A marketplace as DOME serves it, with label credentials of a certifier that tests make up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import Key
from openvc.status.bitstring import encode_bitstring, new_bitstring, set_status_bit

from tests.signing import b64, did_document, new_key, token

CERTIFIER = "did:web:certifier.example"
OTHER = "did:web:another-body.example"
CERTIFIER_KEY, OTHER_KEY = new_key(), new_key()
SELLER = "urn:ngsi-ld:organization:tea-house"
RIVAL = "urn:ngsi-ld:organization:rival"
LIST = "https://certifier.example/status/1"
AUTHORITY = f"""
@prefix kg: <https://w3id.org/kgservice/ns#> .
<urn:example:certifier> a kg:AuthorityRule ; kg:forIssuer <{CERTIFIER}> ;
  kg:maySay kg:DomeLabelStatements ; kg:aboutSubjects kg:AnySubject .
"""


def specification_id(name: str) -> str:
    return f"urn:ngsi-ld:product-specification:{name}"


def offering_id(name: str) -> str:
    return f"urn:ngsi-ld:product-offering:{name}"


def label(name: str, level: object = "P", **changes: object) -> dict[str, Any]:
    """Give the credential of a specification as DOME's certifiers write it."""
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://w3id.org/gaia-x/development#",
        ],
        "id": f"urn:uuid:label-{name}",
        "type": ["gx:LabelCredential", "VerifiableCredential"],
        "issuer": CERTIFIER,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2090-01-01T00:00:00Z",
        "credentialSubject": {
            "id": specification_id(name),
            "gx:labelLevel": level,
            "gx:rulesVersion": "CD25.03",
            "gx:compliantCredentials": [
                {"id": "urn:criteria:dp-1", "type": "gx:DataProtection", "gx:digestSRI": "sha256-x"}
            ],
        },
        **changes,
    }


def sealed(credential: Mapping[str, Any], key: Key = CERTIFIER_KEY, **header: object) -> str:
    """Sign a credential as DOME does: the claim `vc` of a JWT."""
    issuer = str(credential["issuer"])
    claims = {"iss": issuer, "sub": credential["credentialSubject"]["id"], "vc": credential}
    return token(claims, key, **{"kid": f"{issuer}#key-1", "typ": "jose", **header})


def unsigned(credential: Mapping[str, Any]) -> str:
    """Write a token whose header says that nobody signed it."""
    claims = {"iss": credential["issuer"], "vc": dict(credential)}
    return f"{b64({'alg': 'none', 'typ': 'jose'})}.{b64(claims)}."


def with_status(credential: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Say where the credential's status is published."""
    status = {
        "id": f"{LIST}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": LIST,
    }
    return {**credential, "credentialStatus": status}


def status_list(*revoked: int) -> str:
    """Give the certifier's list of revoked credentials, signed."""
    bits = new_bitstring(131_072)
    for index in revoked:
        set_status_bit(bits, index, 1)
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": LIST,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": CERTIFIER,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2090-01-01T00:00:00Z",
        "credentialSubject": {
            "id": f"{LIST}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode_bitstring(bytes(bits)),
        },
    }
    return token(document, CERTIFIER_KEY, kid=f"{CERTIFIER}#key-1")


def specification(name: str, *tokens: str, seller: str | None = SELLER) -> dict[str, Any]:
    """Give a product specification that carries tokens."""
    facts = [
        {"name": "Service type", "productSpecCharacteristicValue": [{"value": "PostgreSQL"}]},
        *(
            {"name": "Compliance:VC", "productSpecCharacteristicValue": [{"value": one}]}
            for one in tokens
        ),
    ]
    parties = {"relatedParty": [{"id": seller, "role": "Seller"}]} if seller else {}
    return {
        "id": specification_id(name),
        "name": name,
        "productSpecCharacteristic": facts,
        **parties,
    }


def offering(name: str, of: str = "", **members: object) -> dict[str, Any]:
    """Give an offering of a specification, by default of that with its own name."""
    return {
        "id": offering_id(name),
        "name": name,
        "lifecycleStatus": "Launched",
        "productSpecification": {"id": specification_id(of or name)},
        "productOfferingPrice": [
            {
                "id": f"urn:ngsi-ld:product-offering-price:{name}",
                "priceType": "recurring",
                "recurringChargePeriodType": "month",
                "price": {"unit": "EUR", "value": 10},
            }
        ],
        **members,
    }


def write_market(folder: Path, *objects: Mapping[str, Any]) -> Path:
    """Write a catalogue of offerings and specifications."""
    folder.mkdir(exist_ok=True)
    for resource in ("productOffering", "productSpecification"):
        kind = f"product-{resource.removeprefix('product').lower()}:"
        mine = [one for one in objects if kind in one["id"]]
        (folder / f"{resource}.json").write_text(json.dumps(mine), encoding="utf-8")
    return folder


def trust(folder: Path, *, lists: str = "", authority: str = AUTHORITY) -> None:
    """Pin the keys of both bodies; one of them is a certifier of DOME."""
    files = {
        "dids/certifier.json": json.dumps(did_document(CERTIFIER, CERTIFIER_KEY)),
        "dids/other.json": json.dumps(did_document(OTHER, OTHER_KEY)),
        "authority/dome.ttl": authority,
        "status/list.jwt": lists or status_list(),
    }
    for name, text in files.items():
        file = folder / "trust" / name
        for made in (folder / "trust", file.parent):
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o700)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
