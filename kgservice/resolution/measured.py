"""What is measured between two ends, from a projection."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import KG
from kgservice.resolution.projection import Projection
from kgservice.resolution.values import number_of

Measured = Mapping[frozenset[int], Fraction]
"""Two ends (one, when it was measured within it) to what is known between them."""


def measured(projection: Projection, measure: Iri) -> Measured:
    """Give what is known between two ends; two different values are none. Remembered."""
    key = ("measured", measure)
    found = projection.remembered.get(key)
    if found is None:
        found = projection.remembered[key] = _measured(projection, measure)
    assert isinstance(found, dict)  # noqa: S101 - for mypy
    return found


def _measured(projection: Projection, measure: Iri) -> dict[frozenset[int], Fraction]:
    values: dict[frozenset[int], set[Fraction]] = {}
    nodes = projection.column(measure)
    starts, ends = projection.column(KG.measuredFrom), projection.column(KG.measuredTo)
    for node, value in zip(nodes.subjects.tolist(), nodes.values.tolist(), strict=True):
        term = projection.terms.term(value)
        number = number_of(term) if isinstance(term, Literal) else None
        if number is None:
            continue
        for start in starts.values_of(node):
            for end in ends.values_of(node):
                values.setdefault(frozenset((start, end)), set()).add(Fraction(number))
    return {pair: some.pop() for pair, some in values.items() if len(some) == 1}
