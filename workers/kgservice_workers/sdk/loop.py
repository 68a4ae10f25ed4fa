"""The lease loop: take a task, keep its lease alive, perform it, report."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from kgservice.model.errors import AccessDenied, InputError, KgError, Refused, Unavailable
from kgservice_workers.sdk.client import ServiceClient
from kgservice_workers.sdk.journal import Journal
from kgservice_workers.sdk.sealing import KeyPair
from kgservice_workers.sdk.values import Config, DataChannel, Json, Task, WorkerPlugin

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0, 5.0)
"""A service that is started again is back in two seconds or three: it is looked for each second."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A plug-in with its configuration and its own folder.

    Attributes:
        plugin: What performs the tasks.
        provider: IRI of the provider.
        config: The configuration file's content.
        state_dir: Folder for key pair, journal and files in transit; nobody else reads it.
        sealer: The key pair.
        channel: The data channel.
        journal: What was done.
    """

    plugin: WorkerPlugin
    provider: str
    config: Config
    state_dir: Path
    sealer: KeyPair
    channel: DataChannel
    journal: Journal


@dataclass(slots=True)
class Context:
    """A task's `TaskContext`, shared with the thread that sends its heartbeats."""

    worker: Worker
    task: Task
    stopping: threading.Event
    interrupted: str = ""
    latest: dict[str, Json] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def config(self) -> Config:
        """See `TaskContext`."""
        return self.worker.config

    @property
    def state_dir(self) -> Path:
        """See `TaskContext`."""
        return self.worker.state_dir

    @property
    def sealer(self) -> KeyPair:
        """See `TaskContext`."""
        return self.worker.sealer

    @property
    def channel(self) -> DataChannel:
        """See `TaskContext`."""
        return self.worker.channel

    def progress(self, percent: float, message: str) -> None:
        """See `TaskContext`."""
        self.latest = {"percent": percent, "message": message}

    def check(self) -> None:
        """See `TaskContext`."""
        if self.interrupted:
            raise Refused("The task was taken away.", code=self.interrupted)
        if self.stopping.is_set():
            raise Unavailable("The worker is stopping.", code="worker-stopping")


class Loop:
    """Takes one task at a time until it is stopped."""

    def __init__(self, worker: Worker, client: ServiceClient, wait_s: float = 20.0) -> None:
        """Serve `worker`; a poll for a task waits up to `wait_s` seconds."""
        self._worker = worker
        self._client = client
        self._wait_s = wait_s
        self._stopping = threading.Event()
        self._busy = False
        self.registered = threading.Event()

    def stop(self) -> None:
        """Take no more tasks; the one at hand stops at its next check and may be tried again."""
        self._stopping.set()

    def run(self) -> None:
        """Register and serve until `stop`; a service that is away is waited for.

        Raises:
            AccessDenied: the token is not accepted.
            InputError: the registration is not accepted.
        """
        iri = self._patiently(self._register)
        while iri is not None and not self._stopping.is_set():
            try:
                task = self._patiently(partial(self._client.lease, iri, self._wait_s))
            except InputError as error:
                if error.code != "worker-unknown":
                    raise
                # The service came back with another data folder.
                iri = self._patiently(self._register)
                continue
            if task is not None:
                _log.info("task %s: %s", task.task, task.verb)
                self._busy = True
                self._serve(task)
                self._busy = False
        _log.info("worker of %s stopped", self._worker.provider)

    @property
    def is_busy(self) -> bool:
        """Whether a task is at hand."""
        return self._busy

    def _register(self) -> str:
        worker = self._worker
        iri = self._client.register(worker.plugin, worker.provider, worker.sealer, worker.config)
        self.registered.set()
        _log.info("registered as %s", iri)
        return iri

    def _serve(self, task: Task) -> None:
        context = Context(self._worker, task, self._stopping)
        beating = threading.Thread(target=self._beat, args=(context,), daemon=True)
        beating.start()
        try:
            report = self._perform(context)
            self._deliver(report, context)
        except Refused as error:
            _log.warning("task %s: %s", task.task, error.code)
        finally:
            context.ended.set()
            beating.join()

    def _perform(self, context: Context) -> Callable[[], None]:
        task, journal = context.task, self._worker.journal
        try:
            result = journal.result(task.key)
            if result is None:
                result = self._worker.plugin.perform(task, context)
                journal.record(task, result)
        except Exception as error:
            failure = describe_failure(error)
            _log.warning("task %s failed: %s %s", task.task, failure["class"], failure["code"])
            return lambda: self._client.fail(task, failure)
        return lambda: self._client.complete(task, result)

    def _beat(self, context: Context) -> None:
        task, sent = context.task, context.latest
        deadline = time.monotonic() + task.lease_s
        # Never past the deadline: then the task may be in other hands.
        while not context.ended.wait(max(0.0, min(task.lease_s / 3, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                context.interrupted = "stale-lease"
                return
            latest = context.latest
            try:
                cancel = self._client.heartbeat(task, latest if latest != sent else {})
            except Unavailable:
                continue
            except KgError:
                context.interrupted = "stale-lease"
                return
            sent, deadline = latest, time.monotonic() + task.lease_s
            if cancel:
                context.interrupted = context.interrupted or "task-cancelled"

    def _deliver(self, report: Callable[[], None], context: Context) -> None:
        # The lease is kept alive until the report has arrived; the journal has it in any case.
        for wait_s in _waits():
            try:
                return report()
            except Unavailable:
                if context.interrupted == "stale-lease" or self._stopping.wait(wait_s):
                    return None
        return None

    def _patiently(self, call: Callable[[], _T]) -> _T | None:
        for wait_s in _waits():
            if self._stopping.is_set():
                return None
            try:
                return call()
            except Unavailable as error:
                _log.info("waiting %.1f s: %s", wait_s, error.code)
                self._stopping.wait(wait_s)
        return None


def describe_failure(error: Exception) -> dict[str, Json]:
    """Say in the protocol's words how a task failed; nothing of an unexpected error is quoted.

    `Unavailable` may be tried again, `AccessDenied` needs the operator, other errors of the tree
    are final. Of any other error the outcome is unknown, and its text may hold a secret.
    """
    if not isinstance(error, KgError):
        name = type(error).__name__
        return {
            "class": "unknownOutcome",
            "code": "worker-error",
            "detail": f"The worker met an unexpected error ({name}).",
        }
    kind = "permanent"
    if isinstance(error, Unavailable):
        kind = "retryable"
    elif isinstance(error, AccessDenied):
        kind = "needsOperator"
    return {"class": kind, "code": error.code, "detail": error.detail}


def _waits() -> Iterator[float]:
    yield from _BACKOFF_S
    while True:
        yield _BACKOFF_S[-1]
