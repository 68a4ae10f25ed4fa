"""What a plan is made of: steps with their undo, and the values that plans are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.plan.costs import CostLine
from kgservice.plan.ways import Way

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, "Json"]

WORKER_VERBS: Mapping[str, Iri] = {
    iri.value.removeprefix(KG.NS).lower(): iri
    for iri in (
        KG.Provision,
        KG.Observe,
        KG.Adjust,
        KG.Fence,
        KG.Unfence,
        KG.Export,
        KG.Import,
        KG.Verify,
        KG.Hold,
        KG.Erase,
        KG.End,
        KG.RollBack,
    )
}
"""Verbs of the worker protocol: the name on the wire to its term."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A document of terms that the customer agrees to: its address and SHA-256."""

    address: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """A component of a composition and the offering that it is bound to.

    Attributes:
        component: Its name in the request (`db`).
        kind: Class IRI of what is asked for (`kg:PostgreSQL`).
        offering: IRI of the offering.
        provider: IRI of the provider.
        offering_version: As the catalogue says, or empty.
        price: What the customer is shown and accepts, with currency and period.
        requirements: What the worker must make; names as in requests, no secrets.
        needs: Components that must exist before this one; their connection details come to its
            worker.
        terms: Documents that the agreement names.
        notice_period: xsd:duration, or empty when unknown.
        retrieval_period: xsd:duration, or empty when unknown.
        picked: What was picked where the offering leaves a choice: dotted name to a term, as
            `{"iri": …}` or `{"value": …, "datatype": …}`.
        bundle: IRI of the bundle that it is bought in, or empty.
        is_made: It is made by the recipe that stands as offering and provider; it costs nothing
            beside its parts.
    """

    component: str
    kind: str
    offering: str
    provider: str
    offering_version: str = ""
    price: str = ""
    requirements: JsonObject = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    terms: tuple[Terms, ...] = ()
    notice_period: str = ""
    retrieval_period: str = ""
    picked: JsonObject = field(default_factory=dict)
    bundle: str = ""
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class Composition:
    """A verified composition: one binding per component.

    Attributes:
        iri: Its node in the request's graph.
        bindings: In the request's order.
        price: Total, as shown.
        uses: Graphs that its proof rests on, with their versions.
        evidence_until: When the first piece of its evidence expires, xsd:dateTime or empty.
    """

    iri: str
    bindings: tuple[Binding, ...]
    price: str = ""
    uses: Mapping[str, int] = field(default_factory=dict)
    evidence_until: str = ""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service as its graph describes it.

    Attributes:
        iri: The service.
        instance: Name by which its worker knows it.
        binding: What it is bound to now; `requirements` are its present settings.
    """

    iri: str
    instance: str
    binding: Binding


@dataclass(frozen=True, slots=True)
class Performer:
    """One row of `performers.rq`: a worker performs a verb on a kind at a provider."""

    worker: str
    provider: str
    kind: str
    verb: str


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What every plan needs to know.

    Attributes:
        base_iri: The service's base IRI, ending in a slash.
        customer: Name of the customer.
        made: When the plan is made; it counts legal periods from here.
        performers: Who performs what.
        customer_key: Public JWK for connection details.
        valid_for_s: How long the plan may be applied, in seconds.
    """

    base_iri: str
    customer: str
    made: datetime
    performers: tuple[Performer, ...]
    customer_key: JsonObject = field(default_factory=dict)
    valid_for_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Step:
    """One action.

    Attributes:
        name: Unique within the plan and safe in a URL; part of task ids and IRIs.
        verb: Term such as `kg:Fence`.
        service: IRI of the service that it is about.
        provider: Where it happens.
        offering: IRI of the offering concerned, or empty.
        kind: Class IRI; empty for steps that the service performs itself.
        component: Name of the component.
        after: Names of steps that must be completed first.
        undo: Name of the step among `Plan.undo_steps` that takes it back, or empty.
        input: For the worker; no secrets. `{"$fact": "export.sha256"}`, `{"$sealed": "export"}`,
            `{"$workerKey": "import"}` and `{"$clock": "P30D"}` are filled in when it starts.
        not_before: xsd:dateTime before which it must not start, or empty.
        waits: xsd:duration that it waits after the steps before it, or empty.
        point_of_no_return: After it the plan only goes forward.
        leads_to: IRI of the service's state afterwards, or empty.
    """

    name: str
    verb: Iri
    service: str
    provider: str
    offering: str = ""
    kind: str = ""
    component: str = ""
    after: tuple[str, ...] = ()
    undo: str = ""
    input: JsonObject = field(default_factory=dict)
    not_before: str = ""
    waits: str = ""
    point_of_no_return: bool = False
    leads_to: str = ""


@dataclass(frozen=True, slots=True)
class LegalClock:
    """A period that law or contract starts: `notice`, `retrieval`."""

    name: str
    service: str
    period: str
    ends_at: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A saved plan.

    Attributes:
        id: Short and deterministic: the same wish at the same moment gives the same plan.
        iri: Name of its graph.
        action: `kg:Provisioning`, `kg:Move`, `kg:Adjustment` or `kg:Ending`.
        customer: Whose plan it is.
        made: xsd:dateTime.
        expires: xsd:dateTime after which it may not be applied.
        steps: In an order that respects `after`.
        undo_steps: Named by the `undo` of steps.
        composition: The composition's IRI, or empty.
        service: The running service that is changed, or empty.
        uses: Graphs with the versions that it was computed on.
        cost: What it costs, as shown.
        clocks: Legal periods.
        ways: The way that each moved service takes, with what is expected of it.
        costs: What leaving costs, beside `cost`.
    """

    id: str
    iri: str
    action: Iri
    customer: str
    made: str
    expires: str
    steps: tuple[Step, ...]
    undo_steps: tuple[Step, ...] = ()
    composition: str = ""
    service: str = ""
    uses: Mapping[str, int] = field(default_factory=dict)
    cost: str = ""
    clocks: tuple[LegalClock, ...] = ()
    ways: tuple[Way, ...] = ()
    costs: tuple[CostLine, ...] = ()

    def step(self, name: str) -> Step:
        """Give a step or undo step by name.

        Raises:
            KeyError: there is none.
        """
        for step in (*self.steps, *self.undo_steps):
            if step.name == name:
                return step
        raise KeyError(name)
