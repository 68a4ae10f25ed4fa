"""Tasks and leases as values."""

from __future__ import annotations

from dataclasses import dataclass

from kgservice.model.errors import InputError, Refused
from kgservice.plan import JsonObject

FAILURE_CLASSES = ("retryable", "permanent", "needsOperator", "unknownOutcome")


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of leases, in seconds.

    Attributes:
        lease_s: How long a lease lasts without a heartbeat.
        retry_s: First wait after a failure that may be retried; it doubles each time.
        failures: After so many attempts a failure that may be retried is final.
        attempts: After so many leases, also lost ones, a task is given up.
    """

    lease_s: float = 15.0
    retry_s: float = 0.5
    failures: int = 5
    attempts: int = 20


@dataclass(frozen=True, slots=True)
class Lease:
    """A task in a worker's hands, as it goes over the wire (`workers/SPEC.md`)."""

    task: str
    token: int
    lease_s: float
    attempt: int
    body: JsonObject


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ended: `done`, `failed` or `cancelled`.

    Attributes:
        task: Its id.
        step: The step's name.
        state: How it ended.
        worker: Who had the last lease; empty when nobody ever had one.
        token: The last fencing token.
        attempts: How often it was leased.
        facts: What the worker reported.
        reason: Why it failed.
    """

    task: str
    step: str
    state: str
    worker: str
    token: int
    attempts: int
    facts: JsonObject
    reason: str


def task_id(job: str, step: str) -> str:
    """Name a task; it is also its idempotency key."""
    return f"{job}.{step}"


def whole_text(text: str, at: str) -> str:
    """Give a reported text back if every store can keep it.

    Raises:
        InputError: it holds a lone surrogate (`text-invalid`).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            "The text holds half a character (a lone surrogate).", code="text-invalid", at=at
        ) from None
    return text


def stale_lease(task: str) -> Refused:
    """Make the error for a worker that lost a task."""
    return Refused(
        f"The lease of {task} is not yours any more.",
        code="stale-lease",
        hint="Stop, and do not touch the provider: someone else works on it.",
    )
