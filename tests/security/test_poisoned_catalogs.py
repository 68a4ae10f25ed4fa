"""What a hostile catalogue says about others, about terms, or about trust changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.security.attacked import Attacked
from tests.security.poison import (
    CANARY,
    CASES,
    ELSEWHERE,
    OFFER,
    PROVIDER,
    TM_VICTIM,
    VICTIM,
    Poison,
    codes,
)
from tests.security.poison_dcat import DCAT_CASES

NAMELESS = """SELECT ?s { GRAPH ?g { ?s ?p ?o }
  FILTER(STRSTARTS(STR(?s), "BASE.well-known/genid/") && !CONTAINS(STR(?g), "/evil/")) }
  ORDER BY ?s LIMIT 1"""


def sync(attacked: Attacked, folder: Path, kind: str, files: Mapping[str, str]) -> dict[str, Any]:
    base = attacked.call("GET", "/catalogs")[1]["catalogs"][0]["catalog"].split("catalog/")[0]
    nameless = attacked.select(NAMELESS.replace("BASE", base))[0]["s"]
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(
            text.replace("BASE", base).replace("NAMELESS", nameless), encoding="utf-8"
        )
    operator = attacked.service.token
    body = {"name": "evil", "type": kind, "source": str(folder)}
    assert attacked.call("POST", "/catalogs", operator, body)[0] == 201
    is_done, report = attacked.sync("evil", operator)
    assert is_done, report
    return dict(report)


def state(attacked: Attacked) -> list[dict[str, str]]:
    """What is known of the victim, its provider and terms, all labels, certificates and workers."""
    victims = f"<{VICTIM}> <{TM_VICTIM}> <{PROVIDER}>"
    terms = "kg:PostgreSQL kg:provider kg:label kg:noticePeriod kg:scope kg:Label"
    return sorted(
        attacked.select(f"SELECT ?s ?p ?o {{ VALUES ?s {{ {victims} {terms} }} ?s ?p ?o }}")
        + attacked.select(f"SELECT ?s ?o {{ ?s kg:label ?o FILTER(?s != <{ELSEWHERE}>) }}")
        + attacked.select(
            f"SELECT ?s ?o {{ ?s kg:certificate ?o FILTER(?s NOT IN (<{ELSEWHERE}>, <{OFFER}>)) }}"
        )
        + attacked.select("SELECT ?s { ?s a kg:Worker }")
        + attacked.select("SELECT ?s ?p { ?s ?p <urn:evil:C> }"),
        key=str,
    )


ANSWERS = (
    "/mpli/v1/offerings",
    "/tmf-api/productCatalogManagement/v4/productOffering?limit=1000",
    "/tmf-api/productCatalogManagement/v4/productSpecification?limit=1000",
    "/dcat",
    "/self-descriptions",
    f"/labels?subject={OFFER}",
    f"/labels?subject={VICTIM}",
)


def answers(attacked: Attacked) -> dict[str, str]:
    """What peers and customers are told."""
    found = {}
    for path in ANSWERS:
        answer = requests.get(attacked.service.url + path, timeout=60)
        assert answer.status_code < 500, (path, answer.text)
        found[path] = answer.text
    query = f'SELECT * {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), "{CANARY}")) }}'
    found["sparql"] = json.dumps(attacked.select(query))
    # What was refused is kept in quarantine, as things that were said and not as what is so.
    graphs = f"""SELECT * {{ GRAPH ?g {{ ?s ?p ?o }}
      FILTER(CONTAINS(STR(?o), "{CANARY}") && !STRENDS(STR(?g), "/quarantine")) }}"""
    found["graphs"] = json.dumps(attacked.select(graphs))
    return found


@pytest.fixture(scope="module")
def clean(attacked: Attacked) -> list[dict[str, str]]:
    return state(attacked)


ALL: dict[str, Poison] = {**CASES, **{f"in DCAT: {n}": p for n, p in DCAT_CASES.items()}}


@pytest.mark.parametrize("what", ALL)
def test_poison_is_reported_by_its_code_and_reaches_no_answer(
    attacked: Attacked, tmp_path: Path, clean: list[dict[str, str]], what: str
) -> None:
    poison = ALL[what]
    if poison.before is not None:
        sync(attacked, tmp_path, poison.kind, poison.before)

    report = sync(attacked, tmp_path, poison.kind, poison.files)

    assert poison.code in codes(report) | {""}, report
    assert state(attacked) == clean
    assert attacked.select(f"SELECT ?h {{ <{OFFER}> kg:provider/kg:headquarters ?h }}") == []
    assert attacked.select(f"SELECT ?l {{ <{OFFER}> kg:label ?l }}") == []
    for path, text in answers(attacked).items():
        if path not in ("graphs", "sparql") or not _may_be_kept(what):
            assert CANARY not in text, path
    told = attacked.call("GET", f"/labels?subject={OFFER}")[1]["criteria"]
    assert {one["outcome"] for one in told} <= {"unknown", "not met"}


def _may_be_kept(what: str) -> bool:
    """Whether the catalogue's own words about itself hold the mark; nothing follows from them."""
    kept = {"certificate", "certificate.jwt", "certificate.json", "c.json", "p.jwt"}
    return not kept.isdisjoint(ALL[what].files)


def test_when_the_hostile_catalogue_is_gone_all_is_as_before(
    attacked: Attacked, clean: list[dict[str, str]]
) -> None:
    attacked.call("DELETE", "/catalogs/evil", attacked.service.token)
    assert state(attacked) == clean
    assert not any(CANARY in text for text in answers(attacked).values())
