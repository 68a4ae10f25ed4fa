"""What a hostile catalogue says about others, about terms, or about trust changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.security.attacked import KG_NS, Attacked

COUNTRY = "http://publications.europa.eu/resource/authority/country/"
VICTIM = "https://rheintal-rechenzentrum.example/offerings/postgresql"
PROVIDER = "did:web:rheintal-rechenzentrum.example"
BASIC = "https://w3id.org/kgservice/scheme/eu-cloud-basic/basic"
BODY = "did:web:cert.tuev-fiktiv.example"
CONTEXT = {
    "kg": KG_NS,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "gx": "https://w3id.org/gaia-x/development#",
}
CERTIFICATE = {
    "id": "urn:evil:offer#certificate",
    "type": "kg:Certificate",
    "kg:standard": "ISO/IEC 27001",
    "kg:scope": {"id": "urn:evil:offer"},
    "kg:issuer": {"id": BODY},
    "kg:evidence": {"id": "kg:Certified"},
}
POISON: dict[str, dict[str, Any]] = {
    "sameAs": {"owl:sameAs": {"id": VICTIM}},
    "a label": {"kg:label": {"id": BASIC}},
    "class of workers": {"type": ["kg:PostgreSQL", "kg:Worker"]},
    "certificate": {"kg:certificate": CERTIFICATE},
    "a stranger's provider": {"kg:provider": {"id": PROVIDER}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "another's provider": {"id": PROVIDER, "kg:headquarters": {"id": COUNTRY + "USA"}},
    "another's offering": {"id": VICTIM, "kg:noticePeriod": "P99Y"},
    "a class": {"id": "kg:PostgreSQL", "rdfs:subClassOf": {"id": "kg:Label"}},
    "a property": {"id": "kg:provider", "rdfs:domain": {"id": "kg:Label"}},
    "a worker": {"id": "BASEworker/x", "type": "kg:Worker", "kg:forProvider": {"id": PROVIDER}},
    "the metadata": {"id": "BASEgraph/rijn-federation/x", "kg:describes": {"id": VICTIM}},
    "the authority": {
        "id": "https://w3id.org/kgservice/authority/own-offerings",
        "kg:maySay": {"id": "kg:CertificateStatements"},
    },
}


def sync(attacked: Attacked, folder: Path, *subjects: dict[str, Any]) -> dict[str, Any]:
    base = attacked.call("GET", "/catalogs")[1]["catalogs"][0]["catalog"].split("catalog/")[0]
    credential = {
        "@context": ["https://www.w3.org/2018/credentials/v1", CONTEXT],
        "type": ["VerifiableCredential"],
        "id": "urn:evil:credential",
        "issuer": BODY,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": list(subjects),
    }
    text = json.dumps(credential).replace("BASE", base)
    (folder / "poison.json").write_text(text, encoding="utf-8")
    operator = attacked.service.token
    body = {"name": "evil", "type": "gaia-x", "source": str(folder)}
    assert attacked.call("POST", "/catalogs", operator, body)[0] == 201
    is_done, report = attacked.sync("evil", operator)
    assert is_done, report
    return dict(report)


def state(attacked: Attacked) -> list[dict[str, str]]:
    """What is known of the victim, its provider, all labels and all workers."""
    return sorted(
        attacked.select(
            f"SELECT ?s ?p ?o {{ VALUES ?s {{ <{VICTIM}> <{PROVIDER}> kg:PostgreSQL kg:provider }}"
            " ?s ?p ?o }"
        )
        + attacked.select("SELECT ?s ?o { ?s kg:label ?o }")
        + attacked.select("SELECT ?s { ?s a kg:Worker }"),
        key=str,
    )


@pytest.mark.parametrize("what", [*POISON, *OTHERS])
def test_poison_is_refused_and_nothing_else_changes(
    attacked: Attacked, tmp_path: Path, what: str
) -> None:
    before = state(attacked)
    offering = {"id": "urn:evil:offer", "type": "kg:PostgreSQL", **POISON.get(what, {})}

    report = sync(attacked, tmp_path, offering, *([OTHERS[what]] if what in OTHERS else []))

    assert report["counts"]["refused"] > 0
    assert state(attacked) == before
    inherited = "SELECT ?h { <urn:evil:offer> kg:provider/kg:headquarters ?h }"
    assert attacked.select(inherited) == []
    assert attacked.call("DELETE", "/catalogs/evil", attacked.service.token)[0] == 204
    assert state(attacked) == before
