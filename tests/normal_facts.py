"""What a service knows of its offerings, in a form that two services can be compared by.

Names that a service mints, catalogues, provenance, and what every service derives for itself
(profiles, labels) are left out; a node counts by what is said of it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict

import requests

KG = "https://w3id.org/kgservice/ns#"
TITLE = "http://purl.org/dc/terms/title"
DESCRIPTION = "http://purl.org/dc/terms/description"
PART = "http://purl.org/dc/terms/hasPart"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DERIVED = frozenset(
    KG + name
    for name in ("profile", "label", "subjectToLaw", "roundTrip", "scope", "evidence", "issuer")
)
DEEPEST = 4

Facts = dict[str, dict[str, list[tuple[str, str, str]]]]


def ask(url: str, query: str) -> list[dict[str, dict[str, str]]]:
    """Ask a service by the SPARQL Protocol."""
    answer = requests.post(
        f"{url}/sparql",
        data={"query": query},
        headers={"Accept": "application/sparql-results+json"},
        timeout=60,
    )
    rows: list[dict[str, dict[str, str]]] = answer.json()["results"]["bindings"]
    return rows


def facts_of(url: str) -> Facts:
    """Read every statement that says something of an offering or of a node of one."""
    found: Facts = defaultdict(lambda: defaultdict(list))
    query = f"""SELECT ?s ?p ?o WHERE {{ ?s ?p ?o
      FILTER(STRSTARTS(STR(?p), "{KG}") || ?p IN (<{TITLE}>, <{DESCRIPTION}>, <{PART}>, <{TYPE}>))
      FILTER NOT EXISTS {{ GRAPH <urn:kgservice:vocabulary> {{ ?s a ?class }} }} }}"""
    for row in ask(url, query):
        subject, predicate = row["s"]["value"], row["p"]["value"]
        is_class = predicate == TYPE and not row["o"]["value"].startswith(KG)
        if predicate not in DERIVED and not is_class:
            value = row["o"]
            kind = value["type"] if value["type"] == "uri" else value.get("datatype", "")
            found[subject][predicate].append((value["value"], kind, value.get("xml:lang", "")))
    return found


def normal_offerings(url: str, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Give every offering by its title, as a text that says all that is known of it.

    `without` names what is left out: `/memory` of the offering, `provider/title` of its provider.
    """
    facts = facts_of(url)
    offerings = [s for s in facts if (KG + "Offering", "uri", "") in facts[s].get(TYPE, [])]
    named = {
        f"{facts[s].get(TITLE, [('', '', '')])[0][0]} / {_provider(facts, s)}": s for s in offerings
    }
    assert len(named) == len(offerings), "two offerings share a title and a provider"
    return {
        name: json.dumps(_node(facts, s, "", without, 0), indent=1, ensure_ascii=False)
        for name, s in sorted(named.items())
    }


def _provider(facts: Facts, offering: str) -> str:
    providers = facts[offering].get(KG + "provider", [])
    return ", ".join(sorted(facts[one[0]].get(TITLE, [("", "", "")])[0][0] for one in providers))


def _node(facts: Facts, node: str, role: str, without: frozenset[str], depth: int) -> object:
    said: dict[str, list[object]] = {}
    for predicate, values in sorted(facts[node].items()):
        name = re.sub(r"^.*[#/]", "", predicate)
        if f"{role}/{name}" not in without:
            shown = [_value(facts, one, predicate, without, depth) for one in values]
            said[name] = sorted(shown, key=lambda one: json.dumps(one, sort_keys=True))
    return said


def _value(
    facts: Facts,
    value: tuple[str, str, str],
    predicate: str,
    without: frozenset[str],
    depth: int,
) -> object:
    text, kind, language = value
    if kind != "uri":
        return " ".join([text, kind.rpartition("#")[2], language]).strip()
    if text.startswith((KG, "http://publications.europa.eu/")):
        return re.sub(r"^.*[#/]", "", text)
    if predicate in (PART, KG + "dependsOn"):
        return facts[text].get(TITLE, [(text, "", "")])[0][0]
    role = re.sub(r"^.*[#/]", "", predicate)
    return (
        _node(facts, text, role, without, depth + 1) if text in facts and depth < DEEPEST else text
    )
