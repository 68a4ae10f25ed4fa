"""Exits as they are kept: a private graph for each service that wants one."""

from __future__ import annotations

from dataclasses import dataclass

from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import KG, PROV, RDF
from kgservice.mpli.application import Application
from kgservice.mpli.services import KnownService
from kgservice.store.port import ChangeKind, GraphChange


@dataclass(frozen=True, slots=True)
class KeptExit:
    """What a way out comes to at present.

    Attributes:
        service: IRI of the service.
        state: `ready`; `unproven`, when no figures tell how long it takes; `too-slow`; `none`.
        plan: IRI of the saved plan, or empty.
        reason: Why there is none, for people; or empty.
        checked: xsd:dateTime at which it was worked out.
    """

    service: str
    state: str
    plan: str = ""
    reason: str = ""
    checked: str = ""


def exit_iri(application: Application, service: KnownService) -> str:
    """Name the graph of a service's kept exit."""
    return f"{application.base_iri}exit/{service.id}"


def kept_exit(application: Application, service: KnownService) -> KeptExit | None:
    """Read a service's kept exit; None when none was worked out yet."""
    iri = exit_iri(application, service)
    values = {
        triple.predicate: str(triple.object[0])
        for triple in application.store.graph(iri, dataset="private")
    }
    if KG.exitState not in values:
        return None
    return KeptExit(
        service.iri,
        values[KG.exitState],
        values.get(KG.exitPlan, ""),
        values.get(KG.reason, ""),
        values.get(PROV.generatedAtTime, ""),
    )


def save_exit(application: Application, service: KnownService, found: KeptExit) -> None:
    """Make this what is kept for a service."""
    node = Iri(exit_iri(application, service))
    triples = [
        Triple(node, RDF.type, KG.KeptExit),
        Triple(node, KG.customer, typed(service.customer)),
        Triple(node, KG.forService, Iri(found.service)),
        Triple(node, KG.exitState, typed(found.state)),
        Triple(node, PROV.generatedAtTime, typed(found.checked, "dateTime")),
    ]
    if found.plan:
        triples.append(Triple(node, KG.exitPlan, Iri(found.plan)))
    if found.reason:
        triples.append(Triple(node, KG.reason, typed(found.reason)))
    application.store.commit([GraphChange(node.value, tuple(triples))], dataset="private")


def forget_plan(application: Application, plan: str) -> None:
    """Delete a superseded plan, unless somebody applied it."""
    if plan and not (application.jobs is not None and application.jobs.job_of_plan(plan)):
        change = GraphChange(plan, kind=ChangeKind.DELETE)
        application.store.commit([change], dataset="private")
