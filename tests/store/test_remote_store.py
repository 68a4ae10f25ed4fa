"""A Virtuoso as the store: crashes on both sides, rights, limits, and literals it cannot hold."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kgservice.model.errors import DeadlineExceeded, InputError, PreconditionFailed, Unavailable
from kgservice.model.rdf import XSD, Iri, Literal, Triple
from kgservice.store import open_remote_store
from kgservice.store.caps import QueryLimits
from kgservice.store.port import (
    MERGED_GRAPH,
    ChangeFile,
    ChangeKind,
    GraphChange,
    QueryScope,
    Store,
)
from tests.virtuoso import Virtuoso, running_virtuoso

pytestmark = pytest.mark.xdist_group("virtuoso")
P = Iri("http://example.org/p")
GRAPHS = [f"http://example.org/big/{number}" for number in range(3)]
EACH = 3000
CSV = "text/csv"


def fact(number: int, value: str = "x") -> Triple:
    return Triple(Iri(f"http://example.org/s/{number}"), P, Literal(value))


def new_state(value: str) -> list[GraphChange]:
    """Three graphs in one commit, longer than any request that Virtuoso takes."""
    facts = tuple(fact(number, value) for number in range(EACH))
    return [GraphChange(graph, facts, merge=True) for graph in GRAPHS]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtuoso]:
    """One server for all tests, which empty it."""
    with running_virtuoso(tmp_path_factory.mktemp("virtuoso")) as running:
        yield running


@pytest.fixture
def folder(server: Virtuoso, tmp_path: Path) -> Path:
    """A data folder that an empty server will belong to."""
    server.empty()
    return tmp_path / "data"


def opened(server: Virtuoso, folder: Path) -> Store:
    return open_remote_store(folder, server.settings, QueryLimits(workers=1, timeout_s=60))


@pytest.fixture
def store(server: Virtuoso, folder: Path) -> Iterator[Store]:
    """An empty store."""
    store = opened(server, folder)
    yield store
    store.close()


def state(store: Store) -> str:
    """Name the one state that all graphs are in; fails when they differ or are in pieces."""
    contents = [store.graph(graph) for graph in (*GRAPHS, MERGED_GRAPH)]
    assert {len(content) for content in contents} == {EACH}
    (value,) = {str(triple.object) for content in contents for triple in content}
    versions = {info.version for info in store.graphs("http://example.org/big")}
    assert len(versions) == 1
    return value


WRITER = """
import sys
from pathlib import Path
from kgservice.model.settings import RemoteStoreSettings
from kgservice.store import open_remote_store
from tests.store.test_remote_store import new_state
store = open_remote_store(Path(sys.argv[1]), RemoteStoreSettings(*sys.argv[2:]))
print("ready", flush=True)
for number in range(1000):
    store.commit(new_state(f"state {number}"))
    print(number, flush=True)
