"""The graphs of services: what is agreed, where they run, what was observed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from kgservice.jobs.drift import (
    INSTANCE,
    Drift,
    differences,
    drift_triples,
    made_of,
    read_drifts,
    without_drift,
)
from kgservice.jobs.facts import (
    execution_iri,
    held_bytes,
    observed,
    planned_service,
    with_values,
)
from kgservice.jobs.limits import packaged_properties
from kgservice.jobs.values import Execution, Job
from kgservice.model.rdf import Iri, Literal, Term, Triple, typed
from kgservice.model.terms import DCTERMS, KG, ODRL, PROV, RDF
from kgservice.plan import Json, JsonObject, Plan, Step
from kgservice.plan.building import canonical
from kgservice.store.port import GraphChange, Store

Values = dict[Iri, list[Term]]


class ServiceGraphs:
    """Writes services' graphs. Each write may be repeated: it sets values, it adds none twice.

    One job at a time works on a service, so nobody else changes its graph meanwhile.
    """

    def __init__(
        self, store: Store, base_iri: str, properties: Mapping[str, Iri] | None = None
    ) -> None:
        """Write to the private dataset of `store`.

        `properties` by their names in requests; None means those of the packaged vocabulary.
        """
        self._properties = packaged_properties() if properties is None else properties
        self._store = store
        self._base_iri = base_iri

    def open(self, plan: Plan) -> None:
        """Make the graphs of the services that a plan brings into being."""
        changes = [
            GraphChange(step.service, planned_service(plan, step))
            for step in plan.steps
            if step.verb == KG.Provision
            and step.input.get("purpose") == "service"
            and not self._store.graph(step.service, dataset="private")
        ]
        if changes:
            self._store.commit(changes, dataset="private")

    def record(self, job: Job, plan: Plan, step: Step, execution: Execution) -> None:
        """Write what a completed step means for its service."""
        generated = execution_iri(self._base_iri, job.id, step.name)
        if step.verb == KG.Agree:
            for agreement in agreements(step):
                service = Iri(str(agreement["service"]))
                self._write(service, {}, _agreement(agreement, generated, execution.ended))
            return
        if step.verb == KG.Adopt:
            self._adopt(step)
            return
        service = Iri(step.service)
        present = self._store.graph(step.service, dataset="private")
        values = self._values(job, plan, step, execution, present)
        if step.leads_to:
            values[KG.serviceState] = [Iri(step.leads_to)]
        if values:
            self._write(service, values, [Triple(service, PROV.wasGeneratedBy, generated)])
        if step.verb == KG.Observe:
            made = {**_json(present, service, KG.input), **_json(present, service, KG.made)}
            self._note_drift(service, differences(made, execution.facts), generated, execution)

    def record_absence(self, job: Job, step: Step, execution: Execution) -> None:
        """Write that a service could not be observed: a drift of the whole instance."""
        service = Iri(step.service)
        generated = execution_iri(self._base_iri, job.id, step.name)
        drift = Drift(INSTANCE, "present", execution.reason)
        self._note_drift(service, (drift,), generated, execution)

    def drifts(self, service: str) -> tuple[Drift, ...]:
        """Read what of a service is not as it was made."""
        return read_drifts(self._store.graph(service, dataset="private"), Iri(service))

    def _note_drift(
        self, service: Iri, drifts: tuple[Drift, ...], generated: Iri, execution: Execution
    ) -> None:
        present = self._store.graph(service.value, dataset="private")
        kept = without_drift(present, service)
        new = [*kept, *drift_triples(service, drifts, generated, execution.ended)]
        if set(new) != set(present):
            change = GraphChange(service.value, tuple(dict.fromkeys(new)))
            self._store.commit([change], dataset="private")

    def _adopt(self, step: Step) -> None:
        """Let services belong to a composition and a situation."""
        named = step.input.get("services")
        values: Values = {
            KG.composition: [Iri(str(step.input["composition"]))],
            KG.situation: [Iri(str(step.input["situation"]))],
        }
        for service in named if isinstance(named, list) else ():
            self._write(Iri(str(service)), values, [])

    def set_state(self, service: str, state: Iri) -> None:
        """Set a service's state."""
        self._write(Iri(service), {KG.serviceState: [state]}, [])

    def consent(self, service: str) -> None:
        """Write that the customer consented to erase before the period ends."""
        self._write(Iri(service), {KG.consentedErase: [typed(True)]}, [])

    def invalidate_agreements(self, job: Job, plan: Plan, moment: str) -> None:
        """Mark the agreements of a job that was rolled back."""
        for step in plan.steps:
            if step.verb != KG.Agree or job.execution(step.name) is None:
                continue
            generated = execution_iri(self._base_iri, job.id, step.name)
            for agreement in agreements(step):
                node = _agreement_iri(str(agreement["service"]), generated)
                ended = Triple(node, PROV.invalidatedAtTime, typed(moment, "dateTime"))
                self._write(Iri(str(agreement["service"])), {}, [ended])

    def _values(
        self, job: Job, plan: Plan, step: Step, execution: Execution, present: list[Triple]
    ) -> Values:
        names, service = self._properties, Iri(step.service)
        settings = _json(present, service, KG.input)
        if step.verb == KG.Provision and step.input.get("purpose") == "service":
            return {
                **_place(step),
                KG.made: [typed(canonical(made_of(settings, execution.facts)))],
                **observed(execution.facts, settings, names),
            }
        if step.verb == KG.Observe:
            return {**observed(execution.facts, settings, names), **held_bytes(execution.facts)}
        if step.verb == KG.Adjust:
            changes = step.input.get("changes")
            new = {**settings, **(changes if isinstance(changes, dict) else {})}
            done = {**_json(present, service, KG.made), **made_of(_dict(changes), execution.facts)}
            return {
                KG.input: [typed(canonical(new))],
                KG.made: [typed(canonical(done))],
                **observed(new, new, names),
            }
        if step.verb == KG.CutOver:
            return self._cut_over(job, plan, step, execution)
        if step.verb == KG.Erase:
            return {KG.heldAt: [], KG.consentedErase: []}
        return {}

    def _cut_over(self, job: Job, plan: Plan, step: Step, execution: Execution) -> Values:
        target = next(s for s in plan.steps if s.verb == KG.Provision and s.service == step.service)
        made = job.execution(target.name)
        requirements = target.input.get("requirements")
        facts: JsonObject = made.facts if made else {}
        return {
            **_place(step),
            KG.kind: [Iri(target.kind)],
            KG.input: [typed(canonical(requirements))],
            KG.picked: [typed(canonical(target.input.get("picked") or {}))],
            KG.made: [typed(canonical(made_of(_dict(requirements), facts)))],
            KG.heldAt: [Iri(str(step.input["from"]))],
            KG.writeGap: [typed(str(execution.facts.get("writeGap", 0)), "decimal")],
            **observed(
                facts, requirements if isinstance(requirements, dict) else {}, self._properties
            ),
        }

    def _write(self, service: Iri, values: Mapping[Iri, list[Term]], more: list[Triple]) -> None:
        present = self._store.graph(service.value, dataset="private")
        new = dict.fromkeys([*with_values(present, service, values), *more])
        self._store.commit([GraphChange(service.value, tuple(new))], dataset="private")


