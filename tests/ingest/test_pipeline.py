"""Syncs: what is written, what is not, and what survives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_up_source import AT, BASE, document

from kgservice.ingest import catalogs
from kgservice.ingest.ontologies import load_ontologies
from kgservice.ingest.pipeline import after_sync
from kgservice.ingest.policy import Policy, load_policy
from kgservice.ingest.report import SyncReport
from kgservice.model.errors import NotFound, Problem, Severity, Unavailable
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG, OWL, RDF
from kgservice.store.documents import ContentStore
from kgservice.store.port import META_GRAPH, Store

Take = Callable[..., SyncReport]
A, B = "https://a.example/offering/1", "https://b.example/offering/1"
P = "https://a.example/party"


def graph_of(store: Store, subject: str) -> str:
    (row,) = store.read(
        f"SELECT ?d {{ GRAPH <{META_GRAPH}> {{ ?d <{KG.describes}> <{subject}> ."
        " FILTER NOT EXISTS { ?d <http://www.w3.org/ns/prov#invalidatedAtTime> ?t } } }"
    )
    return str(row["d"])


def test_a_document_becomes_a_graph_with_provenance_and_what_follows_from_it(
    store: Store, contents: ContentStore, take: Take
) -> None:
    one = document(A, content="the bytes")
    report = take("a", one)
    assert report.counts["new"] == 1
    graph = graph_of(store, A)
    assert set(store.graph(graph)) == set(one.triples)
    assert Triple(Iri(A), RDF.type, KG.Offering) in store.graph(graph + "/inferred")
    about = {t.predicate: t.object for t in store.graph(META_GRAPH) if str(t.subject) == graph}
    assert about[KG.proofResult] == KG.ProofAbsent
    assert about[KG.evidence] == KG.SelfDeclared
    hashed = about[KG.contentHash]
    assert isinstance(hashed, Literal)
    assert contents.get(hashed.value) == b"the bytes"


def test_a_second_sync_of_the_same_source_writes_nothing_but_its_time(
    store: Store, take: Take
) -> None:
    take("a", document(A))
    graph = graph_of(store, A)
    before = {info.graph: info.version for info in store.graphs(BASE + "graph/")}
    report = take("a", document(A), at=AT + timedelta(days=1))
    assert (report.counts["unchanged"], report.counts["offerings"]) == (1, 1)
    assert {info.graph: info.version for info in store.graphs(BASE + "graph/")} == before
    assert graph == graph_of(store, A)
    assert catalogs.get_catalog(store, "a").synced.startswith("2026-12-02")


def test_only_the_document_that_changed_gets_a_new_version(store: Store, take: Take) -> None:
    other = "https://a.example/offering/2"
    take("a", document(A), document(other))
    report = take("a", document(A, (A, DCTERMS.description, Literal("new"))), document(other))
    assert (report.counts["changed"], report.counts["unchanged"]) == (1, 1)
    versions = {info.graph: info.version for info in store.graphs(BASE + "graph/")}
    assert versions[graph_of(store, A)] == 2
    assert versions[graph_of(store, other)] == 1


def test_a_vanished_document_is_retired_and_its_provenance_kept(store: Store, take: Take) -> None:
    take("a", document(A))
    graph = graph_of(store, A)
    report = take("a")
    assert report.counts["retired"] == 1
    assert store.graph(graph) == []
    assert store.graph(graph + "/inferred") == []
    words = {str(t.predicate) for t in store.graph(META_GRAPH) if str(t.subject) == graph}
    assert "http://www.w3.org/ns/prov#wasInvalidatedBy" in words
    assert KG.contentHash.value in words
    assert take("a", document(A)).counts["new"] == 1
    assert graph_of(store, A) == graph


def test_a_source_that_breaks_half_way_changes_nothing(store: Store, take: Take) -> None:
    take("a", document(A))
    generation = store.stats()["shared_generation"]
    changed = document(A, (A, DCTERMS.description, Literal("new")))
    with pytest.raises(Unavailable):
        take("a", changed, Unavailable("the source broke", code="source-broke"))
    assert store.stats()["shared_generation"] == generation


def test_refused_statements_are_kept_in_quarantine_and_reported(store: Store, take: Take) -> None:
    report = take("a", document(A, (A, OWL.sameAs, Iri(B)), (B, KG.city, Literal("Delft"))))
    assert report.by_code() == {"identity-statement": 1, "subject-not-owned": 1}
    kept = store.graph(graph_of(store, A) + "/quarantine")
    assert Triple(kept[0].subject, RDF.type, KG.Refusal) in kept
    assert {t.object for t in kept if t.predicate == KG.refusedObject} == {
        Iri(B),
        Literal("Delft"),
    }
    merged = store.read("SELECT ?o { ?s <http://www.w3.org/2002/07/owl#sameAs> ?o }")
    assert merged == []


def test_another_catalogue_cannot_take_over_a_subject(store: Store, take: Take) -> None:
    take("a", document(A))
    report = take("thief", document(A, (A, KG.city, Literal("Delft"))))
    assert report.counts["admitted"] == 0
    assert set(report.by_code()) == {"subject-not-owned"}
    take("a")
    assert take("thief", document(A)).counts["admitted"] > 0


def test_another_catalogue_cannot_speak_about_a_nameless_node(store: Store, take: Take) -> None:
    price = BASE + ".well-known/genid/abc"
    own = document(A, (A, KG.price, Iri(price)), (price, KG.currency, Literal("EUR")))
    take("a", replace(own, own_subjects=own.own_subjects | {price}))
    attack = document(B, (price, KG.amount, Literal("0")))
    report = take("thief", replace(attack, own_subjects=attack.own_subjects | {price}))
    assert report.by_code() == {"subject-not-owned": 1}


def shapes(tmp_path: Path) -> Path:
    path = tmp_path / "shape.ttl"
    path.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dct: <http://purl.org/dc/terms/> ."
        "@prefix kg: <https://w3id.org/kgservice/ns#> ."
        "<urn:shape> a sh:NodeShape ; sh:targetClass kg:Offering ; sh:property"
        " [ sh:path dct:description ; sh:minCount 1 ; sh:message 'says nothing' ] ,"
        " [ sh:path kg:provider ; sh:class kg:Provider ] ."
    )
    return path


def test_a_document_that_violates_a_shape_is_quarantined_whole(
    store: Store, take: Take, tmp_path: Path
) -> None:
    strict = load_policy(shapes=[shapes(tmp_path)], cache_dir=tmp_path)
    good = document(B, (B, DCTERMS.description, Literal("fine")))
    report = take("a", document(A), good, policy=strict)
    assert (report.counts["quarantined"], report.counts["offerings"]) == (1, 1)
    graph = graph_of(store, A)
    assert store.graph(graph) == []
    kept = store.graph(graph + "/quarantine")
    assert set(document(A).triples) <= set(kept)
    assert any("says nothing" in getattr(t.object, "value", "") for t in kept)
    (problem,) = [p for p in report.problems if p.code == "shape-violated"]
    assert (problem.at, problem.severity) == (A, Severity.ERROR)


def test_classes_of_things_in_other_documents_count_for_shapes(take: Take, tmp_path: Path) -> None:
    strict = load_policy(shapes=[shapes(tmp_path)], cache_dir=tmp_path)
    offering = document(A, (A, DCTERMS.description, Literal("fine")), (A, KG.provider, Iri(P)))
    party = replace(
        document(P), triples=(Triple(Iri(P), RDF.type, KG.Provider),), source_id="party"
    )
    assert take("a", offering, party, policy=strict).counts["quarantined"] == 0
    assert (
        take(
            "b",
            document(B, (B, DCTERMS.description, Literal("x")), (B, KG.provider, Iri(P))),
            policy=strict,
        ).counts["quarantined"]
        == 0
    )


def test_what_follows_across_documents_and_catalogues_is_derived(
    store: Store, take: Take, tmp_path: Path
) -> None:
    ontology = tmp_path / "chain.ttl"
    ontology.write_text(
        "@prefix owl: <http://www.w3.org/2002/07/owl#> ."
        "@prefix kg: <https://w3id.org/kgservice/ns#> ."
        "kg:subjectToLaw owl:propertyChainAxiom ( kg:subprocessor kg:headquarters ) ."
    )
    chained = load_policy([ontology], cache_dir=tmp_path)
    country = Iri("http://publications.europa.eu/resource/authority/country/NLD")
    party = replace(
        document(P, (P, KG.headquarters, country)),
        triples=(Triple(Iri(P), RDF.type, KG.Provider), Triple(Iri(P), KG.headquarters, country)),
    )
    take("a", party, document(A, (A, KG.subprocessor, Iri(P))), policy=chained)
    take("b", document(B, (B, KG.subprocessor, Iri(P))), policy=chained)
    for subject in (A, B):
        inferred = store.graph(graph_of(store, subject) + "/inferred")
        assert Triple(Iri(subject), KG.subjectToLaw, country) in inferred


def test_two_documents_with_one_id_are_a_finding(take: Take) -> None:
    report = take("a", document(A), document(A, content="other"), Problem("x", "from importer"))
    assert report.by_code() == {"document-duplicate": 1, "x": 1}
    assert report.counts["documents"] == 1


def test_the_last_report_can_be_read_again(
    store: Store, contents: ContentStore, take: Take
) -> None:
    report = take("a", document(A, (A, OWL.sameAs, Iri(B))))
    again = catalogs.last_report(store, contents, "a")
    assert again.counts == report.counts
    assert again.problems == report.problems


def test_a_removed_catalogue_leaves_only_provenance(store: Store, take: Take) -> None:
    take("a", document(A))
    assert catalogs.remove(store, BASE, "a", datetime(2026, 12, 2, tzinfo=UTC)) == 1
    assert store.graphs(BASE + "graph/") == []
    assert catalogs.list_catalogs(store) == []
    assert any(t.predicate == KG.contentHash for t in store.graph(META_GRAPH))
    with pytest.raises(NotFound):
        catalogs.get_catalog(store, "a")


def test_loading_the_vocabulary_again_changes_nothing(store: Store) -> None:
    load_ontologies(store)
    generation = store.stats()["shared_generation"]
    load_ontologies(store)
    assert store.stats()["shared_generation"] == generation


def test_profiles_are_shared_and_rules_run_twice_change_nothing(
    store: Store, take: Take, policy: Policy
) -> None:
    load_ontologies(store)
    dump = Iri(KG.NS + "pg_dump-directory")
    take("a", *(document(s, (s, KG.exportFormat, dump)) for s in (A, B)))
    rules, _ = after_sync(store, BASE, AT)
    assert rules.profiles == 1
    assert after_sync(store, BASE, AT)[0].changed == 0
    rows = store.read(f"SELECT ?o ?p {{ ?o <{KG.profile}> ?p }}")
    assert {str(row["o"]) for row in rows} == {A, B}
    assert len({str(row["p"]) for row in rows}) == 1
