"""What passes between the loop and a worker plug-in: tasks, their context, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from kgservice.model.errors import InputError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Config: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Task:
    """One leased task, as the service gave it.

    Attributes:
        task: Its id, `<job>.<step>`.
        token: Fencing token, rising with every lease of the task.
        verb: What to do.
        key: Idempotency key: the same key must have the same effect, however often it comes.
        input: The step's input; never holds a secret that is not sealed.
        lease_s: Seconds until the lease ends without a heartbeat.
        service: IRI of the service concerned.
        attempt: How often the task was leased.
    """

    task: str
    token: int
    verb: str
    key: str
    input: Mapping[str, Json]
    lease_s: float = 15.0
    service: str = ""
    attempt: int = 1

    @property
    def job(self) -> str:
        """The job that the task belongs to."""
        return self.task.partition(".")[0]

    @property
    def name(self) -> str:
        """The short name of the service instance that the task is about; may be empty."""
        value = self.input.get("name")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task gave.

    Attributes:
        facts: Public facts; they end in the graph.
        sealed: Ciphertexts (JWE) by audience: `customer`, `worker`.
        sealed_for: Ciphertexts for the workers of components that need this one, by component.
    """

    facts: Mapping[str, Json]
    sealed: Mapping[str, str] = field(default_factory=dict)
    sealed_for: Mapping[str, str] = field(default_factory=dict)


class Sealer(Protocol):
    """The worker's key pair: sealing for others, opening what was sealed for this worker."""

    def seal(self, content: Mapping[str, Json], recipient: Mapping[str, Json]) -> str:
        """Encrypt for the holder of a key."""
        ...

    def open(self, jwe: str) -> dict[str, Json]:
        """Decrypt what was sealed for this worker."""
        ...


class DataChannel(Protocol):
    """Files from worker to worker, past the service."""

    def offer(self, path: Path, key: str) -> dict[str, Json]:
        """Serve a file once; the answer (`url`, `token`, `sha256`, `bytes`) must be sealed."""
        ...

    def fetch(self, offer: Mapping[str, Json], target: Path, context: TaskContext) -> None:
        """Download an offered file, resuming what is there, and check it."""
        ...


class TaskContext(Protocol):
    """What a plug-in may use while it performs a task."""

    @property
    def config(self) -> Config:
        """The worker's configuration file."""
        ...

    @property
    def state_dir(self) -> Path:
        """The worker's own folder."""
        ...

    @property
    def sealer(self) -> Sealer:
        """The worker's key pair."""
        ...

    @property
    def channel(self) -> DataChannel:
        """The data channel."""
        ...

    def progress(self, percent: float, message: str) -> None:
        """Say how far the task is; it goes out with the next heartbeat."""
        ...

    def check(self) -> None:
        """Stop here when the lease is lost, the task is cancelled or the worker stops.

        Raises:
            Refused: `stale-lease` or `task-cancelled`.
            Unavailable: `worker-stopping`.
        """
        ...


class WorkerPlugin(Protocol):
    """A technology: what it can do, and how a task is performed."""

    @property
    def type(self) -> str:
        """Name of the worker's type."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Class IRIs of the components it works on."""
        ...

    @property
    def verbs(self) -> tuple[str, ...]:
        """Verbs of the protocol that it performs."""
        ...

    @property
    def import_formats(self) -> tuple[str, ...]:
        """IRIs of the formats that it can import."""
        ...

    @property
    def export_formats(self) -> tuple[str, ...]:
        """IRIs of the formats that it can export."""
        ...

    def limits(self, config: Config) -> Mapping[str, Json]:
        """Say what bounds this worker, such as the version of its cluster."""
        ...

    def perform(self, task: Task, context: TaskContext) -> TaskResult:
        """Perform a task; the same key again must have the same effect.

        Raises:
            KgError: the task failed; the class of the error says whether it may be tried again.
        """
        ...


def text(values: Mapping[str, Json], name: str, default: str | None = None) -> str:
    """Read a text member.

    Raises:
        InputError: it is absent and has no default, or is no text (`task-input-invalid`).
    """
    value = values.get(name, default)
    if isinstance(value, str):
        return value
    raise _invalid(name, "a text")


def number(values: Mapping[str, Json], name: str, default: int | None = None) -> int:
    """Read a whole number; digits in a text count.

    Raises:
        InputError: as for `text`.
    """
    value = values.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdigit():
        return int(value)
    raise _invalid(name, "a whole number")


def mapping(values: Mapping[str, Json], name: str, *, optional: bool = False) -> Mapping[str, Json]:
    """Read an object.

    Raises:
        InputError: as for `text`.
    """
    value = values.get(name)
    if value is None and optional:
        return {}
    if isinstance(value, Mapping):
        return value
    raise _invalid(name, "an object")


def texts(values: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Read a list of texts; absent is empty and one text is a list of one.

    Raises:
        InputError: as for `text`.
    """
    value = values.get(name) or ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return tuple(str(item) for item in value)
    raise _invalid(name, "a list of texts")


def _invalid(name: str, wanted: str) -> InputError:
    return InputError(f"{name} must be {wanted}.", code="task-input-invalid", at=f"/{name}")
