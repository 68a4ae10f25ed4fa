"""ODRL policies: what of their conditions is understood, and what is said not to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dcat_reading import documents, read, values
from hypothesis import given, settings
from hypothesis import strategies as st
from small_vocabulary import AUTHORITY

from kgservice.model.documents import SourceDocument
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG

ODRL = "http://www.w3.org/ns/odrl/2/"
SPOKEN = ("spatial", "purpose", "recipient", "dateTime")
SAME, BOUNDS = ("eq", "isA", "isAnyOf", "isPartOf"), ("lt", "lteq", "gt", "gteq")
OTHERS = ("count", "payAmount", "media", "industry", "systemDevice")


def policy(*constraints: dict[str, object], kind: str = "permission") -> dict[str, object]:
    rule = {"target": "urn:asset:1", "action": "use", "constraint": list(constraints)}
    return {
        "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set", "uid": "urn:policy:1",
        kind: [rule],
    }  # fmt: skip


def condition(left: str, operator: str, right: object) -> dict[str, object]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def taken(folder: Path, tree: dict[str, object], encoding: str = "utf-8") -> SourceDocument:
    file = folder / "policy.json"
    file.write_bytes(json.dumps(tree).encode(encoding))
    (document,) = documents(read(file)).values()
    return document


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("kind", ["permission", "prohibition", "obligation"])
def test_conditions_are_said_in_plain_words(kind: str, encoding: str, tmp_path: Path) -> None:
    tree = policy(
        condition("spatial", "isAnyOf", ["NL", "BEL", AUTHORITY + "DEU"]),
        condition("purpose", "eq", "https://w3id.org/dpv#ResearchAndDevelopment"),
        condition("recipient", "isA", {"@id": "did:web:a.example"}),
        condition("dateTime", "gteq", {"@value": "2026-01-01", "@type": "xsd:date"}),
        condition("dateTime", "lt", "2027-01-01T00:00:00Z"),
        kind=kind,
    )
    found = taken(tmp_path, tree, encoding)
    assert found.kind == "odrl/Policy"
    assert values(found, KG.appliesInCountry) == [AUTHORITY + c for c in ("BEL", "DEU", "NLD")]
    assert values(found, KG.appliesForPurpose) == ["https://w3id.org/dpv#ResearchAndDevelopment"]
    assert values(found, KG.appliesToRecipient) == ["did:web:a.example"]
    assert values(found, KG.appliesFrom) == ["2026-01-01"]
    assert values(found, KG.appliesUntil) == ["2027-01-01T00:00:00Z"]
    assert values(found, KG.unreadCondition) == []
    assert values(found, Iri(ODRL + "target")) == ["urn:asset:1", "urn:asset:1"]


operands = st.tuples(st.sampled_from((*SPOKEN, *OTHERS)), st.sampled_from((*SAME, *BOUNDS, "neq")))
values_of = st.sampled_from(["NL", "XX", "2026-01-01", "soon", "https://a.example/x"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(operands, values_of), min_size=1, max_size=5, unique=True))
def test_each_condition_is_understood_or_said_not_to_be(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[tuple[str, str], str]]
) -> None:
    """The oracle is the table in the page: operand and operator decide, and the value's form."""

    def understood(left: str, operator: str, right: str) -> bool:
        if left == "dateTime":
            return operator in BOUNDS and right == "2026-01-01"
        return left in SPOKEN and operator in SAME and (left != "spatial" or right == "NL")

    tree = policy(*(condition(left, op, right) for (left, op), right in told))
    found = taken(tmp_path_factory.mktemp("policy"), tree)
    unread = [one for one in told if not understood(*one[0], one[1])]
    assert len(values(found, KG.unreadCondition)) == len(unread)


def test_logical_conditions_and_refinements_are_not_taken_for_understood(tmp_path: Path) -> None:
    tree = policy({"or": [condition("spatial", "eq", "NL"), condition("spatial", "eq", "DE")]})
    rule = tree["permission"][0]  # type: ignore[index]
    rule["assignee"] = {
        "@type": "PartyCollection",
        "refinement": [condition("spatial", "eq", "NL")],
    }
    found = taken(tmp_path, tree)
    assert values(found, KG.appliesInCountry) == []
    assert len(values(found, KG.unreadCondition)) == 2


def test_a_rule_without_conditions_has_none_that_is_unread(tmp_path: Path) -> None:
    assert values(taken(tmp_path, policy()), KG.unreadCondition) == []


def test_policies_in_turtle_and_json_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "p.ttl").write_text(
        f"@prefix odrl: <{ODRL}> . <urn:policy:1> a odrl:Set ; odrl:permission ["
        " odrl:target <urn:asset:1> ; odrl:action odrl:use ; odrl:constraint ["
        ' odrl:leftOperand odrl:spatial ; odrl:operator odrl:eq ; odrl:rightOperand "NL" ] ] .'
    )
    (turtle,) = documents(read(tmp_path / "p.ttl")).values()
    assert taken(tmp_path, policy(condition("spatial", "eq", "NL"))).triples == turtle.triples


def test_real_policies_are_read_in_both_encodings(shared_data: Path) -> None:
    folder = shared_data / "dome" / "odrl-profile"
    for name in ("1001", "1002", "1003", "1004", "1005", "2001"):
        (turtle,) = documents(read(folder / f"{name}.ttl")).values()
        (wide,) = documents(read(folder / f"{name}.json")).values()
        assert wide.source_id == turtle.source_id
        assert wide.triples == turtle.triples
