"""Resolve a request: whether and in which way it is possible, or the reasons why not."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Final

from kgservice.model.errors import InputError
from kgservice.model.rdf import is_valid_iri, to_ntriples
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.answering import Answering
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.fast_engine import FastEngine, is_covered
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.projecting import Projector
from kgservice.mpli.reference_check import check_with_reference
from kgservice.mpli.repricing import reprice, repriced
from kgservice.mpli.ways import other_ways
from kgservice.resolution.answer import Resolution, ResolvedComposition
from kgservice.resolution.assumptions import PriceChange
from kgservice.resolution.judgement import all_rules
from kgservice.resolution.names import refuse
from kgservice.resolution.queries import Only
from kgservice.resolution.request import Request
from kgservice.resolution.to_rdf import request_triples
from kgservice.store.port import QueryScope, Session, Store

__all__ = [
    "Resolution",
    "ResolvedComposition",
    "Restriction",
    "check_with_reference",
    "is_possible",
    "prepared",
    "resolve",
    "ruled_out",
]

_SEARCH_SHARE: Final = 0.6
"""Of the time until the deadline; what is left is for the proofs."""
_LONGEST_S: Final = 30.0
"""The deadline where nobody names one: every search of an answer ends, its reasons' too."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which offerings may be bound and what is wanted, beside what the request asks.

    Attributes:
        pins: Component name to the one offering that it is bound to.
        among: Component name to the offerings that it may be bound to.
        prices: Prices that are assumed to change.
        is_explained: Whether reasons are wanted although the request is possible: which offerings
            were refused and which facts are missing. Over many offerings they take longer than the
            answer.
        deadline_s: Seconds until an answer is wanted, if need be of the best that was found by
            then; None for half a minute.
    """

    pins: Mapping[str, str] = field(default_factory=dict)
    among: Mapping[str, Collection[str]] = field(default_factory=dict)
    prices: tuple[PriceChange, ...] = ()
    is_explained: bool = True
    deadline_s: float | None = None


def resolve(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    *,
    base_iri: str,
    limits: Restriction | None = None,
    projector: Projector | None = None,
) -> Resolution:
    """Find the best compositions of a request, exactly, or the reasons why there are none.

    `limits` says which offerings may be bound. The same graphs and the same request give the same
    answer, byte for byte.
    Bundles and recipes compete with single offerings (`resolution/ways.py`), but not where
    offerings are restricted.
    With a projector the fast engine searches, wherever the projection says all that is asked for;
    the answer is the graph engine's but for the name of the engine.

    Raises:
        InputError: a pin names no component (`component-unknown`), or is no IRI.
        Refused: the search is too large for the engine (`too-many-bindings`, `search-too-large`).
        DeadlineExceeded: it was stopped at its deadline.
        KgError: the second check of an answer differs (`verification-differs`).
    """
    named = prepared(request, vocabulary, base_iri)
    limits = limits or Restriction()
    only = _restrictions(named, limits)
    wanted = limits.deadline_s
    until = time.monotonic() + (wanted or _LONGEST_S) * _SEARCH_SHARE

    def engine_of(session: Session, request: Request, currency: str = "") -> SearchEngine:
        engine = _engine(session, vocabulary, request, projector, limits.prices, currency)
        if isinstance(engine, FastEngine):
            engine.deadline = until
        return engine

    with store.session(scope=QueryScope(), deadline_s=wanted) as session:
        engine = engine_of(session, named)
        engine.prepare(only)
        plain = Answering(engine, is_explained=limits.is_explained).answer()
        currency = engine.ranked_in
        projection = projector.at(session) if projector is not None else None
        is_restricted = any(one.named for one in only.values())
        ways = None if is_restricted else other_ways(session, vocabulary, named, projection)
    if ways is None:
        return plain
    return ways.answer(store, partial(engine_of, currency=currency), plain, until)


def is_possible(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    *,
    base_iri: str,
    limits: Restriction,
    projector: Projector | None = None,
) -> bool:
    """Say whether there is any composition of offerings; no reasons, no proof.

    Raises:
        InputError, Refused, DeadlineExceeded: as `resolve` does.
    """
    named = prepared(request, vocabulary, base_iri)
    with _searched(store, vocabulary, named, limits, projector) as engine:
        return engine.is_feasible(all_rules(named))


def ruled_out(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    *,
    base_iri: str,
    limits: Restriction,
    projector: Projector | None = None,
) -> frozenset[str]:
    """Name the components all of whose offerings violate a condition on that component alone.

    Raises:
        InputError, Refused, DeadlineExceeded: as `resolve` does.
    """
    named = prepared(request, vocabulary, base_iri)
    with _searched(store, vocabulary, named, limits, projector) as engine:
        counts = engine.counts(all_rules(named))
    return frozenset(name for name, one in counts.items() if one.violated == one.offerings)


@contextmanager
def _searched(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    limits: Restriction,
    projector: Projector | None,
) -> Iterator[SearchEngine]:
    """Prepare a search in a session of its own, for what needs no proof."""
    only = _restrictions(request, limits)
    with store.session(scope=QueryScope(), deadline_s=limits.deadline_s) as session:
        engine = _engine(session, vocabulary, request, projector, limits.prices)
        engine.prepare(only)
        yield engine


def _engine(
    session: Session,
    vocabulary: Vocabulary,
    request: Request,
    projector: Projector | None,
    prices: tuple[PriceChange, ...],
    currency: str = "",
) -> SearchEngine:
    here = reprice(session, prices)
    if projector is not None:
        projection = projector.at(session)
        if prices:
            projection = repriced(projection, prices)
        if is_covered(request, projection):
            return FastEngine(here, projection, vocabulary, request, currency=currency)
    return GraphEngine(here, vocabulary, request, currency=currency or None)


def prepared(request: Request, vocabulary: Vocabulary, base_iri: str) -> Request:
    """Give a request its day (today, UTC) and an IRI made of its content, where it has none.

    Raises:
        NotSupported: it uses a running service.
    """
    for component in request.components:
        if component.use.startswith(f"{base_iri}service/"):
            refuse("`use` of a running service", component.name, "Name its offering.")
    dated = request if request.as_of else replace(request, as_of=datetime.now(UTC).date())
    if dated.iri:
        return dated
    draft = replace(dated, iri=f"{base_iri}request/draft")
    text = to_ntriples(request_triples(draft, vocabulary))
    return replace(dated, iri=f"{base_iri}request/{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def _restrictions(request: Request, limits: Restriction) -> dict[str, Only]:
    wanted = {component.name: component.use for component in request.components if component.use}
    pins, among = {**wanted, **limits.pins}, limits.among
    names = [component.name for component in request.components]
    for name in (*pins, *among):
        if name not in names:
            raise InputError(
                f"{name!r} is not a component of the request.", code="component-unknown"
            )
    for iri in chain(pins.values(), *among.values()):
        if not is_valid_iri(iri):  # it becomes part of a query
            raise InputError(f"{iri!r} is not an IRI.", code="value-invalid")
    return {name: Only(pins.get(name, ""), tuple(among.get(name, ()))) for name in names}
