"""Describe one thing that the service minted a name for, within what the caller may read."""

from __future__ import annotations

from kgservice.model.errors import AccessDenied, NotFound
from kgservice.model.rdf import is_valid_iri
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.query import QueryCall, run
from kgservice.mpli.scopes import dataset_of


def describe(application: Application, caller: Caller, iri: str, accept: str) -> tuple[bytes, str]:
    """Give the statements about `iri` (and, for a graph, its content) in a form that is accepted.

    Raises:
        NotFound: nothing is known of it, or the caller may not know.
    """
    unknown = NotFound(f"Nothing is known of {iri}.", code="entity-unknown")
    if not is_valid_iri(iri):
        raise unknown
    graph = iri.partition("#")[0]
    caller.require("read-shared")
    application.answer_writer.flush()
    try:
        dataset = dataset_of(application, caller, graph)
    except AccessDenied:
        raise unknown from None
    if dataset == "private":
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        call = QueryCall(text, _rdf(accept), named_graphs=(graph,), default_graphs=(graph,))
    else:
        text = (
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ BIND(<{iri}> AS ?s) ?s ?p ?o }}"
            f" UNION {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} }}"
        )
        call = QueryCall(text, _rdf(accept))
    answer = run(application, caller, call)
    if not answer.body.strip() or not _says_something(answer.body):
        raise unknown
    return answer.body, answer.media_type


def _rdf(accept: str) -> str:
    """Prefer Turtle when the caller accepts anything or only asks for a page or JSON."""
    known = ("turtle", "n-triples", "rdf+xml", "ld+json", "trig", "n-quads")
    return accept if any(name in accept for name in known) else "text/turtle"


def _says_something(body: bytes) -> bool:
    """Tell an empty graph, in any syntax, from one with statements."""
    lines = [line for line in body.splitlines() if line.strip() and not line.startswith(b"@prefix")]
    return len(lines) > 0 and body.strip() not in (b"[]", b"{}")
