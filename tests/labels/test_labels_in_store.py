"""The sample catalogue's labels, concluded in the real store through its port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from kgservice_importers.gaiax import IMPORTER

from kgservice.labels import (
    Outcome,
    bundled_did_documents,
    derive_labels,
    label_criteria,
    label_status,
    verify,
)
from kgservice.model.documents import ImportContext, SetAside, SourceDocument
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG, PROV, RDF
from kgservice.model.vocabulary import Vocabulary
from kgservice.store import open_store
from kgservice.store.port import META_GRAPH, ChangeKind, GraphChange, Store

BASIC = [one for one in label_criteria() if one.scheme.value.endswith("/eu-cloud-basic")]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
RHEINTAL = "https://rheintal-rechenzentrum.example/offerings/postgresql"
ISAR = "https://isar-systeme.example/offerings/postgresql"
WATERLINIE = "urn:ngsi-ld:product-offering:waterlinie-postgresql"
PRAIRIE = "urn:ngsi-ld:product-offering:prairie-postgresql"


def metadata(document: SourceDocument, graph: str) -> list[Triple]:
    outcome = verify(document.credential, bundled_did_documents(), NOW)
    node = Iri(graph)
    issuer = document.credential.issuer if document.credential else "urn:nobody"
    return [
        Triple(node, RDF.type, KG.Document),
        Triple(node, KG.proofResult, outcome.result.iri),
        Triple(node, PROV.wasAttributedTo, Iri(issuer)),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    vocabulary = Vocabulary({}, {}, {}, {}, {}, {}, {}, {})
    context = ImportContext("rijn-federation", "http://127.0.0.1:8080/", vocabulary)
    source = Path(str(resources.files("kgservice_importers.samples"))) / "rijn-federation"
    opened = open_store(tmp_path_factory.mktemp("labels"), query_workers=1)
    changes, about = [], []
    for number, item in enumerate(IMPORTER.read(str(source), context)):
        if isinstance(item, SetAside):
            continue
        assert isinstance(item, SourceDocument)
        graph = f"urn:document:{number}"
        changes.append(GraphChange(graph, item.triples, merge=True))
        about += metadata(item, graph)
    opened.commit([*changes, GraphChange(META_GRAPH, tuple(about), ChangeKind.ADD)])
    yield opened
    opened.close()


def test_the_sample_labels_are_those_that_the_demo_needs(store: Store) -> None:
    report = derive_labels(store, NOW)
    assert {RHEINTAL, WATERLINIE} <= set(report.offerings)
    assert not {ISAR, PRAIRIE} & set(report.offerings)
    rows = store.read(
        f"SELECT ?o WHERE {{ ?o <{KG.label}> ?l . ?l <{KG.validUntil}> ?u . "
        f"FILTER(?u > '2028-01-01T00:00:00Z'^^<http://www.w3.org/2001/XMLSchema#dateTime>) }}"
    )
    assert {row["o"] for row in rows} == {Iri(name) for name in report.offerings}


@pytest.mark.parametrize(
    ("offering", "outcome", "words"),
    [
        (RHEINTAL, Outcome.MET, "every condition"),
        (ISAR, Outcome.NOT_MET, "expired"),
        (PRAIRIE, Outcome.UNKNOWN, "no source has a certificate"),
    ],
)
def test_the_status_says_why(store: Store, offering: str, outcome: Outcome, words: str) -> None:
    (status,) = label_status(store, offering, NOW, BASIC)
    assert status.outcome is outcome
    assert words in status.reasons[0].message


def test_after_the_certificates_end_no_label_is_left(store: Store) -> None:
    assert derive_labels(store, datetime(2029, 1, 1, tzinfo=UTC)).labels == 0
    assert derive_labels(store, NOW).labels > 5
