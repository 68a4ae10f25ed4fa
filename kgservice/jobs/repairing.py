"""After a crash: let the graph say of each job what the journal says."""

from __future__ import annotations

import logging

from kgservice.jobs.chores import Chores
from kgservice.jobs.journal import Journal
from kgservice.jobs.recording import Recorder
from kgservice.jobs.values import ACTIVE
from kgservice.model.errors import InputError

_LOG = logging.getLogger("kgservice.jobs")


def repair(journal: Journal, chores: Chores, recorder: Recorder) -> None:
    """Write the jobs that are not over; one whose plan is gone or broken fails, and holds no other.

    Cost: a commit for each that the graph says something else of.
    """
    for job in journal.jobs((*ACTIVE, "holding")):
        if chores.is_chore(job):
            continue
        try:
            recorder.repair(job.id)
        except InputError as error:
            _LOG.exception("job %s cannot be continued", job.id)
            journal.move_to(job.id, "failed", (str(error.detail),))
