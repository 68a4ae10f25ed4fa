"""Who may say that a list is whole: the node itself, or a catalogue that the operator trusts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from made_up_source import BASE, document

from kgservice.ingest.policy import load_policy
from kgservice.ingest.report import SyncReport
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG
from kgservice.store.port import QueryScope, Store

A, B = "https://a.example/o", "https://b.example/o"
Take = Callable[..., SyncReport]


def complete(store: Store) -> set[tuple[str, str]]:
    text = f"SELECT ?s ?p WHERE {{ ?s <{KG.completeFor}> ?p }}"
    with store.session(scope=QueryScope()) as session:
        return {(row["s"][0], row["p"][0]) for row in session.select(text, where="snapshot")}


def test_a_catalogue_is_taken_at_its_word_where_the_operator_says_so(
    store: Store, take: Take, tmp_path: Path
) -> None:
    declared = [Triple(Iri(f"{BASE}catalog/a"), KG.completeFor, KG.subprocessor)]
    policy = load_policy(cache_dir=tmp_path, more_authority=declared)
    take("a", document(A), policy=policy)
    take("b", document(B), policy=policy)
    assert complete(store) == {(A, KG.subprocessor.value)}


def test_a_catalogue_that_declares_it_itself_is_not_heard(store: Store, take: Take) -> None:
    claim = (f"{BASE}catalog/a", KG.completeFor, KG.subprocessor)
    take("a", document(A, claim), document(B, (B, KG.completeFor, KG.transferCountry)))
    assert (A, KG.subprocessor.value) not in complete(store)
    assert (B, KG.transferCountry.value) in complete(store)


def test_what_is_withdrawn_is_unknown_again(store: Store, take: Take, tmp_path: Path) -> None:
    declared = [Triple(Iri(f"{BASE}catalog/a"), KG.completeFor, KG.subprocessor)]
    take("a", document(A), policy=load_policy(cache_dir=tmp_path, more_authority=declared))
    assert complete(store)
    take("a", document(A), policy=load_policy(cache_dir=tmp_path))
    assert not complete(store)
