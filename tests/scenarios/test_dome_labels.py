"""DOME: from a signed credential in a specification to an answer, and whom it is not for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dome_market import (
    CERTIFIER,
    OTHER,
    OTHER_KEY,
    RIVAL,
    label,
    offering,
    offering_id,
    sealed,
    specification,
    status_list,
    trust,
    unsigned,
    with_status,
    write_market,
)
from tests.running import Service

SCHEME = "https://w3id.org/kgservice/scheme/dome/"
LEVELS = ("baseline", "professional", "professional-plus")
REQUEST = """
request: A database with a label
as-of: "2026-12-01"
components:
  db:
    kind: PostgreSQL
    label: {scheme: dome, at-least: LEVEL}
answers: 50
"""
TOKENS = {
    "basic": sealed(label("basic", "BL")),
    "good": sealed(label("good", "P")),
    "best": sealed(label("best", "P+")),
    "running": sealed(with_status(label("running"), 3)),
    "expired": sealed(label("expired", validUntil="2026-02-01T00:00:00Z")),
    "to-come": sealed(label("to-come", validFrom="2089-01-01T00:00:00Z")),
    "revoked": sealed(with_status(label("revoked"), 7)),
    "unsigned": unsigned(label("unsigned")),
    "forged": sealed(label("forged"), OTHER_KEY),
    "self-made": sealed(label("self-made", issuer=OTHER), OTHER_KEY),
    "unknown": sealed(label("unknown", issuer="did:web:nobody.example"), OTHER_KEY),
    "gaia-x": sealed(label("gaia-x", "L2")),
    "both": sealed(label("both", ["BL", "P+"])),
    "endless": sealed({k: v for k, v in label("endless").items() if k != "validUntil"}),
    "copied": sealed(label("good", "P")),
    "tampered": sealed(label("tampered"))[:-4] + "AAAA",
}
UNKNOWN, NOT_MET, MET = "unknown", "not met", "met"
OUTCOMES: dict[str, tuple[tuple[str, str, str], str]] = {
    "basic": ((MET, NOT_MET, NOT_MET), "lower level"),
    "good": ((MET, MET, NOT_MET), "lower level"),
    "best": ((MET, MET, MET), "every condition"),
    "running": ((MET, MET, NOT_MET), "lower level"),
    "expired": ((NOT_MET,) * 3, "expired"),
    "to-come": ((UNKNOWN,) * 3, "signature"),
    "revoked": ((NOT_MET,) * 3, "revoked"),
    "unsigned": ((UNKNOWN,) * 3, "signature"),
    "forged": ((UNKNOWN,) * 3, "signature"),
    "self-made": ((UNKNOWN,) * 3, "does not list the issuer"),
    "unknown": ((UNKNOWN,) * 3, "signature"),
    "gaia-x": ((UNKNOWN,) * 3, "exactly one of the levels"),
    "both": ((UNKNOWN,) * 3, "exactly one of the levels"),
    "endless": ((UNKNOWN,) * 3, "from when until when"),
    "copied": ((UNKNOWN,) * 3, "no source has"),
    "tampered": ((UNKNOWN,) * 3, "signature"),
    "none": ((UNKNOWN,) * 3, "no source has"),
    "resold": ((UNKNOWN,) * 3, "does not name the provider"),
    "nobodys": ((UNKNOWN,) * 3, "does not name the provider"),
    "elsewhere": ((UNKNOWN,) * 3, "not described by the source of this offering"),
    "stolen": ((UNKNOWN,) * 3, "not described by the source of this offering"),
}
ROLE = [{"id": RIVAL, "role": "Seller"}]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose operator lists one certifier, with a market and a rival's catalogue."""
    folder = tmp_path_factory.mktemp("dome")
    data = folder / "data"
    trust(data, lists=status_list(7))
    objects = [made for name, text in TOKENS.items()
               for made in (specification(name, text), offering(name))]  # fmt: skip
    owned = {**specification("resold-from", sealed(label("resold-from"))), "relatedParty": [
        {"id": "urn:ngsi-ld:organization:maker", "role": "Owner"}]}  # fmt: skip
    nobodys = specification("nobodys", sealed(label("nobodys")), seller=None)
    objects += [
        specification("none"), offering("none"),
        owned, offering("resold", "resold-from", relatedParty=ROLE),
        nobodys, offering("nobodys", relatedParty=ROLE),
    ]  # fmt: skip
    rivals = [
        specification("good", TOKENS["good"], seller=RIVAL), offering("stolen", "good"),
        offering("elsewhere", "best", relatedParty=ROLE),
    ]  # fmt: skip
    service = Service(data).start()
    try:
        for name, made in (("market", objects), ("rival", rivals)):
            service.kg("catalog", "add", name, "--type", "tmf620",
                       str(write_market(folder / name, *made)))  # fmt: skip
            service.kg("catalog", "sync", name)
        yield service
    finally:
        service.stop()


