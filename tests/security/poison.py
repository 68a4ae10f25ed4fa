"""Hostile catalogues: what they hold, and the code that each of them is reported with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openvc.status.bitstring import encode_bitstring, new_bitstring, set_status_bit

from kgservice.labels import bundled_did_documents
from tests.labels.test_issuers_keys import certificate, chain_header
from tests.security.attacked import KG_NS
from tests.signing import b64, data_integrity, did_document, jws_2020, new_key, token

CANARY = "CANARY-f3a1"
COUNTRY = "http://publications.europa.eu/resource/authority/country/"
VICTIM = "https://rheintal-rechenzentrum.example/offerings/postgresql"
TM_VICTIM = "urn:ngsi-ld:product-offering:waterlinie-vm-small"
PROVIDER = "did:web:rheintal-rechenzentrum.example"
BASIC = "https://w3id.org/kgservice/scheme/eu-cloud-basic/basic"
BODY = "did:web:cert.tuev-fiktiv.example"
EVIL = "did:web:evil.example"
PUPPET = "did:web:puppet.example"
ELSI = "did:elsi:VATES-B12345678"
OFFER = "urn:evil:offer"
ELSEWHERE = "urn:other:offer"
"""What the body really certified in some of the cases."""
STATUS = "https://cert.tuev-fiktiv.example/status/"
PREFIXES = {
    "kg": KG_NS,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "gx": "https://w3id.org/gaia-x/development#",
}
V1 = ["https://www.w3.org/2018/credentials/v1", PREFIXES]
V2 = ["https://www.w3.org/ns/credentials/v2", PREFIXES]

BODY_KEY, EVIL_KEY = new_key(), new_key()


def _with_two_keys() -> dict[str, Any]:
    """The body's own document, with a second key that the tests sign with."""
    document: dict[str, Any] = json.loads(json.dumps(bundled_did_documents()[BODY]))
    (method,) = did_document(BODY, BODY_KEY)["verificationMethod"]
    document["verificationMethod"].append({**method, "id": f"{BODY}#key-2"})
    document["assertionMethod"].append(f"{BODY}#key-2")
    return document


PINNED = [
    _with_two_keys(),
    did_document(EVIL, EVIL_KEY),
    did_document(PUPPET, EVIL_KEY, controller=EVIL),
]


@dataclass(frozen=True)
class Poison:
    """A hostile catalogue.

    Attributes:
        code: What it must be reported with; empty for what anybody may say.
        files: Its files by name; `BASE` in a text stands for the service's base IRI.
        kind: Which importer reads it.
        before: What the same catalogue held the time before.
    """

    code: str
    files: Mapping[str, str]
    kind: str = "gaia-x"
    before: Mapping[str, str] | None = None


