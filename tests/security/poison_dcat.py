"""Hostile catalogues in the words of DCAT, of ODRL policies and of the Dataspace Protocol."""

from __future__ import annotations

import json
from typing import Any

from tests.security.attacked import KG_NS
from tests.security.poison import (
    BASIC,
    BODY,
    CANARY,
    COUNTRY,
    OFFER,
    PROVIDER,
    TM_VICTIM,
    VICTIM,
    Poison,
)

HEAD = f"""@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix kg: <{KG_NS}> .
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <http://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<urn:evil:catalog> a dcat:Catalog ; dct:title "Evil" ; dcat:service <{OFFER}> .
<{OFFER}> a dcat:DataService , kg:PostgreSQL ; dct:title "Mine" .
"""
DSP = "https://w3id.org/dspace/2025/1/context.jsonld"


def turtle(code: str, statements: str, name: str = "catalog.ttl") -> Poison:
    return Poison(code, {name: HEAD + statements}, kind="dcat")


def linked(code: str, statements: str) -> Poison:
    """Say it of something that the own offering has as a part, so that it is taken along."""
    subject = statements.split()[0]
    return turtle(code, f"{statements}\n<{OFFER}> dcat:distribution {subject} .")


def dsp(code: str, **members: Any) -> Poison:  # noqa: ANN401
    document = {
        "@context": [DSP],
        "@id": "urn:evil:dsp",
        "@type": "Catalog",
        "participantId": "urn:evil:party",
        "dataset": [{"@id": OFFER, "@type": "Dataset"}],
        **members,
    }
    return Poison(code, {"catalog.json": json.dumps(document)}, kind="dcat")


VOCABULARY = {
    "a class below a label": "kg:PostgreSQL rdfs:subClassOf kg:Label .",
    "its own class below a label": "<urn:evil:D> rdfs:subClassOf kg:Label .",
    "an equivalent class": "<urn:evil:D> owl:equivalentClass kg:Label .",
    "a class of DCAT below a label": "dcat:DataService rdfs:subClassOf kg:Label .",
    "a property chain": "kg:label owl:propertyChainAxiom ( kg:provider kg:certificate ) .",
    "a domain": "kg:provider rdfs:domain kg:Label .",
    "a range": "dct:publisher rdfs:range kg:Worker .",
    "a property below a label": "dct:conformsTo rdfs:subPropertyOf kg:label .",
    "an equivalent property": "dct:publisher owl:equivalentProperty kg:label .",
    "a key": "kg:PostgreSQL owl:hasKey ( kg:noticePeriod ) .",
    "an inverse": "kg:scope owl:inverseOf kg:certificate .",
    "a shape": "<urn:evil:S> sh:targetClass kg:Label .",
}
OTHERS = {
    "another's offering": f'<{VICTIM}> kg:noticePeriod "P99Y"^^xsd:duration .',
    "another's offering as a service": f'<{VICTIM}> a dcat:DataService ; dct:title "{CANARY}" .',
    "an offering of TM Forum": f'<{TM_VICTIM}> a dcat:Dataset ; dct:title "{CANARY}" .',
    "another's provider": f"<{PROVIDER}> kg:headquarters <{COUNTRY}USA> .",
    "another's name as publisher": f'<{PROVIDER}> a foaf:Agent ; foaf:name "{CANARY}" .',
    "a price for another's offering": f"<{VICTIM}> schema:offers [ schema:price 0.01 ; "
    'schema:priceCurrency "EUR" ] ; kg:price <urn:evil:price> .',
    "completeness for another": f"<{VICTIM}> kg:completeFor kg:label .",
    "a term of the vocabulary": f'kg:PostgreSQL rdfs:label "{CANARY}" .',
    "a thing of the service": f'<urn:kgservice:meta> rdfs:label "{CANARY}" .',
    "another catalogue's nameless node": f'<NAMELESS> a kg:Place ; rdfs:label "{CANARY}" .',
    "another catalogue's document": f'<BASEgraph/rijn-federation/x> rdfs:label "{CANARY}" .',
    "a record about another's offering": f"<{VICTIM}> dct:isReplacedBy <{OFFER}> .",
}
LABEL = f"<{OFFER}> kg:label <{BASIC}> ."
CERTIFICATE = (
    f"<{OFFER}> kg:certificate <{OFFER}#c> . <{OFFER}#c> a kg:Certificate ; "
    f'kg:scope <{OFFER}> ; kg:standard "ISO/IEC 27001" ; kg:issuer <{BODY}> ; '
)
XXE = f"""<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dct="http://purl.org/dc/terms/" xmlns:dcat="http://www.w3.org/ns/dcat#">
<dcat:DataService rdf:about="{OFFER}"><dct:title>{CANARY}&x;</dct:title></dcat:DataService>
</rdf:RDF>"""

