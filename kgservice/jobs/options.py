"""How jobs are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kgservice.jobs.chores import Handler
from kgservice.jobs.tasks import Timing
from kgservice.model.rdf import Iri


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How jobs are run.

    Attributes:
        queries: Folder of deciding queries that stand in for the packaged ones of their names.
        timing: Times of leases.
        properties: Properties by their names in requests; None means those of the packaged
            vocabulary.
        on_workers_changed: Called after a registration, to derive what follows from it.
        on_drift: Called with the IRI of a service that an observation found to differ.
        chores: What does the work of each kind of chore, by the IRI of the kind.
    """

    queries: Path | None = None
    timing: Timing | None = None
    properties: Mapping[str, Iri] | None = None
    on_workers_changed: Callable[[], None] | None = None
    on_drift: Callable[[str], None] | None = None
    chores: Mapping[str, Handler] = field(default_factory=dict)
