"""What an update writes, as read from its text, against what the engine then does."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.model.errors import InputError
from kgservice.store.update_text import WRITTEN_DEFAULT, Update, Using, read_update

BASE = "http://h/graphs/"
GRAPHS = ("http://e/a", "http://e/b", "http://e/c")
Contents = dict[str, frozenset[str]]


def filled() -> ox.Store:
    store = ox.Store()
    data = " ".join(f"GRAPH <{g}> {{ <urn:x:s> <urn:x:p> 1, 'x' }}" for g in GRAPHS)
    store.update(f"INSERT DATA {{ <urn:x:s> <urn:x:p> 2 . {data} }}")
    return store


def contents(store: ox.Store) -> Contents:
    found: dict[str, set[str]] = {WRITTEN_DEFAULT: set()}
    for name in store.named_graphs():
        found[str(name)[1:-1]] = set()
    for quad in store:
        graph = quad.graph_name
        name = graph.value if isinstance(graph, ox.NamedNode) else WRITTEN_DEFAULT
        found[name].add(f"{quad.subject} {quad.predicate} {quad.object}")
    return {name: frozenset(texts) for name, texts in found.items()}


def changed_by(line: str, base: str = BASE) -> set[str] | None:
    """Give the graphs that the engine changes; None when it refuses the text."""
    store = filled()
    before = contents(store)
    try:
        store.update(line, base_iri=base)
    except (SyntaxError, RuntimeError, OSError, ValueError):
        return None
    after = contents(store)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def require_known(update: Update) -> None:
    changed = changed_by(update.line) if update.line else set()
    if changed is not None and not update.is_open:
        assert changed <= update.targets, update.line


@pytest.mark.parametrize(
    ("text", "targets", "is_open"),
    [
        ("INSERT DATA { <s> <p> 1 }", {WRITTEN_DEFAULT}, False),
        ("insert data{graph<http://e/a>{<s><p>1}}", {"http://e/a"}, False),
        ("INSERT DATA { GRAPH <g#1> { } }", {BASE + "g#1"}, False),
        ("PREFIX ex-1.a: <http://e/> DELETE DATA { GRAPH ex-1.a:a { ex-1.a:s ex-1.a:p '}' } }",
         {"http://e/a"}, False),
        ("BASE <http://e/x/> CREATE GRAPH <../a>", {"http://e/a"}, False),
        ("DELETE WHERE { ?s ?p ?o }", {WRITTEN_DEFAULT}, False),
        ("WITH <http://e/a> DELETE { ?s ?p ?o } INSERT { GRAPH <http://e/b> { ?s ?p ?o } }"
         " WHERE { ?s ?p ?o }", {"http://e/a", "http://e/b"}, False),
        ("WITH <http://e/a> INSERT { GRAPH <http://e/b> { ?s ?p 3 } } WHERE { ?s ?p ?o }",
         {"http://e/b"}, False),
        ("INSERT { GRAPH ?g { ?s ?p 3 } } WHERE { GRAPH ?g { ?s ?p ?o } }", set(), True),
        ("CLEAR ALL", {WRITTEN_DEFAULT}, True), ("DROP NAMED", set(), True),
        ("CLEAR SILENT DEFAULT", {WRITTEN_DEFAULT}, False),
        ("COPY <http://e/a> TO <http://e/b>", {"http://e/b"}, False),
        ("ADD SILENT DEFAULT TO GRAPH <http://e/b>", {"http://e/b"}, False),
        ("MOVE GRAPH <http://e/a> TO DEFAULT", {"http://e/a", WRITTEN_DEFAULT}, False),
        ("PREFIX e: <http://e/> # only this", set(), False),
    ],
    ids=range(16),
)  # fmt: skip
def test_targets_are_read_as_the_grammar_says(text: str, targets: set[str], is_open: bool) -> None:
    update = read_update(text, BASE)
    assert (update.targets, update.is_open) == (targets, is_open)
    require_known(update)


DROP = "DROP GRAPH <http://e/b>"
ATTACKS = [
    # a comment for one reader is an IRI for the other, and what follows is on another line
    f"INSERT {{ GRAPH <http://e/a> {{ ?s ?p 9 }} }} WHERE {{ ?s ?p ?b FILTER(1<?b#>) }} ;"
    f" INSERT DATA {{ GRAPH <http://e/a> {{ <s> <p> '''\n) }} ; {DROP} #''' }} }}",
    f"INSERT {{ GRAPH <http://e/a> {{ ?s ?p 9 }} }} WHERE {{ ?s ?p ?b FILTER(?b<3#> \n)}} ; {DROP}",
    # no word boundaries
    "INSERTDATA{GRAPH<http://e/b>{<urn:x:a><urn:x:b>1}}",
    "COPYSILENTDEFAULTTO<http://e/b>",
    "INSERT DATA { <s> <p> 1GRAPH <http://e/b> { <s> <p> 1 } }",
    "INSERT DATA { <s> <p> 'x'GRAPH<http://e/b>{ <s> <p> 1 } }",
    "PREFIX x: <urn:x:> INSERT DATA { GRAPHx:s { x:s x:p 1 } }",
    # names that mean something else
    "PREFIX e: <http://e/> PREFIX e: <http://e/b/../> INSERT DATA { GRAPH e:b { e:s e:p 1 } }",
    r"INSERT DATA { GRAPH <http://e/\u0062> { <s> <p> 1 } }",
    r"PREFIX e: <http://e/> INSERT DATA { GRAPH e:b\-x { <s> <p> 1 } }",
    "PREFIX e: <http://e/> INSERT DATA { GRAPH e:%62 { <s> <p> 1 } }",
    "PREFIX e: <http://e> INSERT DATA { GRAPH e:b. { <s> <p> 1 } }",
    "BASE <http://e/b> INSERT DATA { GRAPH <> { <s> <p> 1 } }",
    "BASE <http://e/b> INSERT DATA { GRAPH <#> { <s> <p> 1 } }",
    "BASE <http://e/> BASE <b/> INSERT DATA { GRAPH <../b> { <s> <p> 1 } }",
    # strings that end elsewhere
    f'INSERT DATA {{ GRAPH <http://e/a> {{ <s> <p> """a"""" }} }} ; {DROP} #" }} }}',
    f"INSERT DATA {{ GRAPH <http://e/a> {{ <s> <p> 'a\\' }} }} ; {DROP} #' }} }}",
    f"INSERT DATA {{ GRAPH <http://e/a> {{ <s> <p> 'a\r\n' }} }} ; {DROP}",
    # more than one way to write a graph
    "DELETE { GRAPH <http://e/a> { ?s ?p ?o } } INSERT { GRAPH <http://e/b> { ?s ?p 3 } } WHERE {}",
    "WITH <http://e/a> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o } ; CLEAR GRAPH <http://e/b>",
    "INSERT DATA { GRAPH <http://e/a> { <s> <p> 1 } GRAPH <http://e/b> { <s> <p> 1 } }",
    "INSERT DATA { GRAPH <http://e/a> { <s> <p> <o> {| <p> <q> |} } <s> <p> 5 }",
]


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_no_trick_makes_the_engine_write_what_was_not_read(text: str) -> None:
    try:
        update = read_update(text, BASE)
    except InputError:
        return
    require_known(update)


WORDS = [
    "INSERT", "DELETE", "DATA", "WHERE", "WITH", "USING", "NAMED", "GRAPH", "CLEAR", "DROP", "ALL",
    "DEFAULT", "COPY", "MOVE", "ADD", "TO", "SILENT", "CREATE", "PREFIX e: <http://e/>",
    "BASE <http://e/>", "e:a", "e:b", "<http://e/a>", "<http://e/b>", "<b>", "<#>", "?g",
    "?s ?p ?o",
    "<urn:x:s> <urn:x:p> 1", "{", "}", "{", "}", ";", ".", "(", ")", "[", "]", "'x'", '"', "'''",
    '"""', "'", "#", "<", ">", "FILTER(1<2)", "\\", "1", "\n", "|", "a",
]  # fmt: skip
GAPS = st.sampled_from([" ", " ", "", "\n", "\t", "#\n", " # } ; \n"])


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), GAPS), max_size=30))
def test_a_soup_of_words_writes_only_what_was_read(soup: list[tuple[str, str]]) -> None:
    text = "".join(word + gap for word, gap in soup)
    try:
        update = read_update(text, BASE)
    except InputError:
        return
    require_known(update)


