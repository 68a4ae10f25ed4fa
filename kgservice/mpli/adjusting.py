"""Adjust a whole situation to a changed request, touching as few services as possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

from kgservice.model.errors import Refused
from kgservice.model.rdf import Term
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import worker_requirements
from kgservice.mpli.limits import require_sold, require_within_limits
from kgservice.mpli.move_terms import amount_of, costs_of_leaving, reachable, ways_between
from kgservice.mpli.plans import bind, plan_context, save_plan
from kgservice.mpli.projecting import Projector
from kgservice.mpli.request_answers import keep_answer
from kgservice.mpli.resolve import (
    Resolution,
    ResolvedComposition,
    Restriction,
    check_with_reference,
    is_possible,
    resolve,
    ruled_out,
)
from kgservice.mpli.services import KnownService, customer_key_of
from kgservice.mpli.situations import Situation, picks_of, require_offerings, situation_of
from kgservice.plan import (
    Adjusted,
    Binding,
    Composition,
    Json,
    Moved,
    Plan,
    PlanContext,
    Rearrangement,
    RunningService,
    best_way,
    plan_rearrangement,
)
from kgservice.resolution.minimal_change import Standing, smallest_change, with_picks
from kgservice.resolution.request import Component, Request
from kgservice.store.port import Store


def plan_situation(
    application: Application, caller: Caller, service: KnownService, wanted: requests.SavedRequest
) -> Plan:
    """Plan the smallest change that makes a service's situation meet a request.

    Fewest services go elsewhere, then fewest are touched at all, then the request's own order
    decides. Components that the request does not have any more end; new ones are provisioned.

    Raises:
        Refused: the request is not feasible (`infeasible`), it is only without the services that
            run (`change-infeasible`), nothing changes (`nothing-to-do`), or a step has no worker
            or a move no path, or a recipe makes one of them (`made-by-recipe`).
    """
    present = situation_of(application, caller, service)
    require_offerings(application, present.services.values())
    wish = _wish(present, wanted.request)
    standing = {name: _standing(wish.present, part) for name, part in wish.lasting.items()}
    search = Search(application, wish.request, standing)
    found = search.smallest()
    keep_answer(application, wanted, search.answers[found.moved])
    context = plan_context(application, service.customer, customer_key_of(application, service))
    change = _rearrangement(application, wish, found, context)
    if change.is_nothing:
        raise Refused("The situation already is as you wish.", code="nothing-to-do")
    return save_plan(application, plan_rearrangement(change, context))


class _How(TypedDict):
    base_iri: str
    limits: Restriction
    projector: Projector


@dataclass(frozen=True, slots=True)
class Wish:
    """What is there and what is asked for.

    Attributes:
        present: The situation as it is.
        request: What is asked for now.
        lasting: The components of the request that run already.
    """

    present: Situation
    request: Request
    lasting: Mapping[str, Component]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which components go elsewhere, and the composition that this leads to."""

    moved: frozenset[str]
    composition: ResolvedComposition


def _wish(present: Situation, request: Request) -> Wish:
    lasting = {
        part.name: part
        for part in request.components
        if part.name in present.services and present.services[part.name].kind == part.kind.value
    }
    return Wish(present, request, lasting)


@dataclass(slots=True)
class Search:
    """Resolves a request with some services left where they are."""

    application: Application
    request: Request
    standing: Mapping[str, Standing]
    answers: dict[frozenset[str], Resolution] = field(default_factory=dict)

    def smallest(self) -> Outcome:
        """Find the smallest change and judge it once more by the reference.

        Raises:
            Refused: there is none (`infeasible`, `change-infeasible`).
        """
        found = smallest_change(self.standing, self.attempt, self.can_stay, self.ruled_out())
        if found is None:
            raise _refusal(self.application, self.request)
        outcome = Outcome(*found)
        asked = self.request_with(frozenset(self.standing) - outcome.moved)
        store, vocabulary = self.application.store, self.application.vocabulary
        check_with_reference(store, vocabulary, asked, outcome.composition)
        return outcome

    def request_with(self, staying: frozenset[str]) -> Request:
        """Give the request with what was picked for those that stay."""
        return with_picks(self.request, self.standing, staying, self.application.vocabulary)

    def attempt(self, moved: frozenset[str]) -> ResolvedComposition | None:
        """Give the best composition in which these services go and the others stay."""
        limits = self._limits(frozenset(self.standing) - moved, may_stay=False)
        asked = self.request_with(frozenset(self.standing) - moved)
        if limits is None or not is_possible(*self._where, asked, **self._how(limits)):
            return None
        answer = resolve(*self._where, replace(asked, answers=1), **self._how(limits))
        self.answers[moved] = answer
        return answer.compositions[0] if answer.compositions else None

    def ruled_out(self) -> frozenset[str]:
        """Name the services that violate a condition of their own where they are."""
        everything = frozenset(self.standing)
        limits = self._limits(everything, may_stay=True)
        if limits is None or not everything:
            return frozenset()
        asked = self.request_with(everything)
        return ruled_out(*self._where, asked, **self._how(limits)).intersection(everything)

    def can_stay(self, name: str) -> bool:
        """Say whether there is any composition in which this service stays."""
        staying = frozenset((name,))
        limits = self._limits(staying, may_stay=True)
        asked = self.request_with(staying)
        return limits is not None and is_possible(*self._where, asked, **self._how(limits))

    def _limits(self, staying: frozenset[str], *, may_stay: bool) -> Restriction | None:
        """Say where services may be; None when one that must go cannot go anywhere."""
        among = {}
        for name in self.standing.keys() - staying:
            offering = self.standing[name].offering
            targets = reachable(self.application, offering) - {offering}
            among[name] = sorted(targets | {offering} if may_stay else targets)
        pins = {name: self.standing[name].offering for name in staying}
        return Restriction(pins, among, is_explained=False) if all(among.values()) else None

    @property
    def _where(self) -> tuple[Store, Vocabulary]:
        return self.application.store, self.application.vocabulary

    def _how(self, limits: Restriction) -> _How:
        return {
            "base_iri": self.application.base_iri,
            "limits": limits,
            "projector": self.application.projector,
        }


