"""The one way out: which addresses it reaches, what it unpacks, how long it waits."""

from __future__ import annotations

import ast
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kgservice.model.errors import InputError, KgError, Unavailable
from kgservice.net import addresses
from kgservice.net.addresses import is_local, is_public, normal_entry, normal_host
from kgservice.net.fetch import Fetcher, Limits, Pass
from tests.issuer_server import issuer_server

QUICK = Limits(attempts=1, total_s=3, connect_s=2, max_bytes=8 * 1024 * 1024)
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def answering(reply: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve raw bytes to each caller; gives host and port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                caller.recv(65_536)
                try:
                    reply(caller)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()


def body(content: bytes, *headers: str) -> Callable[[socket.socket], None]:
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers, "", ""])
    return lambda caller: caller.sendall(head.encode() + content)


def get(host: str, limits: Limits = QUICK) -> bytes:
    return Fetcher(frozenset({host}), limits).get(f"http://{host}/").body


INSIDE = {
    "loopback": "127.0.0.1",
    "all addresses": "0.0.0.0",  # noqa: S104 - it is refused
    "private": "10.1.2.3",
    "shared": "100.64.0.1",
    "cloud metadata": "169.254.169.254",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "IPv6 loopback": "::1",
    "IPv6 unspecified": "::",
    "IPv6 link-local": "fe80::1",
    "IPv6 private": "fd00::1",
    "IPv4 in IPv6": "::ffff:127.0.0.1",
    "IPv4-compatible": "::7f00:1",
    "6to4": "2002:7f00:1::",
    "Teredo": "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "NAT64": "64:ff9b::7f00:1",
    "local NAT64": "64:ff9b:1::a9fe:a9fe",
    "IPv6 multicast": "ff02::1",
    "a zone": "fe80::1%eth0",
    "no address": "elsewhere",
}


