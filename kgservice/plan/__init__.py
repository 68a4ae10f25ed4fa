"""Composition in, ordered reversible steps out; pure."""

from kgservice.plan.change import (
    plan_adjustment,
    plan_ending,
    plan_observation,
    plan_repair,
)
from kgservice.plan.checks import missing_workers, require_fresh, require_sound, require_workers
from kgservice.plan.costs import ChargeRule, CostLine, Leaving, LeavingTerms, leaving_costs
from kgservice.plan.document import to_json, to_text
from kgservice.plan.graph import from_triples, to_triples
from kgservice.plan.move import plan_move
from kgservice.plan.nodes import step_iri
from kgservice.plan.provisioning import plan_provisioning
from kgservice.plan.rearranging import Adjusted, Moved, Rearrangement, plan_rearrangement
from kgservice.plan.rehearsing import plan_rehearsal
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
from kgservice.plan.ways import MovePath, Pace, Way, best_way

__all__ = [
    "WORKER_VERBS",
    "Adjusted",
    "Binding",
    "ChargeRule",
    "Composition",
    "CostLine",
    "Json",
    "JsonObject",
    "Leaving",
    "LeavingTerms",
    "LegalClock",
    "MovePath",
    "Moved",
    "Pace",
    "Performer",
    "Plan",
    "PlanContext",
    "Rearrangement",
    "RunningService",
    "Step",
    "Terms",
    "Way",
    "best_way",
    "from_triples",
    "leaving_costs",
    "missing_workers",
    "plan_adjustment",
    "plan_ending",
    "plan_move",
    "plan_observation",
    "plan_provisioning",
    "plan_rearrangement",
    "plan_rehearsal",
    "plan_repair",
    "require_fresh",
    "require_sound",
    "require_workers",
    "step_iri",
    "to_json",
    "to_text",
    "to_triples",
]
