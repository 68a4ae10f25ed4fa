"""Query files and their parameters."""

from __future__ import annotations

from importlib.resources import files

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.errors import InputError
from kgservice.model.rdf import Blank, Iri, Literal, typed
from kgservice.store.queries import bind, load_query

NAMES = sorted(
    entry.name.removesuffix(".rq")
    for entry in files("kgservice_vocab").joinpath("queries").iterdir()
    if entry.name.endswith(".rq")
)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_file_states_its_purpose(name: str) -> None:
    assert load_query(name).startswith("# Purpose:")


def test_parameters_are_put_in_as_terms() -> None:
    text = "SELECT ?x { ?x ?kind $n . # ?kind\n ?x <urn:?kind> '?kind' . ?x ?kinder ?o }"
    bound = bind(text, {"kind": Iri("urn:k"), "n": typed(3)})
    assert bound == (
        'SELECT ?x { ?x <urn:k> "3"^^<http://www.w3.org/2001/XMLSchema#integer> . # ?kind\n'
        " ?x <urn:?kind> '?kind' . ?x ?kinder ?o }"
    )


@given(st.text(max_size=60))
def test_no_text_can_leave_its_literal(value: str) -> None:
    value = value.replace("\x00", "").encode("utf-8", "ignore").decode()
    rows = ox.Store().query(bind("SELECT ($v AS ?x) {}", {"v": Literal(value)}))
    assert isinstance(rows, ox.QuerySolutions)
    assert [row["x"].value for row in rows] == [value]


@pytest.mark.parametrize(
    "term",
    [
        Iri("urn:a> { }"),
        Iri("relative"),
        Blank("b"),
        Literal("x", "no iri"),
        Literal("x", language="a b"),
    ],
)
def test_term_that_cannot_be_written_is_refused(term: Iri | Blank | Literal) -> None:
    with pytest.raises(InputError, match="cannot be put"):
        bind("ASK { ?a ?b $c }", {"c": term})


@pytest.mark.parametrize("name", ["no-such-query", "../core", "", "offerings.rq"])
def test_unknown_query_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_query(name)
    assert caught.value.code == "query-unknown"
