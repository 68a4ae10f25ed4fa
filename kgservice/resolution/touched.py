"""What a change of the graph can alter: the offerings that it reaches, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kgservice.model.rdf import RDF, Iri
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.projection import Column, Ids, Projection

_TYPE: Final = Iri(RDF + "type")
_FEW: Final = 24
"""Nodes up to which looking for each is quicker than for all at once."""
_LINKS: Final = (
    DCTERMS.hasPart,
    KG.price,
    KG.profile,
    KG.compatibleWith,
    KG.measuredFrom,
    KG.measuredTo,
)
_MEASURED: Final = (KG.measuredFrom, KG.measuredTo)


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change reaches.

    Attributes:
        before: The state before, but only what can be read of the offerings that are reached.
        after: The state after, likewise.
        nodes: Term numbers of everything that changed or from which that is reached.
        is_measured: Whether what is measured between places changed.
        is_bundled: Whether a bundle is reached: what its parts are had for depends on each other.
        currencies: How many currencies there are, before and after together, anywhere.
    """

    before: Projection
    after: Projection
    nodes: Ids
    is_measured: bool
    is_bundled: bool
    currencies: int


def links_of(vocabulary: Vocabulary) -> tuple[Iri, ...]:
    """Name the properties that lead from one node to another: those whose values are IRIs."""
    named = {info.iri for info in vocabulary.properties.values() if info.range_class}
    return tuple(sorted(named | set(_LINKS)))


def touched(
    before: Projection, after: Projection, subjects: Iterable[str], links: Sequence[Iri]
) -> Touched:
    """Follow changed subjects (IRIs) back to whatever reads them, in both states.

    Both states number terms alike: one was made of the other by `Projection.changed`.
    """
    numbers = (after.terms.text_number(f"<{subject}>") for subject in subjects)
    changed = np.unique(np.array([n for n in numbers if n >= 0], np.int32))
    columns = [state.column(prop) for state in (before, after) for prop in links]
    nodes = _reached_back(changed, _distinct(columns))
    is_measured = any(
        bool(state.column(prop).spans(changed)[1].any())
        for state in (before, after)
        for prop in _MEASURED
    )
    money = [state.column(KG.currency).values for state in (before, after)]
    return Touched(
        _part(before, nodes, links),
        _part(after, nodes, links),
        nodes,
        is_measured,
        any(_has_bundle(state, nodes) for state in (before, after)),
        len(np.unique(np.concatenate(money))),
    )


def _has_bundle(state: Projection, nodes: Ids) -> bool:
    kinds = state.column(_TYPE).gather(nodes)[1]
    return bool((kinds == state.terms.number(KG.Bundle)).any())


def _distinct(columns: Iterable[Column]) -> list[Column]:
    """Leave out columns that both states share."""
    return list({id(one.values): one for one in columns if len(one.values)}.values())


def _reached_back(changed: Ids, columns: Sequence[Column]) -> Ids:
    """Give nodes with everything that leads to them."""
    known, frontier = changed, changed
    while len(frontier):
        found = [_leading_to(frontier, column) for column in columns]
        everything = np.unique(np.concatenate([known, *found]))
        frontier = np.setdiff1d(everything, known, assume_unique=True)
        known = everything
    return known


def _leading_to(nodes: Ids, column: Column) -> Ids:
    if len(nodes) > _FEW:
        return column.subjects[np.isin(column.values, nodes)]
    if not len(nodes):
        return nodes
    return np.concatenate([column.subjects[column.values == node] for node in nodes])


def _part(state: Projection, nodes: Ids, links: Sequence[Iri]) -> Projection:
    """Keep of a state what some nodes say, and what those say that they lead to."""
    known, frontier = nodes, nodes
    while len(frontier):
        found = [state.column(prop).gather(frontier)[1] for prop in links]
        everything = np.unique(np.concatenate([known, *found]))
        frontier = np.setdiff1d(everything, known, assume_unique=True)
        known = everything
    columns = {}
    for name, column in state.columns.items():
        owners, values = column.gather(known)
        if len(owners):
            columns[name] = Column(known[owners], values)
    return Projection(state.terms, columns)
