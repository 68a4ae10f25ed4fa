"""Fetch from allow-listed hosts only, with bounds on redirects, size, time and attempts."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3

from kgservice.model.errors import InputError, Unavailable

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD: Final = frozenset({307, 308})
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch: bytes after decompression, seconds in all, redirects and attempts."""

    max_bytes: int = 64 * 1024 * 1024
    total_s: float = 60.0
    connect_s: float = 10.0
    redirects: int = 5
    attempts: int = 4
    longest_wait_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: the status, the headers (names in lower case) and the whole body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Message:
    headers: dict[str, str]
    body: bytes | None = None


class Fetcher:
    """Sends requests to hosts of an allow-list, and to nothing else.

    An entry is `host` or `host:port`. An address of this machine or of a private network is
    reached only through an entry that names its port too. Proxies and `.netrc` are not used.
    """

    def __init__(
        self,
        allowed_hosts: frozenset[str],
        limits: Limits | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the allow-list; `wait` is called between attempts."""
        self._allowed = frozenset(entry.lower() for entry in allowed_hosts)
        self._limits = limits or Limits()
        self._wait = wait
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a URL; a busy server is asked again after `Retry-After` or a growing pause.

        Raises:
            InputError: the URL or a redirect leads to a host that is not allowed
                (`host-not-allowed`), or is no HTTP URL (`url-invalid`).
            Unavailable: no answer, too large, too slow or still busy (`source-unreachable`).
        """
        return self._ask(_Message(dict(headers or {})), url)

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a question that is too long for a URL, as `get` does and with the same errors.

        The server may get it more than once. A redirect by 307 or 308 takes the body along; by
        any other it is followed with GET (RFC 9110 §15.4).
        """
        return self._ask(_Message(dict(headers or {}), body), url)

    def _ask(self, message: _Message, url: str) -> Answer:
        deadline = time.monotonic() + self._limits.total_s
        for attempt in range(1, self._limits.attempts + 1):
            last = attempt == self._limits.attempts
            try:
                answer = self._follow(url, message, deadline)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if last:
                    raise _unreachable(url, type(error).__name__) from error
                self._pause(0.2 * 2**attempt, deadline)
                continue
            if answer.status not in _TRY_AGAIN or last:
                return answer
            self._pause(_retry_after(answer.headers, 0.2 * 2**attempt), deadline)
        raise _unreachable(url, "no attempt was made")

    def check(self, url: str) -> SplitResult:
        """Refuse a URL whose host is not allowed.

        Raises:
            InputError: `host-not-allowed` or `url-invalid`.
            Unavailable: the host has no address (`source-unreachable`).
        """
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            raise _invalid(url) from None
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise _invalid(url)
        if f"{host}:{port}" in self._allowed:
            return parts
        addresses = _addresses(host, port) if host in self._allowed else []
        if host in self._allowed and not addresses:
            # A name that does not resolve now could lead to this machine a moment later.
            raise _unreachable(url, f"the name {host} has no address")
        if not addresses or not all(map(_is_public, addresses)):
            raise InputError(
                f"The host {host}:{port} may not be contacted.",
                code="host-not-allowed",
                at=url,
                hint="Add it to KG_ALLOW_HOSTS; a local address needs its port there too.",
            )
        return parts

    def _follow(self, url: str, message: _Message, deadline: float) -> Answer:
        for _ in range(self._limits.redirects + 1):
            self.check(url)
            answer, target = self._send(url, message, deadline)
            if not target:
                return answer
            url = urljoin(url, target)
            if answer.status not in _SAME_METHOD:
                message = _Message(message.headers)
        raise _unreachable(url, f"more than {self._limits.redirects} redirects")

    def _send(self, url: str, message: _Message, deadline: float) -> tuple[Answer, str]:
        left = max(0.001, min(self._limits.connect_s, deadline - time.monotonic()))
        with self._session.request(
            "GET" if message.body is None else "POST",
            url,
            headers=message.headers,
            data=message.body,
            stream=True,
            allow_redirects=False,
            timeout=(left, left),
        ) as response:
            self._session.cookies.clear()
            found = {name.lower(): value for name, value in response.headers.items()}
            if response.status_code in _REDIRECTS and "location" in found:
                return Answer(url, response.status_code, found, b""), found["location"]
            body = b"".join(self._chunks(url, response, deadline))
            return Answer(url, response.status_code, found, body), ""

    def _chunks(self, url: str, response: requests.Response, deadline: float) -> Iterator[bytes]:
        size = 0
        # read1 gives what has come: a server that drips bytes cannot hold us beyond the deadline.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._limits.max_bytes:
                raise _unreachable(url, f"the answer is larger than {self._limits.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise _unreachable(url, f"it took longer than {self._limits.total_s:g} s")
            yield chunk

    def _pause(self, seconds: float, deadline: float) -> None:
        allowed = min(self._limits.longest_wait_s, max(0.0, deadline - time.monotonic()))
        self._wait(min(max(0.0, seconds), allowed))


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False


def _retry_after(headers: Mapping[str, str], default: float) -> float:
    """Read `Retry-After` as seconds or as a date (RFC 9110 §10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return default


def _invalid(url: str) -> InputError:
    return InputError(
        "This is no http or https URL without user name.", code="url-invalid", at=url[:200]
    )


def _unreachable(url: str, why: str) -> Unavailable:
    return Unavailable(
        f"{url} gave no usable answer: {why}.",
        code="source-unreachable",
        at=url,
        hint="The last good version of the catalogue is kept.",
    )
