"""The wire to somebody else's engine: SPARQL 1.1 Protocol and Graph Store HTTP Protocol, no more.

Measured on Virtuoso 7.2.5, and guarded against here: an answer that hit the engine's time limit
comes with status 200 and is incomplete (only a header tells); one longer than `ResultSetMaxRows` is
cut without a word in its body. Results are asked for in XML and graphs in N-Triples: JSON took
three times as long to be written, and its booleans were numbers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from kgservice.model.errors import DeadlineExceeded, InputError, KgError, Unavailable
from kgservice.model.settings import RemoteStoreSettings

TABLE: Final = "application/sparql-results+xml"
GRAPH: Final = "application/n-triples"
MOST_BYTES: Final = 1 << 30
"""Of one answer; beyond it the query fails."""
CONNECT_S: Final = 5.0
UPDATE_S: Final = 600.0
"""For one request of a commit; they are small, but the engine may be at work."""
_CUT: Final = ("X-SPARQL-MaxRows", "X-SPARQL-Anytime")
_STOPPED: Final = ("S1T00", "S1TAT", "timeout", "timed out", "estimated execution time")


class Refusal(Exception):
    """The engine answered that it will not do it: status and the first line of what it said."""

    def __init__(self, status: int, text: str) -> None:
        """Keep both."""
        super().__init__(f"HTTP {status}: {text}")
        self.status, self.text = status, text


@dataclass(frozen=True, slots=True)
class Dataset:
    """The protocol's dataset (§2.1.4); with no graph at all, what the engine has by default."""

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


