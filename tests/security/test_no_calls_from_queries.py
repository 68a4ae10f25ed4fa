"""A query must not make the service call another address, however its text is written."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kgservice.model.errors import InputError, KgError
from kgservice.store.gate import check_query
from kgservice.store.readers import ReaderPool

TARGET = "http://127.0.0.1:{port}/"
CALLS = {
    "a number before it": "SELECT * { ?s ?p 1SERVICE <TARGET> { ?s ?p ?o } }",
    "a long number before it": "SELECT * { ?s ?p " + "1" * 80 + "SERVICE <TARGET>{ ?s ?p ?o } }",
    "a number, then a name": "PREFIX : <TARGET> SELECT * { ?s ?p 1SERVICE:a { ?s ?p ?o } }",
    "a double before it": "PREFIX : <TARGET> SELECT * { ?s ?p 1e1SERVICE:k{ ?s ?p ?o } }",
    "a brace before it": "PREFIX : <TARGET> SELECT * {SERVICE:b{ ?s ?p ?o } }",
    "true before it": "PREFIX : <TARGET> SELECT * { ?s ?p trueSERVICE :c { ?s ?p ?o } }",
    "a dot before it": "PREFIX : <TARGET> SELECT * { ?s ?p ?o.SERVICE:d { ?s ?p ?o } }",
    "silent, no space": "PREFIX : <TARGET> SELECT * { ?s ?p 1SERVICESILENT:h { ?s ?p ?o } }",
    "a group before it": "PREFIX : <TARGET> SELECT * { OPTIONAL{}SERVICE:j{ ?s ?p ?o } }",
    "less-than read as an IRI": (
        "PREFIX : <TARGET> SELECT * { ?s ?p ?o FILTER(?o<?p)SERVICE:e#>\n{ ?s ?p ?o } }"
    ),
    "an IRI read as a comment": (
        "PREFIX : <TARGET> SELECT * { {} UNION {?s <http://a/\\u0041#> ?o} SERVICE :f{ ?s ?p ?o }}"
    ),
    "escapes in the name": "PREFIX : <TARGET> SELECT * { ?s ?p 1SERVICE:a\\(b\\#c { ?s ?p ?o } }",
    "comments in between": "PREFIX : <TARGET> SELECT * { ?s ?p 1SERVICE#(\n:a#{\n{ ?s ?p ?o } }",
    "a variable": "SELECT * { ?s ?p 1SERVICE?s{ ?s ?p ?o } }",
    "a subselect": "SELECT * { { SELECT * { SERVICE <TARGET> { ?s ?p ?o } } } }",
}
HARMLESS = (
    "PREFIX kg: <https://w3id.org/ns#> SELECT ?service ?job { ?job kg:forService ?service }",
    "SELECT * { GRAPH <http://127.0.0.1:8080/service/db-1> { ?s ?p ?o } }",
    "SELECT * { VALUES ?service { <http://127.0.0.1:8080/service/a> } ?service ?p ?o }",
    'SELECT * { ?s a <http://x.example/service#Kind> FILTER(?s != "SERVICE") } # a service {',
)


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that notes every path that it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield TARGET.format(port=server.server_port), asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("how", CALLS)
def test_the_gate_refuses_a_call_in_every_spelling(how: str) -> None:
    text = CALLS[how].replace("TARGET", "http://127.0.0.1:8080/")

    with pytest.raises(InputError) as refused:
        check_query(text)

    assert refused.value.code == "query-service-refused"


@pytest.mark.parametrize("text", HARMLESS)
def test_the_gate_lets_the_word_pass_where_it_is_a_name(text: str) -> None:
    check_query(text)


@pytest.mark.parametrize("piece", ["service#", "service:a#", "service<", "service ", "1service\t:"])
@pytest.mark.parametrize("text", ["PIECES'", "SOMEx"])
def test_looking_for_calls_takes_linear_time(piece: str, text: str) -> None:
    """Four times the text takes four times as long, not sixteen times; whatever else runs."""

    def cost(size: int) -> float:
        pieces, rest = piece * (size // len(piece)), "x" * size
        asked = "SELECT * {" + text.replace("PIECES", pieces).replace("SOME", piece * 390)
        begin = time.process_time()
        with contextlib.suppress(InputError):
            check_query(asked + (rest if text == "SOMEx" else ""))
        return time.process_time() - begin

    short, long = (min(cost(size) for _ in range(3)) for size in (60_000, 240_000))
    assert long < 9 * short + 0.1


def test_a_reader_cannot_call_anyone_even_when_the_gate_is_passed(
    listener: tuple[str, list[str]],
) -> None:
    target, asked = listener
    pool = ReaderPool(1, 1024)
    try:
        for text in CALLS.values():
            with pool.lease(10) as lease, contextlib.suppress(KgError):
                lease.ask("select", text.replace("TARGET", target), "scratch")
    finally:
        pool.close()

    assert asked == []
