"""`/workers/v1`: the worker protocol over HTTP (`workers/SPEC.md`)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from kgservice.api.bodies import PublicKey, read_body
from kgservice.api.front import IS_GONE
from kgservice.api.waiting import Places
from kgservice.jobs import Figure, JobRunner, Lease, Registration, WorkerIdentity

MAX_REASON = 2000
WAITING_WORKERS = 48
"""Workers that may wait for work at once: each holds a thread."""

WAITING_EACH = 2
"""A worker waits once; the second is for one whose broken connection was not noticed yet."""

Token = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(max_length=2000)]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class FigureBody(_Wire):
    """How quickly the worker takes data out in a format, brings it in, or converts it."""

    verb: Literal["export", "import"]
    of: Text
    bytes_per_second: Annotated[Decimal, Field(gt=0, le=10**15)]
    fixed_seconds: Annotated[Decimal, Field(ge=0, le=10**9)] = Decimal(0)


class RegistrationBody(_Wire):
    """What a worker says of itself; `worker` repeats an IRI that it was given before."""

    worker: Text | None = None
    type: Text
    provider: Text
    kinds: list[Text] = Field(min_length=1, max_length=100)
    verbs: list[Text] = Field(min_length=1, max_length=100)
    import_formats: list[Text] = Field(default_factory=list, max_length=100)
    export_formats: list[Text] = Field(default_factory=list, max_length=100)
    limits: dict[str, int | str | list[int | str]] = Field(default_factory=dict)
    public_key: PublicKey | None = None
    protocol: Text = "1"
    conversions: list[Text] = Field(default_factory=list, max_length=100)
    figures: list[FigureBody] = Field(default_factory=list, max_length=100)


class LeaseBody(_Wire):
    """A wish for work."""

    worker: Text
    wait_seconds: float = Field(default=20, ge=0, le=60)


class Progress(_Wire):
    """How far a task is."""

    percent: float | None = Field(default=None, ge=0, le=100)
    message: Text = ""


class TaskBody(_Wire):
    """A leased task, as it goes out; later versions may add members."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", populate_by_name=True)

    task: str
    token: Token
    lease_seconds: float
    attempt: int
    verb: str
    kind: str = ""
    service: str = ""
    offering: str = ""
    idempotency_key: str
    input: dict[str, JsonValue]
    deadline: str | None = None


class HeartbeatBody(_Wire):
    """A sign of life under a lease."""

    token: Token
    progress: Progress | None = None


Jwe = Annotated[str, Field(max_length=100_000)]
ComponentName = Annotated[str, Field(max_length=200)]


class Sealed(_Wire):
    """JWEs (RFC 7516, compact) for the customer, another worker, and by needing component."""

    customer: Jwe | None = None
    worker: Jwe | None = None
    workers: Annotated[dict[ComponentName, Jwe], Field(max_length=20)] = Field(default_factory=dict)

    def by_audience(self) -> dict[str, str]:
        """Give the ciphertexts by who may read them."""
        named = {f"worker:{name}": jwe for name, jwe in self.workers.items()}
        alone = {"customer": self.customer, "worker": self.worker}
        return {**named, **{name: jwe for name, jwe in alone.items() if jwe is not None}}


class CompletionBody(_Wire):
    """The result of a task; facts hold no secrets."""

    token: Token
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    sealed: Sealed = Sealed()


class FailureBody(_Wire):
    """Why a task was not done."""

    token: Token
    failure_class: Literal["retryable", "permanent", "needsOperator", "unknownOutcome"] = Field(
        alias="class"
    )
    code: Text
    detail: Annotated[str, Field(max_length=20_000)] = ""


def worker_blueprint(jobs: JobRunner, authenticate: Callable[[], WorkerIdentity]) -> Blueprint:
    """Make the routes; `authenticate` gives the caller of the present request or raises."""
    routes = Blueprint("workers", __name__, url_prefix="/workers/v1")
    waiting = Places(WAITING_WORKERS, WAITING_EACH)

    @routes.post("/workers")
    def register() -> tuple[Response, int]:
        identity = authenticate()
        body = read_body(RegistrationBody)
        return jsonify({"worker": jobs.workers.register(identity, _registration(body))}), 201

    @routes.post("/leases")
    def lease() -> Response:
        identity = authenticate()
        body = read_body(LeaseBody)
        jobs.workers.seen(identity)
        is_gone = request.environ.get(IS_GONE, lambda: False)
        with waiting.place(identity.id):
            found = jobs.leases.lease(identity, body.worker, body.wait_seconds, is_gone)
        return Response(status=204) if found is None else jsonify(_task(found))

    @routes.post("/tasks/<task>/heartbeat")
    def heartbeat(task: str) -> Response:
        identity = authenticate()
        body = read_body(HeartbeatBody)
        progress = body.progress.model_dump(exclude_none=True) if body.progress else None
        jobs.workers.seen(identity)
        should_stop = jobs.leases.heartbeat(identity, task, body.token, progress)
        return jsonify({"cancel": should_stop, "leaseSeconds": jobs.leases.timing.lease_s})

    @routes.post("/tasks/<task>/complete")
    def complete(task: str) -> Response:
        identity = authenticate()
        body = read_body(CompletionBody)
        jobs.leases.complete(identity, task, body.token, body.facts, body.sealed.by_audience())
        return jsonify({"task": task, "state": "completed"})

    @routes.post("/tasks/<task>/fail")
    def fail(task: str) -> Response:
        identity = authenticate()
        body = read_body(FailureBody)
        reason = f"{body.code}: {body.detail[:MAX_REASON]}" if body.detail else body.code
        jobs.leases.fail(identity, task, body.token, body.failure_class, reason)
        return jsonify({"task": task, "state": "failed"})

    return routes


def _registration(body: RegistrationBody) -> Registration:
    return Registration(
        type=body.type,
        provider=body.provider,
        kinds=tuple(body.kinds),
        verbs=tuple(body.verbs),
        import_formats=tuple(body.import_formats),
        export_formats=tuple(body.export_formats),
        limits={
            name: tuple(values) if isinstance(values, list) else (values,)
            for name, values in body.limits.items()
        },
        public_key=body.public_key.model_dump(exclude_none=True) if body.public_key else {},
        protocol=body.protocol,
        conversions=tuple(body.conversions),
        figures=tuple(
            Figure(one.verb, one.of, one.bytes_per_second, one.fixed_seconds)
            for one in body.figures
        ),
    )


def _task(lease: Lease) -> dict[str, object]:
    known = {"task": lease.task, "token": lease.token, "leaseSeconds": lease.lease_s}
    body = TaskBody.model_validate({**known, "attempt": lease.attempt, **lease.body})
    return body.model_dump(by_alias=True)
