"""Listen: sockets, patience with callers, and how serving ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kgservice.api.front import Front

CONNECTIONS: Final = 1000
"""Open connections; what comes beyond is answered 503."""

PATIENCE_S: Final = 60
"""Seconds for which a caller may say nothing while the service waits for it."""

MOST_HEAD_BYTES: Final = 64 << 10
END_GRACE_S: Final = 5


class PatientProtocol(HttpToolsProtocol):
    """Closes connections that stay silent in the middle of a call, or send headers without end."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as the base class
        """Begin to watch."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._heard = self.loop.time()
        self._look = self.loop.call_later(PATIENCE_S, self._be_patient)

    def data_received(self, data: bytes) -> None:
        """Take bytes; each one renews the patience."""
        self._heard = self.loop.time()
        super().data_received(data)
        is_in_head = self.cycle is None or self.cycle.response_complete
        self._head_bytes = self._head_bytes + len(data) if is_in_head else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to watch."""
        self._look.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Count the next call's head from its beginning."""
        self._head_bytes = 0
        super().on_response_complete()

    def _be_patient(self) -> None:
        is_waited_for = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        left = self._heard + PATIENCE_S - self.loop.time()
        if is_waited_for and left <= 0:
            self.transport.abort()
            return
        self._look = self.loop.call_later(max(left, 1.0), self._be_patient)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal; it is not raised again when all is done."""
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        self._on_stop()


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a name, at one port; 0 picks a free one.

    Raises:
        OSError: one of them cannot be had.
    """
    found: list[socket.socket] = []
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            place = (address[0], found[0].getsockname()[1] if found else port, *address[2:])
            one = socket.socket(family, socket.SOCK_STREAM)
            found.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(place)
            one.listen(1024)
    except OSError:
        for one in found:
            one.close()
        raise
    return found


def serve(front: Front, sockets: list[socket.socket], on_stop: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `on_stop` is called then, and answers may take 5 s more."""
    config = uvicorn.Config(
        front,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=PATIENCE_S,
        timeout_graceful_shutdown=END_GRACE_S,
    )
    server = _Server(config, on_stop)
    # cancelled: answers that had not ended when the grace was over
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        server.run(sockets)