def _standing(present: Situation, part: Component) -> Standing:
    service = present.services[part.name]
    picked = picks_of(service)
    return Standing(service.offering, picked, bool(_changes(present, part, picked)))


def _changes(present: Situation, part: Component, picked: Mapping[str, Term]) -> dict[str, Json]:
    """Say which settings of a service that stays differ from what is asked for now.

    What was asked for before in the same words stays as it is, also where it was adjusted since.
    """
    settings = present.running[part.name].binding.requirements
    before: dict[str, Json] = {}
    if present.request is not None:
        known = {one.name: one for one in present.request.components}
        if part.name in known:
            before = worker_requirements(known[part.name], picked)
    asked = worker_requirements(part, picked)
    return {
        name: value
        for name, value in asked.items()
        if settings.get(name) != value and before.get(name) != value
    }


def _rearrangement(
    application: Application, wish: Wish, found: Outcome, context: PlanContext
) -> Rearrangement:
    present, chosen = wish.present, found.composition
    new = [part for part in wish.request.components if part.name not in wish.lasting]
    adjusted = []
    for name in sorted(wish.lasting.keys() - found.moved):
        changes = _changes(present, wish.lasting[name], picks_of(present.services[name]))
        if changes:
            require_sold(application, present.running[name].binding, changes)
            adjusted.append(Adjusted(present.running[name], changes))
    return Rearrangement(
        composition=Composition(
            iri=chosen.iri,
            bindings=tuple(
                require_within_limits(application, bind(application, part, chosen)) for part in new
            ),
            price=chosen.price_text,
            uses=chosen.uses,
            evidence_until=chosen.evidence_until,
        ),
        situation=present.iri,
        kept=tuple(present.services[name].iri for name in sorted(wish.lasting)),
        moved=tuple(
            moved_to(
                application,
                present.running[name],
                _target(application, present, wish.lasting[name], chosen),
                context,
            )
            for name in sorted(found.moved)
        ),
        adjusted=tuple(adjusted),
        ended=tuple(
            present.running[name] for name in sorted(present.services.keys() - wish.lasting.keys())
        ),
    )


def _target(
    application: Application, present: Situation, part: Component, chosen: ResolvedComposition
) -> Binding:
    """Give where a service goes: what is asked for now, and what was adjusted since."""
    target = require_within_limits(application, bind(application, part, chosen))
    settings = present.running[part.name].binding.requirements
    extra = {name: value for name, value in settings.items() if name not in target.requirements}
    return replace(target, requirements={**extra, **target.requirements})


def moved_to(
    application: Application, service: RunningService, target: Binding, context: PlanContext
) -> Moved:
    """Say how a service goes to an offering and what that costs."""
    amount = amount_of(application, service)
    paths = ways_between(application, service.binding.offering, target.offering)
    costs = costs_of_leaving(application, service, context, amount)
    return Moved(service, target, best_way(service.iri, paths, amount), costs)


def _refusal(application: Application, request: Request) -> Refused:
    answer = resolve(
        application.store,
        application.vocabulary,
        request,
        base_iri=application.base_iri,
        projector=application.projector,
    )
    if answer.compositions:
        return Refused(
            "The request is feasible, but not by moving the services that run.",
            code="change-infeasible",
            hint="Provision it beside them (`kg plan`) and end the old ones, or ask for less.",
        )
    return Refused(
        f"The request is {answer.status}; nothing is changed.",
        code="infeasible",
        hint="`kg request explain FILE` tells why.",
        reasons=answer.reasons(),
    )
