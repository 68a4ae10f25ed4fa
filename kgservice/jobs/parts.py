"""What the parts of a job's workflow work with, and how they ask the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kgservice.jobs.facts import job_iri
from kgservice.jobs.journal import Journal
from kgservice.jobs.leases import LeaseTable
from kgservice.jobs.queries import QueryFolder
from kgservice.jobs.sealed import SealedStore
from kgservice.jobs.services import ServiceGraphs
from kgservice.jobs.values import Job
from kgservice.jobs.workers import WorkerRegistry
from kgservice.model.errors import NotFound
from kgservice.model.rdf import Blank, Iri, Row, Term, typed
from kgservice.model.terms import KG
from kgservice.plan import Plan, from_triples, step_iri
from kgservice.plan.clocks import moment, stamp
from kgservice.store.port import MERGED_GRAPH, Store

FRESH_S = 120.0
"""A worker that was not seen for so long gets no new steps."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a saga works with; it has no state of its own."""

    store: Store
    base_iri: str
    journal: Journal
    leases: LeaseTable
    sealed: SealedStore
    workers: WorkerRegistry
    services: ServiceGraphs
    queries: QueryFolder
    on_drift: Callable[[str], None] | None = None

    def plan_of(self, job: Job) -> Plan:
        """Read a job's plan from its graph.

        Raises:
            NotFound: the plan is gone (`plan-unknown`).
        """
        triples = self.store.graph(job.plan, dataset="private")
        if not triples:
            raise NotFound(f"There is no plan <{job.plan}>.", code="plan-unknown")
        return from_triples(triples)

    def ask(self, query: str, identity: str, step: str = "") -> list[dict[str, str]]:
        """Ask one of the deciding queries over a job's plan, its graph and the merged graph."""
        job = self.journal.job(identity)
        present = datetime.now(UTC)
        parameters: dict[str, Term] = {
            "plan": Iri(job.plan),
            "job": job_iri(self.base_iri, identity),
            "step": step_iri(job.plan, step),
            "now": typed(stamp(present), "dateTime"),
            "freshSince": typed(stamp(present - timedelta(seconds=FRESH_S)), "dateTime"),
        }
        graphs = (job.plan, job_iri(self.base_iri, identity).value, MERGED_GRAPH)
        text = self.queries.text(query, **parameters)
        return [_plain(row) for row in self.store.read(text, dataset="private", graphs=graphs)]

    def worker_for(self, identity: str, step: str) -> str:
        """Give the worker that will carry out a step; the choice is kept.

        A fresh worker goes before one that was not seen lately; of several the lowest IRI.
        """
        pinned = self.sealed.pinned(identity, step)
        if pinned:
            return pinned
        rows = self.ask("workers-for-step", identity, step)
        limit = stamp(datetime.now(UTC) - timedelta(seconds=FRESH_S))
        fresh = [row for row in rows if stamp(moment(row["seen"])) >= limit]
        chosen = (fresh or rows)[0]["worker"] if rows else ""
        return self.sealed.pin(identity, step, chosen) if chosen else ""


def step_name(iri: str) -> str:
    """Give the name of a step from its IRI."""
    return iri.rsplit("#", 1)[-1]


def services_of(plan: Plan) -> tuple[str, ...]:
    """Name the services that a plan works on, and those that it adopts."""
    if plan.service:
        return (plan.service,)
    adopted = [s.input.get("services") for s in plan.steps if s.verb == KG.Adopt]
    named = [str(one) for many in adopted if isinstance(many, list) for one in many]
    worked_on = [step.service for step in plan.steps if step.kind]
    return tuple(dict.fromkeys((*worked_on, *named)))


def _plain(row: Row) -> dict[str, str]:
    return {name: term.value for name, term in row.items() if not isinstance(term, Blank)}
