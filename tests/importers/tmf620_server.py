"""A real HTTP server on loopback that serves TMF620 lists with the habits of real nodes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class Reply(NamedTuple):
    """What the server answers: status, body and headers.

    `cut` closes in the middle of the body; `drip_s` is the time between two of its bytes; `drop`
    closes without an answer.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    drip_s: float = 0.0
    drop: bool = False


class Call(NamedTuple):
    """A request as the server saw it.

    The last part of its path, the page, path and query, and `If-None-Match`.
    """

    path: str
    offset: int
    limit: int
    whole: str = ""
    tag: str = ""


Answering = Callable[[Call, list[Call]], Reply]


class Running(NamedTuple):
    """A running server: its address and the calls so far."""

    host: str
    calls: list[Call]

    @property
    def url(self) -> str:
        """The base URL of the product catalogue API."""
        return f"http://{self.host}/tmf-api/productCatalogManagement/v4"


def json_reply(tree: object, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON; a header's underscores become dashes."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, json.dumps(tree).encode(), named)


@contextmanager
def serving(answering: Answering) -> Iterator[Running]:
    """Run a server until the block ends; its port is chosen by the system."""
    calls: list[Call] = []
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            number = {name: int(query.get(name, ["0"])[0]) for name in ("offset", "limit")}
            call = Call(
                parts.path.rpartition("/")[2],
                number["offset"],
                number["limit"],
                self.path,
                self.headers.get("If-None-Match", ""),
            )
            calls.append(call)
            _respond(self, answering(call, calls), ended)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Running(f"127.0.0.1:{server.server_address[1]}", calls)
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _respond(handler: BaseHTTPRequestHandler, reply: Reply, ended: threading.Event) -> None:
    if reply.drop:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
        return
    handler.send_response(reply.status)
    length = len(reply.body) + (100 if reply.cut else 0)
    for name, value in (*reply.headers, ("Content-Length", str(length))):
        handler.send_header(name, value)
    handler.end_headers()
    if not reply.drip_s:
        handler.wfile.write(reply.body)
        return
    with suppress(OSError):
        for position in range(len(reply.body)):
            handler.wfile.write(reply.body[position : position + 1])
            if ended.wait(reply.drip_s):
                return
