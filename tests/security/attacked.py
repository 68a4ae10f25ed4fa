"""A service under attack: calls to it under the tokens of several roles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from tests.running import Service

KG_NS = "https://w3id.org/kgservice/ns#"


@dataclass
class Attacked:
    """A service, and the tokens that were made for attacking it."""

    service: Service
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, role: str, name: str = "", **bound: str) -> str:
        """Give a token of a role; the same name gives the same token."""
        key = f"{role} {name} {bound}"
        if key not in self.tokens:
            body = {"role": role, "name": name, **bound}
            self.tokens[key] = self.call("POST", "/tokens", self.service.token, body)[1]["token"]
        return self.tokens[key]

    def call(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401
        """Make a call; gives status and body, as JSON when it is."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(
            method, self.service.url + path, json=body, headers=headers, timeout=60
        )
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status_code, answer.json() if is_json else answer.text

    def sync(self, name: str, token: str) -> tuple[bool, Any]:
        """Sync a catalogue to its end; its report, or what is said of the failure."""
        status, body = self.call("POST", f"/catalogs/{name}/sync", token)
        if status == 202:
            job = f"/mpli/v1/jobs/{body['id']}"
            self.call("GET", job + "/events", self.service.token)  # ends when the job does
            _, body = self.call("GET", job, self.service.token)
            if body["state"] == "done":
                return True, self.call("GET", f"/catalogs/{name}/report", token)[1]
        return status == 200, body

    def select(self, text: str, token: str = "", **parameters: str) -> list[dict[str, str]]:
        """Run a query; rows of plain values."""
        answer = requests.post(
            self.service.url + "/sparql",
            data={"query": f"PREFIX kg: <{KG_NS}> {text}", **parameters},
            headers={
                "Accept": "application/sparql-results+json",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
            timeout=60,
        )
        answer.raise_for_status()
        rows = answer.json()["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in rows]
