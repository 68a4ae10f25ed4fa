"""A real HTTP server on loopback whose answers a test makes up by method and path."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """A request: its method, path with query, body and `Accept`."""

    method: str
    path: str
    body: bytes
    accept: str


class Page(NamedTuple):
    """An answer."""

    body: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Site(NamedTuple):
    """A running server, and what it was asked."""

    host: str
    asked: list[Asked]

    @property
    def url(self) -> str:
        """The address of the root, without a final slash."""
        return f"http://{self.host}"


@contextmanager
def site(answer: Callable[[Asked, str], Page]) -> Iterator[Site]:
    """Serve; `answer` takes the request and the server's own address."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes) -> None:
            request = Asked(self.command, self.path, body, self.headers.get("Accept", ""))
            asked.append(request)
            page = answer(request, f"http://{host}")
            content = page.body.encode()
            self.send_response(page.status)
            for name, value in (*page.headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Site(host, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
