"""What a document's links lead to may change in another catalogue: it is concluded from again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from made_up_source import MadeUp, document

from kgservice.ingest.history import attempts
from kgservice.ingest.pipeline import SyncRequest
from kgservice.model.documents import Importer, SourceDocument
from kgservice.model.errors import Unavailable
from kgservice.model.rdf import Iri, Triple
from kgservice.model.settings import resolve_settings
from kgservice.model.terms import KG, RDF
from kgservice.mpli import catalogs, importers
from kgservice.mpli.application import Application
from kgservice.mpli.opening import open_application

OFFERING, PARTY = "https://a.example/offering/1", "https://b.example/party/1"
COUNTRY = "http://publications.europa.eu/resource/authority/country/"
CHAIN = (
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix kg: <https://w3id.org/kgservice/ns#> ."
    "kg:subjectToLaw owl:propertyChainAxiom ( kg:subprocessor kg:headquarters ) ."
)
Sources = dict[str, list[SourceDocument | Unavailable]]


def party(country: str) -> SourceDocument:
    node = Iri(PARTY)
    made = document(PARTY, content=country)
    triples = (
        Triple(node, RDF.type, KG.Provider),
        Triple(node, KG.headquarters, Iri(COUNTRY + country)),
    )
    return SourceDocument(
        made.source_id, made.media_type, made.content, made.primary, made.own_subjects, triples
    )


@pytest.fixture
def sources() -> Sources:
    return {}


@pytest.fixture
def application(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Application]:
    """A data folder with an ontology that concludes across documents."""

    def load(kind: str) -> Importer:
        return MadeUp(list(sources[kind])) if kind in sources else importers.load_importer(kind)

    monkeypatch.setattr(catalogs, "load_importer", load)
    monkeypatch.setattr(catalogs, "SyncRequest", partial(SyncRequest, isolated=False))
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "chain.ttl").write_text(CHAIN)
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path)}, {})
    opened = open_application(settings, with_jobs=False)
    yield opened
    opened.close()


def add(application: Application, name: str) -> None:
    catalogs.add_catalog(application, name, name, "nowhere", {})
    catalogs.sync_now(application, name)


def laws(application: Application) -> set[str]:
    rows = application.store.read(f"SELECT ?c {{ <{OFFERING}> <{KG.subjectToLaw}> ?c }}")
    return {str(row["c"]).removeprefix(COUNTRY) for row in rows}


def test_a_linked_document_of_another_catalogue_is_followed(
    application: Application, sources: Sources
) -> None:
    sources["buyer"] = [document(OFFERING, (OFFERING, KG.subprocessor, Iri(PARTY)))]
    sources["party"] = [party("NLD")]
    add(application, "buyer")
    assert laws(application) == set()
    add(application, "party")
    assert laws(application) == {"NLD"}
    sources["party"] = [party("DEU")]
    catalogs.sync_now(application, "party")
    assert laws(application) == {"DEU"}
    tried = len(attempts(application.contents, "buyer"))
    catalogs.sync_now(application, "party")
    assert len(attempts(application.contents, "buyer")) == tried, "nothing changed, nothing follows"
    catalogs.remove_catalog(application, "party")
    assert laws(application) == set()


def test_a_linking_source_that_is_away_keeps_what_there_is_and_says_so(
    application: Application, sources: Sources
) -> None:
    sources["buyer"] = [document(OFFERING, (OFFERING, KG.subprocessor, Iri(PARTY)))]
    sources["party"] = [party("NLD")]
    add(application, "party")
    add(application, "buyer")
    sources["buyer"] = [Unavailable("no", code="source-unreachable")]
    sources["party"] = [party("DEU")]
    catalogs.sync_now(application, "party")
    assert laws(application) == {"NLD"}
    assert attempts(application.contents, "buyer")[0].code == "source-unreachable"
