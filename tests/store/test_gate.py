"""The gate in front of untrusted queries."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.errors import InputError
from kgservice.store.gate import MAX_BYTES, MAX_DEPTH, check_query

HARMLESS = [
    "SELECT * WHERE { ?s ?p ?o }",
    'SELECT * WHERE { ?s ?p "SERVICE <http://x>" }',
    "SELECT * WHERE { ?s ?p '''it's SERVICE''' }",
    "SELECT * # SERVICE\nWHERE { ?service ?load ?o }",
    "PREFIX x: <http://example.org/SERVICE> SELECT * { ?s x:SERVICE ?o . ?s x:insert 1 }",
    "PREFIX service: <http://e/> PREFIX load: <http://e/> SELECT * { ?s service:x load:y }",
    "BASE <http://e/> SELECT * { ?s <DROP> ?o FILTER(?a<?b && ?c>?d) }",
    'SELECT * { ?s ?p "' + "{" * 1000 + '" }',
    "SELECT * { " + "{" * 100 + "}" * 100 + " }",
    "SELECT * { VALUES ?x { " + "1 " * 50_000 + "} }",
    'SELECT * { ?s ?p "delete"@en FILTER(STR(?o) = "\\"{") }',
    "ASK { ?s ?p 'a\\'SERVICE' }",
    "SELECT (REPLACE(?a, 'INSERT', 'x') AS ?delete) { ?s ?p ?a }",
]
REFUSED = [
    ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "query-service-refused", "1:12"),
    ("SELECT * {\n  service silent ?x { ?s ?p ?o } }", "query-service-refused", "2:3"),
    ("SELECT * { ?s ?p '#' . SERVICE <http://x> {} }", "query-service-refused", "1:24"),
    ("SELECT * { ?s ?p 'x\\\\' SERVICE <http://x> {} }", "query-service-refused", "1:24"),
    ("SELECT * { FILTER(?a<?b) SERVICE <http://x> {} }", "query-service-refused", "1:26"),
    ("SELECT * { ?s <http://e/#> ?o SERVICE<http://x>{} }", "query-service-refused", "1:31"),
    ("INSERT DATA { <urn:a> <urn:b> 1 }", "query-is-update", "1:1"),
    ("PREFIX e: <http://e/>\nDELETE WHERE { ?s ?p ?o }", "query-is-update", "2:1"),
    ("drop all", "query-is-update", "1:1"),
    ("LOAD <http://127.0.0.1/>", "query-is-update", "1:1"),
    ("WITH <urn:g> DELETE { ?s ?p ?o } WHERE { }", "query-is-update", "1:1"),
    ("ASK " + "{" * 200 + "}" * 200, "query-too-complex", f"1:{5 + MAX_DEPTH}"),
    ("ASK { FILTER" + "(" * 200 + "1" + ")" * 200 + "}", "query-too-complex", None),
    ("ASK { FILTER(" + "!" * 5000 + "true) }", "query-too-complex", None),
    ("ASK { {}" + " UNION {}" * 3000 + "}", "query-too-complex", None),
    ("ASK { FILTER(true" + " && true" * 3000 + ") }", "query-too-complex", None),
    ("ASK { FILTER(1" + "+1" * 3000 + ">0) }", "query-too-complex", None),
    ("ASK { ?s <urn:p>" + "/<urn:p>" * 3000 + " ?o }", "query-too-complex", None),
    ("ASK { ?s ?p ?o " + "OPTIONAL { ?s ?p ?o } " * 100 + "}", "query-too-complex", None),
    ("ASK { #" + "x" * MAX_BYTES + "\n}", "query-too-complex", None),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_query_passes(text: str) -> None:
    check_query(text)


@pytest.mark.parametrize(("text", "code", "place"), REFUSED)
def test_dangerous_query_is_refused_with_its_place(text: str, code: str, place: str | None) -> None:
    with pytest.raises(InputError) as caught:
        check_query(text)
    assert caught.value.code == code
    if place:
        assert caught.value.at == f"query:{place}"


@given(st.text(alphabet="{}()[]<>\"'\\#\n?!&|/^* aSERVICE:.", max_size=300))
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    try:
        check_query(text)
    except InputError as error:
        assert error.code.startswith("query-")  # noqa: PT017


UNITS = [
    '"',
    "'''",
    "<",
    '"""',
    "\\",
    "a:",
    "?",
    "@",
    "<a",
    "'a",
    "\\'",
    '\\"',
    "a.",
    "a-",
    "é.",
    "#",
    "'\n",
]


def test_scan_is_linear() -> None:
    """Unclosed strings and IRIs must not make the scan start over at each of them."""
    begin = time.process_time()
    for unit in UNITS:
        with contextlib.suppress(InputError):
            check_query(unit * (MAX_BYTES // len(unit.encode())))
    assert time.process_time() - begin < 20, "a quadratic scan takes minutes for a single one"
