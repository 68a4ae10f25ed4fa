"""Resolve a request: whether and in which way it is possible, or the reasons why not."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from kgservice.model.errors import InputError
from kgservice.model.rdf import is_valid_iri, to_ntriples
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.answering import Answering
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.reference_check import check_with_reference
from kgservice.resolution.answer import Resolution, ResolvedComposition
from kgservice.resolution.queries import Only
from kgservice.resolution.request import Request
from kgservice.resolution.to_rdf import request_triples
from kgservice.store.port import QueryScope, Store

__all__ = [
    "Resolution",
    "ResolvedComposition",
    "check_with_reference",
    "prepared",
    "resolve",
]


def resolve(
    store: Store,
    vocabulary: Vocabulary,
    request: Request,
    *,
    base_iri: str,
    pins: Mapping[str, str] | None = None,
    excluded: Collection[str] = (),
) -> Resolution:
    """Find the best compositions of a request, exactly, or the reasons why there are none.

    `pins` binds components to offerings; `excluded` offerings are not bound to any component that
    is not pinned. The same graphs and the same request give the same answer, byte for byte.

    Raises:
        InputError: a pin names no component (`component-unknown`), or is no IRI.
        Refused: the search is too large for this engine (`too-many-bindings`).
        DeadlineExceeded: it was stopped at its deadline.
        KgError: the second check of an answer differs (`verification-differs`).
    """
    named = prepared(request, vocabulary, base_iri)
    only = _restrictions(named, pins or {}, excluded)
    with store.session(scope=QueryScope()) as session:
        engine = GraphEngine(session, vocabulary, named)
        engine.prepare(only)
        return Answering(engine).answer()


def prepared(request: Request, vocabulary: Vocabulary, base_iri: str) -> Request:
    """Give a request its day (today, UTC) and an IRI made of its content, where it has none."""
    dated = request if request.as_of else replace(request, as_of=datetime.now(UTC).date())
    if dated.iri:
        return dated
    draft = replace(dated, iri=f"{base_iri}request/draft")
    text = to_ntriples(request_triples(draft, vocabulary))
    return replace(dated, iri=f"{base_iri}request/{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def _restrictions(
    request: Request, pins: Mapping[str, str], excluded: Collection[str]
) -> dict[str, Only]:
    names = [component.name for component in request.components]
    for name in pins:
        if name not in names:
            raise InputError(
                f"{name!r} is not a component of the request.", code="component-unknown"
            )
    for iri in (*pins.values(), *excluded):
        if not is_valid_iri(iri):  # it becomes part of a query
            raise InputError(f"{iri!r} is not an IRI.", code="value-invalid")
    return {name: Only(pins.get(name, ""), excluded) for name in names}