def agreements(step: Step) -> Iterator[dict[str, Json]]:
    """Give the agreements that an `agree` step makes."""
    found = step.input.get("agreements")
    for agreement in found if isinstance(found, list) else ():
        if isinstance(agreement, dict):
            yield agreement


def agreement_iris(step: Step, generated: Iri) -> list[str]:
    """Name the agreements that an execution makes."""
    return [_agreement_iri(str(a["service"]), generated).value for a in agreements(step)]


def _agreement_iri(service: str, generated: Iri) -> Iri:
    return Iri(f"{service}#agreement-{generated.value.rsplit('/', 1)[-1].replace('#', '-')}")


def _agreement(agreement: dict[str, Json], generated: Iri, moment: str) -> list[Triple]:
    service = Iri(str(agreement["service"]))
    node = _agreement_iri(service.value, generated)
    triples = [
        Triple(node, RDF.type, ODRL.Agreement),
        Triple(node, ODRL.target, Iri(str(agreement["offering"]))),
        Triple(node, ODRL.assigner, Iri(str(agreement["provider"]))),
        Triple(node, KG.customer, typed(str(agreement["customer"]))),
        Triple(node, KG.ofService, service),
        Triple(node, DCTERMS.issued, typed(moment, "dateTime")),
        Triple(node, PROV.wasGeneratedBy, generated),
    ]
    texts = (
        (KG.offeringVersion, "offeringVersion", "string"),
        (KG.agreedPrice, "price", "string"),
        (KG.noticePeriod, "noticePeriod", "duration"),
        (KG.retrievalPeriod, "retrievalPeriod", "duration"),
    )
    for predicate, name, datatype in texts:
        if agreement.get(name):
            triples.append(Triple(node, predicate, typed(str(agreement[name]), datatype)))
    terms = agreement.get("terms")
    for document in terms if isinstance(terms, list) else ():
        if isinstance(document, dict):
            text = f"{document.get('sha256') or '-'} {document['address']}"
            triples.append(Triple(node, KG.agreementDocument, typed(text)))
    return triples


def _json(present: list[Triple], service: Iri, property_: Iri) -> dict[str, Json]:
    for subject, predicate, value in present:
        if subject == service and predicate == property_ and isinstance(value, Literal):
            return _dict(json.loads(value.value))
    return {}


def _dict(value: object) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}


def _place(step: Step) -> Values:
    return {
        KG.offering: [Iri(step.offering)],
        KG.boundTo: [Iri(step.offering)],
        KG.provider: [Iri(step.provider)],
        KG.instance: [typed(str(step.input["name"]))],
    }
