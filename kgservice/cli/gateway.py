"""How commands reach the service: over HTTP when one runs, else in this very process.

Both ways go through the same routes, so a command behaves the same with and without a service.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kgservice.model.errors import InputError, KgError, NotFound, Problem, Unavailable

if TYPE_CHECKING:
    from kgservice.model.settings import Settings

SERVICE_FILE = "service.json"
TOKEN_FILE = "operator.token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whichever way it came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, object]:
        """Read the body as a JSON object."""
        value = json.loads(self.body)
        return value if isinstance(value, dict) else {"items": value}


@dataclass(frozen=True, slots=True)
class Call:
    """A call to make: method, path below the service's root, and what goes with it."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Gateway:
    """A way to the service."""

    is_remote = False

    def send(self, call: Call) -> Answer:
        """Make the call and give whatever came back."""
        raise NotImplementedError

    def call(self, method: str, path: str, **given: object) -> Answer:
        """Make a call; `json`, `body`, `content_type`, `accept` and `headers` may be given.

        Raises:
            KgError: the service answered with a problem; it is raised here as it was there.
        """
        headers = dict(given.get("headers") or {})  # type: ignore[call-overload]
        body = given.get("body", b"")
        if "json" in given:
            body, headers["Content-Type"] = json.dumps(given["json"]).encode(), "application/json"
        if "content_type" in given:
            headers["Content-Type"] = str(given["content_type"])
        headers["Accept"] = str(given.get("accept", "application/json"))
        content = body.encode() if isinstance(body, str) else bytes(body)  # type: ignore[call-overload]
        answer = self.send(Call(method, path, content, headers))
        if answer.status >= 400:
            raise _as_error(answer)
        return answer


class HttpGateway(Gateway):
    """The way to a running service."""

    is_remote = True

    def __init__(self, url: str, token: str) -> None:
        """Use the service at `url`; an empty token means anonymous."""
        self._url, self._token = url.rstrip("/"), token

    def send(self, call: Call) -> Answer:
        """Send the call over HTTP."""
        import requests

        headers = dict(call.headers)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            response = requests.request(
                call.method,
                self._url + call.path,
                data=call.body or None,
                headers=headers,
                timeout=600,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unavailable(
                f"{self._url} does not answer: {type(error).__name__}.",
                code="service-unreachable",
                hint="Start it with `kg serve`, or correct KG_URL.",
            ) from None
        return Answer(response.status_code, response.headers, response.content)


class LocalGateway(Gateway):
    """The way to a data folder that no service holds: the application runs in this process."""

    def __init__(self, settings: Settings) -> None:
        """Open the data folder; close it with `close`."""
        from kgservice.api.app import create_app
        from kgservice.mpli.opening import open_application

        self._application = open_application(settings, with_jobs=False)
        self._client = create_app(self._application).test_client()
        self._token = given_token() or read_token(Path(settings.data_dir))

    def send(self, call: Call) -> Answer:
        """Run the call through the application's WSGI interface."""
        headers = dict(call.headers)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        response = self._client.open(
            call.path, method=call.method, data=call.body or None, headers=headers
        )
        return Answer(response.status_code, dict(response.headers), response.data)

    def close(self) -> None:
        """Give the data folder free again."""
        self._application.close()


@contextmanager
def open_gateway(
    settings: Settings, *, needs_service: bool = False, needs_data: bool = False
) -> Iterator[Gateway]:
    """Find the way to the service: KG_URL, the data folder's running service, or the folder itself.

    Raises:
        Unavailable: the command needs a running service and none is found (`service-not-running`).
        NotFound: it needs a data folder that is there, and this one is not (`data-folder-missing`).
    """
    folder = Path(settings.data_dir)
    given_token()  # before anything is opened or made
    url = os.environ.get("KG_URL") or running_url(folder)
    if url and not url.startswith(("http://", "https://")):
        raise InputError(
            "KG_URL must be an http or https address.",
            code="setting-invalid",
            at="KG_URL (environment)",
        )
    if url:
        yield HttpGateway(url, given_token() or read_token(folder))
        return
    if needs_service:
        raise Unavailable(
            f"No service runs on {folder}, and this command needs one.",
            code="service-not-running",
            hint="Start it with `kg serve`, or set KG_URL.",
        )
    if needs_data and not _may_hold_data(folder):
        raise NotFound(
            f"{folder} is no data folder.",
            code="data-folder-missing",
            hint="Correct --data or KG_DATA_DIR.",
        )
    local = LocalGateway(settings)
    try:
        yield local
    finally:
        local.close()


def _may_hold_data(folder: Path) -> bool:
    """Say whether a folder is one of ours, or an empty one that can become one."""
    return (folder / "store").is_dir() or (folder.is_dir() and not any(folder.iterdir()))


def running_url(folder: Path) -> str:
    """Give the URL of the service that holds the folder, or nothing."""
    try:
        noted = json.loads((folder / SERVICE_FILE).read_text(encoding="utf-8"))
        os.kill(int(noted["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(noted["url"])


def given_token() -> str:
    """Give the token of KG_TOKEN, or nothing.

    Raises:
        InputError: it has characters that no token has (`setting-invalid`).
    """
    token = os.environ.get("KG_TOKEN", "")
    if not all("!" <= letter <= "~" for letter in token):
        raise InputError(
            "The token has characters that no token has.",
            code="setting-invalid",
            at="KG_TOKEN (environment)",
            hint="Give it as `kg token create` printed it.",
        )
    return token


def read_token(folder: Path) -> str:
    """Give the folder's operator token when it may be read, else nothing."""
    try:
        return (folder / TOKEN_FILE).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _as_error(answer: Answer) -> KgError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    reasons = tuple(_reason(item) for item in _list(body.get("reasons")))
    kind = Unavailable if answer.status >= 500 else InputError
    error: KgError = kind(
        str(body.get("detail", f"the service answered {answer.status}")),
        code=str(body.get("code", "unexpected-answer")),
        at=str(body.get("at", "")),
        hint=str(body.get("hint", "")),
        reasons=reasons,
        status=answer.status,
    )
    if answer.status == 409:
        error.exit_code = 1
    return error


def _list(value: object) -> list[dict[str, str]]:
    return value if isinstance(value, list) else []


def _reason(item: Mapping[str, str]) -> Problem:
    return Problem(
        item.get("code", ""), item.get("detail", ""), item.get("at", ""), item.get("hint", "")
    )