@pytest.mark.parametrize("what", INSIDE)
def test_an_address_inside_is_not_public(what: str) -> None:
    assert not is_public(INSIDE[what])


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "what", ["cloud metadata", "all addresses", "IPv6 unspecified", "IPv6 link-local", "multicast",
             "local NAT64", "a zone"],
)  # fmt: skip
def test_an_entry_with_a_port_does_not_open_link_local_addresses(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_local(INSIDE[what])
    monkeypatch.setattr("kgservice.net.fetch.resolve", lambda *_: (INSIDE[what],))
    with pytest.raises(InputError) as caught:
        Fetcher(frozenset({"partner.example:80"})).check("http://partner.example/")
    assert caught.value.code == "host-not-allowed"


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "1.2.3", "1.2.3.256", "::1%lo",
     "a b", "exa mple", "a..b", "-a.example", "a" * 64 + ".example", "", ".", "x.0x1", "💩.1"],
)  # fmt: skip
def test_other_spellings_of_a_host_are_refused(host: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        normal_host(host)
    assert normal_entry(host) == ""


def test_spellings_of_one_host_are_one_host() -> None:
    assert {normal_host(h) for h in ("EXAMPLE.org", "example.org.", "ExAmPlE.Org")} == {
        "example.org"
    }
    assert normal_host("bücher.example") == normal_host("xn--bcher-kva.example")
    assert normal_host("faß.example") == "xn--fa-hia.example"  # IDNA 2008, as browsers have it
    assert normal_entry("[::1]:8080") == normal_entry("[0:0:0:0:0:0:0:1]:8080") == "::1:8080"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example\\@b.example/", "http://a.example@b.example/", "http://a.example:0/",
        "http://a.example\t.b.example/", "http://a.example/\r\nHost: b", "gopher://a.example/",
        "http:///etc/passwd", "//a.example/", "http://a.example:x/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_url_that_two_readers_read_differently_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Fetcher(frozenset({"a.example", "b.example"})).get(url)
    assert caught.value.code == "url-invalid"


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that means something else a moment later (DNS rebinding) is not looked up again."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    with answering(body(b"here")) as host:
        port = host.rpartition(":")[2]
        monkeypatch.setattr("kgservice.net.fetch.resolve", resolve)

        def no_lookup(*_: Any, **__: Any) -> Any:  # noqa: ANN401
            raise AssertionError("the name was looked up again")

        monkeypatch.setattr(socket, "getaddrinfo", _only_numbers(socket.getaddrinfo, no_lookup))
        answer = Fetcher(frozenset({f"rebound.example:{port}"}), QUICK).get(
            f"http://rebound.example:{port}/"
        )
    assert (answer.body, asked) == (b"here", ["rebound.example"])


def _only_numbers(real: Any, refuse: Any) -> Any:  # noqa: ANN401
    def getaddrinfo(host: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        if host.replace(".", "").isdigit():
            return real(host, *rest, **more)
        return refuse()

    return getaddrinfo


def test_one_bad_address_of_a_name_is_enough_to_refuse_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kgservice.net.fetch.resolve", lambda *_: ("8.8.8.8", "127.0.0.1"))
    with pytest.raises(InputError):
        Fetcher(frozenset({"partner.example"})).check("http://partner.example/")


def test_a_redirect_is_checked_like_the_first_address() -> None:
    for target in (
        "http://127.0.0.1:1/", "file:///etc/passwd", "http://169.254.169.254/", "//localhost/",
        "http://user@127.0.0.1/",
    ):  # fmt: skip
        reply = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
        with (
            answering(lambda caller, reply=reply: caller.sendall(reply)) as host,  # type: ignore[misc]
            pytest.raises(InputError) as caught,
        ):
            get(host)
        assert caught.value.code in {"host-not-allowed", "url-invalid"}


def test_a_secret_header_stays_with_its_host() -> None:
    seen: list[bytes] = []

    def second(caller: socket.socket) -> None:
        body(b"done")(caller)

    with answering(second) as other:
        reply = f"HTTP/1.1 302 Found\r\nLocation: http://{other}/\r\nContent-Length: 0\r\n\r\n"
        server = socket.create_server(("127.0.0.1", 0))
        first = f"127.0.0.1:{server.getsockname()[1]}"

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                seen.append(caller.recv(65_536))
                caller.sendall(reply.encode())

        threading.Thread(target=serve, daemon=True).start()
        fetcher = Fetcher(frozenset({first, other}), QUICK)
        answer = fetcher.get(f"http://{first}/", {"Authorization": "Bearer s"})
        server.close()
    assert b"Bearer s" in seen[0]
    assert answer.body == b"done"


def bomb(size: int) -> bytes:
    return gzip.compress(bytes(size), 9)


def test_a_bomb_is_left_while_it_unpacks() -> None:
    """200 MB of zeros are 200 kB when packed."""
    packed = bomb(200 * 1024 * 1024)
    assert len(packed) < 300_000
    large = Limits(attempts=1, total_s=20, max_bytes=1024 * 1024 * 1024)
    with answering(body(packed, "Content-Encoding: gzip")) as host:
        with pytest.raises(Unavailable, match="times its size"):
            get(host, large)
        with pytest.raises(Unavailable, match="larger than 8388608"):
            get(host, Limits(attempts=1, total_s=20, max_bytes=QUICK.max_bytes, ratio=100_000))


BROTLI_BOMB = bytes.fromhex("5bffffffffff0b00e09c")
"""The beginning of a Brotli stream that announces a large window of repeated bytes."""


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("br", BROTLI_BOMB),
        ("deflate", zlib.compress(bytes(1000))),
        ("zstd", b"(\xb5/\xfd"),
        ("gzip, gzip", gzip.compress(bomb(10_000_000))),
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"x" * 1000)[:-9]),
        ("gzip", gzip.compress(b"x") + gzip.compress(b"y")),
    ],
    ids=["br", "deflate", "zstd", "twice", "not as it says", "half", "something behind it"],
)
def test_what_is_packed_otherwise_than_asked_is_refused(encoding: str, content: bytes) -> None:
    with (
        answering(body(content, f"Content-Encoding: {encoding}")) as host,
        pytest.raises(Unavailable) as caught,
    ):
        get(host)
    assert caught.value.code == "source-unreachable"


