"""What an explanation asks of an engine beyond the search; both engines say the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

import numpy as np

from kgservice.model.money import Money
from kgservice.model.price import Price
from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.fast_engine import FastEngine
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.resolution import queries
from kgservice.resolution.array_judgement import ArrayJudge, Rows, Verdicts
from kgservice.resolution.frames import Frame
from kgservice.resolution.joint_columns import reached
from kgservice.resolution.judgement import BoundOffering, Mark, Rules, survivors
from kgservice.resolution.options import Columns, surviving
from kgservice.resolution.reads import Path
from kgservice.resolution.relaxations import owners_of
from kgservice.resolution.request import Constraint
from kgservice.resolution.tallies import Rows as Indices
from kgservice.resolution.templates import render
from kgservice.resolution.values import decimal_text


class Explorer(Protocol):
    """Reads of bindings what a search has no need of."""

    def judge(self, constraint: Constraint, rules: Rules) -> None:
        """Judge one more condition, of the rules' request, on what survives the others."""
        ...

    def distinct(self, name: str, path: Path, rules: Rules) -> set[Term]:
        """Give the values that a path reaches from a component's bindings that survive rules."""
        ...

    def values(self, binding: BoundOffering, path: Path) -> tuple[Term, ...]:
        """Give what a path reaches from one binding, sorted; a derived price as its amount."""
        ...

    def number(self, key: str, binding: BoundOffering) -> int | None:
        """Give what a limited sum reads at a binding, in whole millionths."""
        ...

    def price(self, binding: BoundOffering) -> Price:
        """Give what a binding costs."""
        ...

    def mark(self, binding: BoundOffering, identity: str) -> Mark:
        """Give the verdict on one condition."""
        ...


def explorer_of(engine: SearchEngine) -> Explorer:
    """Give the explorer of an engine that is prepared and opened up."""
    if isinstance(engine, FastEngine):
        return FastExplorer(engine)
    assert isinstance(engine, GraphEngine)  # noqa: S101 - for mypy
    return GraphExplorer(engine)


def derived_money(price: Price, prop: PropertyInfo) -> Money | None:
    """Give a derived price; None when it is unknown."""
    return {
        KG.monthlyPrice: price.monthly,
        KG.oneTimePrice: price.one_time,
        KG.totalPrice: price.total,
    }[prop.iri]


@dataclass(frozen=True, slots=True)
class GraphExplorer:
    """Reads from the graph engine's scratch store."""

    engine: GraphEngine

    def judge(self, constraint: Constraint, rules: Rules) -> None:
        """Judge one more condition, on every binding."""
        engine, request = self.engine, rules.request
        text = queries.judgement(request, constraint, engine.compiler())
        engine.session.construct(text, where="scratch")
        for name in owners_of(request, constraint):
            for binding in engine.bindings[name]:
                engine.marks[binding.iri][constraint.id] = Mark.MET
        node = Iri(request.iri_of(constraint.id))
        for row in engine.session.select(render("marks-of", {"constraint": node})):
            mark = Mark(row["verdict"][0].removeprefix(KG.NS))
            engine.marks[row["binding"][0]][constraint.id] = mark

    def distinct(self, name: str, path: Path, rules: Rules) -> set[Term]:
        """Give the values that a path reaches from a component's bindings that survive rules."""
        engine = self.engine
        component = next(c for c in engine.request.components if c.name == name)
        left = survivors(component, engine.bindings[name], engine.marks, rules)
        return {value for binding in left for value in self.values(binding, path)}

    def values(self, binding: BoundOffering, path: Path) -> tuple[Term, ...]:
        """Give what a path reaches from one binding, sorted; a derived price as its amount."""
        if path[0].is_derived:
            return _amounts(self.price(binding), path[0])
        return self.engine.values(path, binding.component).get(binding.iri, ())

    def number(self, key: str, binding: BoundOffering) -> int | None:
        """Give what a limited sum reads at a binding, in whole millionths."""
        values = self.engine.table[key].get(binding.iri)
        return int(values[0][0]) if values else None

    def price(self, binding: BoundOffering) -> Price:
        """Give what a binding costs."""
        return self.engine.prices[binding.component][binding.offering]

    def mark(self, binding: BoundOffering, identity: str) -> Mark:
        """Give the verdict on one condition."""
        return self.engine.marks[binding.iri][identity]


