"""Workers in this process, and the cloud in which their effects are counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plan_situations import DUMP, PG

from kgservice.jobs import JobRunner, Lease, Registration
from kgservice.model.errors import Refused
from kgservice.plan import WORKER_VERBS


@dataclass(frozen=True)
class Token:
    """A worker's token, as the access module would give it."""

    id: str
    worker_type: str
    provider: str


@dataclass
class Cloud:
    """What exists at the providers: the effects of fake workers, by idempotency key."""

    databases: dict[tuple[str, str], str] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    fenced: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    file: Path | None = None

    def __post_init__(self) -> None:
        """Find the effects of an earlier process."""
        for line in self.file.read_text().splitlines() if self.file and self.file.exists() else ():
            provider, verb, key, name = json.loads(line)
            self._take_effect(provider, verb, key, name)

    def perform(self, provider: str, verb: str, key: str, values: Mapping[str, Any]) -> None:
        with self.lock:
            if key in self.effects:
                return
            name = str(values["name"])
            if self.file:
                with self.file.open("a") as log:
                    log.write(json.dumps([provider, verb, key, name]) + "\n")
            self._take_effect(provider, verb, key, name)

    def _take_effect(self, provider: str, verb: str, key: str, name: str) -> None:
        self.effects.append(key)
        if verb == "provision":
            self.databases[provider, name] = key
        elif verb in ("rollback", "erase", "end"):
            self.databases.pop((provider, name), None)
        elif verb == "fence":
            self.fenced.add(name)
        elif verb == "unfence":
            self.fenced.discard(name)


def facts_of(verb: str, values: Mapping[str, Any]) -> dict[str, Any]:
    tables = {"public.t": {"rows": 3, "checksum": "0"}}
    return {
        "provision": {"majorVersion": 16, "host": "127.0.0.1", "port": 5432},
        "fence": {"fencedAt": datetime.now(UTC).isoformat()},
        "export": {"bytes": 10, "sha256": "ab", "tables": tables},
        "import": {"bytes": 10, "sha256": values.get("sha256")},
        "verify": {"rows": 3, "tables": values.get("tables"), "equal": True},
        "observe": {"version": "16.14", "connections": 0},
    }.get(verb, {})


Outcome = Callable[[str, Lease], str]


class FakeWorker(threading.Thread):
    """Leases and carries out tasks in this process; `fault` may name a class of failure."""

    def __init__(
        self,
        jobs: JobRunner,
        provider: str,
        cloud: Cloud,
        fault: Outcome | None = None,
        kind: str = PG,
    ) -> None:
        super().__init__(daemon=True)
        self.jobs, self.cloud, self.fault = jobs, cloud, fault or (lambda verb, lease: "")
        self.token = Token(f"t-{provider}", "postgresql", provider)
        self.done = threading.Event()
        self.inputs: dict[str, Any] = {}
        self.iri = register(jobs, self.token, kind)

    def run(self) -> None:
        while not self.done.is_set():
            lease = self.jobs.leases.lease(self.token, self.iri, 0.2)
            if lease is not None:
                self.carry_out(lease)

    def carry_out(self, lease: Lease) -> None:
        verb = str(lease.body["verb"])
        values: dict[str, Any] = dict(lease.body["input"])  # type: ignore[arg-type]
        self.inputs[str(lease.body["idempotencyKey"])] = values
        key = str(lease.body["idempotencyKey"])
        try:
            kind = self.fault(verb, lease)
            if kind:
                self.jobs.leases.fail(self.token, lease.task, lease.token, kind, f"{verb} broke")
                return
            self.cloud.perform(self.token.provider, verb, key, values)
            sealed = {"provision": "customer", "hold": "customer", "export": "worker"}.get(verb)
            self.jobs.leases.complete(
                self.token,
                lease.task,
                lease.token,
                facts_of(verb, values),
                {
                    **({sealed: f"jwe-{key}"} if sealed else {}),
                    **{
                        f"worker:{name}": f"jwe-{name}-{key}"
                        for name in values.get("recipients", ())
                    },
                },
            )
        except Refused:
            return

    def finish(self) -> None:
        self.done.set()
        self.join(timeout=5)


def register(jobs: JobRunner, token: Token, kind: str = PG) -> str:
    return jobs.workers.register(
        token,
        Registration(
            token.worker_type,
            token.provider,
            (kind,),
            tuple(WORKER_VERBS),
            (DUMP,),
            (DUMP,),
            {"majorVersion": (16,)},
            {"kty": "EC", "crv": "P-256", "x": token.id, "y": "eQ"},
        ),
    )


def until(jobs: JobRunner, job: str, *states: str, timeout_s: float = 30.0) -> str:
    """Wait for one of the states, woken by the job's events."""
    deadline = datetime.now(UTC).timestamp() + timeout_s
    last = 0
    while (state := jobs.job(job).state) not in states:
        left = deadline - datetime.now(UTC).timestamp()
        assert left > 0, (state, jobs.job(job), jobs.events(job))
        events = jobs.events(job, last, min(left, 0.5))
        last = events[-1].id if events else last
    return state
