"""A worker whose verbs tests call directly, as the lease loop would."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from clusters import Site
from kgservice_workers.postgresql import WORKER
from kgservice_workers.sdk.channel import Channel
from kgservice_workers.sdk.loop import Context, Worker
from kgservice_workers.sdk.main import open_worker
from kgservice_workers.sdk.sealing import KeyPair
from kgservice_workers.sdk.values import Json, Task, TaskResult

CANARY = "canary-5e0f-secret"
_numbers = itertools.count(1)


def fresh_name(prefix: str = "shop") -> str:
    """Give a service name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


@dataclass
class Bench:
    """A worker at its site, and a customer with a key."""

    site: Site
    worker: Worker
    channel: Channel
    customer: KeyPair
    job: str = "job1"
    seen: list[TaskResult] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(cls, site: Site) -> Iterator[Bench]:
        worker, channel = open_worker(WORKER, "urn:provider", site.config)
        channel.start()
        with tempfile.TemporaryDirectory() as folder:
            yield cls(site, worker, channel, KeyPair(Path(folder)))
        channel.close()
        worker.journal.close()

    def context(self, task: Task) -> Context:
        return Context(self.worker, task, threading.Event())

    def do(self, verb: str, name: str, token: int = 1, **values: Json) -> TaskResult:
        key = f"{self.job}.{verb}"
        task = Task(key, token, verb, key, {"name": name, **values})
        result = WORKER.perform(task, self.context(task))
        self.seen.append(result)
        return result

    def provision(self, name: str, **requirements: Json) -> Mapping[str, Json]:
        """Provision for a service and open the customer's login."""
        result = self.do(
            "provision", name, requirements=requirements, customerKey=self.customer.public
        )
        return self.customer.open(result.sealed["customer"])

    def target(self, name: str, **requirements: Json) -> Mapping[str, Json]:
        """Provision as the target of a move."""
        result = self.do(
            "provision",
            name,
            requirements=requirements,
            customerKey=self.customer.public,
            purpose="move-target",
        )
        return self.customer.open(result.sealed["customer"])


def login(connection: Mapping[str, Json]) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the customer does."""
    return psycopg.connect(str(connection["uri"]), autocommit=True, connect_timeout=5)
