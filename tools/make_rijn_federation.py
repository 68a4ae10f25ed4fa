"""Write the sample catalogue `rijn-federation`: Gaia-X credentials signed with fresh keys.

Run `python tools/make_rijn_federation.py`. The private keys live in this process only; what is
written is credentials and the public DID documents. Facts are in `tools/rijn_federation.yaml`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import yaml
from joserfc import jwk, jws

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "catalog_importers" / "kgservice_importers" / "samples" / "rijn-federation"
FACTS = ROOT / "tools" / "rijn_federation.yaml"
VALID = {"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2028-12-31T23:59:59Z"}
CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://w3id.org/gaia-x/2511#",
    {
        "kg": "https://w3id.org/kgservice/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "schema": "https://schema.org/",
    },
]
TAGUS = [
    "https://www.w3.org/2018/credentials/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
    "https://registry.lab.gaia-x.eu/development/api/trusted-shape-registry/v1/shapes/jsonld/"
    "trustframework#",
    CONTEXT[2],
]
KEYS = {"ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "EdDSA": ("OKP", "Ed25519")}
GX_KIND = {
    "PostgreSQL": "gx:ServiceOffering",
    "Container": "gx:ContainerServiceOffering",
    "VirtualMachine": "gx:VirtualMachineServiceOffering",
}


class Party:
    """An issuer with a key that is forgotten when the program ends."""

    def __init__(self, did: str, algorithm: str) -> None:
        """Make the key."""
        kind, curve = KEYS[algorithm]
        self.did = did
        self.algorithm = algorithm
        self.kid = f"{did}#key-1"
        self._key = jwk.generate_key(kind, curve)  # type: ignore[call-overload]

    def document(self) -> dict[str, Any]:
        """Give the public DID document."""
        return {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": self.did,
            "verificationMethod": [
                {
                    "id": self.kid,
                    "type": "JsonWebKey2020",
                    "controller": self.did,
                    "publicKeyJwk": self._key.as_dict(private=False),
                }
            ],
            "assertionMethod": [self.kid],
        }

    def sign(self, claims: dict[str, Any], kind: str = "vc") -> str:
        """Sign claims as a VC-JWT or VP-JWT."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": f"{kind}+jwt", "cty": kind}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return jws.serialize_compact(
                header, json.dumps(claims, ensure_ascii=False), self._key, [self.algorithm]
            )


def typed(value: object, datatype: str) -> dict[str, str]:
    """Write a literal whose lexical form survives JSON."""
    return {"@type": f"xsd:{datatype}", "@value": str(value)}


def ref(iri: str) -> dict[str, str]:
    """Write a reference."""
    return {"@id": iri}


def prices(item: dict[str, Any], iri: str) -> list[dict[str, Any]]:
    """Write the price components of an offering."""
    base = {
        "@id": f"{iri}#price-base",
        "@type": "kg:PriceComponent",
        "kg:priceType": ref("kg:Recurring"),
        "kg:amount": typed(item["price"], "decimal"),
        "kg:currency": "EUR",
        "kg:period": typed("P1M", "duration"),
        "kg:taxIncluded": typed("false", "boolean"),
    }
    if "per-gib" not in item:
        return [base]
    storage = {
        **base,
        "@id": f"{iri}#price-storage",
        "kg:amount": typed(item["per-gib"], "decimal"),
        "kg:perProperty": ref("kg:storage"),
        "kg:perQuantity": typed("1", "decimal"),
        "kg:perUnit": "GiB",
    }
    return [base, storage]


def legal(item: dict[str, Any], country: str) -> dict[str, Any]:
    """Write legal and administrative facts."""
    facts: dict[str, Any] = {
        "gx:legalDocuments": {
            "@type": "gx:LegalDocument",
            "gx:url": typed(f"https://{item['provider']}.example/agb", "anyURI"),
            "gx:governingLawCountries": country,
        },
        "kg:processorAgreement": typed("true", "boolean"),
        "kg:transitionPeriod": typed("P30D", "duration"),
        "kg:retrievalPeriod": typed("P30D", "duration"),
        "kg:completeFor": ref("kg:subprocessor"),
        "kg:lifecycleStatus": ref("kg:Launched"),
        "kg:offeringVersion": "1.0",
    }
    if "notice" in item:
        facts["kg:noticePeriod"] = typed(item["notice"], "duration")
    if "availability" in item:
        facts["kg:availability"] = typed(item["availability"], "decimal")
    if "support" in item:
        facts["kg:support"] = ref(f"kg:{item['support']}")
    return facts


