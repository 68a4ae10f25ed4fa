"""One HTTP exchange with the address that was checked, within bounds of time and size."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import certifi

from kgservice.net.addresses import Target

_CHUNK: Final = 65_536
_RATIO_FROM: Final = 4 * 1024 * 1024
"""Below this size nobody cares how well an answer was packed."""


class Broken(Exception):
    """An answer that cannot be used; `args[0]` says why."""


class Cut(ConnectionError):
    """An answer that ends half-way: another attempt may bring the whole."""


class _Pinned(http.client.HTTPConnection):
    """A connection to addresses that were looked up and checked before, and to no others."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target
        self.line: socket.socket | None = None  # http.client forgets it while the answer is read

    def connect(self) -> None:
        """Connect to the first of the addresses that takes the call."""
        problem: OSError = OSError("no address")
        for address in self._target.addresses:
            try:
                self.sock = socket.create_connection(
                    (address, self._target.port), timeout=self.timeout
                )
            except OSError as error:
                problem = error
                continue
            self.line = self.sock
            if self._target.scheme == "https":
                self.sock = tls_context(os.environ.get("SSL_CERT_FILE", "")).wrap_socket(
                    self.sock, server_hostname=self._target.host
                )
            self.line = self.sock
            return
        raise problem


@cache
def tls_context(_file: str) -> ssl.SSLContext:
    """Trust the bundled authorities and the system's; `SSL_CERT_FILE` names others (OpenSSL)."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Exchange:
    """One request and its answer, cut off at a moment whatever the server does."""

    def __init__(self, target: Target, connect_s: float, deadline: float) -> None:
        """Prepare; nothing is sent yet. `deadline` is a `time.monotonic()`."""
        left = max(0.001, min(connect_s, deadline - time.monotonic()))
        self._target = target
        self._deadline = deadline
        self._connection = _Pinned(target, left)

    def __enter__(self) -> Exchange:
        """Start the watch that closes the connection at the deadline."""
        # A time-out counts from byte to byte: a server that drips them would hold us for ever.
        self._watch = threading.Timer(max(0.0, self._deadline - time.monotonic()), self._cut)
        self._watch.daemon = True
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._watch.cancel()
        self._connection.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            if self._connection.line is not None:
                self._connection.line.shutdown(socket.SHUT_RDWR)

    def send(
        self, headers: Mapping[str, str], body: bytes | None = None, method: str = "GET"
    ) -> tuple[int, dict[str, str]]:
        """Send a request; give status and headers, names in lower case.

        Raises:
            OSError: no connection, or none that lasts (http.client.HTTPException likewise).
        """
        self._connection.putrequest(
            method, self._target.path, skip_host=True, skip_accept_encoding=True
        )
        own = {
            "Host": self._target.authority,
            "Accept-Encoding": "gzip",
            "User-Agent": "kgservice",
            "Connection": "close",
            **({} if body is None else {"Content-Length": str(len(body))}),
        }
        given = {name: value for name, value in headers.items() if name.title() not in own}
        for name, value in {**own, **given}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders(body)
        self._response = self._connection.getresponse()
        found = {name.lower(): value for name, value in self._response.getheaders()}
        return self._response.status, found

    def body(self, max_bytes: int, ratio: int) -> bytes:
        """Read the whole body, unpacked.

        Raises:
            Broken: too large, too slow, packed too well or in a way that was not asked for.
        """
        encoding = (self._response.getheader("content-encoding") or "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise Broken(f"it is packed as {encoding[:40]}, which was not asked for")
        packed = self._packed(max_bytes)
        whole = bytearray()
        for chunk in _unpacked(packed, ratio) if "gzip" in encoding else packed:
            whole += chunk
            if len(whole) > max_bytes:
                raise Broken(f"the answer is larger than {max_bytes} bytes")
        return bytes(whole)

    def _packed(self, max_bytes: int) -> Iterator[bytes]:
        size = 0
        while chunk := self._response.read1(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise Broken(f"the answer is larger than {max_bytes} bytes")
            yield chunk
        if time.monotonic() > self._deadline:
            raise Broken("it took too long")
        declared = self._response.getheader("content-length") or ""
        if declared.isdecimal() and size < int(declared) and not self._response.chunked:
            raise Cut("the answer ends half-way")


def _unpacked(chunks: Iterator[bytes], ratio: int) -> Iterator[bytes]:
    """Unpack gzip step by step, so that no step makes more than one chunk (RFC 1952)."""
    unpacker = zlib.decompressobj(wbits=31)
    size = made = 0
    for chunk in chunks:
        size += len(chunk)
        data = chunk
        while data:
            try:
                part = unpacker.decompress(data, _CHUNK)
            except zlib.error as error:
                raise Broken("the answer is not gzip as it says") from error
            made += len(part)
            if made > _RATIO_FROM and made > ratio * size:
                raise Broken(f"the answer unpacks to more than {ratio} times its size")
            yield part
            data = unpacker.unconsumed_tail
            if unpacker.eof and unpacker.unused_data:
                raise Broken("there is something behind the packed answer")
    while part := unpacker.decompress(unpacker.unconsumed_tail, _CHUNK):
        yield part
    if size and not unpacker.eof:
        raise Cut("the answer ends half-way")