class RemoteClient:
    """Speaks to one engine; any thread may ask."""

    def __init__(self, settings: RemoteStoreSettings) -> None:
        """Read the password file; InputError when that is not possible."""
        self._settings = settings
        self._password = _password(settings)
        self._threads = threading.local()
        self.can_add = bool(settings.graph_url)

    def query(self, text: str, dataset: Dataset, accept: str, deadline_s: float) -> bytes:
        """Run a query.

        Raises:
            Refusal: the engine does not take it, or failed on it.
            DeadlineExceeded: it was not done in time.
            Unavailable: the engine cannot be reached, or gave half an answer.
        """
        fields = [("query", text)]
        fields += [("default-graph-uri", graph) for graph in dataset.default_graphs]
        fields += [("named-graph-uri", graph) for graph in dataset.named_graphs]
        fields += self._parameters(deadline_s)
        end = time.monotonic() + deadline_s
        reply = self._send(self._settings.query_url, end, {"Accept": accept}, fields)
        try:
            body = _body(reply, end, deadline_s)
        finally:
            reply.close()
        if reply.status_code != requests.codes.ok:
            raise _refusal(reply.status_code, body, deadline_s)
        _check_whole(reply.headers, deadline_s)
        return body

    def update(self, text: str) -> None:
        """Run an update; the same errors as `query`."""
        headers = {"Content-Type": "application/sparql-update"}
        self._write("POST", self._settings.update_url, text.encode(), headers, {})

    def add(self, graph: str, ntriples: bytes) -> None:
        """Add statements to a graph by the Graph Store Protocol (§5.5)."""
        headers = {"Content-Type": "text/turtle"}  # a superset, which engines read faster
        self._write("POST", self._settings.graph_url, ntriples, headers, {"graph": graph})

    def _write(
        self, method: str, url: str, body: bytes, headers: dict[str, str], query: dict[str, str]
    ) -> None:
        end = time.monotonic() + UPDATE_S
        reply = self._send(url, end, headers, body, query)
        try:
            answer = _body(reply, end, UPDATE_S)
        finally:
            reply.close()
        if reply.status_code >= requests.codes.bad_request:
            raise _refusal(reply.status_code, answer, UPDATE_S)

    def _parameters(self, deadline_s: float) -> list[tuple[str, str]]:
        """Give the engine's own parameters, with the deadline in them."""
        text = self._settings.query_parameters
        milliseconds, seconds = str(int(deadline_s * 1000)), str(max(1, int(deadline_s)))
        return [
            (name, value.replace("{ms}", milliseconds).replace("{s}", seconds))
            for name, value in parse_qsl(text)
        ]

    def _send(
        self,
        url: str,
        end: float,
        headers: dict[str, str],
        body: bytes | list[tuple[str, str]],
        query: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send; once more when the connection broke, which every request here survives.

        Queries change nothing, and statements that are added or deleted twice are so once.
        """
        for is_last in (False, True):
            left = max(0.1, end - time.monotonic())
            session = self._session()
            try:
                reply = session.post(
                    url,
                    params=query,
                    data=body,
                    headers={"Accept-Encoding": "identity", **headers},
                    timeout=(min(CONNECT_S, left), left),
                    stream=True,
                    allow_redirects=False,
                )
                if is_last or not self._asks_for_basic(reply):
                    return reply
                reply.close()
            except requests.Timeout as error:
                raise _too_late(error, left) from None
            except requests.RequestException as error:
                if is_last:
                    raise away(type(error).__name__) from None
        raise AssertionError

    def _asks_for_basic(self, reply: requests.Response) -> bool:
        asked = reply.headers.get("WWW-Authenticate", "").lower()
        is_refused = reply.status_code == requests.codes.unauthorized
        return bool(self._settings.user) and is_refused and asked.startswith("basic")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = requests.Session()
            session.trust_env = False  # no proxy, no netrc
            if self._settings.user:
                session.auth = _Login(self._settings.user, self._password)
        return session


class _Login(AuthBase):
    """Digest or Basic, as the engine asks for; the password goes nowhere before it is asked."""

    def __init__(self, user: str, password: str) -> None:
        self._digest = HTTPDigestAuth(user, password)
        self._basic = HTTPBasicAuth(user, password)
        self._is_basic = False

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._is_basic:
            self._basic(request)
        else:
            request.register_hook("response", self._answer)  # type: ignore[no-untyped-call]
            self._digest(request)  # sends nothing yet, or the answer to a challenge it knows
        return request

    def _answer(self, reply: requests.Response, **_: object) -> None:
        """Note that the engine asks for Basic; the request is then sent again."""
        asked = reply.headers.get("WWW-Authenticate", "").lower()
        if reply.status_code == requests.codes.unauthorized and asked.startswith("basic"):
            self._is_basic = True


def _password(settings: RemoteStoreSettings) -> str:
    if not settings.password_file:
        return ""
    try:
        return Path(settings.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(
            "The file with the store's password cannot be read.",
            code="setting-invalid",
            at="KG_STORE_PASSWORD_FILE",
        ) from None


def _body(reply: requests.Response, end: float, deadline_s: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for part in reply.iter_content(1 << 20):
            parts.append(part)
            size += len(part)
            if time.monotonic() > end:
                raise too_late(deadline_s)
            if size > MOST_BYTES:
                raise Unavailable("The remote store's answer is too long.", code="query-memory")
    except requests.ConnectionError as error:
        if "timed out" in str(error):
            raise too_late(deadline_s) from None
        raise away(type(error).__name__) from None
    except requests.RequestException as error:
        raise away(type(error).__name__) from None
    return b"".join(parts)


def _check_whole(headers: Mapping[str, str], deadline_s: float) -> None:
    """Refuse an answer that is not all of it."""
    if headers.get("X-SQL-State") == "S1TAT":
        raise too_late(deadline_s)
    if any(name in headers for name in _CUT):
        raise Unavailable(
            "The remote store cut its answer short.",
            code="store-cuts-answers",
            hint="Raise the engine's own limit on results (Virtuoso: ResultSetMaxRows).",
        )


def _refusal(status: int, body: bytes, deadline_s: float) -> Exception:
    text = body[:2000].decode("utf-8", "replace")
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        return Unavailable(
            f"The remote store does not let this service in (HTTP {status}).",
            code="store-login",
            hint="Check KG_STORE_USER, KG_STORE_PASSWORD_FILE and the user's rights in the engine.",
        )
    if status in (408, 504) or (status >= 500 and any(mark in text for mark in _STOPPED)):
        return too_late(deadline_s)
    if status in (404, 405, 429, 502, 503):
        return away(f"HTTP {status}")
    return Refusal(status, text.split("\n", 1)[0][:300])


def _too_late(error: requests.Timeout, left: float) -> KgError:
    if isinstance(error, requests.ConnectTimeout):
        return away("no connection in time")
    return too_late(left)


def too_late(deadline_s: float) -> DeadlineExceeded:
    """Make the error for a query that took too long."""
    return DeadlineExceeded(
        f"The query was given up at its deadline of {deadline_s:g} s.",
        code="query-deadline",
        hint="Make it more selective, add LIMIT, or ask for a longer deadline.",
    )


def away(what: str) -> Unavailable:
    """Make the error for an engine that cannot be reached."""
    return Unavailable(
        f"The remote store cannot be reached ({what}).",
        code="store-unreachable",
        hint="Start it, or check KG_STORE_QUERY_URL, KG_STORE_UPDATE_URL and KG_STORE_GRAPH_URL.",
    )