def names(graph: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"<{graph}>", f"e:{graph[-1]}", f"<{graph[-1]}>"])


GRAPH = st.sampled_from(GRAPHS).flatmap(names)
VALUE = st.sampled_from(
    ["1", "-2.5", "true", "'}'", '";DROP<http://e/b>#"', "'''\n}\n;'''", "<http://e/#x>", "e:x",
     "1e3", "'x'@en", "'1'^^<http://www.w3.org/2001/XMLSchema#integer>"]
)  # fmt: skip
FACT = VALUE.map(lambda value: f"<urn:x:s> e:p {value}")
BLOCK = st.one_of(FACT, st.tuples(GRAPH, FACT).map(lambda p: f"GRAPH {p[0]} {{ {p[1]} }}"))
PATTERN = st.sampled_from(
    ["?s ?p ?o", "?s ?p ?o FILTER(?o<3||?o>1)", "GRAPH ?g { ?s ?p ?o }", "", "?s e:p|<urn:x:p> ?o",
     "{ ?s ?p ?o } UNION { ?s ?p 1 } #}\n", "?s ?p ?o OPTIONAL { ?s e:q '}' }"]
)  # fmt: skip
TEMPLATE = st.one_of(
    st.just("?s ?p 7"), GRAPH.map(lambda graph: f"GRAPH {graph} {{ ?s ?p 8 }}"),
    st.just("GRAPH ?g { ?s ?p 9 }"),
)  # fmt: skip
TARGET = st.one_of(st.just("DEFAULT"), GRAPH, GRAPH.map(lambda graph: f"GRAPH {graph}"))
OPERATION = st.one_of(
    BLOCK.map(lambda block: f"INSERT DATA {{ {block} }}"),
    BLOCK.map(lambda block: f"DELETE DATA {{ {block} }}"),
    TEMPLATE.map(lambda template: f"DELETE WHERE {{ {template} }}"),
    st.tuples(TEMPLATE, TEMPLATE, PATTERN).map(
        lambda p: f"DELETE {{ {p[0]} }} INSERT {{ {p[1]} }} WHERE {{ {p[2]} }}"
    ),
    st.tuples(GRAPH, TEMPLATE, PATTERN).map(
        lambda p: f"WITH {p[0]} INSERT {{ {p[1]} }} WHERE {{ {p[2]} }}"
    ),
    st.tuples(st.sampled_from(["CLEAR", "DROP"]), st.sampled_from(["", "SILENT"]),
              st.one_of(st.sampled_from(["ALL", "NAMED", "DEFAULT"]),
                        GRAPH.map(lambda graph: f"GRAPH {graph}"))).map(" ".join),
    st.tuples(st.sampled_from(["ADD", "COPY", "MOVE"]), TARGET, TARGET).map(
        lambda p: f"{p[0]} {p[1]} TO {p[2]}"
    ),
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(OPERATION, min_size=1, max_size=4), st.sampled_from([" ", "\n", " # x }\n"]))
def test_the_engine_does_the_same_by_our_line_as_by_the_text(
    operations: list[str], gap: str
) -> None:
    """What is written in the grammar is read, and means the same as it was sent."""
    text = "BASE <http://e/> PREFIX e: <http://e/>\n" + ";\n".join(operations).replace(" ", gap)
    update = read_update(text, BASE)
    ours, theirs = filled(), filled()
    outcomes = []
    for store, sent in ((ours, update.line), (theirs, text)):
        try:
            store.update(sent, base_iri=BASE)
            outcomes.append("done")
        except (SyntaxError, RuntimeError) as error:
            outcomes.append(type(error).__name__)
    assert outcomes[0] == outcomes[1], update.line
    assert contents(ours) == contents(theirs)
    require_known(update)


def test_a_dataset_goes_to_every_where_part() -> None:
    text = "DELETE WHERE { ?s ?p ?o } ; INSERT { ?s ?p 3 } WHERE { ?s ?p ?o }"
    line = read_update(text, BASE, Using(("http://e/a",), ("http://e/b",))).line
    assert line.count("USING <http://e/a> USING NAMED <http://e/b> WHERE") == 2
    assert changed_by(line) == {WRITTEN_DEFAULT}


def test_reading_takes_time_in_proportion_to_the_length() -> None:
    """Unclosed quotes and brackets are where such readers become quadratic."""
    for piece in ("'", '"""', "<", "{", "(", "\\u0041", "# ", "e:e:", "<<(", "x."):
        with pytest.raises(InputError):
            read_update("INSERT DATA { GRAPH <g> { " + piece * 200_000, BASE)
