"""A callback for notices: keeps what is posted, and answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Callback:
    """What came, and what is answered."""

    url: str = ""
    status: int = 201
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def told(self) -> list[tuple[str, str]]:
        """Type of event and id of the offering of each notice that was taken."""
        return [(body["eventType"], body["event"]["productOffering"]["id"]) for _, body in self.got]

    def wait_for(self, count: int, limit_s: float = 60) -> None:
        """Wait until so many notices were taken."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, limit_s), self.told


@contextmanager
def listening(port: int = 0) -> Iterator[Callback]:
    """Listen on this machine while the block runs."""
    callback = Callback()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with callback.changed:
                if callback.status < 300:
                    callback.got.append((self.path, body))
                callback.changed.notify_all()
            self.send_response(callback.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    callback.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield callback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