DCAT_CASES: dict[str, Poison] = {
    "sameAs": turtle("identity-statement", f"<{OFFER}> owl:sameAs <{VICTIM}> ."),
    "sameAs the other way round": linked(
        "identity-statement", f"<{VICTIM}> owl:sameAs <{OFFER}> ."
    ),
    **{name: linked("vocabulary-statement", text) for name, text in VOCABULARY.items()},
    **{name: linked("subject-not-owned", text) for name, text in OTHERS.items()},
    **{
        f"{name}, of which nobody speaks": turtle("resource-unattached", text)
        for name, text in (VOCABULARY | OTHERS).items()
        if "kg:PostgreSQL" in text or f"<{PROVIDER}> kg:" in text
    },
    "a label": turtle("label-not-granted", LABEL),
    "a label as a thing": linked("label-not-granted", f"<{OFFER}#l> a kg:Label ."),
    "a label for another's offering": linked(
        "label-not-granted", f"<{VICTIM}> kg:label <urn:evil:label> ."
    ),
    "a graph of the service": Poison(
        "label-not-granted",
        {"catalog.trig": f"{HEAD} GRAPH <urn:kgservice:labels> {{ {LABEL} }}"},
        kind="dcat",
    ),
    "evidence that it made itself": turtle(
        "value-not-allowed", CERTIFICATE + "kg:evidence kg:Certified ."
    ),
    "a stranger's provider": turtle(
        "provider-not-confirmed", f"<{OFFER}> kg:provider <{PROVIDER}> ."
    ),
    "a stranger as publisher": turtle(
        "provider-not-confirmed", f"<{OFFER}> dct:publisher <{PROVIDER}> ."
    ),
    "a class of workers": turtle("class-not-allowed", f"<{OFFER}> a kg:Worker ."),
    "a proof result": turtle("predicate-not-allowed", f"<{OFFER}> kg:proofResult kg:ProofValid ."),
    "an owner": turtle("predicate-not-allowed", f"<{OFFER}> kg:ownerKey <{PROVIDER}> ."),
    "the authority": linked(
        "predicate-not-allowed",
        "<https://w3id.org/kgservice/authority/own-offerings> kg:maySay kg:CertificateStatements .",
    ),
    # Anybody may publish a policy for what others offer; nothing follows of those from it.
    "a policy for another's offering": turtle(
        "",
        f'<urn:evil:policy> a odrl:Offer ; odrl:target <{VICTIM}> ; odrl:permission [ odrl:action '
        f"odrl:use ; odrl:constraint [ odrl:leftOperand odrl:spatial ; odrl:operator odrl:eq ; "
        f"odrl:rightOperand <{COUNTRY}USA> ] ] .",
    ),
    "a policy of another's offering": linked(
        "subject-not-owned", f"<{VICTIM}> odrl:hasPolicy [ a odrl:Offer ; odrl:permission [] ] ."
    ),
    "a quoted statement": turtle(
        "resource-unattached", f'<< <{VICTIM}> kg:label <{BASIC}> >> rdfs:label "{CANARY}" .'
    ),
    "an entity of XML": Poison("document-unreadable", {"catalog.rdf": XXE}, kind="dcat"),
    "a dataset of the Dataspace Protocol with another's name": dsp(
        "subject-not-owned", dataset=[{"@id": VICTIM, "@type": "Dataset", "title": CANARY}]
    ),
    "a stranger as participant": dsp(
        "provider-not-confirmed",
        participantId=PROVIDER,
        dataset=[{"@id": OFFER, "@type": ["Dataset", f"{KG_NS}PostgreSQL"]}],
    ),
    "a policy for another in the Dataspace Protocol": dsp(
        "",
        dataset=[{"@id": OFFER, "@type": "Dataset", "hasPolicy": [{
            "@id": "urn:evil:offer-policy", "@type": "Offer", "target": VICTIM,
            "permission": [{"action": "use", "constraint": [{
                "leftOperand": "spatial", "operator": "eq", "rightOperand": COUNTRY + "USA"}]}],
        }]}],
    ),
    "a context from the network": dsp(
        "context-unknown", **{"@context": [DSP, "https://evil.example/context"]}
    ),
    "a key twice": Poison(
        "json-duplicate-key",
        {"catalog.json": json.dumps({"@context": [DSP], "@id": "urn:evil:dsp", "@type": "Catalog"})
         .replace('"@id"', f'"@id": "{VICTIM}", "@id"')},
        kind="dcat",
    ),
}  # fmt: skip
