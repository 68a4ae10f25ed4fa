"""Chores: durable jobs of one piece that may be repeated, such as a sync; no plan, no undo."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from kgservice.jobs.journal import Journal
from kgservice.jobs.values import ACTIVE, Job
from kgservice.model.errors import KgError

_LOG = logging.getLogger("kgservice.jobs")

Tell: TypeAlias = Callable[[str], None]
"""Journals in a few words how far the work is."""

Handler: TypeAlias = Callable[[str, Tell], str]
"""Does the work for a subject, as often as it is called; says in a few words what came of it."""


class Chores:
    """Opens and runs chores; which ones there are is given by their handlers."""

    def __init__(self, journal: Journal, handlers: Mapping[str, Handler]) -> None:
        """Journal in `journal`; `handlers` by the IRI of the action."""
        self._journal = journal
        self._handlers = handlers
        self._opening = threading.Lock()

    def is_chore(self, job: Job) -> bool:
        """Say whether a job is a chore."""
        return job.action in self._handlers

    def open(self, action: str, subject: str, customer: str) -> Job:
        """Journal a chore; while one of the same action and subject runs, it is given instead."""
        with self._opening:
            for running in self._journal.jobs(ACTIVE):
                if (running.action, running.plan) == (action, subject):
                    return running
            identity = secrets.token_hex(6)
            job = Job(
                id=identity,
                plan=subject,
                action=action,
                customer=customer,
                services=(),
            )
            return self._journal.job(self._journal.open(job, identity))

    def run(self, identity: str) -> str:
        """Do a chore and journal its end; gives the state that it ended in."""
        job = self._journal.job(identity)
        try:
            said = self._handlers[job.action](job.plan, partial(self._tell, identity))
        except KgError as error:
            return self._end(identity, "failed", f"{error.detail} [{error.code}]")
        except Exception as error:
            _LOG.exception("chore %s failed", identity)
            return self._end(identity, "failed", f"a defect: {type(error).__name__}")
        self._journal.note(identity, "said", "outcome", {"message": said})
        return self._end(identity, "done", "")

    def _tell(self, identity: str, message: str) -> None:
        self._journal.note(identity, f"told:{message}", "progress", {"message": message})

    def _end(self, identity: str, state: str, reason: str) -> str:
        self._journal.move_to(identity, state, (reason,) if reason else ())
        return state
