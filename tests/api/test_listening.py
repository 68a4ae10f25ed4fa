"""The HTTP server itself: patience, hang-ups, broken streams, and how it ends."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
import requests
import uvicorn

from kgservice.api import listening
from kgservice.api.front import IS_GONE, Environment, Front


def is_cut_off(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


class Site:
    """A small application under the real server, in this process."""

    def __init__(self) -> None:
        self.hung_up = threading.Event()
        self.closed = threading.Event()
        self.began = threading.Event()

    def __call__(self, environment: Environment, start: Callable[..., object]) -> Iterable[bytes]:
        path = environment["PATH_INFO"]
        if path == "/echo":
            body = environment["wsgi.input"].read()
            start("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        if path == "/environment":
            shown = repr(sorted((k, v) for k, v in environment.items() if k.isupper())).encode()
            start("200 OK", [("Content-Length", str(len(shown)))])
            return [shown]
        start("200 OK", [("Content-Type", "text/plain")])
        return self._parts(path, environment)

    def _parts(self, path: str, environment: Environment) -> Iterator[bytes]:
        try:
            yield b"first\n"
            if path == "/broken":
                raise ValueError("in the middle")
            if path == "/endless":
                while not environment[IS_GONE]():
                    yield b"more\n" * 1000
                self.hung_up.set()
            yield b"last\n"
        finally:
            self.closed.set()


@contextmanager
def served(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    servers: list[listening._Server] = []

    class Remembered(listening._Server):
        def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
            super().__init__(config, on_stop)
            servers.append(self)

    monkeypatch.setattr(listening, "_Server", Remembered)
    sockets = listening.listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    front = Front(site, threads=8, most_body_bytes=1 << 20)
    thread = threading.Thread(target=listening.serve, args=(front, sockets, lambda: None))
    thread.start()
    try:
        yield port
    finally:
        servers[0].handle_exit(2, None)
        servers[0].force_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def port(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(listening, "PATIENCE_S", 1)
    monkeypatch.setattr(listening, "MOST_HEAD_BYTES", 8 << 10)
    with served(site, monkeypatch) as port:
        yield port


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_bodies_arrive_whole(port: int, size: int) -> None:
    body = b"x" * size
    assert requests.post(f"http://127.0.0.1:{port}/echo", data=body, timeout=10).content == body
    parts = iter([body[: size // 2], body[size // 2 :] or b"y"])
    sent = requests.post(f"http://127.0.0.1:{port}/echo", data=parts, timeout=10)
    assert len(sent.content) >= size


def test_a_stream_that_breaks_is_no_whole_answer(port: int, site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/broken")
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert site.closed.wait(10)


def test_a_stream_that_ends_is_whole(port: int) -> None:
    answer = requests.get(f"http://127.0.0.1:{port}/stream", timeout=10)
    assert answer.content == b"first\nlast\n"


def test_a_stream_ends_when_nobody_reads_it(port: int, site: Site) -> None:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(100)
    connection.close()
    assert site.closed.wait(10)


def test_a_connection_serves_many_calls(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("POST", "/echo", body=b"x")
        assert connection.getresponse().read() == b"x"
        sockets.add(connection.sock)
    assert len(sockets) == 1


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"],
    ids=["nothing", "half-a-head", "half-a-body"],
)
def test_who_says_nothing_more_is_cut_off(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        assert is_cut_off(connection)


def test_headers_without_end_are_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"X-More: x\r\n" * 2000)
        assert is_cut_off(connection)


def test_headers_cannot_pretend_to_be_others(port: int) -> None:
    shown = requests.get(
        f"http://127.0.0.1:{port}/environment",
        headers={"X_Forwarded_For": "1.2.3.4", "X-Forwarded-For": "5.6.7.8", "X-Two": "a"},
        timeout=10,
    ).text
    assert "1.2.3.4" not in shown
    assert "('REMOTE_ADDR', '127.0.0.1')" in shown
