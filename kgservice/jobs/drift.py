"""Drift: an observation that differs from what was made is written down; nothing is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from kgservice.model.rdf import Iri, Literal, Triple, typed
from kgservice.model.terms import KG, PROV, RDF
from kgservice.plan import Json, JsonObject
from kgservice.plan.building import canonical

INSTANCE = "instance"
"""Name of a drift by which the whole instance is not there any more."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as it was made.

    Attributes:
        name: The setting, by its name in requests; `instance` when nothing is left of it.
        planned: What was made, as JSON.
        observed: What was observed, as JSON; for an instance why it could not be.
    """

    name: str
    planned: Json
    observed: Json

    def as_json(self) -> dict[str, Json]:
        """Show it."""
        return {"setting": self.name, "planned": self.planned, "observed": self.observed}


def made_of(requirements: Mapping[str, Json], facts: JsonObject) -> dict[str, Json]:
    """Say what was made: what the worker reported for each requirement, else what was asked."""
    return {
        name: facts[name] if facts.get(name) is not None else value
        for name, value in requirements.items()
    }


def differences(made: Mapping[str, Json], facts: JsonObject) -> tuple[Drift, ...]:
    """Compare an observation with what was made; what was not observed says nothing.

    Numbers are compared by their value. Of a list everything must be there; more does no harm.
    """
    return tuple(
        Drift(name, value, facts[name])
        for name, value in sorted(made.items())
        if facts.get(name) is not None and not _is_as_made(value, facts[name])
    )


def _is_as_made(made: Json, observed: Json) -> bool:
    if isinstance(made, list):
        present = observed if isinstance(observed, list) else [observed]
        return all(any(_same(one, other) for other in present) for one in made)
    return _same(made, observed)


def _same(one: Json, other: Json) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return str(one) == str(other)


def drift_triples(
    service: Iri, drifts: Iterable[Drift], generated: Iri, moment: str
) -> list[Triple]:
    """Write drifts as nodes under the service's IRI."""
    found = []
    for drift in drifts:
        node = Iri(f"{service.value}#drift-{drift.name}")
        found += [
            Triple(service, KG.drift, node),
            Triple(node, RDF.type, KG.Drift),
            Triple(node, KG.setting, typed(drift.name)),
            Triple(node, KG.plannedValue, typed(canonical(drift.planned))),
            Triple(node, KG.observedValue, typed(canonical(drift.observed))),
            Triple(node, PROV.wasGeneratedBy, generated),
            Triple(node, PROV.generatedAtTime, typed(moment, "dateTime")),
        ]
    return found


def without_drift(triples: Iterable[Triple], service: Iri) -> list[Triple]:
    """Give a service's statements without what is said of its drift."""
    prefix = f"{service.value}#drift-"
    return [
        triple
        for triple in triples
        if triple.predicate != KG.drift
        and not (isinstance(triple.subject, Iri) and triple.subject.value.startswith(prefix))
    ]


def read_drifts(triples: Iterable[Triple], service: Iri) -> tuple[Drift, ...]:
    """Read the drifts of a service back, by name."""
    values: dict[str, dict[str, str]] = {}
    prefix = f"{service.value}#drift-"
    for subject, predicate, value in triples:
        is_said = isinstance(subject, Iri) and isinstance(value, Literal)
        if is_said and str(subject[0]).startswith(prefix):
            values.setdefault(str(subject[0]), {})[predicate.value] = str(value[0])
    return tuple(
        Drift(
            one[KG.setting.value],
            json.loads(one[KG.plannedValue.value]),
            json.loads(one[KG.observedValue.value]),
        )
        for _, one in sorted(values.items())
    )
