"""The fast engine: the search on columns in memory; the graph proves what it finds.

What it says of a binding that it returns (`claims`) is judged again by the graph on the snapshot,
and every verdict is compared (`verification`); a difference is a defect: nothing is returned.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

import numpy as np

from kgservice.model.rdf import Iri, Term, to_text
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.array_judgement import ArrayJudge, Nodes, Verdicts
from kgservice.resolution.compile import Compiler
from kgservice.resolution.component_columns import columns_of
from kgservice.resolution.conditions import Evidence
from kgservice.resolution.frames import frame_of
from kgservice.resolution.joint_columns import reached, sets_of
from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.judgement import BoundOffering, Counts, Mark, Rules
from kgservice.resolution.measured import measured
from kgservice.resolution.options import Columns, Option, Table, table_of
from kgservice.resolution.price_columns import DERIVED, PriceColumns, price_columns
from kgservice.resolution.pricing import commonest_currency, named_currency
from kgservice.resolution.projection import Projection
from kgservice.resolution.queries import Only
from kgservice.resolution.ranking import Bound
from kgservice.resolution.reads import Path, first_properties, joint_paths
from kgservice.resolution.refusals import Refusal
from kgservice.resolution.request import (
    Condition,
    PairLimit,
    Request,
    SumLimit,
    joint_components,
)
from kgservice.resolution.search import Search
from kgservice.resolution.shortage import Unknown, why_unknown
from kgservice.resolution.tallies import counted, refused_offerings, unknown_rows
from kgservice.resolution.worked_queries import evident_statements
from kgservice.store.port import Session


@dataclass(slots=True)
class FastEngine:
    """One request's search on a projection of the session's snapshot.

    Attributes:
        session: The snapshot, for the proofs.
        projection: The same state as columns.
        vocabulary: What the ontology files define.
        request: The request, with its IRI and its day.
        columns: By component name; filled by `prepare`.
        prices: Likewise.
        currency: In which money is ranked.
        deadline: The moment of `time.monotonic()` at which a search gives what it has.
        bound: Set when that happened: what no composition that was not looked at comes before.
        tables: What searches went over, so that the next one with other rules need not make it.
    """

    session: Session
    projection: Projection
    vocabulary: Vocabulary
    request: Request
    columns: dict[str, Columns] = field(default_factory=dict)
    prices: dict[str, PriceColumns] = field(default_factory=dict)
    currency: str = ""
    deadline: float | None = None
    bound: Bound | None = None
    tables: dict[Hashable, tuple[Table, list[Verdicts]]] = field(default_factory=dict)

    name: ClassVar[str] = "fast"

    @property
    def as_of(self) -> date:
        """The day on which the request must hold."""
        return self.request.as_of or date.max

    def prepare(self, only: Mapping[str, Only]) -> None:
        """Make all bindings, price and judge them, and read what joint conditions read."""
        request, projection = self.request, self.projection
        frames, whole = {}, {}
        for component in request.components:
            name = component.name
            frame = frames[name] = frame_of(projection, request, component, only.get(name, Only()))
            priced = whole[name] = price_columns(request, frame, self.vocabulary)
            self.prices[name] = priced if frame.whole is None else priced.at(frame.places)
        self.currency = (
            self.currency or named_currency(request) or commonest_currency(self._currencies())
        )
        judge = self.judge()
        for name, frame in frames.items():
            self.columns[name] = columns_of(request, frame, whole[name], judge, self.currency)

    def judge(self) -> ArrayJudge:
        """Make a judge of conditions on the request's day."""
        return ArrayJudge(self.projection, self.vocabulary, self.as_of, self._ask, self._evident)

    def _currencies(self) -> Mapping[str, int]:
        """Count the known monthly prices in each currency."""
        found: dict[str, int] = {}
        for priced in self.prices.values():
            known = priced.codes[priced.known[KG.monthlyPrice]]
            for code, number in enumerate(np.bincount(known, minlength=1).tolist()):
                if number:
                    currency = priced.currencies[code]
                    found[currency] = found.get(currency, 0) + number
        return found

    def _ask(
        self, condition: Condition, step: PropertyInfo, terms: Sequence[Term]
    ) -> Sequence[bool]:
        """Let the engine test values that only it can compare."""
        test = Compiler(self.vocabulary, self.as_of).test(condition, step, "?value")
        rows = " ".join(f"({place} {to_text(term)})" for place, term in enumerate(terms))
        text = f"SELECT ?n WHERE {{ VALUES (?n ?value) {{ {rows} }} FILTER({test}) }}"
        passed = {int(row["n"][0]) for row in self.session.select(text)}
        return [place in passed for place in range(len(terms))]

    def _evident(self, prop: Iri, evidence: Evidence) -> Iterator[tuple[str, str]]:
        """Let the engine find what is stated on enough evidence."""
        text = evident_statements(prop, evidence)
        for row in self.session.select(text, where="snapshot"):
            yield to_text(row["node"]), to_text(row["value"])

    def search(self, rules: Rules, answers: int) -> list[dict[str, BoundOffering]]:
        """Find the best compositions, best first.

        At the deadline, the best that were found until then; `bound` tells what it did not see.

        Raises:
            Refused: there are too many ways to look at, or there was no time to find one
                (`search-too-large`).
        """
        search = self._search(rules, answers)
        found = search.run() if search else []
        self.bound = search.bound if search else None
        return [self._bound(chosen) for chosen in found]

    def is_feasible(self, rules: Rules) -> bool:
        """Say whether there is any composition."""
        search = self._search(rules, 1)
        return search is not None and search.is_feasible()

    def _search(self, rules: Rules, answers: int) -> Search | None:
        tables: dict[str, Table] = {}
        for name, columns in self.columns.items():
            table = tables[name] = self._table(columns, rules, answers)
            if not len(table):
                return None
        return Search(tables, self._tests(rules), answers, self.deadline)

    def _table(self, columns: Columns, rules: Rules, answers: int) -> Table:
        """Give a component's table; searches that differ elsewhere share it."""
        component = columns.frame.component
        hard = tuple(
            (id(columns.verdicts[constraint.id]), rules.rejects_unknown(constraint))
            for constraint in rules.hard(component)
        )
        key = (component.name, hard, tuple(rules.joint()), answers)
        if key not in self.tables:
            verdicts = [columns.verdicts[constraint.id] for constraint in rules.hard(component)]
            self.tables[key] = (table_of(columns, rules, answers), verdicts)
        return self.tables[key][0]

    def _tests(self, rules: Rules) -> JointTests:
        measures = {
            joint.measure.iri: measured(self.projection, joint.measure.iri)
            for joint in rules.request.together
            if isinstance(joint, PairLimit)
        }
        return JointTests(rules, sets_of(self.projection), self._profiles(), measures)

    def _profiles(self) -> Mapping[int, frozenset[int]]:
        """Give which profiles the rules found compatible; remembered."""
        found = self.projection.remembered.get("profiles")
        if found is None:
            column = self.projection.column(KG.compatibleWith)
            table: dict[int, set[int]] = {}
            for one, other in zip(column.subjects.tolist(), column.values.tolist(), strict=True):
                table.setdefault(one, set()).add(other)
            found = {one: frozenset(others) for one, others in table.items()}
            self.projection.remembered["profiles"] = found
        assert isinstance(found, dict)  # noqa: S101 - for mypy
        return found

    def _bound(self, chosen: Mapping[str, Option]) -> dict[str, BoundOffering]:
        return {
            component.name: self.columns[component.name].frame.binding(chosen[component.name].row)
            for component in self.request.components
        }

    def open_up(self) -> None:
        """Everything is there for any rules."""

    @property
    def ranked_in(self) -> str:
        """The currency in which money is ranked."""
        return self.currency

    def claims(self, found: Sequence[Mapping[str, BoundOffering]]) -> dict[str, dict[str, Mark]]:
        """Say the verdicts on the bindings of what was found; the graph judges them again."""
        claimed = {}
        for one in found:
            for name, binding in one.items():
                row, columns = self.row_of(binding), self.columns[name]
                judged = self.request.constraints_of(columns.frame.component)
                verdicts = {one.id: columns.verdicts[one.id] for one in judged}
                claimed[binding.iri] = {
                    key: _mark(bool(one.met[row]), bool(one.violated[row]))
                    for key, one in verdicts.items()
                }
        return claimed

    def row_of(self, binding: BoundOffering) -> int:
        """Give the row of a binding in the frame of its component."""
        frame = self.columns[binding.component].frame
        node = self.projection.terms.text_number(f"<{binding.offering}>")
        first = int(np.searchsorted(frame.owners, np.flatnonzero(frame.offerings == node)[0]))
        return first + binding.rank

    def counts(self, rules: Rules) -> dict[str, Counts]:
        """Count how each component's offerings fared."""
        return {name: counted(columns, rules) for name, columns in self.columns.items()}

    def unknown(self, rules: Rules) -> Iterator[Unknown]:
        """Go through the unknown conditions of bindings that would do but for them."""
        for columns in self.columns.values():
            for row, constraint in unknown_rows(columns, rules):
                yield columns.frame.binding(row), constraint

    def why(self, binding: BoundOffering, path: Path) -> str:
        """Say why a fact that a condition reads is unknown, as a slug."""
        name = binding.component
        frame = self.columns[name].frame
        row = self.row_of(binding)
        picked = dict(binding.picks).get(path[0].iri.value)
        here = Nodes(self.projection, frame.nodes[row : row + 1])
        _, stated = here.gather(path[0].iri)
        number = int(picked is not None) if path[0].iri in frame.picks else len(stated)
        values = () if path[0].is_derived else reached(here, path)[1]
        price = self.prices[name].price(int(frame.owners[row]))
        return why_unknown(path[0], price, is_reached=bool(len(values)), stated=number)

    def refused(self, rules: Rules) -> tuple[Refusal, ...]:
        """Explain the offerings that were not allowed."""
        found: list[Refusal] = []
        for name, columns in self.columns.items():
            found += refused_offerings(columns, self.prices[name], rules)
        return tuple(found)

    def unoffered(self) -> list[str]:
        """Name the components of whose kind nothing is on offer."""
        return [name for name, columns in self.columns.items() if not len(columns.frame)]


def _mark(is_met: bool, is_violated: bool) -> Mark:
    return Mark.MET if is_met else Mark.VIOLATED if is_violated else Mark.UNKNOWN


def is_covered(request: Request, projection: Projection) -> bool:
    """Say whether the projection can answer; else the graph engine does.

    Not covered: prices as the value of a joint condition, statements of what is computed, and
    conditions on the currency itself, which a binding has from its price.
    """
    derived = [
        joint
        for joint in request.together
        if not isinstance(joint, SumLimit)
        and any(
            path[0].is_derived
            for name in joint_components(joint)
            for path in joint_paths(joint, name)
        )
    ]
    stated = [prop for prop in DERIVED if len(projection.column(prop).subjects)]
    of_currency = any(
        prop == KG.currency
        for component in request.components
        for prop in first_properties(request, component)
    )
    return not (derived or stated or of_currency)
