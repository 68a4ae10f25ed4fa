"""The service's side of the worker protocol, in memory, for tests of the loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Answer = tuple[int, Body | None]
WORKER = "http://127.0.0.1/worker/1"


@dataclass
class FakeService:
    """Hands out the tasks put into it; `on` replaces the answer to an action."""

    lease_s: float = 0.6
    port: int = 0
    tasks: list[Body] = field(default_factory=list)
    calls: list[tuple[str, Body]] = field(default_factory=list)
    on: dict[str, Callable[[Body], Answer | None]] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> FakeService:
        handler = type("Handler", (_Handler,), {"service": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    def put(self, verb: str, task: str = "job1.step", token: int = 1, **values: object) -> None:
        body = {
            "task": task,
            "token": token,
            "leaseSeconds": self.lease_s,
            "verb": verb,
            "idempotencyKey": task,
            "input": values,
            "attempt": token,
            "somethingNew": True,
        }
        with self.changed:
            self.tasks.append(body)
            self.changed.notify_all()

    def wait_for(self, action: str, number: int = 1, timeout_s: float = 20) -> Body:
        """Wait until an action was called so often; give the body of that call."""
        with self.changed:
            done = self.changed.wait_for(lambda: len(self.bodies(action)) >= number, timeout_s)
            assert done, f"no {action} number {number}: {self.calls}"
            return self.bodies(action)[number - 1]

    def bodies(self, action: str) -> list[Body]:
        return [body for name, body in self.calls if name == action]

    def answer(self, action: str, body: Body) -> Answer:
        with self.changed:
            self.calls.append((action, body))
            self.changed.notify_all()
            if action in self.on:
                answer = self.on[action](body)
                if answer is not None:
                    return answer
            if action == "workers":
                return 201, {"worker": WORKER}
            if action == "leases":
                self.changed.wait_for(lambda: bool(self.tasks), min(body["waitSeconds"], 0.5))
                return (200, self.tasks.pop(0)) if self.tasks else (204, None)
            return 200, {"cancel": False, "leaseSeconds": self.lease_s}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: FakeService

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != "Bearer good":
            status, body = 401, {"code": "unauthenticated", "detail": "No."}
        else:
            action = self.path.rpartition("/")[2]
            status, body = self.service.answer(action, json.loads(content))
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
