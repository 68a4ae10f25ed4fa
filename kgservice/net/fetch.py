"""Fetch from allow-listed hosts only, with bounds on redirects, size, time and attempts."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, urljoin

from kgservice.model.errors import InputError, Unavailable
from kgservice.net.addresses import (
    Target,
    is_local,
    is_public,
    normal_entry,
    resolve,
    split_url,
)
from kgservice.net.connection import Broken, Exchange

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD: Final = frozenset({307, 308})
_SECRET: Final = frozenset({"authorization", "cookie", "x-api-key"})
_TRY_AGAIN: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch.

    Attributes:
        max_bytes: Size of the answer, packed and unpacked.
        total_s: Seconds in all, with attempts and redirects.
        connect_s: Seconds to connect, and between two bytes.
        redirects: How many are followed.
        attempts: How often a busy server is asked.
        longest_wait_s: Longest pause between two attempts.
        ratio: How many times its size an answer may unpack to.
    """

    max_bytes: int = 64 * 1024 * 1024
    total_s: float = 60.0
    connect_s: float = 10.0
    redirects: int = 5
    attempts: int = 4
    longest_wait_s: float = 30.0
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: the status, the headers (names in lower case) and the whole body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Pass:
    """A bearer token (RFC 6750 §2.1) for one server, sent to no other.

    Attributes:
        address: A URL of the server: scheme, host and port count.
        token: The token; empty sends none.
    """

    address: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Message:
    headers: dict[str, str]
    body: bytes | None = None
    method: str = "GET"


class Fetcher:
    """Sends requests to hosts of an allow-list, and to nothing else.

    An entry is `host` or `host:port`. An address of this machine or of a private network is
    reached only through an entry that names its port too; link-local ones never. The connection
    goes to the very address that was checked, and each redirect is checked again. Proxies,
    `.netrc` and cookies are not used. `SSL_CERT_FILE` names further certificate authorities.
    """

    def __init__(
        self,
        allowed_hosts: frozenset[str],
        limits: Limits | None = None,
        wait: Callable[[float], None] = time.sleep,
        *,
        with_pass: Pass | None = None,
    ) -> None:
        """Take the allow-list; `wait` is called between attempts.

        The token of a pass travels encrypted, or to an address of this machine or network.
        """
        self._pass = with_pass
        self._allowed = frozenset(map(normal_entry, allowed_hosts)) - {""}
        self._limits = limits or Limits()
        self._wait = wait

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
        return self._ask(_Message(dict(headers or {}), body, "POST"), url)

    def delete(self, url: str) -> Answer:
        """Take something back that was made with `post`; errors as those of `get`."""
        return self._ask(_Message({}, None, "DELETE"), url)

    def _ask(self, message: _Message, url: str) -> Answer:
        deadline = time.monotonic() + self._limits.total_s
        for attempt in range(1, self._limits.attempts + 1):
            last = attempt == self._limits.attempts
            try:
                answer = self._follow(url, message, deadline)
            except (OSError, http.client.HTTPException) as error:
                if last or time.monotonic() > deadline:
                    raise _unreachable(url, type(error).__name__) from error
                self._pause(0.2 * 2**attempt, deadline)
                continue
            if answer.status not in _TRY_AGAIN or last:
                return answer
            self._pause(_retry_after(answer.headers, 0.2 * 2**attempt), deadline)
        raise _unreachable(url, "no attempt was made")

    def check(self, url: str) -> Target:
        """Refuse a URL whose host is not allowed; give where it leads.

        Raises:
            InputError: `host-not-allowed` or `url-invalid`.
            Unavailable: the host has no address (`source-unreachable`).
        """
        parts, host, port = split_url(url)
        named = f"{host}:{port}" in self._allowed
        if not named and host not in self._allowed:
            raise _not_allowed(url, host, port)
        # All addresses must do: which of them answers is not for us to choose.
        addresses = resolve(host, port)
        if not all(is_public(one) or (named and is_local(one)) for one in addresses):
            raise _not_allowed(url, host, port)
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        return Target(parts.scheme, host, port, path + ("?" + query if query else ""), addresses)

    def _follow(self, url: str, message: _Message, deadline: float) -> Answer:
        for _ in range(self._limits.redirects + 1):
            answer, target = self._send(url, message, deadline)
            if not target:
                return answer
            came, url = url, urljoin(url, target)
            is_same = answer.status in _SAME_METHOD
            body, method = (message.body, message.method) if is_same else (None, "GET")
            # What proves who we are to one server is nothing for another (RFC 9110 §15.4).
            secret = set() if _origin(came) == _origin(url) else _SECRET
            headers = {k: v for k, v in message.headers.items() if k.lower() not in secret}
            message = _Message(headers, body, method)
        raise _unreachable(url, f"more than {self._limits.redirects} redirects")

    def _send(self, url: str, message: _Message, deadline: float) -> tuple[Answer, str]:
        target = self.check(url)
        with Exchange(target, self._limits.connect_s, deadline) as exchange:
            headers = self._shown(message.headers, url, target)
            status, found = exchange.send(headers, message.body, message.method)
            if status in _REDIRECTS and "location" in found:
                return Answer(url, status, found, b""), found["location"]
            try:
                body = exchange.body(self._limits.max_bytes, self._limits.ratio)
            except Broken as error:
                raise _unreachable(url, str(error)) from error
            if time.monotonic() > deadline:
                raise _unreachable(url, f"it took longer than {self._limits.total_s:g} s")
            return Answer(url, status, found, body), ""

    def _shown(self, headers: dict[str, str], url: str, target: Target) -> dict[str, str]:
        one = self._pass
        if one is None or not one.token or _origin(url) != _origin(one.address):
            return headers
        if target.scheme != "https" and not all(map(is_local, target.addresses)):
            return headers
        return {**headers, "Authorization": f"Bearer {one.token}"}

    def _pause(self, seconds: float, deadline: float) -> None:
        allowed = min(self._limits.longest_wait_s, max(0.0, deadline - time.monotonic()))
        self._wait(min(max(0.0, seconds), allowed))


def _origin(url: str) -> tuple[str, str, int]:
    parts, host, port = split_url(url)
    return parts.scheme, host, port


def _retry_after(headers: Mapping[str, str], default: float) -> float:
    """Read `Retry-After` as seconds or as a date (RFC 9110 §10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return default


def _not_allowed(url: str, host: str, port: int) -> InputError:
    return InputError(
        f"The host {host}:{port} may not be contacted.",
        code="host-not-allowed",
        at=url,
        hint="Add it to KG_ALLOW_HOSTS; a local address needs its port there too.",
    )


def _unreachable(url: str, why: str) -> Unavailable:
    return Unavailable(
        f"{url} gave no usable answer: {why}.",
        code="source-unreachable",
        at=url,
        hint="The last good version of the catalogue is kept.",
    )
