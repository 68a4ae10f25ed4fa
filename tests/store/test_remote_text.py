"""What is sent to a remote store: the text alone says which graphs it reaches."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from kgservice.model.errors import InputError
from kgservice.store.remote_rewriting import (
    guarded,
    refuse_hidden_selects,
    refuse_long_paths,
    wrapped,
)
from kgservice.store.remote_text import NOWHERE, read_text


def sent(text: str) -> str:
    """Write a query as the only default graph `urn:m` and the only named graph `urn:v` have it."""
    tokens = guarded(
        read_text(text).tokens,
        lambda graph: graph if graph == "urn:v" else NOWHERE,
        lambda variable: f"FILTER ( {variable} IN ( <urn:v> ) )",
    )
    return " ".join(token.text for token in wrapped(tokens, "urn:m"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT*{?s ?p ?o}", "SELECT * { GRAPH <urn:m> { ?s ?p ?o } }"),
        (
            "PREFIX e: <urn:e/>\nASK # GRAPH <urn:h> {\n{ ?s e:a\\,b 'GRAPH ?g {' }",
            'ASK { GRAPH <urn:m> { ?s <urn:e/a,b> "GRAPH ?g {" } }',
        ),
        (
            "SELECT ?s FROM <urn:h> FROM NAMED <urn:h> { ?s ?p ?o }",
            "SELECT ?s { GRAPH <urn:m> { ?s ?p ?o } }",
        ),
        (
            "ASK{GRAPH<urn:h>{?s ?p ?o}}",
            f"ASK {{ GRAPH <urn:m> {{ GRAPH <{NOWHERE}> {{ ?s ?p ?o }} }} }}",
        ),
        (
            "ASK{?a ?b ?c OPTIONAL{graph?g{?s ?p ?o}}}",
            "ASK { GRAPH <urn:m> { ?a ?b ?c"
            " OPTIONAL { FILTER ( ?g IN ( <urn:v> ) ) graph ?g { ?s ?p ?o } } } }",
        ),
        (
            "SELECT (EXISTS{?a ?b ?c} AS ?x){?s ?p ?o}",
            "SELECT ( EXISTS { GRAPH <urn:m> { ?a ?b ?c } } AS ?x ) { GRAPH <urn:m> { ?s ?p ?o } }",
        ),
        (
            "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 3",
            "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <urn:m> { ?s ?p ?o } } LIMIT 3",
        ),
        (
            r"SELECT ('\u0041\n\'\"' AS ?x) {}",
            'SELECT ( "A\\n\'\\"" AS ?x ) { GRAPH <urn:m> { } }',
        ),
        ("SELECT (?a<?b AS ?c) {}", "SELECT ( ?a < ?b AS ?c ) { GRAPH <urn:m> { } }"),
    ],
)  # fmt: skip
def test_every_pattern_is_kept_to_the_graphs_of_the_scope(text: str, expected: str) -> None:
    assert sent(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p ?o FILTER(<bif:exec>(?o)) }",
        "SELECT (<sql:rdf_box>(1) AS ?x) {}",
        "PREFIX b: <bif:x> SELECT * { ?s b:contains 'x' }",
        "SELECT (<http://e/f>(1) AS ?x) {}",
    ],
)
def test_functions_of_an_engines_own_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_text(text)
    assert caught.value.code == "query-function-refused"


@pytest.mark.parametrize(
    "text",
    ["SELECT * { ?s ?p `bif:now()` }", "SELECT * { ?s \\u0067 ?o }", "ASK { <relative> ?p ?o }"],
)
def test_what_is_no_sparql_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_text(text)
    assert caught.value.code == "query-syntax"


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("ASK { GRAPH ?g { { SELECT * { ?s ?p ?o } } } }", True),
        ("ASK { GRAPH ?g { OPTIONAL { { SELECT * { ?s ?p ?o } } } } }", True),
        ("ASK { GRAPH ?g { GRAPH <urn:v> { { SELECT * { ?s ?p ?o } } } } }", False),
        ("ASK { { SELECT * { GRAPH ?g { ?s ?p ?o } } } }", False),
    ],
)
def test_a_select_within_any_graph_is_refused(text: str, is_refused: bool) -> None:
    tokens = read_text(text).tokens
    with pytest.raises(InputError) if is_refused else nullcontext():
        refuse_hidden_selects(tokens)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("ASK { ?s <urn:p>+ ?o }", True),
        ("ASK { ?s a/<urn:p>* ?o }", True),
        ("ASK { ?s (<urn:p>|^<urn:q>)* ?o }", True),
        ("ASK { ?s <urn:p>? ?o FILTER((?o + 1) * 2 = 4) }", False),
        ("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", False),
        ("SELECT * { ?s ?p ?o }", False),
        ("SELECT (STRLEN(?x) + 1 AS ?n) { ?s ?p ?x }", False),
        ("SELECT (NOW() + 1 AS ?n) { }", False),
    ],
)
def test_long_paths_are_told_from_arithmetic(text: str, is_refused: bool) -> None:
    tokens = read_text(text).tokens
    with pytest.raises(InputError) if is_refused else nullcontext():
        refuse_long_paths(tokens)
