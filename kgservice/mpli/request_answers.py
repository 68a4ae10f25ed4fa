"""Answers to saved requests: searched for once, kept while they are true, sent as asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Triple, to_ntriples, typed
from kgservice.model.terms import KG
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.kept_resolutions import Kept, tag_of
from kgservice.mpli.requests import RDF_TYPES, SavedRequest, get_request
from kgservice.mpli.resolve import Resolution, Restriction, resolve
from kgservice.store.port import QueryScope
from kgservice.store.results import choose_graph_format


def resolution(
    application: Application,
    saved: SavedRequest,
    engine: str = "fast",
    *,
    is_explained: bool = False,
    deadline_s: float | None = None,
) -> Resolution:
    """Resolve a saved request on the present state and keep the answer in its graph.

    An answer is remembered until a commit changes the shared graphs, or the day ends.
    """
    state = application.store.state(QueryScope())
    return _answered(application, saved, engine, state, (is_explained, deadline_s)).answer


def _answered(
    application: Application,
    saved: SavedRequest,
    engine: str,
    state: str,
    asked: tuple[bool, float | None],
) -> Kept:
    is_explained, deadline_s = asked
    tag = _tag(application, saved, engine, state, is_explained=is_explained)
    kept = application.resolutions.get(tag)
    if kept is not None:
        return kept
    with application.watch.resolution():
        answer = resolve(
            application.store,
            application.vocabulary,
            saved.request,
            base_iri=application.base_iri,
            projector=application.projector if engine == "fast" else None,
            limits=Restriction(is_explained=is_explained, deadline_s=deadline_s),
        )
    keep_answer(application, saved, answer)
    return application.resolutions.keep(tag, answer)


def _tag(
    application: Application, saved: SavedRequest, engine: str, state: str, *, is_explained: bool
) -> str:
    """Name what decides an answer: the shared graphs, the request, the day and the engine."""
    day = (saved.request.as_of or application.today()).isoformat()
    return tag_of(state, saved.iri, saved.content_hash, day, engine, str(is_explained))


def keep_answer(application: Application, saved: SavedRequest, answer: Resolution) -> None:
    """Make an answer the graph of a request's resolution; those who read it wait until it is."""
    graph = f"{saved.iri}/resolution"
    owned = Triple(Iri(graph), KG.customer, typed(saved.customer))
    application.answer_writer.put(graph, lambda: (*answer.triples(), owned))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a resolution.

    Attributes:
        engine: `fast` or `graph`.
        accept: What the caller accepts.
        deadline_s: Seconds after which it is given up; None for the setting's.
        is_known: Tells by its entity tag whether the caller has the answer.
    """

    engine: str = "fast"
    accept: str = "application/json"
    deadline_s: float | None = None
    is_known: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as it is sent; no content when the caller has it (by `tag`) already."""

    content: bytes | None
    media_type: str
    tag: str


def resolution_of(
    application: Application, caller: Caller, identity: str, wanted: Wanted
) -> Written:
    """Answer whether and in which way a request is possible, as JSON or RDF.

    Raises:
        InputError: an engine that does not exist here (`engine-unknown`).
        DeadlineExceeded: it took longer than `deadline_s`.
    """
    need_engine(wanted.engine)
    saved = get_request(application, caller, identity)
    accept = wanted.accept
    is_rdf = any(kind in accept for kind in RDF_TYPES) and "application/json" not in accept
    form = accept if is_rdf else "application/json"
    state = application.store.state(QueryScope())
    named = _tag(application, saved, wanted.engine, state, is_explained=False)
    tag = tag_of(named, form)
    if tag and wanted.is_known is not None and wanted.is_known(tag):
        application.watch.unchanged()
        return Written(None, "", tag)
    kept = _answered(application, saved, wanted.engine, state, (False, wanted.deadline_s))
    if form not in kept.written:
        if is_rdf:
            statements = to_ntriples(kept.answer.triples()).encode()
            kept.written[form] = choose_graph_format(statements, accept)
        else:
            text = json.dumps(
                kept.answer.as_json(), ensure_ascii=False
            )  # lines take 20 times as long
            kept.written[form] = f"{text}\n".encode(), "application/json"
    content, media_type = kept.written[form]
    return Written(content, media_type, tag if kept.answer.is_complete else "")


def need_engine(engine: str) -> None:
    """Check the name of an engine.

    Raises:
        InputError: there is none of that name (`engine-unknown`).
    """
    if engine not in ("fast", "graph"):
        raise InputError(
            f"There is no engine {engine!r}.",
            code="engine-unknown",
            at="?engine",
            hint="Use fast or graph.",
        )