def postgresql(item: dict[str, Any]) -> dict[str, Any]:
    """Write what Gaia-X has no words for: a managed database."""
    return {
        "kg:majorVersion": [typed(v, "integer") for v in item["majorVersion"]],
        "kg:storage": typed(item["storage"], "decimal"),
        "kg:maxConnections": typed(item["maxConnections"], "integer"),
        "kg:extension": [ref("kg:vector")],
        "kg:exportFormat": [ref("kg:pg_dump-directory"), ref("kg:logical-replication")],
        "kg:importFormat": [ref("kg:pg_dump-directory"), ref("kg:logical-replication")],
        "kg:minTlsVersion": "1.2",
    }


def size(number: int) -> dict[str, Any]:
    """Write a size in Gaia-X's way."""
    return {
        "@type": "gx:MemorySize",
        "http://qudt.org/schema/qudt/quantityValue": typed(number, "float"),
        "http://qudt.org/schema/qudt/applicableUnit": "GiB",
    }


def container(item: dict[str, Any]) -> dict[str, Any]:
    """Write a container service in the terms of 2511."""
    return {
        "gx:codeArtifact": {"@type": "gx:ContainerImage", "gx:containerFormat": "OCI"},
        "gx:instantiationReq": {
            "@type": "gx:ContainerResourceLimits",
            "gx:numberOfCoresLimit": typed(item["vcpu"], "integer"),
            "gx:memoryLimit": size(item["memory"]),
        },
    }


def machine(item: dict[str, Any]) -> dict[str, Any]:
    """Write a virtual machine in the terms of 2511."""
    return {
        "gx:codeArtifact": {"@type": "gx:VMImage", "gx:vmImageDiskFormat": item["image"]},
        "gx:instantiationReq": {
            "@type": "gx:ServerFlavor",
            "gx:cpu": {
                "@type": "gx:CpuCapabilities",
                "gx:vCPUs": typed(item["vcpu"], "integer"),
            },
            "gx:memory": {
                "@type": "gx:MemoryCapabilities",
                "gx:memory": {"@type": "gx:Memory", "gx:memorySize": size(item["memory"])},
            },
            "gx:bootVolume": {"@type": "gx:Disk", "gx:diskSize": size(item["disk"])},
            "gx:hypervisor": {"@type": "gx:Hypervisor", "gx:hypervisorType": "KVM"},
        },
    }


KIND = {"PostgreSQL": postgresql, "Container": container, "VirtualMachine": machine}


def site(provider: str) -> str:
    """Give the web site under which a provider's IRIs live."""
    return f"https://{provider}.example"