"""


def test_a_killed_service_leaves_every_commit_whole(server: Virtuoso, folder: Path) -> None:
    """What was begun is finished by the next start; what was acknowledged is there."""
    source = random.Random(20261124)  # noqa: S311
    first = opened(server, folder)
    first.commit(new_state("state 0"))
    first.close()
    for _ in range(3):
        s = server.settings
        fields = (s.query_url, s.update_url, s.graph_url, s.user, s.password_file)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), *fields],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        timer = threading.Timer(source.uniform(0.05, 4), writer.send_signal, [signal.SIGKILL])
        timer.start()
        said = [line.strip() for line in writer.stdout]
        writer.wait()
        timer.cancel()
        again = opened(server, folder)
        number = int(state(again).rpartition("state ")[2].partition("'")[0])
        assert number >= int(said[-1] if said else 0)
        again.close()


def test_a_commit_goes_on_when_the_engine_is_back(tmp_path: Path) -> None:
    with running_virtuoso(tmp_path / "virtuoso") as server:
        store = opened(server, tmp_path / "data")
        store.commit(new_state("old"))
        timer = threading.Timer(0.4, server.kill)
        timer.start()
        with pytest.raises(Unavailable, match="cannot be reached"):
            _commit_again_and_again(store)
        timer.join()
        with pytest.raises(Unavailable):
            store.query("ASK {}", scope=QueryScope(), accept="*/*")
        server.start_again()
        assert "'new" in state(store) or "'old" in state(store)
        store.commit(new_state("last"))
        assert "'last'" in state(store)
        store.close()


def test_a_long_change_goes_on_when_the_engine_is_back(tmp_path: Path) -> None:
    """It is committed with its file; what was not applied yet is not forgotten."""
    names = [f"http://example.org/long/{number}" for number in range(30)]
    facts = tuple(fact(number) for number in range(2000))
    with running_virtuoso(tmp_path / "virtuoso") as server:
        store = opened(server, tmp_path / "data")
        file = store.change_file()
        file.add(GraphChange(name, facts, merge=True) for name in names)
        timer = threading.Timer(0.8, server.kill)
        timer.start()
        with pytest.raises(Unavailable, match="cannot be reached"):
            _commit_again_and_again(store, file)
        timer.join()
        server.start_again()
        store.commit([GraphChange(GRAPHS[0], (fact(1, "later"),))])
        for name in names:
            assert len(store.graph(name)) == len(facts)
        assert len(store.graph(MERGED_GRAPH)) >= len(facts)
        store.close()


def _commit_again_and_again(store: Store, first: ChangeFile | None = None) -> None:
    if first is not None:
        store.commit(first)
    for number in range(1000):
        store.commit(new_state(f"new {number}"))


def test_no_increment_of_eight_threads_is_lost(store: Store) -> None:
    graph = "http://example.org/counter"
    store.commit([GraphChange(graph, (fact(0, "0"),))])

    def increment(_: int) -> None:
        while True:
            (info,) = store.graphs(graph)
            (now,) = store.graph(graph)
            more = fact(0, str(int(str(now.object.value)) + 1))  # type: ignore[union-attr]
            try:
                store.commit([GraphChange(graph, (more,), if_version=info.version)])
            except PreconditionFailed:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(80)))
    assert store.graph(graph) == [fact(0, "80")]


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        ("P1Y", XSD + "duration"),
        ("P1DT2H", XSD + "dayTimeDuration"),
        ("123456789012345678901234567890", XSD + "integer"),
        ("9223372036854775808", XSD + "integer"),
        ("many", XSD + "integer"),
        ("maybe", XSD + "boolean"),
        ("NaN", XSD + "double"),
        ("2026-02-30", XSD + "date"),
        ("2026", XSD + "gYear"),
        ("0aff", XSD + "hexBinary"),
        ("POINT(1 2)", "http://www.opengis.net/ont/geosparql#wktLiteral"),
        ("true", XSD + "boolean"),
        ("12.50", XSD + "decimal"),
        ("1.5E0", XSD + "double"),
        ("2026-01-01T02:00:00+02:00", XSD + "dateTime"),
        ("a b", "http://example.org/datatype"),
    ],
)
def test_a_literal_comes_back_and_goes_away(store: Store, value: str, datatype: str) -> None:
    """In the form that our own engine gives it; taken out by the same statement."""
    graph = "http://example.org/literals"
    one = Triple(Iri("http://example.org/s"), P, Literal(value, datatype))
    store.commit([GraphChange(graph, (one, fact(1)), merge=True)])
    (found,) = (t for t in store.graph(graph) if t != fact(1))
    assert isinstance(found.object, Literal)
    assert found.object.datatype == datatype
    rows = store.read("SELECT ?o { <http://example.org/s> ?p ?o }")
    assert rows[0]["o"] == found.object or datatype == XSD + "double"
    again = store.commit([GraphChange(graph, (one, fact(1)), merge=True)])
    assert again.versions == {}
    store.commit([GraphChange(graph, (one,), ChangeKind.REMOVE)])
    assert store.graph(graph) == store.graph(MERGED_GRAPH) == [fact(1)]


SECRET = "http://example.org/private/1"  # noqa: S105
PROBES = [
    "SELECT * { ?s ?p ?o }",
    "SELECT * { GRAPH ?g { ?s ?p ?o } }",
    f"SELECT * {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }}",
    f"SELECT * FROM <{SECRET}> {{ ?s ?p ?o }}",  # noqa: S608
    f"SELECT * FROM NAMED <{SECRET}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",  # noqa: S608
    "PREFIX e: <http://example.org/private/> SELECT * { GRAPH e:1 { ?s ?p ?o } }",
    "BASE <http://example.org/private/> SELECT * { GRAPH <1> { ?s ?p ?o } }",
    "SELECT * { ?a ?b ?c OPTIONAL { GRAPH ?g { ?s ?p ?o } } }",
    f"SELECT * {{ ?a ?b ?c OPTIONAL {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }} }}",
    "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT * { { SELECT * { GRAPH ?g { ?s ?p ?o } } } }",
    "SELECT ?o { ?a ?b ?c { SELECT ?o { ?s ?p ?o } } }",
    "SELECT ?x { GRAPH ?g { ?a ?b ?c } GRAPH ?g { ?s ?p ?x } }",
    "SELECT ?x { GRAPH ?g { GRAPH ?h { ?s ?p ?x } } }",
    f"SELECT (GROUP_CONCAT(STR(?o)) AS ?x) {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }}",
    "SELECT (MAX(STR(?o)) AS ?x) { GRAPH ?g { ?s ?p ?o } }",
    f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }}",
    "CONSTRUCT { ?s ?p ?o } { GRAPH ?g { ?s ?p ?o } }",
    "CONSTRUCT WHERE { ?s ?p ?o }",
    "DESCRIBE <http://example.org/hidden>",
    "DESCRIBE ?s { GRAPH ?g { ?s ?p ?o } }",
    "DESCRIBE * { ?s ?p ?o }",
    "SELECT * { GRAPH <urn:kgservice:own:private-graphs> { ?s ?p ?o } }",
    "SELECT * { GRAPH <urn:kgservice:own:private-meta> { ?s ?p ?o } }",
    "SELECT * { GRAPH <urn:kgservice:own> { ?s ?p ?o } }",
    "SELECT * { <http://example.org/hidden> !<urn:x> ?o }",
    "SELECT * { ?s <http://example.org/p>|^<http://example.org/p> ?o }",
    "SELECT * { ?s <http://example.org/p>/<http://example.org/q>? ?o }",
    "SELECT * { VALUES ?g { <http://example.org/private/1> } GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { BIND(<http://example.org/private/1> AS ?g) GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { GRAPH ?g { ?s ?p ?o } FILTER(STRSTARTS(STR(?g), 'http://example.org/private')) }",
    "SELECT * { GRAPH ?g { ?a ?b ?c OPTIONAL { ?s ?p ?o } } }",
    "SELECT * { GRAPH ?g { { ?s ?p ?o } UNION { ?o ?p ?s } } }",
    "SELECT * { GRAPH ?g { { SELECT * { ?s ?p ?o } } } }",
]
ASKS = [
    f"ASK {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }}",
    "ASK { ?a ?b ?c FILTER EXISTS { ?s ?p 's3cret' } }",
    "ASK { ?a ?b ?c FILTER EXISTS { GRAPH ?g { ?s ?p 's3cret' } } }",
    f"ASK {{ ?a ?b ?c FILTER EXISTS {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }} }}",
    f"ASK {{ ?a ?b ?c FILTER(!(NOT EXISTS {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }})) }}",
    f"ASK {{ GRAPH ?g {{ ?a ?b ?c }} FILTER EXISTS {{ GRAPH <{SECRET}> {{ ?s ?p ?o }} }} }}",
    "ASK { GRAPH ?g { ?a ?b ?c FILTER EXISTS { ?s ?p 's3cret' } } }",
    "ASK { { SELECT (EXISTS { ?s ?p 's3cret' } AS ?x) { ?a ?b ?c } } FILTER(?x) }",
    "ASK { ?a ?b ?c BIND(EXISTS { ?s ?p 's3cret' } AS ?x) FILTER(?x) }",
    "ASK { { SELECT ?a { ?a ?b ?c } GROUP BY ?a HAVING (EXISTS { ?s ?p 's3cret' }) } }",
]


@pytest.fixture(scope="module")
def with_secret(server: Virtuoso, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with one public statement, and a private graph."""
    server.empty()
    store = opened(server, tmp_path_factory.mktemp("secret"))
    store.commit([GraphChange("http://example.org/seen", (fact(1, "seen"),), merge=True)])
    hidden = Triple(Iri("http://example.org/hidden"), P, Literal("s3cret"))
    store.commit([GraphChange(SECRET, (hidden,))], dataset="private")
    yield store
    store.close()