def _amounts(price: Price, prop: PropertyInfo) -> tuple[Term, ...]:
    money = derived_money(price, prop)
    return (Literal(decimal_text(Decimal(money.amount)), prop.datatype),) if money else ()


@dataclass(frozen=True, slots=True)
class FastExplorer:
    """Reads from the fast engine's columns."""

    engine: FastEngine
    judges: list[ArrayJudge] = field(default_factory=list)

    def judge(self, constraint: Constraint, rules: Rules) -> None:
        """Judge one more condition on the bindings that survive the others; elsewhere unknown."""
        if not self.judges:
            self.judges.append(self.engine.judge())
        active = rules.active - {constraint.id}
        for name in owners_of(rules.request, constraint):
            columns = self.engine.columns[name]
            rows = np.flatnonzero(surviving(columns, Rules(rules.request, active)))
            found = self.judges[0].once(
                constraint, _at(columns.frame, rows), self.engine.prices[name]
            )
            verdicts = Verdicts(*(np.zeros(len(columns.frame), np.bool_) for _ in range(2)))
            verdicts.met[rows], verdicts.violated[rows] = found.met, found.violated
            columns.verdicts[constraint.id] = verdicts

    def distinct(self, name: str, path: Path, rules: Rules) -> set[Term]:
        """Give the values that a path reaches from a component's bindings that survive rules."""
        columns = self.engine.columns[name]
        rows = np.flatnonzero(surviving(columns, rules))
        frame = _at(columns.frame, rows)
        if path[0].is_derived:
            amounts = self.engine.prices[name].amounts(path[0].iri, np.unique(frame.owners))
            return {
                Literal(decimal_text(Decimal(money.amount)), path[0].datatype) for money in amounts
            }
        _, values = reached(Rows(self.engine.judge().reading(path), frame.nodes, frame), path)
        return {self.engine.projection.terms.term(int(n)) for n in np.unique(values)}

    def values(self, binding: BoundOffering, path: Path) -> tuple[Term, ...]:
        """Give what a path reaches from one binding, sorted; a derived price as its amount."""
        if path[0].is_derived:
            return _amounts(self.price(binding), path[0])
        columns, row = self._place(binding)
        frame = _at(columns.frame, np.array([row]))
        _, values = reached(Rows(self.engine.judge().reading(path), frame.nodes, frame), path)
        return tuple(sorted({self.engine.projection.terms.term(int(n)) for n in values}))

    def number(self, key: str, binding: BoundOffering) -> int | None:
        """Give what a limited sum reads at a binding, in whole millionths."""
        columns, row = self._place(binding)
        numbers = columns.numbers[key]
        return int(numbers.values[row]) if numbers.known[row] else None

    def price(self, binding: BoundOffering) -> Price:
        """Give what a binding costs."""
        columns, row = self._place(binding)
        return self.engine.prices[binding.component].price(int(columns.frame.owners[row]))

    def mark(self, binding: BoundOffering, identity: str) -> Mark:
        """Give the verdict on one condition."""
        columns, row = self._place(binding)
        verdicts = columns.verdicts[identity]
        if verdicts.met[row]:
            return Mark.MET
        return Mark.VIOLATED if verdicts.violated[row] else Mark.UNKNOWN

    def _place(self, binding: BoundOffering) -> tuple[Columns, int]:
        return self.engine.columns[binding.component], self.engine.row_of(binding)


def _at(frame: Frame, rows: Indices) -> Frame:
    """Give some rows of a frame as a frame of the same offerings."""
    return replace(
        frame,
        owners=frame.owners[rows],
        picks={prop: picked[rows] for prop, picked in frame.picks.items()},
        ranks=frame.ranks[rows],
    )