def told(service: Service, name: str) -> dict[str, tuple[str, str]]:
    """Give what `kg label show` says: outcome and reasons, by level of DOME's scheme."""
    shown: Any = service.kg_json("label", "show", offering_id(name))
    return {
        one["level"].removeprefix(SCHEME): (one["outcome"], str(one["reasons"]))
        for one in shown["criteria"]
        if one["level"].startswith(SCHEME)
    }


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_level_is_met_not_met_or_unknown_and_says_why(market: Service, name: str) -> None:
    outcomes, reason = OUTCOMES[name]
    shown = told(market, name)
    assert tuple(shown[level][0] for level in LEVELS) == outcomes
    assert reason in shown["professional-plus"][1]


def test_only_offerings_of_the_certified_have_a_label(market: Service) -> None:
    query = (
        "SELECT ?o ?level { ?o <https://w3id.org/kgservice/ns#label> ?l . "
        "?l <https://w3id.org/kgservice/ns#level> ?level }"
    )
    rows: Any = market.kg_json("query", query, "--format", "json")
    found = {(r["o"]["value"], r["level"]["value"]) for r in rows["results"]["bindings"]}
    expected = {"basic": "baseline", "good": "professional", "best": "professional-plus",
                "running": "professional"}  # fmt: skip
    assert found == {(offering_id(name), SCHEME + level) for name, level in expected.items()}


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ("baseline", {"basic", "good", "best", "running"}),
        ("professional", {"good", "best", "running"}),
        ("professional-plus", {"best"}),
    ],
)
def test_a_request_for_a_level_gets_that_level_and_higher_ones(
    market: Service, tmp_path: Path, level: str, names: set[str]
) -> None:
    file = tmp_path / "request.yaml"
    file.write_text(REQUEST.replace("LEVEL", level), encoding="utf-8")
    answer: Any = market.kg_json("request", "resolve", str(file), "--json", expect=None)
    found = {one["offerings"]["db"] for one in answer["compositions"]}
    assert found == {offering_id(name) for name in names}


def test_a_certifier_takes_no_specification_away_from_whoever_describes_it(
    market: Service,
) -> None:
    report: Any = market.kg_json("catalog", "report", "market", "--json")
    assert report["counts"]["refused"] == 0, report["problems"]


@pytest.mark.parametrize(("status", "name"), [("eol", "expired"), ("revoked", "revoked")])
def test_what_counts_no_more_is_published_with_its_status(
    market: Service, status: str, name: str
) -> None:
    def listed(**parameters: str) -> dict[str, Any]:
        answer = requests.get(
            f"{market.url}/self-descriptions", {**parameters, "withContent": "true"}, timeout=60
        )
        return {item["content"]: item["meta"] for item in answer.json()["items"]}

    meta = listed(statuses=status.upper())[TOKENS[name]]
    assert meta["status"] == status
    assert TOKENS[name] not in listed()
    moment = meta["statusDatetime"]
    again = listed(statuses=f"ACTIVE,{status}", statusTimerange=f"{moment}/{moment}")
    assert again[TOKENS[name]]["sdHash"] == meta["sdHash"]


def test_labels_follow_what_the_operator_trusts_and_what_the_market_says(
    market: Service, tmp_path: Path
) -> None:
    rules = market.folder / "trust" / "authority" / "dome.ttl"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace(CERTIFIER, OTHER), encoding="utf-8")
    market.kg("catalog", "sync", "rival")
    assert told(market, "best")["baseline"][0] == UNKNOWN
    assert told(market, "self-made")["professional"][0] == MET
    rules.write_text(text, encoding="utf-8")
    market.kg("catalog", "sync", "rival")
    assert told(market, "best")["professional-plus"][0] == MET
    assert told(market, "self-made")["professional"][0] == UNKNOWN
