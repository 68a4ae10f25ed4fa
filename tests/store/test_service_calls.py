"""SERVICE: answered as the engine would with a network, and only by endpoints of the list."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox
import pytest
from embedded_stores import open_embedded
from sparql_site import JSON, Endpoint, endpoint

from kgservice.model.errors import KgError
from kgservice.model.rdf import Iri, Triple
from kgservice.store import federation
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.federation import MOST_ROWS, Federation
from kgservice.store.port import GraphChange, QueryScope
from kgservice.store.service_calls import read_calls

PATHS = (
    "/sparql", "/away", "/inside", "/nowhere", "/hang", "/drip", "/error", "/huge", "/many",
    "/text", "/deep", "/bomb", "/names", "/terms", "/half", "/blank", "/odd",
)  # fmt: skip
DATA = """
@prefix e: <http://e/> .
e:a e:size 1 ; e:name "A \\"quoted\\"\\n line"@en ; e:in e:x .
e:b e:size 2 ; e:name "B" .
e:c e:size 3.50 ; e:in e:y .
"""
LOCAL = (("a", "knows", "b"), ("b", "knows", "c"), ("a", "likes", "x"), ("d", "knows", "a"))
PREFIX = "PREFIX e: <http://e/> "
GOOD = {
    "join": "SELECT * { ?s e:knows ?o . SERVICE <URL> { ?o e:size ?n } }",
    "service first": "SELECT * { SERVICE <URL> { ?s e:size ?n } ?s e:knows ?o }",
    "optional in it": "SELECT * { SERVICE <URL> { ?s e:size ?n OPTIONAL { ?s e:in ?w } } }",
    "in optional": "SELECT * { ?s e:knows ?o OPTIONAL { SERVICE <URL> { ?o e:in ?w } } }",
    "in union": "SELECT * { { ?s e:knows ?o } UNION { SERVICE <URL> { ?s e:in ?w } } }",
    "in minus": "SELECT * { ?s e:knows ?o MINUS { SERVICE <URL> { ?o e:in ?w } } }",
    "in a subselect": "SELECT * { { SELECT ?s (COUNT(*) AS ?n) { SERVICE <URL> { ?s ?p ?v } }"
    " GROUP BY ?s } ?s e:knows ?o }",
    "in exists": "SELECT * { ?s e:knows ?o FILTER EXISTS { SERVICE <URL> { ?x e:in ?w } } }",
    "subselect in it": "SELECT * { SERVICE <URL> { SELECT (MAX(?n) AS ?m) { ?s e:size ?n } } }",
    "filter in it": "SELECT * { SERVICE <URL> { ?s e:size ?n FILTER(?n > 1 && ?n < 3) } }",
    "bind after it": "SELECT * { SERVICE <URL> { ?s e:size ?n } BIND(?n * 2 AS ?m) }",
    "languages": "SELECT * { SERVICE <URL> { ?s e:name ?name } FILTER(LANG(?name) = 'en') }",
    "no variable": "SELECT * { ?s e:knows ?o SERVICE <URL> { e:a e:size 1 } }",
    "no solution": "SELECT * { ?s e:knows ?o SERVICE <URL> { ?o e:size 99 } }",
    "two of them": "SELECT * { SERVICE <URL> { ?s e:size ?n } SERVICE <URL> { ?s e:in ?w } }",
    "by a prefix": "PREFIX at: <BASE> SELECT * { SERVICE at:sparql { ?s e:in ?w } ?s ?p ?o }",
    "silent": "SELECT * { SERVICE SILENT <URL> { ?s e:in ?w } ?s ?p ?o }",
    "spelled oddly": "SELECT*{?s e:knows ?o.sErViCe#x\n<URL>#{\n{?o e:size ?n}}",
    "braces in strings": "SELECT * { SERVICE <URL> { ?s e:size ?n FILTER('}' != \"{\") } } # }",
    "construct": "CONSTRUCT { ?s e:n ?n } { ?s e:knows ?o SERVICE <URL> { ?s e:size ?n } }",
}
REFUSED = {
    "another host": ("SERVICE <http://127.0.0.1:9/sparql> {}", "service-not-allowed"),
    "the cloud's metadata": ("SERVICE <http://169.254.169.254/> {}", "service-not-allowed"),
    "loopback, short": ("SERVICE <http://127.1:PORT/sparql> {}", "service-not-allowed"),
    "loopback, decimal": ("SERVICE <http://2130706433:PORT/sparql> {}", "service-not-allowed"),
    "loopback, IPv6": ("SERVICE <http://[::1]:PORT/sparql> {}", "service-not-allowed"),
    "loopback, mapped": (
        "SERVICE <http://[::ffff:127.0.0.1]:PORT/sparql> {}", "service-not-allowed",
    ),
    "a name of it": ("SERVICE <http://localhost:PORT/sparql> {}", "service-not-allowed"),
    "a user name": ("SERVICE <http://x@127.0.0.1:PORT/sparql> {}", "service-not-allowed"),
    "a password": ("SERVICE <http://x:y@127.0.0.1:PORT/sparql> {}", "service-not-allowed"),
    "a list entry as user": ("SERVICE <http://127.0.0.1:PORT@evil/> {}", "service-not-allowed"),
    "a query behind it": ("SERVICE <URL?query=x> {}", "service-not-allowed"),
    "a path behind it": ("SERVICE <URL/../admin> {}", "service-not-allowed"),
    "a fragment": ("SERVICE <URL#x> {}", "service-not-allowed"),
    "a file": ("SERVICE <file:///etc/passwd> {}", "service-not-allowed"),
    "silent does not help": ("SERVICE SILENT <http://127.0.0.1:9/> {}", "service-not-allowed"),
    "a relative IRI": ("SERVICE <sparql> {}", "service-not-allowed"),
    "a variable": ("SERVICE ?e { ?s ?p ?o }", "query-service-refused"),
    "a nested one": ("SERVICE <URL> { SERVICE <URL> {} }", "query-service-refused"),
    "a nested foreign one": (
        "SERVICE <URL> { { SERVICE SILENT <http://127.0.0.1:9/> {} } }", "query-service-refused",
    ),
    "an unknown prefix": ("SERVICE nope:sparql {}", "query-service-refused"),
    "an escaped name": ("SERVICE e:a\\-b {}", "query-service-refused"),
    "no block": ("SERVICE <URL>", "query-service-refused"),
    "an open block": ("SERVICE <URL> { ?s ?p ?o", "query-syntax"),
    "a crooked block": ("SERVICE <URL> { ( } )", "query-syntax"),
    "a number before it": ("?s ?p 1SERVICE <URL> {}", "query-service-refused"),
    "hidden in an IRI": ("FILTER(?o<?p)SERVICE:e#>\n{}", "query-service-refused"),
    "too many": ("SERVICE <URL> {} " * 9, "query-service-refused"),
}  # fmt: skip
FAILING = {
    "/away": "redirect", "/inside": "redirect", "/error": "500", "/huge": "larger", "/text": "",
    "/many": "rows", "/deep": "", "/bomb": "unpacks", "/names": "variables", "/terms": "term",
    "/half": "", "/odd": "",
}  # fmt: skip


def rows(*cells: dict[str, Any], names: list[str] | None = None) -> bytes:
    bindings = [{"x": cell} for cell in cells]
    return json.dumps(
        {"head": {"vars": names or ["x"]}, "results": {"bindings": bindings}}
    ).encode()


def misbehave(site: Endpoint, trap: Endpoint) -> None:
    import gzip

    kind = {"Content-Type": JSON}
    site.fixed |= {
        "/away": (302, {"Location": trap.url()}, b""),
        "/inside": (307, {"Location": site.url()}, b""),
        "/error": (500, {}, b"oops"),
        "/huge": (200, kind, b" " * (federation.MOST_BYTES + 1)),
        "/text": (200, {"Content-Type": "text/html"}, b"<html>"),
        "/deep": (200, kind, b'{"head":' + b"[" * 200_000),
        "/bomb": (200, {**kind, "Content-Encoding": "gzip"}, gzip.compress(b" " * (7 << 20))),
        "/many": (200, kind, rows(*[{"type": "uri", "value": "urn:x"}] * (MOST_ROWS + 1))),
        "/names": (200, kind, rows(names=["x) { } } DROP ALL #"])),
        "/terms": (200, kind, rows({"type": "uri", "value": "urn:x> . ?s ?p <urn:y"})),
        "/half": (200, {**kind, "Transfer-Encoding": "nonsense"}, b'{"head":{"vars":["x"]}'),
        "/odd": (200, kind, b'{"boolean":true}'),
        "/blank": (200, kind, rows(*[{"type": "bnode", "value": "b 0"}] * 2)),
    }


@pytest.fixture(scope="module")
def trap() -> Iterator[Endpoint]:
    """An endpoint that nobody may call."""
    with endpoint(DATA) as running:
        yield running


@pytest.fixture(scope="module")
def site(trap: Endpoint) -> Iterator[Endpoint]:
    """An endpoint that may be called."""
    with endpoint(DATA) as running:
        misbehave(running, trap)
        yield running


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory, site: Endpoint) -> Iterator[EmbeddedStore]:
    allowed = frozenset(site.url(path) for path in PATHS)
    store = open_embedded(tmp_path_factory.mktemp("data"), service_endpoints=allowed)
    facts = [Triple(*(Iri(f"http://e/{name}") for name in fact)) for fact in LOCAL]
    store.commit([GraphChange("urn:g", tuple(facts), merge=True)])
    yield store
    store.close()


def written(text: str, site: Endpoint) -> str:
    base = site.url("/")
    return text.replace("URL", site.url()).replace("BASE", base).replace("PORT", str(site.port))


def ask(store: EmbeddedStore, text: str, deadline_s: float = 20) -> bytes:
    return store.query(
        text, scope=QueryScope(), accept=f"{JSON}, */*;q=0.1", deadline_s=deadline_s
    ).body


def bag(answer: bytes) -> Counter[str]:
    if not answer.startswith(b"{"):
        return Counter(answer.decode().split("\n"))
    bindings = json.loads(answer)["results"]["bindings"]
    return Counter(json.dumps(row, sort_keys=True) for row in bindings)


@pytest.mark.parametrize("how", GOOD)
def test_the_answer_is_that_of_an_engine_with_a_network(
    how: str, calling: EmbeddedStore, site: Endpoint
) -> None:
    text = written(PREFIX + GOOD[how], site)
    plain = ox.Store()
    plain.extend(ox.Quad(*(ox.NamedNode(f"http://e/{name}") for name in fact)) for fact in LOCAL)
    found = plain.query(text)
    if isinstance(found, ox.QueryTriples):
        expected = found.serialize(format=ox.RdfFormat.TURTLE) or b""
        answer = calling.query(text, scope=QueryScope(), accept="text/turtle").body
        assert Counter(answer.split()) == Counter(expected.split())
    else:
        assert isinstance(found, ox.QuerySolutions)
        expected = found.serialize(format=ox.QueryResultsFormat.JSON) or b""
        assert bag(ask(calling, text)) == bag(expected)


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_not_on_the_list_is_called_by_nobody(
    how: str, calling: EmbeddedStore, site: Endpoint, trap: Endpoint
) -> None:
    pattern, code = REFUSED[how]
    before = len(site.asked)
    with pytest.raises(KgError) as refused:
        ask(calling, written(f"{PREFIX}SELECT * {{ {pattern} }}", site))
    assert refused.value.code == code
    assert refused.value.status in (400, 403)
    assert (len(site.asked), trap.asked) == (before, [])


@pytest.mark.parametrize("path", FAILING)
def test_an_endpoint_that_misbehaves_fails_the_query_or_is_silent(
    path: str, calling: EmbeddedStore, site: Endpoint, trap: Endpoint
) -> None:
    text = f"SELECT * {{ ?s <http://e/likes> ?o SERVICE <{site.url(path)}> {{ ?s ?p ?x }} }}"
    with pytest.raises(KgError) as failed:
        ask(calling, text)
    assert (failed.value.code, failed.value.status) == ("service-failed", 502)
    assert FAILING[path] in failed.value.detail
    (row,) = json.loads(ask(calling, text.replace("SERVICE", "SERVICE SILENT")))["results"][
        "bindings"
    ]
    assert set(row) == {"s", "o"}
    assert trap.asked == []


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_slow_endpoint_ends_at_the_query_s_deadline(
    path: str, calling: EmbeddedStore, site: Endpoint
) -> None:
    begin = time.monotonic()
    with pytest.raises(KgError) as late:
        ask(calling, f"SELECT * {{ SERVICE <{site.url(path)}> {{ ?s ?p ?o }} }}", 0.5)
    assert (late.value.code, late.value.status) == ("query-deadline", 504)
    assert time.monotonic() - begin < 3


def test_a_slow_endpoint_is_given_up_when_silent(
    calling: EmbeddedStore, site: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(federation, "LONGEST_S", 0.3)
    text = (
        f"SELECT * {{ ?s <http://e/likes> ?o SERVICE SILENT <{site.url('/hang')}> {{ ?s ?p ?x }} }}"
    )
    assert len(json.loads(ask(calling, text))["results"]["bindings"]) == 1


def test_blank_nodes_of_an_answer_stay_one_node(calling: EmbeddedStore, site: Endpoint) -> None:
    blank = f"SERVICE <{site.url('/blank')}> {{ ?x ?p ?o }}"
    found = json.loads(ask(calling, f"SELECT DISTINCT ?x {{ {blank} }}"))
    assert len(found["results"]["bindings"]) == 1
    other = blank.replace("?o", "?q")
    both = json.loads(ask(calling, f"SELECT * {{ {blank} {other} }}"))
    assert both["results"]["bindings"] == [], "two answers share no blank node"


def test_no_token_and_no_rest_of_the_query_is_sent(calling: EmbeddedStore, site: Endpoint) -> None:
    call = f"SERVICE <{site.url()}> {{ ?s e:in ?w }}"
    text = f"# secret\nPREFIX e: <http://e/>\nSELECT ?s {{ ?s e:secret ?z {call} }}"
    ask(calling, text)
    path, asked, headers = site.asked[-1]
    assert path == "/sparql"
    assert "secret" not in asked
    assert not {"authorization", "cookie"} & {name.lower() for name in headers}


def test_a_name_that_leads_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list may name it without a port only when its addresses are public."""

    def here(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("kgservice.net.addresses.socket.getaddrinfo", here)
    url = "http://rebound.example/sparql"
    with pytest.raises(KgError) as refused:
        Federation(frozenset({url})).complete(
            f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", time.monotonic() + 5
        )
    assert refused.value.code == "service-failed"
    assert "may not be contacted" in refused.value.detail


def test_a_query_without_a_call_is_left_as_it_is() -> None:
    text = 'SELECT ?service { ?service ?p "SERVICE" } # service'
    assert read_calls(text) == []
    assert Federation().complete(text, time.monotonic() + 1) == text


def test_a_syntax_error_keeps_its_line(calling: EmbeddedStore, site: Endpoint) -> None:
    text = f"SELECT * {{\n SERVICE <{site.url()}> {{\n ?s ?p ?o\n }}\n ?s ?p }}"
    with pytest.raises(KgError) as wrong:
        ask(calling, text)
    assert wrong.value.at.startswith("query:5:")


BLOCKS = (
    "?s e:in ?w OPTIONAL { ?s e:size ?n FILTER(?n > ?m) }",
    "?s e:in ?w FILTER NOT EXISTS { ?s e:hidden ?h } FILTER(regex(?q, 'a')) MINUS { ?s e:x ?y }",
    "{ ?s e:in ?w } UNION { GRAPH ?g { ?s ?p $o } }",
    "{ SELECT ?s (MAX(?n) AS ?m) WHERE { ?s e:size ?n } GROUP BY ?s } ?s e:in ?w",
    "{ SELECT * { ?s e:size ?n } } BIND(?n * ?k AS ?twice) VALUES ?v { 1 2 }",
    "e:a e:size 1",
)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_silent_failure_keeps_the_columns_of_its_block(block: str) -> None:
    """The engine says which variables a group binds."""
    text = f"{PREFIX}SELECT * {{ SERVICE SILENT <http://127.0.0.1:1/> {{ {block} }} }}"
    whole = Federation(frozenset({"http://127.0.0.1:1/"})).complete(text, time.monotonic() + 20)
    expected, found = (
        ox.Store().query(query) for query in (f"{PREFIX}SELECT * {{ {block} }}", whole)
    )
    assert isinstance(expected, ox.QuerySolutions)
    assert isinstance(found, ox.QuerySolutions)
    assert {v.value for v in found.variables} == {v.value for v in expected.variables}
    assert len(list(found)) == 1
