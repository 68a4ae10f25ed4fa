"""The way out that is kept for services that ask for it: found, planned, saved, renewed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from kgservice.model.duration import parse_duration
from kgservice.model.errors import KgError, NotFound
from kgservice.model.rdf import Iri, Literal, Row, Term, to_text
from kgservice.model.terms import KG
from kgservice.mpli.access import Caller
from kgservice.mpli.adjusting import moved_to
from kgservice.mpli.application import Application
from kgservice.mpli.kept_exits import KeptExit, forget_plan, kept_exit, save_exit
from kgservice.mpli.limits import require_within_limits
from kgservice.mpli.move_terms import reachable
from kgservice.mpli.plans import bind, get_plan, plan_context, present_versions, save_plan
from kgservice.mpli.resolve import ResolvedComposition, Restriction, resolve
from kgservice.mpli.services import KnownService, customer_key_of
from kgservice.mpli.situations import Situation, picks_of, require_offerings, situation_of
from kgservice.plan import Composition, Plan, Rearrangement, plan_rearrangement
from kgservice.plan.checks import require_fresh
from kgservice.plan.clocks import stamp
from kgservice.resolution.minimal_change import Standing, with_picks
from kgservice.resolution.request import Constraint, Exit, NoneOf, Policy, Request

MOST_TOO_SLOW = 10
"""Targets that are passed over because the way to them takes too long."""


def current_exit(application: Application, caller: Caller, service: KnownService) -> KeptExit:
    """Give a service's exit as it is now; one that rests on what has changed is worked out anew.

    Raises:
        NotFound: the service's request asks for none (`exit-not-kept`).
    """
    situation = situation_of(application, caller, service)
    request = situation.request
    if request is None or request.exit is None:
        raise NotFound(
            f"No exit is kept for {service.id}: its request asks for none.",
            code="exit-not-kept",
            hint="Write `exit: {within: P30D, different: provider}` and adjust it to that.",
        )
    kept = kept_exit(application, service)
    if kept is not None and _holds(application, caller, kept, service):
        return kept
    found = _work_out(application, situation, service, request)
    if kept is None or replace(kept, checked=found.checked) != found:
        save_exit(application, service, found)
        if kept is not None:
            forget_plan(application, kept.plan)
    return found


def _holds(application: Application, caller: Caller, kept: KeptExit, service: KnownService) -> bool:
    """Whether a kept exit can be applied as it is; one without a plan is looked for again."""
    if not kept.plan:
        return False
    try:
        plan = get_plan(application, caller, kept.plan)
        require_fresh(plan, present_versions(application, plan.uses), application.now())
    except KgError:
        return False
    sources = {s.offering for s in plan.steps if s.verb == KG.Export and s.service == service.iri}
    targets = {s.offering for s in plan.steps if s.verb == KG.Provision}
    return sources == {service.offering} and targets <= reachable_any(application, plan)


def reachable_any(application: Application, plan: Plan) -> set[str]:
    """Give what the services of a plan can still be moved to."""
    sources = {step.offering for step in plan.steps if step.verb == KG.Export}
    return {target for source in sources for target in reachable(application, source)}


def _work_out(
    application: Application, situation: Situation, service: KnownService, request: Request
) -> KeptExit:
    checked = stamp(application.now())
    try:
        require_offerings(application, situation.services.values())
        plan, state = _plan(application, situation, service, request)
    except KgError as error:
        return KeptExit(service.iri, "none", "", error.detail, checked)
    if plan is None:
        return KeptExit(service.iri, state, "", _NOT_FOUND[state], checked)
    return KeptExit(service.iri, state, plan.iri, "", checked)


_NOT_FOUND = {
    "none": "No other place meets the request and can be reached.",
    "too-slow": "Every way out that was looked at takes longer than the request allows.",
}


def _plan(
    application: Application, situation: Situation, service: KnownService, request: Request
) -> tuple[Plan | None, str]:
    leaving = Leaving(application, situation, request)
    names = leaving.with_the_same(service.component)
    wanted = request.exit
    within = parse_duration(wanted.within) if wanted and wanted.within else None
    now = application.now()
    limit = (within.after(now.date()) - _midnight(now)).total_seconds() if within else None
    passed_over: set[str] = set()
    for _ in range(MOST_TOO_SLOW):
        chosen = leaving.best(names, passed_over)
        if chosen is None:
            return None, "too-slow" if passed_over else "none"
        plan = leaving.plan(service, names, chosen)
        slow = {
            step.offering
            for way in plan.ways
            for step in plan.steps
            if way.work and limit is not None and Fraction(way.work) > limit
            if step.verb == KG.Provision and step.service == way.service
        }
        if not slow:
            is_proven = limit is None or all(way.work for way in plan.ways)
            return save_plan(application, plan), "ready" if is_proven else "unproven"
        passed_over |= slow
    return None, "too-slow"


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A situation in which some services must go where something is different."""

    application: Application
    situation: Situation
    request: Request

    @property
    def wanted(self) -> Exit:
        """What must differ."""
        if self.request.exit is None:
            raise NotFound("The request asks for no exit.", code="exit-not-kept")
        return self.request.exit

    def with_the_same(self, component: str) -> frozenset[str]:
        """Name the components that share what a component must leave: they leave together."""
        mine = set(self._values(component))
        return frozenset(
            name
            for name in self.situation.services
            if name == component or mine & set(self._values(name))
        )

    def _values(self, component: str) -> list[Term]:
        """Give what a service has now of what must differ."""
        service = self.situation.services[component]
        picked = picks_of(service).get(self.wanted.name)
        if picked is not None:
            return [picked]
        path = "/".join(f"<{step.iri.value}>" for step in self.wanted.different)
        query = f"SELECT DISTINCT ?v {{ {to_text(Iri(service.offering))} {path} ?v }} ORDER BY ?v"
        rows: list[Row] = self.application.store.read(query)
        return [row["v"] for row in rows]

    def best(self, names: frozenset[str], passed_over: set[str]) -> ResolvedComposition | None:
        """Give the best composition in which these components differ and the others stay."""
        standing = {
            name: Standing(one.offering, picks_of(one))
            for name, one in self.situation.services.items()
        }
        staying = frozenset(standing) - names
        among = {
            name: sorted(reachable(self.application, standing[name].offering) - passed_over)
            for name in names
        }
        if not all(among.values()):
            return None
        pins = {name: standing[name].offering for name in staying}
        answer = resolve(
            self.application.store,
            self.application.vocabulary,
            replace(self._elsewhere(names, standing, staying), answers=1),
            base_iri=self.application.base_iri,
            limits=Restriction(pins, among, is_explained=False),
            projector=self.application.projector,
        )
        return answer.compositions[0] if answer.compositions else None

    def _elsewhere(
        self, names: frozenset[str], standing: Mapping[str, Standing], staying: frozenset[str]
    ) -> Request:
        kept = with_picks(self.request, standing, staying, self.application.vocabulary)
        components = tuple(
            replace(part, constraints=(*part.constraints, self._other_than(part.name)))
            if part.name in names
            else part
            for part in kept.components
        )
        return replace(kept, components=components)

    def _other_than(self, name: str) -> Constraint:
        values = tuple(one for one in self._values(name) if isinstance(one, Iri | Literal))
        return Constraint(
            id=f"{name}.exit",
            path=self.wanted.different,
            condition=NoneOf(values),
            policy=Policy.REJECT,
        )

    def plan(
        self, service: KnownService, names: frozenset[str], chosen: ResolvedComposition
    ) -> Plan:
        """Plan the way there.

        Raises:
            Refused: a worker or a way is missing.
        """
        key = customer_key_of(self.application, service)
        context = plan_context(self.application, service.customer, key)
        parts = {part.name: part for part in self.request.components}
        moved = []
        for name in sorted(names):
            now = self.situation.running[name]
            target = require_within_limits(
                self.application, bind(self.application, parts[name], chosen)
            )
            settings = {**now.binding.requirements, **target.requirements}
            target = replace(target, requirements=settings)
            moved.append(moved_to(self.application, now, target, context))
        change = Rearrangement(
            composition=Composition(
                iri=chosen.iri,
                bindings=(),
                price=chosen.price_text,
                uses=chosen.uses,
                evidence_until=chosen.evidence_until,
            ),
            situation=self.situation.iri,
            kept=tuple(one.iri for one in self.situation.services.values()),
            moved=tuple(moved),
        )
        return plan_rearrangement(change, context)
