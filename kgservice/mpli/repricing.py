"""Prices that are assumed to change: the amounts of price components, wherever they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal as OneOf

import numpy as np

from kgservice.model.rdf import XSD, Iri, Literal, Row, Term, Triple, to_text
from kgservice.model.terms import KG
from kgservice.resolution.assumptions import PriceChange
from kgservice.resolution.projection import Projection, column
from kgservice.resolution.values import decimal_text, number_of
from kgservice.store.port import Columns, Session, Step


@dataclass(slots=True)
class RepricedSession:
    """A session in which the rows of price components have the assumed amounts."""

    session: Session
    changes: Sequence[PriceChange]
    generation: int

    def load(self, triples: Iterable[Triple]) -> None:
        """Put statements into the scratch store."""
        self.session.load(triples)

    def construct(self, text: str, *, where: OneOf["snapshot", "scratch"] = "snapshot") -> int:
        """Run a CONSTRUCT into the scratch store."""
        return self.session.construct(text, where=where)

    def select(self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch") -> list[Row]:
        """Run a SELECT; amounts of an offering's price components are changed."""
        return [self._changed(row) for row in self.session.select(text, where=where)]

    def columns(self, properties: Sequence[Iri]) -> Columns:
        """Give the snapshot's statements as they are."""
        return self.session.columns(properties)

    def triples(
        self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch"
    ) -> list[Triple]:
        """Run a CONSTRUCT and give its statements."""
        return self.session.triples(text, where=where)

    def run(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Do several steps; amounts of an offering's price components are changed."""
        return [[self._changed(row) for row in rows] for rows in self.session.run(steps)]

    def _changed(self, row: Row) -> Row:
        """Change an amount: of a row for a component, or for one statement about it."""
        name = "value" if row.get("property") == KG.amount else "amount"
        if name not in row or "offering" not in row or "component" not in row:
            return row
        offering = row["offering"][0]
        factor = Fraction(1)
        for change in self.changes:
            if change.offerings is None or offering in change.offerings:
                factor *= change.factor
        return {**row, name: _times(row[name], factor)}


def reprice(session: Session, changes: Sequence[PriceChange]) -> Session:
    """Give a session in which prices are as assumed; the same one when none changes."""
    return RepricedSession(session, changes, session.generation) if changes else session


def repriced(projection: Projection, changes: Sequence[PriceChange]) -> Projection:
    """Give a projection with the assumed amounts; what it remembered is not kept."""
    amounts = projection.column(KG.amount)
    factors: dict[int, Fraction] = {}
    for change in changes:
        for node in _components(projection, change):
            factors[node] = factors.get(node, Fraction(1)) * change.factor
    values = amounts.values.copy()
    for place in np.flatnonzero(np.isin(amounts.subjects, list(factors))):
        factor = factors[int(amounts.subjects[place])]
        term = _times(projection.terms.term(int(values[place])), factor)
        values[place] = projection.terms.add(to_text(term))
    columns = {**projection.columns, KG.amount.value: column(amounts.subjects, values)}
    return Projection(projection.terms, columns)


def _components(projection: Projection, change: PriceChange) -> Iterator[int]:
    prices = projection.column(KG.price)
    if change.offerings is None:
        yield from np.unique(prices.values).tolist()
        return
    numbers = [projection.terms.number(Iri(iri)) for iri in sorted(change.offerings)]
    yield from np.unique(prices.values[np.isin(prices.subjects, numbers)]).tolist()


def _times(term: Term, factor: Fraction) -> Term:
    """Give an amount times a factor; what is no number stays."""
    number = number_of(term) if isinstance(term, Literal) else None
    if number is None or factor == 1:
        return term
    return Literal(decimal_text(number * factor), XSD + "decimal")
