"""The graph engine: a request's search carried out by the store, one session per resolution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError, Refused
from kgservice.model.price import Price
from kgservice.model.rdf import XSD, Iri, Literal, Row, Term, Triple, typed
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution import queries
from kgservice.resolution.candidates import (
    SCALE,
    candidate_facts,
    candidate_of,
    prune,
    table_facts,
)
from kgservice.resolution.compile import Compiler, date_time
from kgservice.resolution.composing import Round, compose, compose_any, read_compositions
from kgservice.resolution.judgement import (
    BoundOffering,
    Mark,
    Rules,
    read_bindings,
    read_marks,
    survivors,
)
from kgservice.resolution.pricing import price_facts, price_of, read_prices
from kgservice.resolution.queries import Only
from kgservice.resolution.reads import joint_path
from kgservice.resolution.request import Compatible, Request, SumLimit, joint_components
from kgservice.resolution.templates import render
from kgservice.resolution.values import number_of
from kgservice.store.port import Session

MAX_BINDINGS = 20_000
MAX_COMBINATIONS = 500_000
_DURATION = XSD + "duration"


@dataclass(slots=True)
class GraphEngine:
    """One request's search in one session.

    Attributes:
        session: A snapshot with a scratch store.
        vocabulary: What the ontology files define.
        request: The request, with its IRI and its day.
        bindings: By component name; filled by `prepare`.
        marks: Verdict by binding and condition.
        prices: Price by component name and offering.
        table: What joint conditions and the order read.
        concluded: What the rule concluded of the compositions.
        rounds: Number of searches made.
    """

    session: Session
    vocabulary: Vocabulary
    request: Request
    bindings: dict[str, list[BoundOffering]] = field(default_factory=dict)
    marks: dict[str, dict[str, Mark]] = field(default_factory=dict)
    prices: dict[str, dict[str, Price]] = field(default_factory=dict)
    table: dict[str, dict[str, tuple[Term, ...]]] = field(default_factory=dict)
    concluded: list[Triple] = field(default_factory=list)
    rounds: int = 0

    @property
    def as_of(self) -> date:
        """The day on which the request must hold."""
        return self.request.as_of or date.max

    def prepare(self, only: Mapping[str, Only]) -> None:
        """Make all bindings with their facts, prices and verdicts.

        Raises:
            Refused: there are too many bindings for this engine (`too-many-bindings`).
        """
        self._make_bindings(only)
        self._load_prices()
        self._load_durations()
        compiler = self.compiler()
        for constraint in self.request.all_constraints():
            self.session.construct(
                queries.judgement(self.request, constraint, compiler), where="scratch"
            )
        self.marks = read_marks(self.session.select(render("marks")), self.request)
        self._read_table()

    def compiler(self) -> Compiler:
        """Make a compiler for the request's day."""
        return Compiler(self.vocabulary, self.as_of)

    def _make_bindings(self, only: Mapping[str, Only]) -> None:
        request = self.request
        texts: dict[str, None] = {}
        for component in request.components:
            text = queries.candidates(request, component, only.get(component.name, Only()))
            self.session.construct(text)
            texts.update(dict.fromkeys(queries.facts(request, component)))
        self.bindings = read_bindings(self.session.select(queries.bindings(request)), request)
        number = sum(len(bindings) for bindings in self.bindings.values())
        if number > MAX_BINDINGS:
            raise _too_many("bindings", number, MAX_BINDINGS)
        for text in texts:
            self.session.construct(text)
        self.session.construct(queries.binding_facts(request), where="scratch")

    def _load_prices(self) -> None:
        rows: list[Row] = []
        for kind in sorted({component.kind for component in self.request.components}):
            rows += self.session.select(render("prices", {"kind": kind}), where="snapshot")
        distinct = {tuple(sorted(row.items())): row for row in rows}
        terms = self.session.select(render("offering-terms-of-price"))
        prices = read_prices(distinct.values(), terms, self.vocabulary)
        for component in self.request.components:
            bindings = self.bindings[component.name]
            priced = {
                offering: price_of(self.request, component, offering, prices)
                for offering in sorted({binding.offering for binding in bindings})
            }
            self.prices[component.name] = priced
            self.session.load(price_facts(bindings, priced))

    def _load_durations(self) -> None:
        """Load when each duration ends, since the engine has no calendar arithmetic."""
        entries = []
        for row in self.session.select(render("durations")):
            text = row["value"][0]
            try:
                end = parse_duration(text).after(self.as_of)
            except InputError:
                continue  # compares with nothing, so no condition on it is met
            node = Iri(f"{self.request.iri}/duration/{text}")
            entries.append(Triple(node, KG.lasting, Literal(text, _DURATION)))
            entries.append(Triple(node, KG.endsAt, date_time(end)))
        self.session.load(entries)

    def _read_table(self) -> None:
        for joint in self.request.together:
            for name in joint_components(joint):
                path = joint_path(joint, name)
                if isinstance(joint, Compatible):
                    self._read_ends(joint)
                elif isinstance(joint, SumLimit):
                    self._read_numbers(joint.id, path[0], name, joint.currency)
                else:
                    self.table.setdefault(joint.id, {}).update(self.values(path, (name,)))
        currency = self._currency()
        for number, preference in enumerate(self.request.prefer, start=1):
            for component in self.request.components:
                key = f"prefer.{number}"
                self._read_numbers(key, preference.property, component.name, currency)
        self.session.load(table_facts(self.request, self.table))

    def values(
        self, path: tuple[PropertyInfo, ...], names: Iterable[str]
    ) -> dict[str, tuple[Term, ...]]:
        """Give what a path reaches from the bindings of some components, by binding IRI."""
        found: dict[str, list[Term]] = {}
        for row in self.session.select(queries.path_values(self.request, path, names)):
            found.setdefault(row["binding"][0], []).append(row["value"])
        return {iri: tuple(sorted(set(values))) for iri, values in found.items()}

    def _read_numbers(self, key: str, info: PropertyInfo, name: str, currency: str) -> None:
        path = (info,)
        values = self.values(path, (name,))
        if info.is_money:
            known = self.values((PropertyInfo(KG.currency, "currency", ValueKind.SINGLE),), (name,))
            values = {
                iri: value
                for iri, value in values.items()
                if known.get(iri) == (Literal(currency),)
            }
        column = self.table.setdefault(key, {})
        for iri, found in values.items():
            number = self._scaled(found[0])
            if number is not None:
                column[iri] = (typed(number),)

    def _scaled(self, term: Term) -> int | None:
        if not isinstance(term, Literal):
            return None
        if term.datatype == _DURATION:
            try:
                return int(parse_duration(term.value).after(self.as_of).timestamp()) * SCALE
            except InputError:
                return None
        number = number_of(term)
        scaled = None if number is None else int(Fraction(number) * SCALE)
        return scaled if scaled is not None and abs(scaled) < 10**15 else None

    def _read_ends(self, joint: Compatible) -> None:
        ends = (("given", joint.giver, joint.given), ("taken", joint.taker, joint.taken))
        for end, name, path in ends:
            key = f"{joint.id}.{end}"
            values = self.values(path, (name,))
            self.table.setdefault(key, {}).update(values)
            complete = self.values(_COMPLETE, (name,))
            closed = self.table.setdefault(f"{key}.closed", {})
            for binding in self.bindings[name]:
                is_single = path[0].kind in (ValueKind.SINGLE, ValueKind.CHOICE)
                if path[0].iri in complete.get(binding.iri, ()) or (
                    is_single and binding.iri in values
                ):
                    closed[binding.iri] = (typed(True),)
            self.table.setdefault("profile", {}).update(self.values(_PROFILE, (name,)))

    def _currency(self) -> str:
        """Give the currency in which money is ranked: the request's first, else the commonest."""
        for joint in self.request.together:
            if isinstance(joint, SumLimit) and joint.currency:
                return joint.currency
        for constraint in self.request.all_constraints():
            currency = getattr(constraint.condition, "currency", "")
            if currency:
                return str(currency)
        numbers: dict[str, int] = {}
        for priced in self.prices.values():
            for price in priced.values():
                if price.monthly is not None:
                    code = price.monthly.currency
                    numbers[code] = numbers.get(code, 0) + 1
        return min(numbers, key=lambda code: (-numbers[code], code), default="")

    def search(self, rules: Rules, answers: int) -> list[dict[str, BoundOffering]]:
        """Find the best compositions under some rules, best first.

        Raises:
            Refused: too many combinations are left for this engine (`too-many-bindings`).
        """
        found = self._round(rules, answers)
        if found is None:
            return []
        return read_compositions(self.session.select(compose(found, answers)), found)

    def is_feasible(self, rules: Rules) -> bool:
        """Say whether there is any composition under some rules."""
        found = self._round(rules, 1)
        return found is not None and bool(self.session.select(compose_any(found)))

    def _round(self, rules: Rules, answers: int) -> Round | None:
        """Load a round's candidates; None when some component has none."""
        self.rounds += 1
        chosen = {}
        for component in self.request.components:
            bindings = survivors(component, self.bindings[component.name], self.marks, rules)
            candidates = [
                candidate_of(component, binding, self.marks, self.table, rules)
                for binding in bindings
            ]
            chosen[component.name] = prune(candidates, answers)
            if not bindings:
                return None
        found = Round(rules, self.rounds, chosen, self.table)
        if found.combinations() > MAX_COMBINATIONS:
            raise _too_many("combinations", found.combinations(), MAX_COMBINATIONS)
        facts: list[Triple] = []
        for component in self.request.components:
            name = component.name
            facts += candidate_facts(self.request, component, chosen[name], found.iri_of(name))
        self.session.load(facts)
        return found


_COMPLETE = (PropertyInfo(KG.completeFor, "completeFor", ValueKind.FEATURE),)
_PROFILE = (PropertyInfo(KG.profile, "profile", ValueKind.FEATURE),)


def _too_many(what: str, number: int, limit: int) -> Refused:
    return Refused(
        f"The graph engine would have to look at {number:,} {what}; its limit is {limit:,}.",
        code="too-many-bindings",
        hint="Ask for fewer components or add conditions, so that fewer offerings remain.",
    )