def test_an_honest_packed_answer_is_unpacked() -> None:
    text = b'{"id": "urn:x", "name": "honest"}' * 100_000
    with answering(body(gzip.compress(text), "Content-Encoding: gzip")) as host:
        assert get(host) == text


def test_an_answer_that_ends_half_way_is_no_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50
    with answering(lambda caller: caller.sendall(head)) as host, pytest.raises(Unavailable):
        get(host)


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_bytes_is_left_at_the_deadline(part: bytes) -> None:
    ended = threading.Event()

    def drip(caller: socket.socket) -> None:
        caller.sendall(part)
        while not ended.wait(0.05):
            caller.sendall(b"x")

    begin = time.monotonic()
    try:
        with answering(drip) as host, pytest.raises(Unavailable):
            get(host, Limits(attempts=1, total_s=1, connect_s=1))
    finally:
        ended.set()
    assert time.monotonic() - begin < 30  # not for ever; the machine may be busy


def test_rubbish_instead_of_an_answer_is_a_clear_error() -> None:
    for reply in (b"\x00" * 100, b"HTTP/9.9 x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 999,
                  b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"):  # fmt: skip
        with answering(lambda caller, reply=reply: caller.sendall(reply)) as host:  # type: ignore[misc]
            assert _outcome(host) in {"", "source-unreachable"}


def _outcome(host: str) -> str:
    try:
        get(host)
    except KgError as error:
        return error.code
    return ""


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with issuer_server(tmp_path) as server:
        server.pages["/"] = b"secret"
        fetcher = Fetcher(frozenset({server.host, f"127.0.0.1:{server.port}"}), QUICK)
        with pytest.raises(Unavailable):
            fetcher.get(server.url("/"))
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        assert fetcher.get(server.url("/")).body == b"secret"
        with pytest.raises(Unavailable):  # its certificate is for another name
            fetcher.get(f"https://127.0.0.1:{server.port}/")


def test_nobody_else_opens_connections_in_the_rooms_that_read_strangers() -> None:
    """Importers, ingest and labels reach the network through `kgservice.net` only."""
    clients = {
        "socket",
        "ssl",
        "http",
        "urllib",
        "urllib3",
        "requests",
        "httpx",
        "aiohttp",
        "ftplib",
    }
    harmless = {"urllib.parse", "http.cookies"}
    found = []
    for folder in ("catalog_importers", "kgservice/ingest", "kgservice/labels"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                found += [
                    f"{path.relative_to(ROOT)}: {name}"
                    for name in names
                    if name.partition(".")[0] in clients and name not in harmless
                ]
    assert found == []
    assert addresses.__doc__


def test_a_pass_is_shown_to_its_own_server_only() -> None:
    asked: list[tuple[str, str]] = []

    class Telling(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            away = self.path == "/away"
            self.send_response(302 if away else 200)
            if away:
                self.send_header("Location", f"http://{other}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Telling) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    own, other = (f"127.0.0.1:{server.server_address[1]}" for server in servers)
    shown = Pass(f"http://{own}/api", "hidden")
    fetcher = Fetcher(frozenset({own, other}), with_pass=shown)
    try:
        for url in (f"http://{own}/here", f"http://{other}/there", f"http://{own}/away"):
            fetcher.get(url)
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
    told = {path: value for path, value in asked}
    assert told == {"/here": "Bearer hidden", "/there": "", "/away": "Bearer hidden",
                    "/elsewhere": ""}  # fmt: skip
    assert "hidden" not in repr(shown)
