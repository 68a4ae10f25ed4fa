"""The bindings of a component as arrays: a row is an offering with one value for each choice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG, RDF
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.judgement import BoundOffering, value_order
from kgservice.resolution.projection import NOTHING, Flags, Ids, Projection
from kgservice.resolution.queries import Only
from kgservice.resolution.reads import reads_of
from kgservice.resolution.request import Component, Request

_ON_OFFER = (KG.Active, KG.Launched)


@dataclass(frozen=True, slots=True)
class Frame:
    """All bindings of one component, in the order in which an answer lists them.

    Attributes:
        projection: What the numbers of terms mean.
        component: The component.
        request_iri: The request's IRI, which the bindings' IRIs begin with.
        component_iri: The component's.
        places: Position of each offering in `offered`, in IRI order.
        offerings: Term number of each offering.
        owners: For each row, the position of its offering in `offerings`.
        choices: The choices that conditions read, by name.
        picks: For each choice's property, the picked value of each row, or `NOTHING`.
        ranks: For each row, its place among the configurations of its offering.
        whole: All bindings of the kind, of which this frame has some; None when it has all.
        rows: Then, which rows of it.
    """

    projection: Projection
    component: Component
    request_iri: str
    component_iri: str
    places: Ids
    offerings: Ids
    owners: Ids
    choices: tuple[PropertyInfo, ...]
    picks: Mapping[Iri, Ids]
    ranks: Ids
    whole: Frame | None = None
    rows: Ids | None = None

    def __len__(self) -> int:
        """Count the bindings."""
        return len(self.owners)

    @property
    def nodes(self) -> Ids:
        """The term number of each row's offering."""
        found, _ = self.projection.lasting.read("nodes", self.owners, self._nodes)
        return found

    def _nodes(self) -> tuple[Ids, Ids]:
        return self.offerings[self.owners], self.owners

    def offering(self, row: int) -> str:
        """Give the IRI of a row's offering."""
        return self.projection.terms.text(int(self.offerings[self.owners[row]]))[1:-1]

    def binding(self, row: int) -> BoundOffering:
        """Give a row as a value; its IRI is the one that `candidates.rq` makes."""
        terms = self.projection.terms
        offering = self.offering(row)
        numbers = [(choice.iri, int(self.picks[choice.iri][row])) for choice in self.choices]
        picked = {prop.value: terms.term(number) for prop, number in numbers if number != NOTHING}
        parts = [picked[prop.value][0] if prop.value in picked else "" for prop, _ in numbers]
        identity = "\n".join([self.component_iri, offering, *parts])
        digest = hashlib.sha256(identity.encode()).hexdigest()
        return BoundOffering(
            iri=f"{self.request_iri}/binding/{digest}",
            component=self.component.name,
            offering=offering,
            picks=tuple(picked.items()),
            rank=int(self.ranks[row]),
        )


def frame_of(projection: Projection, request: Request, component: Component, only: Only) -> Frame:
    """Make a component's bindings: what `candidates.rq` makes, in the order of `read_bindings`.

    The rows of a kind with some choices are made once for each state of the graph.
    """
    choices = reads_of(request, component).choices
    key = ("rows", component.kind, tuple(choice.iri for choice in choices))
    rows = projection.masks.get(key, _Rows, lambda: _rows(projection, component.kind, choices))
    offerings = offered(projection, component.kind)
    frame = Frame(
        projection,
        component,
        request.iri,
        request.iri_of(component.name),
        np.arange(len(offerings), dtype=np.int32),
        offerings,
        rows.owners,
        choices,
        rows.picks,
        rows.ranks,
    )
    return _restricted(frame, only) if only.named else frame


@dataclass(frozen=True, slots=True)
class _Rows:
    """The arrays of a frame that no request changes."""

    owners: Ids
    picks: dict[Iri, Ids]
    ranks: Ids


def _rows(projection: Projection, kind: Iri, choices: Sequence[PropertyInfo]) -> _Rows:
    offerings = offered(projection, kind)
    owners = np.arange(len(offerings), dtype=np.int32)
    picks: dict[Iri, Ids] = {}
    for choice in choices:
        column = projection.column(choice.iri)
        positions, values = column.gather(offerings[owners])
        absent = np.setdiff1d(np.arange(len(owners), dtype=np.int32), positions)
        rows = np.concatenate((positions, absent))
        found = np.concatenate((values, np.full(len(absent), NOTHING, np.int32)))
        picks = {prop: picked[rows] for prop, picked in picks.items()}
        picks[choice.iri] = found
        owners = owners[rows]
    keys = [_places(projection, picks[choice.iri]) for choice in reversed(choices)]
    order = np.lexsort((*keys, owners))
    owners = owners[order]
    firsts = np.searchsorted(owners, owners, side="left")
    ranks = (np.arange(len(owners)) - firsts).astype(np.int32)
    ordered = {prop: picked[order] for prop, picked in picks.items()}
    for array in (owners, *ordered.values()):
        projection.lasting.keep(array)
    return _Rows(owners, ordered, ranks)


def _restricted(frame: Frame, only: Only) -> Frame:
    """Give the part of a frame whose offerings may be bound."""
    named = [frame.projection.terms.number(Iri(iri)) for iri in only.named]
    allowed: Flags = np.isin(frame.offerings, named)
    rows = np.flatnonzero(allowed[frame.owners]).astype(np.int32)
    number = np.cumsum(allowed, dtype=np.int32) - 1
    return replace(
        frame,
        places=np.flatnonzero(allowed).astype(np.int32),
        offerings=frame.offerings[allowed],
        owners=number[frame.owners[rows]],
        picks={prop: picked[rows] for prop, picked in frame.picks.items()},
        ranks=frame.ranks[rows],
        whole=frame,
        rows=rows,
    )


def offered(projection: Projection, kind: Iri) -> Ids:
    """Give the offerings of a kind that are on offer, in IRI order; remembered."""
    key = ("offered", kind)
    found = projection.remembered.get(key)
    if found is None:
        found = projection.remembered[key] = _offered(projection, kind)
        projection.lasting.keep(found)
    assert isinstance(found, np.ndarray)  # noqa: S101 - for mypy
    return found


def _offered(projection: Projection, kind: Iri) -> Ids:
    types = projection.column(RDF.type)
    nodes = types.subjects[types.values == projection.terms.number(kind)]
    owners, statuses = projection.column(KG.lifecycleStatus).gather(nodes)
    good = [projection.terms.number(status) for status in _ON_OFFER]
    keep = np.ones(len(nodes), np.bool_)
    keep[owners[~np.isin(statuses, good)]] = False
    texts = [projection.terms.text(int(node))[1:-1] for node in nodes[keep]]
    order = sorted(range(len(texts)), key=texts.__getitem__)
    return nodes[keep][order] if order else np.empty(0, np.int32)


def _places(projection: Projection, picked: Ids) -> Ids:
    """Number picked values in value order, numbers by size before everything else by text."""
    numbers, inverse = np.unique(picked, return_inverse=True)
    known = [int(n) for n in numbers if n != NOTHING]
    in_order = sorted(known, key=lambda n: value_order(projection.terms.term(n)))
    place = {number: index for index, number in enumerate(in_order)}
    return np.array([place.get(int(n), NOTHING) for n in numbers], np.int32)[inverse]
