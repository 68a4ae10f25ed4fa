"""What is written can be queried with all the rest, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kgservice.ingest.consequences import follow_rules
from kgservice.model.settings import resolve_settings
from kgservice.mpli import graph_store, query, updating
from kgservice.mpli.access import ANONYMOUS, Caller
from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import load_samples
from kgservice.mpli.opening import open_application
from kgservice.store.port import MERGED_GRAPH

EDITOR = Caller("anna", "editor", "anna")
OPERATOR = Caller("boss", "operator", "boss")
KG = "PREFIX kg: <https://w3id.org/kgservice/ns#> PREFIX owl: <http://www.w3.org/2002/07/owl#> "
NOTES = "http://example.org/notes"
OF_NOTES, MERGED = f"FROM <{NOTES}>", f"FROM <{MERGED_GRAPH}>"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder = tmp_path_factory.mktemp("written")
    opened = open_application(resolve_settings({"KG_DATA_DIR": str(folder)}, {}), with_jobs=False)
    try:
        load_samples(opened)
        yield opened
    finally:
        opened.close()


@pytest.fixture(autouse=True)
def _nothing_written(application: Application) -> None:
    updating.run(application, OPERATOR, updating.UpdateCall("DROP ALL"))


def write(application: Application, text: str, caller: Caller = EDITOR) -> None:
    updating.run(application, caller, updating.UpdateCall(KG + text))


def rows(application: Application, text: str, **dataset: tuple[str, ...]) -> list[str]:
    answer = query.run(application, ANONYMOUS, query.QueryCall(KG + text, "text/csv", **dataset))
    content = answer.body
    return content.decode().split("\r\n")[1:-1]


def offerings(application: Application) -> list[str]:
    return rows(application, f"SELECT ?o {MERGED} {{ ?o a kg:Offering }} ORDER BY ?o")


def test_a_query_with_no_dataset_reads_catalogues_and_written_graphs_together(
    application: Application,
) -> None:
    offering = offerings(application)[0]
    write(application, f"INSERT DATA {{ GRAPH <{NOTES}> {{ <{offering}> <urn:a:rating> 4 }} }}")
    write(application, f"INSERT DATA {{ <{offering}> <urn:a:tag> 'good' }}")
    text = "SELECT ?o ?t { ?o a kg:Offering ; <urn:a:rating> 4 ; <urn:a:tag> ?t }"
    assert rows(application, text) == [f"{offering},good"]
    graphs = "SELECT ?g { GRAPH ?g { ?s ?p 'good' } }"
    assert rows(application, graphs) == ["urn:kgservice:default"]
    assert rows(application, f"SELECT ?r {OF_NOTES} {{ ?s ?p ?r }}") == ["4"]
    assert rows(application, "SELECT ?r { ?s ?p ?r }", default_graphs=(NOTES,)) == ["4"]
    write(application, f"DROP GRAPH <{NOTES}>")
    assert rows(application, text) == []
    assert rows(application, f"SELECT ?s {{ GRAPH <{NOTES}> {{ ?s ?p ?o }} }}") == []


def test_what_is_written_grants_no_label_and_concludes_nothing(application: Application) -> None:
    """Each of these statements, admitted from a catalogue, would change what is concluded."""
    every = f"SELECT ?s ?p ?o {MERGED} {{ ?s ?p ?o }} ORDER BY ?s ?p ?o"
    offering = offerings(application)[0]
    before = rows(application, every)
    inputs = application.store.changes(0, ()).number
    facts = f"""<{offering}> a kg:PostgreSQL ; kg:label <urn:a:label> ; owl:sameAs <urn:a:other> .
        <urn:a:label> kg:level kg:L3 . kg:Offering owl:equivalentClass kg:Certificate .
        <urn:a:certificate> a kg:Certificate ; kg:scope <{offering}> ; kg:standard 'ISO 27001' ."""
    write(application, f"INSERT DATA {{ {facts} GRAPH <{NOTES}> {{ {facts} }} }}")
    assert len(rows(application, f"SELECT ?s {OF_NOTES} {{ ?s ?p ?o }}")) == 8
    follow_rules(application.store, application.base_iri)
    assert rows(application, every) == before
    assert application.store.changes(0, ()).number == inputs


def test_a_graph_is_read_as_it_was_written(application: Application) -> None:
    """In the shared dataset, blank nodes have become IRIs."""
    write(application, f"INSERT DATA {{ GRAPH <{NOTES}> {{ _:a <urn:a:p> [ <urn:a:q> 1 ] }} }}")
    assert len(rows(application, f"SELECT ?s {{ GRAPH <{NOTES}> {{ ?s ?p ?o }} }}")) == 2
    found = graph_store.read(application, ANONYMOUS, NOTES, "application/n-triples")
    assert isinstance(found.answer.content, bytes)
    assert found.answer.content.count(b"_:") == 3
    assert b"genid" not in found.answer.content


def test_an_operators_update_of_unnamed_graphs_takes_no_reserved_name(
    application: Application,
) -> None:
    """`GRAPH ?g` may come to any name; what the service says stays what it is."""
    labels = "SELECT ?s ?p ?o { GRAPH <urn:kgservice:meta> { ?s ?p ?o } } ORDER BY ?s ?p ?o"
    before = rows(application, labels)
    forged = "INSERT { GRAPH ?g { <urn:a:s> <urn:a:p> 1 } } WHERE { VALUES ?g {"
    names = " ".join(f"<{name}>" for name in ("urn:kgservice:meta", "urn:kgservice:labels",
             "urn:kgservice:merged", f"{application.base_iri}graph/x/1", NOTES))  # fmt: skip
    write(application, f"{forged} {names} }} }}", OPERATOR)
    shown = rows(application, "SELECT ?g { GRAPH ?g { <urn:a:s> <urn:a:p> 1 } }")
    assert shown == [NOTES]
    write(application, f"DROP GRAPH <{NOTES}>", OPERATOR)
    after = rows(application, labels)
    assert [row for row in after if not is_of_versions(row)] == [
        row for row in before if not is_of_versions(row)
    ]


def is_of_versions(row: str) -> bool:
    return NOTES in row or row.startswith("urn:kgservice:state,")
