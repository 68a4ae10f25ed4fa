"""The wire: the worker protocol of the service over HTTP (`/workers/v1`)."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from kgservice.model.errors import AccessDenied, InputError, KgError, Refused, Unavailable
from kgservice_workers.sdk.figures import read_figures
from kgservice_workers.sdk.sealing import KeyPair
from kgservice_workers.sdk.values import (
    Config,
    Json,
    Task,
    TaskResult,
    WorkerPlugin,
    mapping,
    number,
    text,
)

PROTOCOL = "1"
_SLACK_S = 10.0


class ServiceClient:
    """Calls of one worker; every method may raise `Unavailable` when the service is away."""

    def __init__(self, url: str, token: str) -> None:
        """Talk to the service at `url` with the worker's token."""
        self._url = url.rstrip("/") + "/workers/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    def register(self, plugin: WorkerPlugin, provider: str, key: KeyPair, config: Config) -> str:
        """Register the worker and give its IRI; repeating it gives the same one."""
        answer = self._post(
            "/workers",
            {
                "type": plugin.type,
                "provider": provider,
                "kinds": plugin.kinds,
                "verbs": plugin.verbs,
                "importFormats": plugin.import_formats,
                "exportFormats": plugin.export_formats,
                "limits": plugin.limits(config),
                "publicKey": key.public,
                "protocol": PROTOCOL,
                "conversions": getattr(plugin, "conversions", ()),
                "figures": read_figures(config),
            },
        )
        return text(answer or {}, "worker")

    def lease(self, worker: str, wait_s: float) -> Task | None:
        """Wait up to `wait_s` seconds for a task."""
        body: dict[str, Json] = {"worker": worker, "waitSeconds": wait_s}
        answer = self._post("/leases", body, timeout_s=wait_s + _SLACK_S)
        if answer is None:
            return None
        seconds = answer.get("leaseSeconds", 15)
        return Task(
            text(answer, "task"),
            number(answer, "token"),
            text(answer, "verb"),
            text(answer, "idempotencyKey"),
            mapping(answer, "input", optional=True),
            float(seconds) if isinstance(seconds, int | float) else 15.0,
            text(answer, "service", ""),
            number(answer, "attempt", 1),
        )

    def heartbeat(self, task: Task, progress: Mapping[str, Json]) -> bool:
        """Renew the lease; true when the task should stop.

        Raises:
            Refused: the lease went to another worker (`stale-lease`).
        """
        body: dict[str, Json] = {"token": task.token}
        if progress:
            body["progress"] = progress
        answer = self._post(f"/tasks/{task.task}/heartbeat", body, timeout_s=task.lease_s / 3)
        return bool((answer or {}).get("cancel"))

    def complete(self, task: Task, result: TaskResult) -> None:
        """Hand over a result; repeating it changes nothing.

        Raises:
            Refused: the lease went to another worker (`stale-lease`).
        """
        body: dict[str, Json] = {
            "token": task.token,
            "facts": result.facts,
            "sealed": {
                **result.sealed,
                **({"workers": dict(result.sealed_for)} if result.sealed_for else {}),
            },
        }
        self._post(f"/tasks/{task.task}/complete", body)

    def fail(self, task: Task, failure: Mapping[str, Json]) -> None:
        """Report a failure (`class`, `code`, `detail`).

        Raises:
            Refused: the lease went to another worker (`stale-lease`).
        """
        self._post(f"/tasks/{task.task}/fail", {"token": task.token, **failure})

    def _post(
        self, path: str, body: Mapping[str, Json], timeout_s: float = _SLACK_S
    ) -> dict[str, Json] | None:
        try:
            # No redirects: the token is for this service and no other host.
            response = requests.post(
                self._url + path,
                json=body,
                headers=self._headers,
                timeout=timeout_s,
                allow_redirects=False,
            )
            answer = response.json() if response.content else None
        except (requests.RequestException, ValueError) as error:
            raise Unavailable(
                f"The service does not answer ({type(error).__name__}).", code="service-away"
            ) from None
        if response.status_code >= 300:
            raise _error(response.status_code, answer if isinstance(answer, dict) else {})
        return answer if isinstance(answer, dict) else None


def _error(status: int, problem: Mapping[str, Json]) -> KgError:
    code = str(problem.get("code") or problem.get("type") or "").rpartition("/")[2]
    code = code.rpartition("#")[2]
    detail = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
    if status in (401, 403):
        return AccessDenied(detail, code=code or "forbidden")
    if status == 409:
        return Refused(detail, code=code or "stale-lease")
    if status == 429 or status >= 500:
        return Unavailable(detail, code=code or "service-away")
    return InputError(detail, code=code or "invalid-input")