def offering(item: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Write an offering's subject."""
    provider = facts["providers"][item["provider"]]
    home = site(item["provider"])
    iri = f"{home}/offerings/{item['id']}"
    types = [GX_KIND[item["kind"]]]
    if item["kind"] == "PostgreSQL":
        types.append("kg:PostgreSQL")
    return {
        "id": iri,
        "type": types,
        "schema:name": item["name"],
        "gx:providedBy": ref(f"did:web:{item['provider']}.example"),
        "gx:hostedOn": ref(f"{home}/datacenters/{provider['datacenter']['id']}"),
        "gx:serviceOfferingTermsAndConditions": {
            "@type": "gx:TermsAndConditions",
            "gx:url": typed(f"{home}/agb", "anyURI"),
            "gx:hash": hashlib.sha256(f"{home}/agb".encode()).hexdigest(),
        },
        **legal(item, provider["country"]),
        **KIND[item["kind"]](item),
        "kg:price": prices(item, iri),
    }


def tagus(item: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Write an offering as release 22.10 did, with a proof that is not checked."""
    iri = f"{site(item['provider'])}/offerings/{item['id']}"
    did = f"did:web:{item['provider']}.example"
    place = facts["providers"][item["provider"]]["datacenter"]
    subject = {
        "id": iri,
        "type": ["gx:ServiceOffering", "kg:VirtualMachine"],
        "schema:name": item["name"],
        "gx:providedBy": {"id": did},
        "gx:policy": "",
        "gx:termsAndConditions": {
            "gx:URL": f"{site(item['provider'])}/cgv",
            "gx:hash": hashlib.sha256(iri.encode()).hexdigest(),
        },
        "gx:dataAccountExport": {
            "gx:requestType": "API",
            "gx:accessType": "digital",
            "gx:formatType": "application/json",
        },
        "gx:hostedOn": ref(f"{site(item['provider'])}/datacenters/{place['id']}"),
        "kg:vcpu": typed(item["vcpu"], "integer"),
        "kg:noticePeriod": typed(item["notice"], "duration"),
        "kg:lifecycleStatus": ref("kg:Launched"),
        "kg:price": prices(item, iri),
    }
    detached = base64.urlsafe_b64encode(b'{"alg":"PS256","b64":false,"crit":["b64"]}').decode()
    return {
        "@context": TAGUS,
        "type": ["VerifiableCredential"],
        "id": f"{iri}.json",
        "issuer": did,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": subject,
        "proof": {
            "type": "JsonWebSignature2020",
            "created": "2026-01-01T00:00:00Z",
            "proofPurpose": "assertionMethod",
            "verificationMethod": f"{did}#key-1",
            "jws": f"{detached.rstrip('=')}..bm90LWNoZWNrZWQ",
        },
    }


def legal_person(name: str, provider: dict[str, Any]) -> dict[str, Any]:
    """Write a provider's subject."""
    address = {
        "@type": "gx:Address",
        "gx:countryCode": provider["country"],
        "http://www.w3.org/2006/vcard/ns#locality": provider["city"],
    }
    return {
        "id": f"did:web:{name}.example",
        "type": "gx:LegalPerson",
        "schema:name": provider["name"],
        "gx:registrationNumber": {"@type": "gx:VatID", "gx:vatID": provider["vat"]},
        "gx:headquartersAddress": address,
        "gx:legalAddress": address,
    }


def datacenter(name: str, provider: dict[str, Any]) -> dict[str, Any]:
    """Write a provider's data centre."""
    place = provider["datacenter"]
    return {
        "id": f"{site(name)}/datacenters/{place['id']}",
        "type": "gx:Datacenter",
        "schema:name": place["name"],
        "gx:maintainedBy": ref(f"did:web:{name}.example"),
        "gx:location": {
            "@type": "gx:Address",
            "gx:countryCode": place["country"],
            "http://www.w3.org/2006/vcard/ns#region": place["region"],
            "http://www.w3.org/2006/vcard/ns#locality": place["city"],
        },
    }


def certificate(item: dict[str, Any], scope: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Write a certificate's subject."""
    return {
        "id": f"https://cert.tuev-fiktiv.example/certificates/{item['number']}",
        "type": "kg:Certificate",
        "kg:standard": "ISO/IEC 27001:2022",
        "kg:certificateNumber": item["number"],
        "kg:issuer": ref(body["did"]),
        "kg:scope": [ref(iri) for iri in scope],
        "kg:validFrom": typed(item.get("from", VALID["validFrom"]), "dateTime"),
        "kg:validUntil": typed(item.get("until", VALID["validUntil"]), "dateTime"),
    }


def credential(identifier: str, issuer: str, subject: dict[str, Any]) -> dict[str, Any]:
    """Wrap a subject; VC-JWT has `iss` and `sub` beside the credential's members (Loire)."""
    kind = subject["type"] if isinstance(subject["type"], str) else subject["type"][0]
    return {
        "iss": issuer,
        "sub": subject["id"],
        "@context": CONTEXT,
        "id": identifier,
        "type": ["VerifiableCredential", kind],
        "issuer": issuer,
        **VALID,
        "credentialSubject": subject,
    }


def tampered(token: str) -> str:
    """Change the payload of a signed token: the price is lower than what was signed."""
    header, payload, signature = token.split(".")
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    changed = text.replace('"22.00"', '"12.00"')
    if changed == text:
        raise ValueError("the price to tamper with is not there")
    return (
        f"{header}.{base64.urlsafe_b64encode(changed.encode()).rstrip(b'=').decode()}.{signature}"
    )


def write(name: str, content: str | dict[str, Any]) -> None:
    """Write one file of the catalogue."""
    path = TARGET / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (
        content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
    )
    path.write_text(text + "\n", encoding="utf-8")


def write_providers(facts: dict[str, Any], parties: dict[str, Party]) -> None:
    """Write each provider with its data centre; one of them as a signed presentation."""
    for name, provider in facts["providers"].items():
        party = parties[name]
        tokens = [
            party.sign(credential(f"{site(name)}/credentials/{part}", party.did, subject))
            for part, subject in (
                ("provider", legal_person(name, provider)),
                ("datacenter", datacenter(name, provider)),
            )
        ]
        if name != "isar-systeme":
            for part, token in zip(("provider", "datacenter"), tokens, strict=True):
                write(f"{name}/{part}.jwt", token)
            continue
        presentation = {
            "iss": party.did,
            "@context": CONTEXT[:1],
            "type": ["VerifiablePresentation"],
            "verifiableCredential": [
                {
                    "@context": CONTEXT[0],
                    "id": f"data:application/vc+jwt,{token}",
                    "type": "EnvelopedVerifiableCredential",
                }
                for token in tokens
            ],
        }
        write(f"{name}/provider-and-datacenter.vp.jwt", party.sign(presentation, "vp"))


def write_offerings(facts: dict[str, Any], parties: dict[str, Party]) -> None:
    """Write each offering, most of them signed."""
    for item in facts["offerings"]:
        name, party = f"{item['provider']}/{item['id']}", parties[item["provider"]]
        proof = item.get("proof", "signed")
        if proof == "tagus":
            write(f"{name}.jsonld", tagus(item, facts))
            continue
        home = f"{site(item['provider'])}/credentials/{item['id']}"
        document = credential(home, party.did, offering(item, facts))
        if proof == "unsigned":
            write(f"{name}.jsonld", {k: v for k, v in document.items() if k not in ("iss", "sub")})
        else:
            token = party.sign(document)
            write(f"{name}.jwt", tampered(token) if proof == "broken" else token)


def scope_iri(name: str) -> str:
    """Give the IRI of an offering: `provider/id` of this catalogue, or an IRI as it is."""
    if ":" in name:
        return name
    provider, _, identifier = name.partition("/")
    return f"{site(provider)}/offerings/{identifier}"


def write_certificates(facts: dict[str, Any], body: Party) -> None:
    """Write the certificates of the certification body."""
    for item in facts["certificates"]:
        home = f"https://cert.tuev-fiktiv.example/credentials/{item['number']}"
        subject = certificate(item, [scope_iri(name) for name in item["scope"]], facts["body"])
        document = {**credential(home, body.did, subject), "type": ["VerifiableCredential"]}
        write(f"tuev-fiktiv/{item['number']}.jwt", body.sign(document))


def main() -> None:
    """Write the whole catalogue anew."""
    facts = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    for folder in [*facts["providers"], "tuev-fiktiv", "did"]:
        shutil.rmtree(TARGET / folder, ignore_errors=True)
    parties = {n: Party(f"did:web:{n}.example", p["key"]) for n, p in facts["providers"].items()}
    body = Party(facts["body"]["did"], facts["body"]["key"])
    write_providers(facts, parties)
    write_offerings(facts, parties)
    write_certificates(facts, body)
    for party in [*parties.values(), body]:
        write(f"did/{party.did.rsplit(':', 1)[-1]}.json", party.document())


if __name__ == "__main__":
    main()
