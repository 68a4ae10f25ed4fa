"""The HTTP server: an event loop reads calls whole, and threads run the WSGI application.

A caller that sends slowly, reads slowly or says nothing costs a connection, not a thread. What has
to wait in a thread (long polls, event streams, queries) is bounded by each face (`waiting`).
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from io import BytesIO
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from urllib.parse import unquote_to_bytes

from kgservice.api.spooled import SpooledBody

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Environment = dict[str, Any]
Wsgi = Callable[[Environment, Any], Iterable[bytes]]
Work = Callable[[], None]

IS_GONE: Final = "kgservice.is_gone"
"""In the environment: a function that says whether the caller has hung up."""

IN_MEMORY: Final = 1 << 20
"""Bytes of a call's body up to which it is not written to a file."""

_LOG = logging.getLogger("kgservice.api")
_NO_BODY: Final = (204, 304)


class Threads:
    """Threads that end with the process; made when work comes and none is idle."""

    def __init__(self, most: int) -> None:
        """Allow `most` threads; work beyond them waits."""
        self._most = most
        self._work: SimpleQueue[Work] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = self._made = 0

    def run(self, work: Work) -> None:
        """Do some work in a thread, soon."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._made < self._most:
                self._made += 1
                threading.Thread(target=self._serve, daemon=True, name="call").start()
        self._work.put(work)

    def _serve(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                if self._work.empty():
                    self._idle += 1


class Call:
    """One call: its answer goes from a thread to the event loop."""

    def __init__(self, receive: Receive, send: Send) -> None:
        """Begin in the event loop."""
        self.loop = asyncio.get_running_loop()
        self.is_gone = False
        self._receive, self._send = receive, send
        self._done: asyncio.Future[Iterable[bytes] | None] = self.loop.create_future()
        self._start: tuple[str, list[tuple[str, str]]] | None = None
        self._watch: asyncio.Task[None] | None = None

    def has_gone(self) -> bool:
        """Say, in the thread, whether the caller has hung up; it is watched from the first time."""
        if self._watch is None:
            self.loop.call_soon_threadsafe(self._begin_watch)
        return self.is_gone

    def _begin_watch(self) -> None:
        if self._watch is None:
            self._watch = self.loop.create_task(self._wait_for_end())

    async def _wait_for_end(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True

    def run(self, app: Wsgi, environment: Environment) -> None:
        """In a thread: make the answer; send it from here only when it comes bit by bit."""
        try:
            found = app(environment, self._take_start)
            rest = found if isinstance(found, SpooledBody) else self._written(found)
        except BaseException as error:
            self._finish(error=error)
        else:
            self._finish(rest)

    def _take_start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> None:
        self._start = (status, headers)

    def _written(self, found: Iterable[bytes]) -> list[bytes] | None:
        """Give a body that has a known length; send one that has none, and give nothing."""
        try:
            status, headers = self._start or ("500", [])
            has_length = any(name.lower() == "content-length" for name, _ in headers)
            if has_length or int(status[:3]) in _NO_BODY:
                return list(found)
            self._stream(found)
        finally:
            if close := getattr(found, "close", None):
                close()
        return None

    def _stream(self, found: Iterable[bytes]) -> None:
        """Send each part when it comes; what breaks here breaks the connection too."""
        self._put(self._head())
        for part in found:
            if part:
                self._put({"type": "http.response.body", "body": part, "more_body": True})
            if self.has_gone():
                return
        self._put({"type": "http.response.body"})

    def _put(self, message: Message) -> None:
        async def put() -> None:
            await self._send(message)

        asyncio.run_coroutine_threadsafe(put(), self.loop).result()

    def _head(self) -> Message:
        status, headers = self._start or ("500", [])
        return {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        }

    def _finish(
        self, rest: Iterable[bytes] | None = None, error: BaseException | None = None
    ) -> None:
        def finish() -> None:
            if self._done.done():
                return
            if error is not None:
                self._done.set_exception(error)
            else:
                self._done.set_result(rest)

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(finish)

    async def answer(self) -> None:
        """In the event loop: wait for the answer and send it, unless a thread has sent it."""
        try:
            rest = await self._done
            if rest is not None:
                await self._send(self._head())
                await self._send_parts(rest)
        finally:
            if self._watch is not None:
                self._watch.cancel()

    async def _send_parts(self, parts: Iterable[bytes]) -> None:
        try:
            if isinstance(parts, list):
                await self._send({"type": "http.response.body", "body": b"".join(parts)})
                return
            for part in parts:
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
            await self._send({"type": "http.response.body"})
        finally:
            if isinstance(parts, SpooledBody):
                parts.close()


class Front:
    """The application as an ASGI server calls it (ASGI 3, HTTP only)."""

    def __init__(self, app: Wsgi, *, threads: int, most_body_bytes: int) -> None:
        """Run `app`; the rest of a body larger than `most_body_bytes` is not read."""
        self._app = app
        self._threads = Threads(threads)
        self._most = most_body_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        body, size = await self._body(receive)
        if size < 0:
            return  # nobody is there any more
        call = Call(receive, send)
        environment = _environment(scope, body, size)
        environment[IS_GONE] = call.has_gone
        self._threads.run(lambda: call.run(self._app, environment))
        await call.answer()

    async def _body(self, receive: Receive) -> tuple[IO[bytes], int]:
        """Read the body; its size is -1 when the caller hung up."""
        message = await receive()
        first = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body"):
            return BytesIO(first), len(first)
        body = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it lives with the call
        size = 0
        while message["type"] == "http.request":
            part = message.get("body", b"")
            body.write(part)
            size += len(part)
            if not message.get("more_body") or size > self._most:
                body.seek(0)
                return body, size
            message = await receive()
        body.close()
        return body, -1


def _environment(scope: Message, body: IO[bytes], size: int) -> Environment:
    """Make the environment (PEP 3333); headers whose names hold `_` are dropped, as they lie."""
    server, client = scope.get("server") or ("", None), scope.get("client") or ("", None)
    environment: Environment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in _headers(scope["headers"]):
        environment[name] = f"{environment[name]},{value}" if name in environment else value
    if environment.pop("HTTP_TRANSFER_ENCODING", "") or "CONTENT_LENGTH" in environment:
        declared = environment.get("CONTENT_LENGTH", "")
        environment["CONTENT_LENGTH"] = declared if declared.isdigit() else str(size)
    return environment


def _headers(sent: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    for raw, value in sent:
        if b"_" not in raw:
            name = raw.decode("latin-1").upper().replace("-", "_")
            is_bare = name in ("CONTENT_TYPE", "CONTENT_LENGTH")
            yield name if is_bare else f"HTTP_{name}", value.decode("latin-1")
