"""One offering in full: for each component every line's verdict, and how it fits with the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kgservice.model.errors import NotFound
from kgservice.model.rdf import Iri, Row
from kgservice.model.terms import KG
from kgservice.mpli.application import Application
from kgservice.mpli.exploring import GraphExplorer
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.opened import Opening
from kgservice.mpli.repricing import reprice
from kgservice.mpli.resolve import Resolution, Restriction, prepared, resolve
from kgservice.resolution.answer import JsonValue, money_json
from kgservice.resolution.assumptions import PriceChange
from kgservice.resolution.judgement import BoundOffering, Mark
from kgservice.resolution.queries import Only
from kgservice.resolution.reasons import Reason
from kgservice.resolution.request import Component, Request
from kgservice.resolution.templates import render
from kgservice.store.port import QueryScope

_ON_OFFER = (KG.Active.value, KG.Launched.value)


@dataclass(frozen=True, slots=True)
class Line:
    """How an offering fares at one line of a request.

    Attributes:
        constraint: Short id.
        mark: The verdict.
        found: What it has there, as text; empty when nothing is stated.
        why: Why it is unknown, as a slug; else empty.
        is_wish: The line ranks and does not exclude.
    """

    constraint: str
    mark: Mark
    found: str
    why: str
    is_wish: bool

    def as_json(self) -> JsonValue:
        """Write it for machines."""
        return {
            "constraint": self.constraint,
            "verdict": self.mark.value,
            "found": self.found,
            "why": self.why,
            "wish": self.is_wish,
        }


@dataclass(frozen=True, slots=True)
class Drilled:
    """What is told of one offering.

    Attributes:
        offering: Its IRI; empty when none was asked for.
        components: What is told for each component, for machines.
        reasons: The same as reasons.
        titles: What it and its provider are called, by IRI.
    """

    offering: str = ""
    components: Mapping[str, JsonValue] = field(default_factory=dict)
    reasons: Sequence[Reason] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> JsonValue:
        """Write it for machines."""
        return {
            "offering": self.offering,
            "title": self.titles.get(self.offering, ""),
            "components": dict(self.components),
        }


def drill(
    application: Application,
    request: Request,
    offering: str,
    answer: Resolution,
    prices: Sequence[PriceChange],
) -> Drilled:
    """Judge one offering for each component of a request, line by line.

    The graph judges it. Where it does for a component, the request is resolved with it pinned
    there, so that it is told whether and for how much it fits with the rest.

    Raises:
        NotFound: there is no such offering (`offering-unknown`).
    """
    named = prepared(request, application.vocabulary, application.base_iri)
    drilling = _Drilling(application, named, offering, tuple(prices))
    return drilling.drilled(answer)


class _Drilling:
    """Drills into one offering."""

    def __init__(
        self,
        application: Application,
        request: Request,
        offering: str,
        prices: tuple[PriceChange, ...],
    ) -> None:
        self.application = application
        self.request = request
        self.offering = offering
        self.prices = prices

    def drilled(self, answer: Resolution) -> Drilled:
        rows = self._standing()
        titles = {self.offering: _first(rows, "title")}
        provider = _first(rows, "provider")
        if provider:
            titles[provider] = _first(rows, "providerName")
        reasons = [
            Reason("offering", "offering-of", {"offering": self.offering, "provider": provider})
        ]
        status = _first(rows, "status")
        if status and status not in _ON_OFFER:
            name = status.rpartition("#")[2]
            reasons.append(Reason("offering", "offering-not-on-offer", {"status": name}))
            return Drilled(self.offering, {}, reasons, titles)
        classes = {row["class"][0] for row in rows}
        components: dict[str, JsonValue] = {}
        for component in self.request.components:
            if component.kind.value not in classes:
                facts: dict[str, JsonValue] = {"component": component.name}
                reasons.append(Reason("offering", "offering-not-of-kind", facts))
                components[component.name] = {"isOfKind": False}
                continue
            told, found = self._component(component, answer)
            components[component.name] = found
            reasons += told
        kept = {iri: title for iri, title in titles.items() if title}
        return Drilled(self.offering, components, reasons, kept)

    def _standing(self) -> list[Row]:
        text = render("offering-standing", {"thing": Iri(self.offering)})
        with self.application.store.session(scope=QueryScope()) as session:
            rows = session.select(text, where="snapshot")
        if not any(row["class"][0] == KG.Offering.value for row in rows):
            raise NotFound(
                f"There is no offering {self.offering}.",
                code="offering-unknown",
                at="?offering",
                hint="`/mpli/v1/offerings` lists them.",
            )
        return sorted(rows, key=lambda row: str(sorted(row.items())))

    def _component(
        self, component: Component, answer: Resolution
    ) -> tuple[list[Reason], JsonValue]:
        lines, picked = self._lines(component)
        hard = [line for line in lines if not line.is_wish]
        marks = [line.mark for line in hard]
        verdict = Mark.MET
        if Mark.VIOLATED in marks:
            verdict = Mark.VIOLATED
        elif Mark.UNKNOWN in marks:
            verdict = Mark.UNKNOWN
        code = {Mark.MET: "meets", Mark.VIOLATED: "fails", Mark.UNKNOWN: "open"}[verdict]
        about: dict[str, JsonValue] = {"component": component.name}
        reasons = [Reason("offering", f"offering-{code}", about)]
        if picked:
            chosen: dict[str, JsonValue] = dict(picked)
            facts: dict[str, JsonValue] = {**about, "configuration": chosen}
            reasons.append(Reason("offering", "offering-configuration", facts))
        reasons += [_line_reason(component.name, line) for line in lines]
        fit, fits = self._fit(component, answer, lines)
        found: JsonValue = {
            "isOfKind": True,
            "verdict": verdict.value,
            "configuration": dict(picked),
            "lines": [line.as_json() for line in lines],
            "together": fits,
        }
        return [*reasons, *fit], found

    def _lines(self, component: Component) -> tuple[list[Line], dict[str, str]]:
        """Judge the offering's best configuration, by the graph."""
        alone = replace(self.request, components=(component,), together=(), prefer=())
        with self.application.store.session(scope=QueryScope()) as opened:
            session = reprice(opened, self.prices)
            engine = GraphEngine(session, self.application.vocabulary, alone)
            engine.prepare({component.name: Only(self.offering)})
            engine.open_up()
            binding = self._best(engine, component)
            opening = Opening(engine, GraphExplorer(engine))
            lines = []
            for constraint in alone.constraints_of(component):
                mark = engine.marks[binding.iri][constraint.id]
                shown = opening.shown(constraint, {component.name: binding})
                why = engine.why(binding, constraint.path) if mark is Mark.UNKNOWN else ""
                found = shown.get(component.name, "")
                lines.append(Line(constraint.id, mark, found, why, constraint.is_wish))
            return lines, opening.picked(component, binding)

    def _best(self, engine: GraphEngine, component: Component) -> BoundOffering:
        hard = [c.id for c in engine.request.constraints_of(component) if not c.is_wish]

        def badness(binding: BoundOffering) -> tuple[int, int, int]:
            marks = [engine.marks[binding.iri][name] for name in hard]
            return marks.count(Mark.VIOLATED), marks.count(Mark.UNKNOWN), binding.rank

        return min(engine.bindings[component.name], key=badness)

    def _fit(
        self, component: Component, answer: Resolution, lines: Sequence[Line]
    ) -> tuple[list[Reason], JsonValue]:
        """Resolve with the offering pinned, where no line forbids it."""
        policies = {c.id: self.request.policy_of(c).value for c in self.request.all_constraints()}
        for line in lines:
            is_out = line.mark is Mark.VIOLATED or (
                line.mark is Mark.UNKNOWN and policies[line.constraint] == "reject"
            )
            if is_out and not line.is_wish:
                return [], None
        for one in answer.compositions:
            if one.offerings[component.name] == self.offering:
                facts: dict[str, JsonValue] = {
                    "component": component.name,
                    "price": money_json(one.monthly),
                    "rank": one.rank,
                }
                return [Reason("offering", "offering-chosen", facts)], facts
        pinned = resolve(
            self.application.store,
            self.application.vocabulary,
            self.request,
            base_iri=self.application.base_iri,
            limits=Restriction(pins={component.name: self.offering}, prices=self.prices),
            projector=self.application.projector,
        )
        about: dict[str, JsonValue] = {"component": component.name}
        if pinned.compositions:
            facts = {**about, "price": money_json(pinned.compositions[0].monthly)}
            return [Reason("offering", "offering-possible", facts)], facts
        conflicts: list[JsonValue] = [list(conflict) for conflict in pinned.conflicts]
        first: list[JsonValue] = list(pinned.conflicts[0]) if pinned.conflicts else []
        reason = Reason("offering", "offering-joint", {**about, "constraints": first})
        return [reason], {**about, "conflicts": conflicts}


def _line_reason(component: str, line: Line) -> Reason:
    facts: dict[str, JsonValue] = {
        "component": component,
        "constraint": line.constraint,
        "verdict": line.mark.value,
        "found": line.found,
        "why": line.why,
    }
    return Reason("offering", "line-wish" if line.is_wish else f"line-{line.mark.value}", facts)


def _first(rows: Sequence[Row], name: str) -> str:
    return min((row[name][0] for row in rows if name in row), default="")