def offering(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": OFFER, "type": "kg:PostgreSQL", **more}


def plain(code: str, *subjects: Mapping[str, Any], **changes: Any) -> Poison:  # noqa: ANN401
    """An unsigned credential that says its issuer is a certification body."""
    document = {
        "@context": V1,
        "type": ["VerifiableCredential"],
        "id": "urn:evil:credential",
        "issuer": BODY,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": list(subjects),
        **changes,
    }
    return Poison(code, {"poison.json": json.dumps(document)})


def certified(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A certificate for the attacker's offering, as the body would write it."""
    subject = {
        "id": "https://cert.tuev-fiktiv.example/certificates/evil",
        "type": "kg:Certificate",
        "kg:standard": "ISO/IEC 27001:2022",
        "kg:certificateNumber": CANARY,
        "kg:scope": {"@id": OFFER},
        "kg:validFrom": {"@type": "xsd:dateTime", "@value": "2026-01-01T00:00:00Z"},
        "kg:validUntil": {"@type": "xsd:dateTime", "@value": "2098-12-31T23:59:59Z"},
    }
    return {
        "@context": V2,
        "id": "urn:evil:certificate",
        "type": ["VerifiableCredential"],
        "issuer": BODY,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2098-12-31T23:59:59Z",
        "credentialSubject": subject,
        **changes,
    }


def own_offering() -> str:
    return json.dumps(
        {
            "@context": V1,
            "type": ["VerifiableCredential"],
            "id": "urn:evil:own",
            "issuer": EVIL,
            "issuanceDate": "2026-01-01T00:00:00Z",
            "credentialSubject": offering(),
        }
    )


def jwt(code: str, text: str, **files: str) -> Poison:
    return Poison(code, {"certificate.jwt": text, "own.json": own_offering(), **files})


def by_body(document: Mapping[str, Any], **header: object) -> str:
    return token(document, BODY_KEY, **{"kid": f"{BODY}#key-2", **header})


def unsigned_token(algorithm: str, signature: Callable[[bytes], bytes]) -> str:
    head = {"alg": algorithm, "kid": f"{BODY}#key-2", "typ": "vc+jwt"}
    signed = f"{b64(head)}.{b64(certified())}"
    return f"{signed}.{b64(signature(signed.encode()))}"


def _hmac(message: bytes) -> bytes:
    return hmac.new(BODY_KEY.as_pem(private=False), message, hashlib.sha256).digest()


def replayed() -> str:
    """A valid token of the body in which another offering is put."""
    head, payload, signature = by_body(certified(credentialSubject={
        **certified()["credentialSubject"], "kg:scope": {"@id": VICTIM},
    })).split(".")  # fmt: skip
    text = base64.urlsafe_b64decode(payload + "==").decode().replace(VICTIM, OFFER)
    return f"{head}.{base64.urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}.{signature}"


def with_status(purpose: str, index: int = 7) -> dict[str, Any]:
    return certified(
        credentialStatus={
            "id": f"{STATUS}{purpose}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(index),
            "statusListCredential": STATUS + purpose,
        }
    )


def status_list(purpose: str, *indexes: int) -> str:
    bits = new_bitstring(131_072)
    for index in indexes:
        set_status_bit(bits, index, 1)
    subject = {
        "id": f"{STATUS}{purpose}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose,
        "encodedList": encode_bitstring(bytes(bits)),
    }
    return by_body(
        certified(
            **{
                "id": STATUS + purpose,
                "type": ["VerifiableCredential", "BitstringStatusListCredential"],
                "credentialSubject": subject,
            }
        )
    )


def sealed_by_itself() -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from joserfc import jwk

    key = rsa.generate_private_key(65537, 2048)
    chain = chain_header(certificate("Seal", key, organisation="VATES-B12345678"))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = jwk.RSAKey.import_key(pem)
    return token(certified(issuer=ELSI), signer, "RS256", typ="jose", kid="MIHQ", x5c=chain)


def embedded(
    document: dict[str, Any],
    *proofs: Mapping[str, Any],
    change: Callable[[dict[str, Any]], None] = lambda _: None,
) -> str:
    """A document with proofs, changed after it was signed."""
    made = json.loads(json.dumps(document))
    change(made)
    return json.dumps({**made, "proof": list(proofs) if len(proofs) != 1 else proofs[0]})


def body_proof(document: Mapping[str, Any]) -> dict[str, Any]:
    return data_integrity(document, BODY_KEY, "ecdsa-rdfc-2019", method=f"{BODY}#key-2")


def _other_scope(document: dict[str, Any]) -> None:
    document["credentialSubject"]["kg:scope"] = {"@id": OFFER}


def _unmapped(document: dict[str, Any]) -> None:
    document["credentialSubject"]["label"] = CANARY


def _other_words(document: dict[str, Any]) -> None:
    document["@context"] = [*document["@context"], {"kg": "https://evil.example/ns#"}]


def tampered(code: str, change: Callable[[dict[str, Any]], None]) -> Poison:
    about = {**certified()["credentialSubject"], "kg:scope": {"@id": ELSEWHERE}}
    document = certified(credentialSubject=about)
    text = embedded(document, body_proof(document), change=change)
    return Poison(code, {"certificate.json": text, "own.json": own_offering()})


def two_proofs() -> Poison:
    document = certified()
    bad = {**body_proof(document), "proofValue": data_integrity(
        document, EVIL_KEY, "ecdsa-rdfc-2019")["proofValue"]}  # fmt: skip
    text = embedded(document, body_proof(document), bad)
    return Poison("proof-signature-wrong", {"c.json": text, "own.json": own_offering()})


def clique(size: int = 12) -> Poison:
    """Blank nodes that are all linked with each other have no canonical form in useful time."""
    names = [f"_:n{number}" for number in range(size)]
    nodes = [{"id": n, "kg:scope": [{"@id": m} for m in names if m != n]} for n in names]
    document = certified(credentialSubject=[certified()["credentialSubject"], *nodes])
    proof = {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019", "proofValue": "z1",
             "verificationMethod": f"{BODY}#key-2", "proofPurpose": "assertionMethod"}  # fmt: skip
    return Poison(
        "canonicalisation-too-long",
        {"c.json": embedded(document, proof), "own.json": own_offering()},
    )


def presentation(*credentials: object) -> str:
    """A presentation that the attacker signs, with somebody else's credential in it."""
    document = {
        "@context": V2,
        "type": ["VerifiablePresentation"],
        "holder": EVIL,
        "verifiableCredential": list(credentials),
    }
    return token(document, EVIL_KEY, kid=f"{EVIL}#key-1", typ="vp+jwt")


def forged_jws() -> str:
    document = certified(**{"@context": [*V1[:1], "https://w3id.org/security/suites/jws-2020/v1",
                                         PREFIXES]})  # fmt: skip
    for new, old in (("validFrom", "issuanceDate"), ("validUntil", "expirationDate")):
        document[old] = document.pop(new)
    proof = jws_2020(document, EVIL_KEY, "ES256", method=f"{BODY}#key-2")
    return embedded(document, proof)


def tmf(code: str, **members: Any) -> Poison:  # noqa: ANN401
    return Poison(
        code, {"productOffering.json": json.dumps([{"id": OFFER, **members}])}, kind="tmf620"
    )


ONTOLOGY = {
    "a class below a label": {"id": "kg:PostgreSQL", "rdfs:subClassOf": {"id": "kg:Label"}},
    "its own class below a label": {"id": "urn:evil:C", "rdfs:subClassOf": {"id": "kg:Label"}},
    "an equivalent class": {"id": "urn:evil:C", "owl:equivalentClass": {"id": "kg:Label"}},
    "a property chain": {
        "id": "kg:label",
        "owl:propertyChainAxiom": {"@list": [{"id": "kg:provider"}, {"id": "kg:certificate"}]},
    },
    "a domain": {"id": "kg:provider", "rdfs:domain": {"id": "kg:Label"}},
    "a range": {"id": "kg:provider", "rdfs:range": {"id": "kg:Worker"}},
    "a property below a label": {"id": "kg:completeFor", "rdfs:subPropertyOf": {"id": "kg:label"}},
    "an equivalent property": {"id": "gx:name", "owl:equivalentProperty": {"id": "kg:label"}},
    "a key": {"id": "kg:PostgreSQL", "owl:hasKey": {"@list": [{"id": "kg:noticePeriod"}]}},
    "an inverse": {"id": "kg:scope", "owl:inverseOf": {"id": "kg:certificate"}},
    "a shape": {"id": "urn:evil:S", "http://www.w3.org/ns/shacl#targetClass": {"id": "kg:Label"}},
}
CLASSES = {
    "an inverse functional property": {
        "id": "kg:noticePeriod", "type": "owl:InverseFunctionalProperty",
    },
    "a class of workers": {**offering(), "type": ["kg:PostgreSQL", "kg:Worker"]},
    "a worker": {"id": "BASEworker/x", "type": "kg:Worker", "kg:forProvider": {"id": PROVIDER}},
}  # fmt: skip
OTHERS = {
    "another's provider": {"id": PROVIDER, "kg:headquarters": {"id": COUNTRY + "USA"}},
    "another's offering": {"id": VICTIM, "kg:noticePeriod": "P99Y"},
    "a price for another's offering": {
        "id": VICTIM,
        "kg:price": {"id": "urn:evil:price", "type": "kg:PriceComponent", "kg:amount": "0.01"},
    },
    "completeness for another": {"id": VICTIM, "kg:completeFor": {"id": "kg:label"}},
    "a term of the vocabulary": {"id": "kg:PostgreSQL", "rdfs:label": CANARY},
    "a thing of the service": {"id": "urn:kgservice:meta", "rdfs:label": CANARY},
    "another catalogue's nameless node": {
        "id": "NAMELESS", "type": "kg:Place",
        "rdfs:label": CANARY,
    },
    "another catalogue's document": {"id": "BASEgraph/rijn-federation/x", "rdfs:label": CANARY},
}  # fmt: skip

CASES: dict[str, Poison] = {
    "sameAs": plain("identity-statement", offering(**{"owl:sameAs": {"id": VICTIM}})),
    "sameAs the other way round": plain(
        "identity-statement", offering(), {"id": VICTIM, "owl:sameAs": {"id": OFFER}}
    ),
    "differentFrom": plain(
        "identity-statement", offering(), {"id": VICTIM, "owl:differentFrom": {"id": VICTIM}}
    ),
    **{name: plain("vocabulary-statement", offering(), one) for name, one in ONTOLOGY.items()},
    **{name: plain("class-not-allowed", offering(), one) for name, one in CLASSES.items()},
    **{name: plain("subject-not-owned", offering(), one) for name, one in OTHERS.items()},
    "a label": plain("label-not-granted", offering(**{"kg:label": {"id": BASIC}})),
    "a label for another's offering": plain(
        "label-not-granted", offering(), {"id": VICTIM, "kg:label": {"id": "urn:evil:label"}}
    ),
    "a label as a thing": plain(
        "label-not-granted", offering(), {"id": "urn:evil:offer#l", "type": "kg:Label"}
    ),
    "a graph of the service": plain(
        "label-not-granted",
        offering(),
        {"id": "urn:kgservice:labels", "@graph": [{"id": OFFER, "kg:label": {"id": BASIC}}]},
    ),
    "evidence that it made itself": plain(
        "value-not-allowed",
        offering(**{"kg:certificate": {
            "id": OFFER + "#c", "type": "kg:Certificate", "kg:scope": {"id": OFFER},
            "kg:standard": "ISO/IEC 27001", "kg:issuer": {"id": BODY},
            "kg:evidence": {"id": "kg:Certified"},
        }}),
    ),
    "a stranger's provider": plain(
        "provider-not-confirmed", offering(**{"kg:provider": {"id": PROVIDER}})
    ),
    "the metadata": plain(
        "predicate-not-allowed", offering(),
        {"id": "BASEgraph/rijn-federation/x", "kg:describes": {"id": VICTIM}},
    ),
    "the authority": plain(
        "predicate-not-allowed", offering(),
        {
            "id": "https://w3id.org/kgservice/authority/own-offerings",
            "kg:maySay": {"id": "kg:CertificateStatements"},
        },
    ),
    "a proof result": plain(
        "predicate-not-allowed", offering(**{"kg:proofResult": {"id": "kg:ProofValid"}})
    ),
    "an owner": plain("predicate-not-allowed", offering(**{"kg:ownerKey": {"id": PROVIDER}})),
    "a language that is none": plain(
        "iri-invalid", offering(**{"rdfs:label": {"@value": CANARY, "@language": "en-!" + CANARY}})
    ),
    "an IRI that is none": plain(
        "iri-invalid", offering(**{"rdfs:seeAlso": {"@id": f"http://x.example/<{CANARY}>"}})
    ),
    "a quoted statement": plain(
        "jsonld-invalid", offering(),
        {"id": {"id": VICTIM, "kg:label": {"id": BASIC}}, "rdfs:label": CANARY},
    ),
    "a context from the network": plain(
        "context-unknown", offering(), **{"@context": [*V1, "https://evil.example/context"]}
    ),
    "a key twice": Poison(
        "json-duplicate-key",
        {"p.json": own_offering().replace('"id": "urn:evil:own"', f'"id": "{VICTIM}", '
                                          '"id": "urn:evil:own"')},
    ),
    "an alg of none": jwt("proof-algorithm-refused", unsigned_token("none", lambda _: b"")),
    "an HMAC with the public key": jwt("proof-algorithm-refused", unsigned_token("HS256", _hmac)),
    "another's key": jwt(
        "proof-signature-wrong", token(certified(), EVIL_KEY, kid=f"{BODY}#key-2")
    ),
    "the kid of another DID": jwt(
        "proof-key-unknown", token(certified(), EVIL_KEY, kid=f"{EVIL}#key-1")
    ),
    "a key of a foreign controller": jwt(
        "proof-key-unknown", token(certified(issuer=PUPPET), EVIL_KEY, kid=f"{PUPPET}#key-1")
    ),
    "two issuers": jwt("issuer-differs", by_body(certified(iss=EVIL))),
    "an issuer that nobody knows": jwt(
        "issuer-unknown",
        token(certified(issuer="did:web:nobody.example"), EVIL_KEY, kid="did:web:nobody.example#1"),
    ),
    "an expired certificate": jwt(
        "credential-expired", by_body(certified(validUntil="2026-01-02T00:00:00Z"))
    ),
    "a certificate that is not valid yet": jwt(
        "credential-not-yet-valid", by_body(certified(validFrom="2097-01-01T00:00:00Z"))
    ),
    "a revoked certificate": jwt(
        "credential-revoked", by_body(with_status("revocation")),
        **{"list.jwt": status_list("revocation", 7)},
    ),
    "a suspended certificate": jwt(
        "credential-suspended", by_body(with_status("suspension")),
        **{"list.jwt": status_list("suspension", 7)},
    ),
    "a status that nobody can know": jwt("status-unknown", by_body(with_status("revocation", 8))),
    "a list that the attacker signed": jwt(
        "status-unknown", by_body(with_status("revocation", 9)),
        **{"list.jwt": token(
            certified(**{"id": STATUS + "revocation", "type": [
                "VerifiableCredential", "BitstringStatusListCredential"], "issuer": EVIL,
                "credentialSubject": {"id": "urn:evil:list", "type": "BitstringStatusList",
                    "statusPurpose": "revocation",
                    "encodedList": encode_bitstring(bytes(16_384))}}),
            EVIL_KEY, kid=f"{EVIL}#key-1")},
    ),
    "a seal that vouches for itself": jwt("issuer-not-anchored", sealed_by_itself()),
    "a header that must be understood": jwt(
        "proof-header-unknown", by_body(certified(), crit=["exp"], exp=1)
    ),
    "a presentation's token as credential": jwt(
        "proof-type-wrong", by_body(certified(), typ="vp+jwt")
    ),
    "a replay for another offering": jwt("proof-signature-wrong", replayed()),
    "a token with a member twice": jwt(
        "proof-malformed",
        ".".join([b64({"alg": "ES256", "kid": f"{BODY}#key-2"}), base64.urlsafe_b64encode(
            json.dumps(certified()).replace('"issuer"', f'"issuer": "{EVIL}", "issuer"')
            .encode()).rstrip(b"=").decode(), "AAAA"]),
    ),
    "a proof over other bytes": tampered("proof-signature-wrong", _other_scope),
    "a term that is not signed": tampered("term-not-signed", _unmapped),
    "words with another meaning": tampered("proof-signature-wrong", _other_words),
    "two proofs of which one is bad": two_proofs(),
    "nodes that look alike": clique(),
    "a forged signature as Gaia-X has it": Poison(
        "proof-signature-wrong", {"c.json": forged_jws(), "own.json": own_offering()}
    ),
    "a presentation with another's credential": Poison(
        "proof-signature-wrong",
        {"p.jwt": presentation(
            embedded(certified(), body_proof(certified(validUntil="2097-01-01T00:00:00Z")))
        ), "own.json": own_offering()},
    ),
    "an offering of TM Forum with another's name": Poison(
        "subject-not-owned",
        {"productOffering.json": json.dumps([{
            "id": TM_VICTIM, "name": CANARY, "lifecycleStatus": "Launched",
        }])},
        kind="tmf620",
    ),
}  # fmt: skip


def rollback() -> Poison:
    """An older certificate, signed by the body, comes back after a newer one without the scope."""
    scope = {**certified()["credentialSubject"], "kg:scope": {"@id": ELSEWHERE}}
    now = datetime.now(UTC).isoformat()
    old = by_body(certified())
    new = by_body(certified(validFrom=now, credentialSubject=scope))
    files = {"certificate.jwt": old, "own.json": own_offering()}
    return Poison("credential-older", files, before={**files, "certificate.jwt": new})


CASES["a rollback to an older issue"] = rollback()


def codes(report: Mapping[str, Any]) -> set[str]:
    """Give the codes of a report."""
    listed: Iterable[Mapping[str, Any]] = report.get("problems", ())
    return {str(one["code"]) for one in listed} | set(report.get("codes", {}))
