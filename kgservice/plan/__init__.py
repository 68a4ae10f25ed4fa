"""Composition in, ordered reversible steps out; pure."""

from kgservice.plan.change import plan_adjustment, plan_ending
from kgservice.plan.checks import missing_workers, require_fresh, require_sound, require_workers
from kgservice.plan.document import to_json, to_text
from kgservice.plan.graph import from_triples, step_iri, to_triples
from kgservice.plan.move import plan_move
from kgservice.plan.provisioning import plan_provisioning
from kgservice.plan.values import (
    WORKER_VERBS,
    Binding,
    Composition,
    Json,
    JsonObject,
    LegalClock,
    Performer,
    Plan,
    PlanContext,
    RunningService,
    Step,
    Terms,
)

__all__ = [
    "WORKER_VERBS",
    "Binding",
    "Composition",
    "Json",
    "JsonObject",
    "LegalClock",
    "Performer",
    "Plan",
    "PlanContext",
    "RunningService",
    "Step",
    "Terms",
    "from_triples",
    "missing_workers",
    "plan_adjustment",
    "plan_ending",
    "plan_move",
    "plan_provisioning",
    "require_fresh",
    "require_sound",
    "require_workers",
    "step_iri",
    "to_json",
    "to_text",
    "to_triples",
]
