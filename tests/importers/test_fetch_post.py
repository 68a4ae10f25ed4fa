"""Questions that are sent with POST: where a redirect takes them, and where it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kgservice.model.errors import InputError
from kgservice.net.fetch import Fetcher

Call = tuple[str, str, bytes]


@contextmanager
def redirecting(status: int, target: str = "/there") -> Iterator[tuple[str, list[Call]]]:
    """Serve a redirect at every path but `/there`, and collect the calls."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_GET(self) -> None:
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            calls.append((self.command, self.path, body))
            arrived = self.path == "/there"
            self.send_response(200 if arrived else status)
            if not arrived:
                self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [307, 308])
def test_a_temporary_or_permanent_redirect_takes_the_body_along(status: int) -> None:
    with redirecting(status) as (host, calls):
        answer = Fetcher(frozenset({host})).post(f"http://{host}/", b"question")
    assert answer.status == 200
    assert calls == [("POST", "/", b"question"), ("POST", "/there", b"question")]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_any_other_redirect_is_followed_without_the_body(status: int) -> None:
    with redirecting(status) as (host, calls):
        Fetcher(frozenset({host})).post(f"http://{host}/", b"question")
    assert calls == [("POST", "/", b"question"), ("GET", "/there", b"")]


def test_a_body_is_not_taken_to_a_host_that_is_not_allowed() -> None:
    elsewhere = "http://127.0.0.1:9/there"
    with redirecting(307, elsewhere) as (host, calls), pytest.raises(InputError) as caught:
        Fetcher(frozenset({host})).post(f"http://{host}/", b"question")
    assert caught.value.code == "host-not-allowed"
    assert len(calls) == 1
