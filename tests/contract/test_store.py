"""What every adapter of the store port does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgservice.model.errors import InputError, PreconditionFailed
from kgservice.model.rdf import RDF, XSD, Blank, Iri, Literal, Triple
from kgservice.model.terms import KG
from kgservice.store import open_remote_store, open_store
from kgservice.store.caps import QueryLimits
from kgservice.store.names import EVERYONES_GRAPH, own_graph
from kgservice.store.port import (
    MERGED_GRAPH,
    META_GRAPH,
    RULES_GRAPH,
    ChangeKind,
    CommitResult,
    DatasetName,
    GraphChange,
    QueryScope,
    Step,
    Store,
)
from tests.virtuoso import running_virtuoso

G, H = "http://example.org/graph/1", "http://example.org/graph/2"
GRAPH_QUERY = "CONSTRUCT { <urn:a> <urn:b> 1 } {}"
EVERYTHING = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"
CSV = "text/csv"


def fact(subject: str, value: str = "x") -> Triple:
    return Triple(Iri(f"http://example.org/{subject}"), Iri("http://example.org/p"), Literal(value))


pytestmark = pytest.mark.xdist_group("store contract")
Opening = Callable[[], Store]


@contextmanager
def adapter(kind: str, folder: Path) -> Iterator[Opening]:
    """Give what opens a store of a kind, again and again the same one."""
    if kind == "embedded":
        yield lambda: open_store(folder / "data", query_workers=1)
        return
    with running_virtuoso(folder / "virtuoso") as server:
        yield lambda: open_remote_store(folder / "data", server.settings, QueryLimits(workers=1))


@pytest.fixture(scope="module", params=["embedded", "virtuoso"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each adapter of the port."""
    return str(request.param)