SCOPES = [
    pytest.param(QueryScope(), id="shared"),
    pytest.param(QueryScope("private", (MERGED_GRAPH, "urn:kgservice:own:nobody"), ()), id="other"),
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("text", PROBES)
def test_a_private_graph_is_not_seen(with_secret: Store, text: str, scope: QueryScope) -> None:
    try:
        body = with_secret.query(text, scope=scope, accept="text/csv, text/turtle;q=0.5").body
    except InputError as error:
        assert error.code in ("query-not-portable", "query-failed"), error  # noqa: PT017
        assert "s3cret" not in str(error)  # noqa: PT017
    else:
        assert b"s3cret" not in body
        assert b"hidden" not in body


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("text", ASKS)
def test_nothing_tells_that_a_private_graph_is_there(
    with_secret: Store, text: str, scope: QueryScope
) -> None:
    assert with_secret.query(text, scope=scope, accept=CSV).body == b"false"


def test_an_owner_sees_the_private_graph(with_secret: Store) -> None:
    scope = QueryScope("private", (MERGED_GRAPH, SECRET), (SECRET,))
    for text in PROBES[:3]:
        assert b"s3cret" in with_secret.query(text, scope=scope, accept=CSV).body


def test_a_query_is_stopped_at_its_deadline(store: Store) -> None:
    store.commit(new_state("x"))
    text = "SELECT (COUNT(*) AS ?n) { ?a ?p ?v . ?b ?q ?v . ?c ?r ?v . ?d ?t ?v }"
    with pytest.raises(DeadlineExceeded) as caught:
        store.query(text, scope=QueryScope(), accept=CSV, deadline_s=1.5)
    assert caught.value.status == 504
    assert store.query("ASK {}", scope=QueryScope(), accept=CSV).body == b"true"


def test_a_long_path_is_refused_where_the_engine_leaves_answers_out(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        store.query("SELECT * { ?s <urn:p>+ ?o }", scope=QueryScope(), accept=CSV)
    assert caught.value.code == "query-not-portable"


def test_an_engine_belongs_to_one_data_folder(
    server: Virtuoso, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable) as caught:
        opened(server, tmp_path / "another")
    assert caught.value.code == "store-of-another-folder"
    with pytest.raises(Unavailable) as caught:
        opened(server, tmp_path / "data")
    assert caught.value.code == "data-folder-in-use"


def test_a_wrong_password_is_told_and_not_shown(server: Virtuoso, folder: Path) -> None:
    folder.mkdir()
    wrong = folder / "wrong"
    wrong.write_text("s3cret")
    with pytest.raises(Unavailable) as caught:
        open_remote_store(folder, replace(server.settings, password_file=str(wrong)))
    assert caught.value.code == "store-login"
    assert "s3cret" not in str(caught.value)


def test_an_engine_that_is_away_is_told(server: Virtuoso, tmp_path: Path) -> None:
    settings = replace(server.settings, query_url="http://127.0.0.1:9/sparql")
    with pytest.raises(Unavailable) as caught:
        open_remote_store(tmp_path, settings)
    assert caught.value.code == "store-unreachable"


def test_an_answer_that_the_engine_cut_is_no_answer(tmp_path: Path) -> None:
    with running_virtuoso(tmp_path / "virtuoso", "ResultSetMaxRows = 50") as server:
        store = opened(server, tmp_path / "data")
        facts = tuple(fact(number) for number in range(60))
        store.commit([GraphChange(GRAPHS[0], facts, merge=True)])
        with pytest.raises(Unavailable) as caught:
            store.query("SELECT * { ?s ?p ?o }", scope=QueryScope(), accept=CSV)
        assert caught.value.code == "store-cuts-answers"
        store.close()
