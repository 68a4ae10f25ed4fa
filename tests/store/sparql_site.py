"""A SPARQL endpoint on loopback for tests, and ways in which one can misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

JSON = "application/sparql-results+json"


@dataclass
class Endpoint:
    """A running endpoint: the data that it answers from, and what it was asked."""

    port: int
    store: ox.Store = field(default_factory=ox.Store)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    fixed: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/sparql", host: str = "127.0.0.1") -> str:
        """Give the address of a path."""
        return f"http://{host}:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Endpoint


class _Handler(BaseHTTPRequestHandler):
    @property
    def site(self) -> Endpoint:
        assert isinstance(self.server, _Server)
        return self.server.site

    def do_GET(self) -> None:
        self.answer(parse_qs(urlsplit(self.path).query).get("query", [""])[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        is_form = "form-urlencoded" in self.headers.get("Content-Type", "")
        self.answer(parse_qs(body).get("query", [""])[0] if is_form else body)

    def answer(self, text: str) -> None:
        path = urlsplit(self.path).path
        self.site.asked.append((self.path, text, dict(self.headers.items())))
        if path == "/hang":
            self.site.released.wait(60)
        if path == "/drip":
            self.drip()
        elif path in self.site.fixed:
            self.send(*self.site.fixed[path])
        else:
            self.send(*_evaluated(self.site.store, text))

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.end_headers()
        end = time.monotonic() + 60
        with suppress(OSError):
            while time.monotonic() < end and not self.site.released.wait(0.05):
                self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def endpoint(data: str = "") -> Iterator[Endpoint]:
    """Serve `data` (Turtle) at `/sparql`; `fixed` answers by path; `/drip` and `/hang` are slow."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = site = Endpoint(server.server_port)
    site.store.load(data.encode(), ox.RdfFormat.TURTLE)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        site.released.set()
        server.shutdown()
        server.server_close()


def _evaluated(store: ox.Store, text: str) -> tuple[int, dict[str, str], bytes]:
    try:
        found = store.query(text)
        assert isinstance(found, ox.QuerySolutions)
        body = found.serialize(format=ox.QueryResultsFormat.JSON) or b""
    except SyntaxError as error:
        return 400, {}, str(error).encode()
    return 200, {"Content-Type": JSON}, body