@pytest.fixture(scope="module")
def opened(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of each adapter, once a module."""
    with adapter(kind, tmp_path_factory.mktemp("data")) as open_again:
        store = open_again()
        yield store
        store.close()


@pytest.fixture
def store(opened: Store) -> Store:
    """A store without graphs."""
    clear(opened)
    return opened


def clear(store: Store) -> None:
    names: tuple[DatasetName, ...] = ("shared", "private")
    for dataset in names:
        found = store.graphs(dataset=dataset)
        store.commit([GraphChange(i.graph, kind=ChangeKind.DELETE) for i in found], dataset=dataset)


def put(
    store: Store, graph: str, *triples: Triple, merge: bool = False, version: int | None = None
) -> CommitResult:
    return store.commit([GraphChange(graph, triples, merge=merge, if_version=version)])


def subjects(
    store: Store, scope: QueryScope, text: str = "SELECT ?s WHERE { ?s ?p ?o }"
) -> set[str]:
    lines = store.query(text, scope=scope, accept=CSV).body.decode().split("\r\n")[1:]
    return {line.rpartition("/")[2] for line in lines if line}


def test_committed_graph_is_read_back(store: Store) -> None:
    put(store, G, fact("a"), fact("b"))
    assert set(store.graph(G)) == {fact("a"), fact("b")}
    assert store.graph(H) == []


def test_replace_counts_only_what_differs_and_raises_the_version(store: Store) -> None:
    first = put(store, G, fact("a"), fact("b"))
    second = put(store, G, fact("b"), fact("c"))
    assert (first.added, first.removed, first.versions) == (2, 0, {G: 1})
    assert (second.added, second.removed, second.versions) == (1, 1, {G: 2})
    assert second.generation == first.generation + 1


def test_replace_by_the_same_changes_nothing(store: Store) -> None:
    """Literals are compared as the engine keeps them, or each sync would be a change."""
    triples = (
        fact("a"),
        Triple(fact("a").subject, fact("a").predicate, Literal("01", XSD + "integer")),
    )
    first = put(store, G, *triples)
    for again in (triples, triples[::-1]):
        result = put(store, G, *again)
        assert (result.added, result.removed, result.versions) == (0, 0, {})
        assert result.generation == first.generation


def test_add_and_remove_touch_only_what_they_name(store: Store) -> None:
    put(store, G, fact("a"), fact("b"), merge=True)
    store.commit([GraphChange(G, (fact("c"), fact("a")), ChangeKind.ADD)])
    result = store.commit([GraphChange(G, (fact("b"), fact("z")), ChangeKind.REMOVE)])
    assert result.removed == 1
    assert set(store.graph(G)) == {fact("a"), fact("c")}
    assert store.graphs()[0].merge


def test_deleted_graph_is_gone_and_starts_again_at_version_one(store: Store) -> None:
    put(store, G, fact("a"))
    result = store.commit([GraphChange(G, kind=ChangeKind.DELETE)])
    assert result.versions == {G: 0}
    assert store.graphs() == []
    assert put(store, G, fact("a"), version=0).versions == {G: 1}


def test_changes_of_one_graph_in_one_commit_apply_in_order(store: Store) -> None:
    changes = [
        GraphChange(G, (fact("a"), fact("b"))),
        GraphChange(G, (fact("a"),), ChangeKind.REMOVE),
        GraphChange(G, (fact("c"),), ChangeKind.ADD),
    ]
    assert store.commit(changes).versions == {G: 1}
    assert set(store.graph(G)) == {fact("b"), fact("c")}


def test_stale_version_changes_nothing_at_all(store: Store) -> None:
    put(store, G, fact("a"))
    changes = [GraphChange(H, (fact("b"),)), GraphChange(G, (fact("c"),), if_version=7)]
    with pytest.raises(PreconditionFailed, match="version 1, not 7"):
        store.commit(changes)
    assert store.graph(H) == []
    assert store.graph(G) == [fact("a")]


def test_invalid_iri_is_refused_and_nothing_is_stored(store: Store) -> None:
    """An IRI must not be able to end the statement that it stands in."""
    bad = Triple(
        Iri("http://e/> <http://e/p> <http://e/o> . <http://e/x"),
        Iri("http://e/p"),
        Iri("http://e/o"),
    )
    with pytest.raises(InputError) as caught:
        put(store, G, fact("a"), bad)
    assert caught.value.code == "statement-invalid"
    assert store.graphs() == []


@pytest.mark.parametrize("count", [1, 30_000])
def test_iri_that_only_the_engine_refuses_changes_nothing(store: Store, count: int) -> None:
    """Short and long commits go different ways into the engine."""
    before = store.stats()["shared_generation"]
    bad = Triple(Iri("http://[bad"), Iri("http://e/p"), Literal("x"))
    with pytest.raises(InputError) as caught:
        put(store, G, *(fact(str(number)) for number in range(count)), bad)
    assert caught.value.code == "statement-invalid"
    assert store.graphs() == []
    assert store.stats()["shared_generation"] == before


def test_odd_literals_survive(store: Store) -> None:
    values = ['quote " and \\ and } ;', "line\nfeed\r\ttab", "é 漢字 🙂", "", "DROP ALL", "\u2028"]
    triples = {fact(f"v{n}", value) for n, value in enumerate(values)}
    triples.add(
        Triple(
            fact("l").subject,
            fact("l").predicate,
            Literal("hoi", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "nl-be"),
        )
    )
    put(store, G, *triples)
    assert set(store.graph(G)) == triples
    put(store, G, fact("a"))
    assert store.graph(G) == [fact("a")]


def test_blank_nodes_of_two_graphs_stay_apart(store: Store) -> None:
    def named(label: str, value: str) -> Triple:
        return Triple(Blank(label), fact("a").predicate, Literal(value))

    put(store, G, named("b0", "one"), merge=True)
    put(store, H, named("b0", "two"), merge=True)
    assert store.graph(G) == [named("b0", "one")]
    assert put(store, G, named("b0", "one"), merge=True).versions == {}
    assert len({row["s"] for row in store.read(EVERYTHING)}) == 2


def test_query_sees_the_commit_before_it(store: Store) -> None:
    for number in range(5):
        put(store, G, fact(f"n{number}"), merge=True)
        assert subjects(store, QueryScope()) == {f"n{number}"}
        assert subjects(store, QueryScope("private")) == {f"n{number}"}


def test_merged_graph_holds_each_statement_once(store: Store) -> None:
    put(store, G, fact("a"), fact("b"), merge=True)
    put(store, H, fact("a"), merge=True)
    assert len(store.read(EVERYTHING)) == 2
    put(store, G, merge=True)
    assert store.read("SELECT ?s WHERE { ?s ?p ?o }") == [{"s": fact("a").subject}]
    put(store, H, fact("a"))
    assert store.read(EVERYTHING) == []


def test_unmerged_graph_is_reached_by_name_only(store: Store) -> None:
    put(store, G, fact("hidden"))
    put(store, H, fact("seen"), merge=True)
    assert subjects(store, QueryScope()) == {"seen"}
    by_name = "SELECT ?s WHERE { GRAPH ?g { ?s <http://example.org/p> ?o } }"
    assert subjects(store, QueryScope(), by_name) == {"hidden", "seen"}
    assert subjects(store, QueryScope(default_graphs=(G,), named_graphs=()), by_name) == set()
    assert subjects(store, QueryScope(default_graphs=(G,), named_graphs=())) == {"hidden"}
    assert subjects(store, QueryScope(default_graphs=(G, MERGED_GRAPH))) == {"hidden", "seen"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?s WHERE { ?s ?p ?o }",
        "SELECT ?s WHERE { GRAPH ?g { ?s ?p ?o } }",
        f"SELECT ?s WHERE {{ GRAPH <{G}> {{ ?s ?p ?o }} }}",
        f"SELECT ?s FROM <{G}> WHERE {{ ?s ?p ?o }}",  # noqa: S608
        f"SELECT ?s FROM NAMED <{G}> WHERE {{ GRAPH ?g {{ ?s ?p ?o }} }}",  # noqa: S608
        f"SELECT ?s WHERE {{ VALUES ?s {{ 1 }} FILTER EXISTS {{ GRAPH <{G}> {{ ?x ?p ?o }} }} }}",
        "SELECT ?s WHERE { GRAPH ?g { ?s <https://w3id.org/kgservice/ns#graphVersion> ?n } }",
    ],
)
@pytest.mark.parametrize("named", [None, (), (H,)])
def test_private_graph_is_invisible_outside_its_scope(
    store: Store, text: str, named: tuple[str, ...] | None
) -> None:
    store.commit([GraphChange(G, (fact("secret"),), merge=True)], dataset="private")
    assert subjects(store, QueryScope("private", named_graphs=named), text) == set()


def test_private_query_joins_own_and_merged(store: Store) -> None:
    put(store, H, fact("shared"), merge=True)
    store.commit([GraphChange(G, (fact("own"),))], dataset="private")
    scope = QueryScope("private", (MERGED_GRAPH, G), (G,))
    assert subjects(store, scope) == {"own", "shared"}
    rows = store.read("SELECT ?s WHERE { ?s ?p ?o }", dataset="private", graphs=(MERGED_GRAPH, G))
    assert {str(row["s"]).rpartition("/")[2] for row in rows} == {"own", "shared"}


def test_graphs_are_listed_by_prefix_in_order(store: Store) -> None:
    put(store, H, fact("b"), merge=True)
    put(store, G, fact("a"))
    put(store, "urn:other", fact("c"))
    assert [(i.graph, i.version, i.merge) for i in store.graphs("http://")] == [
        (G, 1, False),
        (H, 1, True),
    ]


def test_metadata_graph_tells_versions_and_survives_replacement(store: Store) -> None:
    put(store, G, fact("a"))
    put(store, META_GRAPH, fact("catalog"))
    put(store, META_GRAPH, fact("other"))
    assert store.graph(META_GRAPH) == [fact("other")]
    text = f"""SELECT ?v WHERE {{ GRAPH <{META_GRAPH}> {{
        <{G}> <https://w3id.org/kgservice/ns#graphVersion> ?v }} }}"""
    assert store.read(text) == [{"v": Literal("1", XSD + "integer")}]
    assert {i.graph for i in store.graphs()} == {G, META_GRAPH}


def test_session_joins_snapshot_and_scratch(store: Store) -> None:
    put(store, G, fact("a"), fact("b"), merge=True)
    with store.session(scope=QueryScope()) as session:
        session.load([fact("loaded")])
        assert session.construct("CONSTRUCT WHERE { ?s ?p ?o }") == 2
        assert len(session.select(EVERYTHING)) == 3
        assert len(session.select(EVERYTHING, where="snapshot")) == 2
        assert set(session.triples("CONSTRUCT WHERE { ?s ?p ?o }")) == {
            fact("a"),
            fact("b"),
            fact("loaded"),
        }
        assert session.select("ASK {}") == [{"answer": Literal("true", XSD + "boolean")}]
    with store.session(scope=QueryScope()) as session:
        assert session.select(EVERYTHING) == [], "a scratch store is for one session"


def test_session_runs_several_steps_in_one_go(store: Store) -> None:
    values = [
        Literal("plain"),
        Literal('quote " tab \t line \n return \r back \\ é \U0001f30d'),
        Literal("16", XSD + "integer"),
        Literal("-1.50", XSD + "decimal"),
        Literal("100", XSD + "decimal"),
        Literal("1.5E0", XSD + "double"),
        Literal("true", XSD + "boolean"),
        Literal("P1M", XSD + "duration"),
        Literal("hoi", RDF + "langString", "nl"),
        Iri("urn:x:value"),
    ]
    put(store, G, *(Triple(Iri("urn:x:s"), Iri("urn:x:p"), value) for value in values), merge=True)
    text = "SELECT ?o ?none WHERE { ?s ?p ?o OPTIONAL { ?o <urn:x:none> ?none } }"
    with store.session(scope=QueryScope()) as session:
        loaded, made, rows, again, nothing = session.run(
            [
                Step("load", triples=(fact("loaded"),)),
                Step("construct", "CONSTRUCT WHERE { ?s ?p ?o }", "snapshot"),
                Step("select", text, "snapshot"),
                Step("select", text, "scratch"),
                Step("select", "SELECT ?o WHERE { ?o <urn:x:none> ?none }", "scratch"),
            ]
        )
        one_by_one = session.select(text, where="snapshot")
    assert (loaded, made, nothing) == ([], [], [])
    assert sorted(map(repr, rows)) == sorted(map(repr, one_by_one))
    assert len(rows) == len(values)
    assert len(again) == len(values) + 1


def test_syntax_error_shows_the_place(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        store.query("SELECT * WHERE {\n  ?s foo:bar ?o }", scope=QueryScope(), accept=CSV)
    assert (caught.value.code, caught.value.at) == ("query-syntax", "query:2:6")
    assert "  ?s foo:bar ?o }\n         ^" in caught.value.detail


@pytest.mark.parametrize(
    ("text", "accept", "media_type", "body"),
    [
        ("ASK {}", "application/sparql-results+json", None, b'"boolean":true'),
        ("ASK {}", "application/sparql-results+xml", None, b"<boolean>true</boolean>"),
        ("SELECT (1 AS ?x) {}", "text/tab-separated-values", None, b"?x\n1\n"),
        ("SELECT (1 AS ?x) {}", "text/html, */*;q=0.1", "application/sparql-results+json", b'"1"'),
        (GRAPH_QUERY, "application/json;q=0.5, text/turtle", "text/turtle", b"<urn:b> 1"),
        (GRAPH_QUERY, "application/rdf+xml", None, b"<?xml"),
        (GRAPH_QUERY, "application/ld+json", None, b"@id"),
    ],
)  # fmt: skip
def test_answers_come_in_the_media_type_asked_for(
    store: Store, text: str, accept: str, media_type: str | None, body: bytes
) -> None:
    answer = store.query(text, scope=QueryScope(), accept=accept)
    assert answer.media_type == (media_type or accept)
    assert body in answer.body


def test_media_type_that_fits_no_answer_is_refused(store: Store) -> None:
    with pytest.raises(InputError) as caught:
        store.query("ASK {}", scope=QueryScope(), accept="image/png")
    assert (caught.value.code, caught.value.status) == ("not-acceptable", 406)


STATEMENTS = [fact(name, value) for name in "ab" for value in "xy"]
GRAPHS = [f"http://example.org/random/{n}" for n in range(3)]
changes = st.builds(
    GraphChange,
    st.sampled_from(GRAPHS),
    st.lists(st.sampled_from(STATEMENTS), max_size=4, unique=True).map(tuple),
    st.sampled_from(ChangeKind),
    st.booleans(),
)


class Oracle:
    """The meaning of a commit, with sets. A graph exists from its first statement on."""

    def __init__(self) -> None:
        self.existing: set[str] = set()
        self.content: dict[str, set[Triple]] = {}
        self.merge: dict[str, bool] = {}

    def commit(self, changes: list[GraphChange]) -> None:
        for change in changes:
            self.apply(change)
        for name in {change.graph for change in changes}:
            if self.content.get(name):
                self.existing.add(name)
            elif name not in self.content:
                self.existing.discard(name)
            if name not in self.existing:
                self.merge[name] = False

    def apply(self, change: GraphChange) -> None:
        old, name = self.content.get(change.graph, set()), change.graph
        if change.kind is ChangeKind.DELETE:
            self.content.pop(name, None)
            self.merge[name] = False
        elif change.kind is ChangeKind.REMOVE:
            self.content[name] = old - set(change.triples)
            self.merge.setdefault(name, False)
        elif change.kind is ChangeKind.ADD:
            self.content[name] = old | set(change.triples)
            self.merge[name] = self.merge.get(name, False) or change.merge
        elif change.kind is ChangeKind.DESCRIBE:
            subjects = {t.subject for t in change.triples}
            self.content[name] = {t for t in old if t.subject not in subjects}
            self.content[name] |= set(change.triples)
            self.merge[name] = self.merge.get(name, False) or change.merge
        else:
            self.content[name] = set(change.triples)
            self.merge[name] = change.merge

    def merged(self) -> set[Triple]:
        return {
            t for name, content in self.content.items() if self.merge.get(name) for t in content
        }


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(changes, min_size=1, max_size=4), max_size=8))
def test_merged_graph_is_the_union_of_the_merged_graphs(
    opened: Store, commits: list[list[GraphChange]]
) -> None:
    clear(opened)
    oracle = Oracle()
    for commit in commits:
        opened.commit(commit)
        oracle.commit(commit)
        assert set(opened.graph(MERGED_GRAPH)) == oracle.merged()
        assert set(opened.graph(MERGED_GRAPH, dataset="private")) == oracle.merged()
        for name in GRAPHS:
            assert set(opened.graph(name)) == oracle.content.get(name, set())


P = "http://example.org/p"


def test_changes_name_what_came_and_went_since_a_commit(store: Store) -> None:
    put(store, G, fact("a"), fact("b"), merge=True)
    before = store.changes(0, []).number
    put(store, G, fact("a"), fact("c"), merge=True)
    store.commit([GraphChange(H, (fact("d"),), ChangeKind.ADD, merge=False)])
    found = store.changes(before, [P])
    assert found.is_complete
    assert set(found.statements) == {fact("b"), fact("c")}
    assert found.graphs == {G, H}
    assert store.changes(before, [P + "2"]).statements == ()
    assert store.changes(found.number, [P]).graphs == frozenset()


def test_changes_name_a_statement_that_one_of_two_graphs_lost(store: Store) -> None:
    put(store, G, fact("a"), merge=True)
    put(store, H, fact("a"), merge=True)
    before = store.changes(0, []).number
    store.commit([GraphChange(G, kind=ChangeKind.DELETE)])
    assert store.changes(before, [P]).statements == (fact("a"),)


def test_changes_name_a_graph_whose_metadata_changed(store: Store) -> None:
    put(store, G, fact("a"))
    before = store.changes(0, []).number
    about = Triple(Iri(G), Iri("http://example.org/checked"), Literal("no"))
    stranger = Triple(Iri("http://example.org/other"), about.predicate, about.object)
    store.commit([GraphChange(META_GRAPH, (stranger,), ChangeKind.ADD)])
    assert store.changes(before, []).number == before
    store.commit([GraphChange(META_GRAPH, (about,), ChangeKind.ADD)])
    assert store.changes(before, []).graphs == {G}
    store.commit([GraphChange(META_GRAPH, (about, stranger), ChangeKind.REMOVE)])


def test_what_is_concluded_is_no_change(store: Store) -> None:
    before = store.changes(0, []).number
    put(store, RULES_GRAPH, fact("a"), merge=True)
    assert store.changes(before, [P]).number == before


def test_changes_before_the_start_are_not_known_but_their_number_is(
    kind: str, tmp_path: Path
) -> None:
    with adapter(kind, tmp_path) as open_again:
        first = open_again()
        put(first, G, fact("a"), merge=True)
        number = first.changes(0, []).number
        first.close()
        again = open_again()
        try:
            assert again.changes(number, []).is_complete
            assert not again.changes(number - 1, []).is_complete
            assert not again.changes(number + 1, []).is_complete
        finally:
            again.close()


def test_what_a_customers_graphs_say_is_in_one_own_graph_once(store: Store) -> None:
    first, second = "http://example.org/request/1", "http://example.org/plan/2"
    mine, theirs = fact("mine"), fact("theirs")

    def of(graph: str, name: str) -> Triple:
        return Triple(Iri(graph), KG.customer, Literal(name))

    store.commit(
        [
            GraphChange(first, (of(first, "anna"), mine)),
            GraphChange(second, (of(second, "anna"), mine)),
            GraphChange(H, (of(H, "bob"), theirs)),
        ],
        dataset="private",
    )
    own = {mine, of(first, "anna"), of(second, "anna")}
    assert set(store.graph(own_graph("anna"), dataset="private")) == own
    assert set(store.graph(own_graph("bob"), dataset="private")) == {of(H, "bob"), theirs}
    assert set(store.graph(EVERYONES_GRAPH, dataset="private")) == {*own, of(H, "bob"), theirs}

    store.commit([GraphChange(first, kind=ChangeKind.DELETE)], dataset="private")
    assert set(store.graph(own_graph("anna"), dataset="private")) == {mine, of(second, "anna")}


def test_quarantine_is_read_as_shared_and_reached_by_no_query_that_sees_every_graph(
    store: Store,
) -> None:
    refused = fact("refused")
    store.commit(
        [GraphChange(G, (fact("a"),), merge=True), GraphChange(f"{G}/quarantine", (refused,))]
    )

    text = "SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } FILTER(?g != <urn:kgservice:meta>) }"
    answer = store.query(text, scope=QueryScope("shared"), accept=CSV)

    assert store.graph(f"{G}/quarantine") == [refused]
    assert G.encode() in answer.body
    assert b"quarantine" not in answer.body
