"""How large an answer may be: counted while it is written, exact in each format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from embedded_stores import open_embedded

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store.caps import AnswerLimits
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.port import GraphChange, QueryScope
from kgservice.store.results import MEDIA_TYPES

ROWS = 40
NASTY = ('say "a"\n', '[{"a":1},{"b":2}]', "},{", "<result>", "a\r\nb,c", "'\t", 'x"},{"', "\\")
"""Texts that look like the ends of rows in some format."""
ALL = "SELECT ?s ?o { ?s <urn:p> ?o } ORDER BY ?s"
BOMB = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    limits = AnswerLimits(max_rows=ROWS, max_mb=1)
    store = open_embedded(tmp_path_factory.mktemp("data"), answer_limits=limits)
    facts = [
        Triple(Iri(f"urn:{n:03}"), Iri("urn:p"), Literal(f"{n} {NASTY[n % len(NASTY)]}"))
        for n in range(ROWS + 2)
    ]
    store.commit([GraphChange("urn:g", tuple(facts), merge=True)])
    yield store
    store.close()


def ask(store: EmbeddedStore, text: str, accept: str) -> bytes:
    return store.query(text, scope=QueryScope(), accept=accept).body


@pytest.mark.parametrize("accept", MEDIA_TYPES["solutions"])
def test_as_many_rows_as_are_allowed_pass_and_one_more_does_not(
    limited: EmbeddedStore, accept: str
) -> None:
    heading = accept in ("text/csv", "text/tab-separated-values")
    assert ask(limited, f"{ALL} LIMIT {ROWS - heading}", accept)
    with pytest.raises(InputError) as caught:
        ask(limited, f"{ALL} LIMIT {ROWS + 2}", accept)
    assert (caught.value.code, caught.value.status) == ("answer-too-large", 413)


@pytest.mark.parametrize("accept", MEDIA_TYPES["solutions"])
def test_an_answer_that_would_never_end_is_refused_before_its_deadline(
    limited: EmbeddedStore, accept: str
) -> None:
    kills = limited.stats()["kills"]
    with pytest.raises(InputError) as caught:
        ask(limited, BOMB, accept)
    assert caught.value.code == "answer-too-large"
    assert limited.stats()["kills"] == kills, "the engine stops by itself"


@pytest.mark.parametrize("accept", MEDIA_TYPES["graph"])
def test_a_graph_is_bounded_by_its_bytes(limited: EmbeddedStore, accept: str) -> None:
    assert ask(limited, f"CONSTRUCT WHERE {{ ?s ?p ?o }} LIMIT {ROWS}", accept)
    template = "CONSTRUCT { [] <urn:p> ?c, ?f, ?i, ?l, ?o } "
    with pytest.raises(InputError) as caught:
        ask(limited, template + BOMB.removeprefix("SELECT *"), accept)
    assert caught.value.code == "answer-too-large"


def test_one_large_value_is_bounded_too(limited: EmbeddedStore) -> None:
    text = "SELECT ?x { BIND('" + "x" * 1000 + "' AS ?a) BIND(" + "CONCAT(" * 4
    text += "?a" + ", ?a)" * 4 + " AS ?b) BIND(REPLACE(?b, 'x', ?b) AS ?x) }"
    with pytest.raises(InputError) as caught:
        ask(limited, text, "text/csv")
    assert caught.value.code == "answer-too-large"


@pytest.mark.parametrize("letter", ["\x01", "\x0b", "\x1f", "\ufffe", "\uffff"], ids=ascii)
@pytest.mark.parametrize(
    "form", ["SELECT * { ?s <urn:odd> ?o }", "CONSTRUCT WHERE { ?s <urn:odd#p> ?o }"]
)
def test_what_xml_cannot_hold_is_refused_as_xml_alone(
    limited: EmbeddedStore, letter: str, form: str
) -> None:
    content = [
        Triple(Iri("urn:odd"), Iri(prop), Literal(f"a{letter}b"))
        for prop in ("urn:odd", "urn:odd#p")
    ]
    limited.commit([GraphChange("urn:odd:graph", tuple(content), merge=True)])
    is_table = form.startswith("SELECT")
    xml, other = (
        ("application/sparql-results+xml", "text/csv")
        if is_table
        else ("application/rdf+xml", "text/turtle")
    )
    with pytest.raises(InputError) as caught:
        ask(limited, form, xml)
    assert (caught.value.code, caught.value.status) == ("answer-not-xml", 406)
    assert ask(limited, form, other)
    good = form.replace("?o }", "?o FILTER(false) }") if is_table else "CONSTRUCT {} WHERE {}"
    assert ask(limited, good, xml)
