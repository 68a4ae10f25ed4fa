"""Durable jobs and worker leases; facts written back."""

from kgservice.jobs.chores import Handler, Tell
from kgservice.jobs.drift import Drift, read_drifts
from kgservice.jobs.figures import Figure
from kgservice.jobs.leases import LeaseTable
from kgservice.jobs.options import JobOptions
from kgservice.jobs.queries import QueryFolder
from kgservice.jobs.runner import JobRunner
from kgservice.jobs.tasks import FAILURE_CLASSES, Lease, TaskEnd, Timing
from kgservice.jobs.values import Event, Execution, Job
from kgservice.jobs.workers import Registration, WorkerIdentity, WorkerRegistry

__all__ = [
    "FAILURE_CLASSES",
    "Drift",
    "Event",
    "Execution",
    "Figure",
    "Handler",
    "Job",
    "JobOptions",
    "JobRunner",
    "Lease",
    "LeaseTable",
    "QueryFolder",
    "Registration",
    "TaskEnd",
    "Tell",
    "Timing",
    "WorkerIdentity",
    "WorkerRegistry",
    "read_drifts",
]
