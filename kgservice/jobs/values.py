"""Jobs, what they did, and what happened, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from kgservice.plan import Json, JsonObject
from kgservice.plan.clocks import stamp

ACTIVE = ("running", "cancelling", "rolling-back")
"""States in which a workflow of the job is running."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What happened to one step of a job; `outcome` is empty while it is under way.

    Attributes:
        step: The step's name.
        number: Order of starting.
        worker: IRI, or empty for what the service does itself.
        token: The fencing token under which it ended.
        attempts: How often it was leased.
        outcome: `Completed`, `Failed`, `Undone` or empty.
        facts: What was reported.
        reason: Why it failed.
        started: xsd:dateTime.
        ended: xsd:dateTime or empty.
    """

    step: str
    number: int
    worker: str
    token: int
    attempts: int
    outcome: str
    facts: JsonObject
    reason: str
    started: str
    ended: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its journal has it.

    Attributes:
        id: Short name.
        plan: IRI of its plan.
        action: Class IRI of the plan.
        customer: Whose job it is.
        services: Service IRIs that it works on.
        state: `running`, `holding`, `cancelling`, `rolling-back`, `done`, `rolled-back`, `failed`.
        reasons: Why it failed or was rolled back.
        created: xsd:dateTime.
        ended: xsd:dateTime or empty.
        is_cancelled: Somebody asked to cancel it.
        has_passed: It is past its point of no return.
        has_consent: The customer consented to erase at once.
        leg: Number of times that it was taken up again.
        wake_at: While holding: when the next step may start.
        executions: In the order of starting.
        holds: Step name to the moment before which it must not start.
    """

    id: str
    plan: str
    action: str
    customer: str
    services: tuple[str, ...]
    state: str = "running"
    reasons: tuple[str, ...] = ()
    created: str = field(default_factory=lambda: now())
    ended: str = ""
    is_cancelled: bool = False
    has_passed: bool = False
    has_consent: bool = False
    leg: int = 0
    wake_at: str = ""
    executions: tuple[Execution, ...] = ()
    holds: tuple[tuple[str, str], ...] = ()

    @property
    def is_finished(self) -> bool:
        """Nothing more happens unless somebody asks for it, or a held step's time comes."""
        return self.state in ("done", "holding", "rolled-back", "failed")

    def execution(self, step: str) -> Execution | None:
        """Give what happened to a step, if it was started."""
        return next((found for found in self.executions if found.step == step), None)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a job, in the order of ids."""

    id: int
    at: str
    kind: str
    data: JsonObject

    def as_json(self) -> dict[str, Json]:
        """Give the event as a JSON object."""
        return {"id": self.id, "at": self.at, "kind": self.kind, **self.data}


def now() -> str:
    """Give the present moment as xsd:dateTime."""
    return stamp(datetime.now(UTC))
