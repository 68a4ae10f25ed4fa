"""What is said of a query that does not parse, or that names no term of the vocabulary."""

from __future__ import annotations

import time

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.errors import InputError
from kgservice.store.hints import KG_NAMES, misspelt_terms, undeclared_prefix
from kgservice.store.mistakes import syntax_error

KG = "PREFIX kg: <https://w3id.org/kgservice/ns#>\n"


def mistake(text: str) -> InputError:
    """The error that the engine's own complaint about a text becomes."""
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(text)
    return syntax_error(str(caught.value), text)


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("SELECT * {\n ?s a kg:PostgreSQL\n}", "2:7", "PREFIX kg: <https://w3id.org/kgservice/ns#>"),
        ("SELECT * { ?s foa:name ?x }", "1:15", "PREFIX foa: <…>"),
        ("PREFIX country: <urn:x:>\nSELECT * { ?s ?p countri:NLD }", "2:18", "mean `country:`"),
        ("SELECT * { ?s :p '#' ; a _:b }", "1:15", "PREFIX :"),
        ("SELECT * { ?s ?p ?o", "1:20", "The `{` at 1:10 is not closed."),
        ("SELECT * {\n { ?s ?p ?o }\n OPTIONAL { ?s ?q ?r \n}", "4:2", "`{` at 1:10 is not"),
        ("SELECT * { ?s ?p ?o }}", "1:23", "The `}` at 1:22 closes nothing."),
        ("SELECT * { ?s ?p ?o FILTER(?o > 3 }", "1:36", "The `(` at 1:27 is closed by `}` at 1:3"),
        ("SELCT * { ?s ?p ?o }", "1:1", "mean `SELECT`?"),
        ("SELECT * WHERE { ?s ?p ?o FITER(?o > 3) }", "1:27", "mean `FILTER`?"),
        ("SELECT * { ?s ?p '} {' # (\n OPTINAL { ?s ?p ?o } }", "2:2", "mean `OPTIONAL`?"),
        ("SELECT * { ?s ?p ?o FILTER(?o == 3) }", "1:38", "Write `=` to compare."),
        (f"{KG}SELECT * {{ ?s kg:verson 3 ?o }}", "2:31", "mean kg:"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place_and_a_hint(text: str, at: str, hint: str) -> None:
    error = mistake(text)
    assert error.code == "query-syntax"
    assert (error.at, hint in error.hint) == (f"query:{at}", True), error
    line, column = (int(number) for number in at.split(":"))
    shown, caret = error.detail.split("\n")[1:]
    assert shown.strip() == text.split("\n")[line - 1].strip()
    assert len(caret) - 4 == column


def test_a_correct_text_has_no_undeclared_prefix() -> None:
    text = f"{KG}PREFIX : <urn:x:>\nSELECT * {{ ?s kg:label :x ; a <urn:a:b> FILTER(?s != 'x:y') }}"
    assert undeclared_prefix(text) is None
    assert list(misspelt_terms(text)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{KG}SELECT * {{ ?s kg:majorVersoin ?v }}", {"kg:majorVersoin": "kg:majorVersion"}),
        ("PREFIX q: <https://w3id.org/kgservice/ns#> ASK { ?s a q:Postgresql }",
         {"q:Postgresql": "kg:PostgreSQL"}),
        ("ASK { ?s <https://w3id.org/kgservice/ns#noticeperiod> ?x }",
         {"<https://w3id.org/kgservice/ns#noticeperiod>": "kg:noticePeriod"}),
        (f"{KG}ASK {{ ?s kg:zzzzzzzz ?v }}", {"kg:zzzzzzzz": ""}),
        ("PREFIX kg: <urn:other:> ASK { ?s kg:anything 'kg:x' } # kg:y", {}),
        (f"{KG}ASK {{ ?s kg:24x7 kg:pg_dump-directory, kg:GDPR-adequate }}", {}),
    ],
)  # fmt: skip
def test_a_term_that_is_none_is_found_with_the_nearest_one(
    text: str, found: dict[str, str]
) -> None:
    suspects = list(misspelt_terms(text))
    assert {suspect.text for suspect in suspects} == set(found)
    for suspect in suspects:
        assert text[suspect.offset :].startswith(suspect.text)
        assert found[suspect.text] in suspect.hint


def test_every_term_of_the_vocabulary_is_one() -> None:
    text = KG + "ASK { ?s ?p " + ", ".join(f"kg:{name}" for name in sorted(KG_NAMES)) + " }"
    assert list(misspelt_terms(text)) == []


@given(st.text("kg:<>{}()[]?$\"'#@_. \nabPREFIX=", max_size=60))
def test_any_text_can_be_explained(text: str) -> None:
    error = syntax_error("error at 1:1: expected one of Prefix not found, SELECT", text)
    assert error.code == "query-syntax"
    list(misspelt_terms(text))


@pytest.mark.parametrize(
    "piece", ["a.", "ab ", "kg:x%d ", ".", ":", "SELCT ", "{", "a-", "x:.", "<a", "kg:aaaa "]
)
def test_long_nonsense_is_explained_in_linear_time(piece: str) -> None:
    """256 KiB is the most that the gate lets pass; quadratic work would take minutes."""
    text = (piece * (262_144 // len(piece)))[:262_144]
    begin = time.process_time()
    syntax_error("error at 1:262144: expected one of Prefix not found, SELECT", text)
    syntax_error("error at 1:262144: expected SELECT", text)
    list(misspelt_terms(text))
    assert time.process_time() - begin < 20
