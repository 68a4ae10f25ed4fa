"""SHACL rules: data decides what is derived."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.inference.rules import load_rules, run_rules
from kgservice.inference.tbox import load_tbox
from kgservice.model.errors import InputError
from kgservice.model.rdf import Blank, Iri, Literal, Triple
from kgservice.model.terms import KG, RDF
from kgservice.store import open_store
from kgservice.store.port import RULES_GRAPH, VOCABULARY_GRAPH, GraphChange, Store

BASE = "http://kg.example/"
HEAD = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/kgservice/ns#> .\n"
)
SAME_KIND = HEAD + (
    "<urn:rule:kind> a sh:NodeShape ; sh:targetClass kg:Profile ; sh:rule [ a sh:SPARQLRule ;"
    " sh:order 2 ; sh:construct 'CONSTRUCT { $this kg:via ?other } WHERE {"
    " $this kg:kind ?kind . ?other a kg:Profile ; kg:kind ?kind . FILTER(?other != $this) }' ] ."
)
LATER = HEAD + (
    "<urn:rule:later> a sh:NodeShape ; sh:targetClass kg:Profile ; sh:rule [ a sh:SPARQLRule ;"
    " sh:order 1 ; sh:construct 'CONSTRUCT { ?other kg:movesTo $this } WHERE {"
    " $this kg:via ?other }' ] ."
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", query_workers=1)
    vocabulary = tuple(
        t
        for t in load_tbox()
        if not isinstance(t.subject, Blank) and not isinstance(t.object, Blank)
    )
    offers = []
    for name, kind, version in (("1", KG.PostgreSQL, "16"), ("2", KG.PostgreSQL, "18")):
        node = Iri(f"https://x.example/{name}")
        number = f"http://www.w3.org/2001/XMLSchema#{'integer'}"
        offers += [
            Triple(node, RDF.type, kind),
            Triple(node, RDF.type, KG.Offering),
            Triple(node, KG.majorVersion, Literal(version, number)),
        ]
    opened.commit(
        [
            GraphChange(VOCABULARY_GRAPH, vocabulary, merge=True),
            GraphChange(BASE + "graph/x/1", tuple(offers), merge=True),
        ]
    )
    yield opened
    opened.close()


def derived(store: Store, predicate: Iri) -> set[tuple[str, str]]:
    found = store.graph(RULES_GRAPH)
    return {(str(t.subject), str(t.object)) for t in found if t.predicate == predicate}


def test_changing_a_rule_file_changes_what_is_derived(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "rule.ttl"
    path.write_text(SAME_KIND)
    run_rules(store, BASE, [path])
    assert len(derived(store, KG.via)) == 2
    path.write_text(SAME_KIND.replace("?other != $this", "STR(?other) < STR($this)"))
    run_rules(store, BASE, [path])
    assert len(derived(store, KG.via)) == 1
    run_rules(store, BASE)
    assert derived(store, KG.via) == set()


def test_rules_see_what_other_rules_derive_and_running_twice_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.ttl", tmp_path / "b.ttl"
    first.write_text(SAME_KIND)
    second.write_text(LATER)
    report = run_rules(store, BASE, [first, second])
    assert len(derived(store, KG.movesTo)) == 2
    assert report.derived["urn:rule:later"] == 2
    assert run_rules(store, BASE, [first, second]).changed == 0


def test_every_offering_has_a_profile_of_its_most_special_kind(store: Store) -> None:
    assert run_rules(store, BASE).profiles == 2
    assert {o for _, o in derived(store, KG.kind)} == {KG.PostgreSQL.value}


def test_a_rule_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rule.ttl"
    path.write_text(
        HEAD + "<urn:r> a sh:NodeShape ; sh:targetClass kg:Profile ; sh:rule [ a sh:TripleRule ] ."
    )
    with pytest.raises(InputError) as caught:
        load_rules([path])
    assert caught.value.code == "rule-unsupported"
