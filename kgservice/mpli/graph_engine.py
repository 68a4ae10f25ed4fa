"""The graph engine: a request's search carried out by the store, one session per resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from kgservice.model.errors import Refused
from kgservice.model.price import Price
from kgservice.model.rdf import XSD, Row, Term, Triple
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.mpli.joint_table import TableReader
from kgservice.resolution import queries
from kgservice.resolution.candidates import (
    candidate_facts,
    candidate_of,
    is_within,
    products_hold,
    prune,
    spare_offerings,
    table_facts,
)
from kgservice.resolution.compile import Compiler
from kgservice.resolution.composing import Round, compose, compose_any, read_compositions
from kgservice.resolution.duration_ends import duration_ends
from kgservice.resolution.judgement import (
    BoundOffering,
    Counts,
    Mark,
    Rules,
    all_rules,
    count,
    read_bindings,
    read_marks,
    survivors,
    unknown_facts,
)
from kgservice.resolution.pricing import price_facts, price_of, ranking_currency, read_prices
from kgservice.resolution.queries import Only
from kgservice.resolution.reads import Path
from kgservice.resolution.refusals import Refusal, refusals
from kgservice.resolution.request import PairLimit, ProductLimit, Request
from kgservice.resolution.shortage import Unknown, why_unknown
from kgservice.resolution.templates import render
from kgservice.store.port import Session

MAX_BINDINGS = 20_000
MAX_COMBINATIONS = 1_000_000
_DURATION = XSD + "duration"


@dataclass(slots=True)
class GraphEngine:
    """One request's search in one session; the definition of what an answer is.

    Attributes:
        session: A snapshot with a scratch store.
        vocabulary: What the ontology files define.
        request: The request, with its IRI and its day.
        bindings: By component name; filled by `prepare`.
        marks: Verdict by binding and condition.
        prices: Price by component name and offering.
        table: What joint conditions and the order read.
        reader: What the table was read with.
        rounds: Number of searches made.
        currency: In which money is ranked; None until it is known.
    """

    session: Session
    vocabulary: Vocabulary
    request: Request
    bindings: dict[str, list[BoundOffering]] = field(default_factory=dict)
    marks: dict[str, dict[str, Mark]] = field(default_factory=dict)
    prices: dict[str, dict[str, Price]] = field(default_factory=dict)
    table: dict[str, dict[str, tuple[Term, ...]]] = field(default_factory=dict)
    reader: TableReader | None = None
    rounds: int = 0
    currency: str | None = None

    name: ClassVar[str] = "graph"
    bound: ClassVar[None] = None

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
        self._load_prices(only)
        self._load_durations()
        compiler = self.compiler()
        for constraint in self.request.all_constraints():
            self.session.construct(
                queries.judgement(self.request, constraint, compiler), where="scratch"
            )
        self.marks = read_marks(self.session.select(render("marks")), self.request, self.bindings)
        lenient = Rules(self.request, all_rules(self.request).active, is_lenient=True)
        self.read_table(lenient)

    def read_table(self, rules: Rules) -> None:
        """Read what joint conditions and the order read, of the bindings that survive `rules`."""
        chosen = {
            component.name: survivors(component, self.bindings[component.name], self.marks, rules)
            for component in self.request.components
        }
        if self.currency is None:
            priced = (price.monthly for of in self.prices.values() for price in of.values())
            self.currency = ranking_currency(self.request, (m.currency for m in priced if m))
        self.reader = TableReader(self.session, self.request, chosen, self.currency)
        self.table = self.reader.table()
        self.session.load(table_facts(self.request, self.table))

    def compiler(self) -> Compiler:
        """Make a compiler for the request's day."""
        return Compiler(self.vocabulary, self.as_of)

    def _make_bindings(self, only: Mapping[str, Only]) -> None:
        request = self.request
        texts: dict[str, None] = {}
        for component in request.components:
            allowed = only.get(component.name, Only())
            self.session.construct(queries.candidates(request, component, allowed))
            texts.update(dict.fromkeys(queries.facts(request, component, allowed)))
        self.bindings = read_bindings(self.session.select(queries.bindings(request)), request)
        number = sum(len(bindings) for bindings in self.bindings.values())
        if number > MAX_BINDINGS:
            raise _too_many("bindings", number, MAX_BINDINGS)
        for text in texts:
            self.session.construct(text)
        for text in queries.worked_out(request):
            self.session.construct(text, where="scratch")

    def _load_prices(self, only: Mapping[str, Only]) -> None:
        rows: list[Row] = []
        texts = {
            render("prices", {"kind": c.kind}, {"only": only.get(c.name, Only()).pattern()})
            for c in self.request.components
        }
        for text in sorted(texts):
            rows += self.session.select(text, where="snapshot")
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
        rows = self.session.select(render("durations"))
        self.session.load(duration_ends(self.request, self.as_of, rows))

    def values(self, path: Path, name: str) -> dict[str, tuple[Term, ...]]:
        """Give what a path reaches from a component's bindings that are left, by binding IRI."""
        return {} if self.reader is None else self.reader.values(path, name)

    def search(self, rules: Rules, answers: int) -> list[dict[str, BoundOffering]]:
        """Find the best compositions under some rules, best first.

        Raises:
            Refused: too many combinations are left for this engine (`too-many-bindings`).
        """
        wanted = answers
        while True:
            found = self._round(rules, wanted)
            if found is None:
                return []
            rows = read_compositions(self.session.select(compose(found, wanted)), found)
            kept = [one for one in rows if products_hold(rules, one, self.table)]
            if len(rows) < wanted or len(kept) >= answers:
                return kept[:answers]
            wanted *= 2

    def is_feasible(self, rules: Rules) -> bool:
        """Say whether there is any composition under some rules."""
        if any(isinstance(joint, ProductLimit) for joint in rules.joint()):
            return bool(self.search(rules, 1))
        found = self._round(rules, 1)
        return found is not None and bool(self.session.select(compose_any(found)))

    @property
    def ranked_in(self) -> str:
        """The currency in which money is ranked."""
        return self.currency or ""

    def claims(self, found: Sequence[Mapping[str, BoundOffering]]) -> dict[str, dict[str, Mark]]:
        """Say the verdicts on the bindings of what was found."""
        judged = {
            part.name: [constraint.id for constraint in self.request.constraints_of(part)]
            for part in self.request.components
        }
        return {
            b.iri: {key: self.marks[b.iri][key] for key in judged[b.component]}
            for one in found
            for b in one.values()
        }

    def counts(self, rules: Rules) -> dict[str, Counts]:
        """Count how each component's offerings fared."""
        return {
            c.name: count(c, self.bindings[c.name], self.marks, rules)
            for c in self.request.components
        }

    def unknown(self, rules: Rules) -> Iterator[Unknown]:
        """Go through the unknown conditions of bindings that would do but for them."""
        for component in self.request.components:
            yield from unknown_facts(component, self.bindings[component.name], self.marks, rules)

    def why(self, binding: BoundOffering, path: Path) -> str:
        """Say why a fact that a condition reads is unknown, as a slug."""
        price = self.prices[binding.component][binding.offering]
        values = self.values(path, binding.component).get(binding.iri, ())
        plain = (PropertyInfo(path[0].iri, path[0].name, ValueKind.FEATURE),)
        stated = self.values(plain, binding.component).get(binding.iri, ())
        return why_unknown(path[0], price, is_reached=bool(values), stated=len(stated))

    def refused(self, rules: Rules) -> tuple[Refusal, ...]:
        """Explain the offerings that were not allowed."""
        found: list[Refusal] = []
        for component in self.request.components:
            prices = self.prices.get(component.name, {})
            known = {name: p.monthly for name, p in prices.items() if p.monthly is not None}
            found += refusals(component, self.bindings[component.name], self.marks, rules, known)
        return tuple(found)

    def unoffered(self) -> list[str]:
        """Name the components of whose kind nothing is on offer."""
        return [c.name for c in self.request.components if not self.bindings[c.name]]

    def open_up(self) -> None:
        """Prepare for searches in which some conditions are left out."""
        self.read_table(Rules(self.request, frozenset()))  # what fell may stand then

    def _round(self, rules: Rules, answers: int) -> Round | None:
        """Load a round's candidates; None when some component has none."""
        self.rounds += 1
        for joint in rules.joint() + rules.joint_wishes():
            if isinstance(joint, PairLimit) and self.reader is not None:
                self.reader.compare_pairs(joint)
        chosen = {}
        for component in self.request.components:
            bindings = survivors(component, self.bindings[component.name], self.marks, rules)
            candidates = [
                candidate_of(component, binding, self.marks, self.table, rules)
                for binding in bindings
                if all(is_within(joint, binding.iri, self.table) for joint in rules.joint())
            ]
            spare = spare_offerings(rules, component)
            chosen[component.name] = prune(candidates, answers + spare)
            if not candidates:
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


def _too_many(what: str, number: int, limit: int) -> Refused:
    return Refused(
        f"The graph engine would have to look at {number:,} {what}; its limit is {limit:,}.",
        code="too-many-bindings",
        hint="Ask for fewer components or add conditions, so that fewer offerings remain.",
    )
