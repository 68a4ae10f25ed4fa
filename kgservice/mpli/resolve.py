"""Resolve a request: whether and in which way it is possible, or the reasons why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.resolution.answer import Resolution, ResolvedComposition
from kgservice.resolution.request import Request
from kgservice.store.port import QueryScope, Store

__all__ = ["Resolution", "ResolvedComposition", "check_with_reference", "resolve"]


def resolve(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    *,
    base_iri: str,
    pins: Mapping[str, str] | None = None,
    excluded: Collection[str] = (),
    today: date | None = None,
) -> Resolution:
    """Find the best compositions of a request, exactly, or the reasons why there are none.

    `pins` binds components to offerings, `excluded` offerings are not bound to any other
    component. The same graphs and the same request give the same answer, byte for byte.

    Raises:
        InputError: a pin names no component (`component-unknown`).
        Refused: the search is too large for this engine (`too-many-bindings`).
        DeadlineExceeded: it was stopped at its deadline.
    """
    named = with_iri(request, vocabulary, base_iri)
    as_of = request.as_of or today or datetime.now(UTC).date()
    only = _restrictions(named, pins or {}, excluded)
    # read before the session begins: a change in between makes a plan stale, never wrong
    versions = {info.graph: info.version for info in store.graphs()}
    with store.session(scope=QueryScope()) as session:
        engine = GraphEngine(session, vocabulary, named, as_of)
        engine.prepare(only)
        return _Answering(engine, versions).answer()
