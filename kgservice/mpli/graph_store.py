"""Read and write whole graphs (SPARQL 1.1 Graph Store HTTP Protocol).

Written graphs are read from the written dataset, as they were written; every other graph that the
caller may read is given too, and never written here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

from kgservice.model.errors import NotFound, Unavailable
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.scopes import scope_of
from kgservice.mpli.updating import author_of, graphs_iri, require_free
from kgservice.mpli.written_scopes import is_isolated
from kgservice.store.contents import Content, read_contents
from kgservice.store.port import MERGED_GRAPH, QueryScope
from kgservice.store.spool import QueryAnswer
from kgservice.store.written import (
    NO_CONDITION,
    WRITTEN_DEFAULT,
    Precondition,
    WriteResult,
)

How = OneOf["replace", "add"]
REPLACE: Final[How] = "replace"
ADD: Final[How] = "add"
_ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_TRIES = 5
_TAG = re.compile(r"w([0-9]{1,18})(?:\.[a-z]+)?")
_SHORT = {
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/rdf+xml": "rdf",
    "application/ld+json": "jsonld",
    "application/trig": "trig",
    "application/n-quads": "nq",
}


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """A graph's content and its entity tag: the graph's version and the representation."""

    answer: QueryAnswer
    tag: str


@dataclass(frozen=True, slots=True)
class GraphCall:
    """A write of a graph as it came.

    Attributes:
        graph: Its name; `WRITTEN_DEFAULT` for the default graph.
        contents: What it consists of, or what is added to it.
        condition: What must hold when the write's turn comes.
        key: What the caller calls this write.
    """

    graph: str
    contents: tuple[Content, ...] = ()
    condition: Precondition = NO_CONDITION
    key: str = ""


def read(application: Application, caller: Caller, graph: str, accept: str) -> GraphAnswer:
    """Give a graph as what an Accept header likes best.

    Raises:
        NotFound: there is no such graph (`graph-unknown`).
        AccessDenied: the caller may not read it, or it does not exist.
        InputError: it cannot be sent as anything that is accepted (`not-acceptable`).
    """
    written = application.store.written
    if graph == WRITTEN_DEFAULT or written.find(graph):
        return _read_written(application, graph, accept)
    if is_isolated(application):
        raise _unknown(graph)
    scope = scope_of(application, caller, (graph,))
    infos = application.store.graphs(graph, dataset=scope.dataset)
    version = next((info.version for info in infos if info.graph == graph), 0)
    if not version:
        raise _unknown(graph)
    answer = application.store.query(_ALL, scope=scope, accept=accept)
    return GraphAnswer(answer, f"s{version}.{_SHORT[answer.media_type]}")


def _read_written(application: Application, graph: str, accept: str) -> GraphAnswer:
    name = MERGED_GRAPH if graph == WRITTEN_DEFAULT else graph
    scope = QueryScope("written", (name,), ())
    for _ in range(_TRIES):
        answer = application.store.query(_ALL, scope=scope, accept=accept)
        version = application.store.written.version_at(graph, answer.generation)
        if version is None:  # written since: the content is older than the version
            continue
        if not version and graph != WRITTEN_DEFAULT:
            raise _unknown(graph)
        return GraphAnswer(answer, f"w{version}.{_SHORT[answer.media_type]}")
    raise Unavailable(
        f"The graph <{graph}> is written too often to be read just now.", code="graph-busy"
    )


def _unknown(graph: str) -> NotFound:
    return NotFound(
        f"There is no graph <{graph}>.",
        code="graph-unknown",
        hint="PUT makes one; `SELECT DISTINCT ?g { GRAPH ?g {} }` lists those there are.",
    )


def write(application: Application, caller: Caller, call: GraphCall, how: How) -> WriteResult:
    """Make contents a graph's, or add them to it: all of them or nothing, in its turn.

    Raises:
        InputError: a content does not parse, or cannot be read at all.
        AccessDenied: the graph is reserved or someone else's.
        PreconditionFailed: the graph is not as the condition says.
    """
    require_free(application, [call.graph])
    base = graphs_iri(application) if call.graph == WRITTEN_DEFAULT else call.graph
    content = read_contents(call.contents, base)
    author = author_of(caller, call.key)
    return application.store.written.put(
        call.graph, content, author, how=how, condition=call.condition
    )


def delete(application: Application, caller: Caller, call: GraphCall) -> WriteResult:
    """Delete a graph; the default graph becomes empty.

    Raises:
        NotFound: there is no such graph (`graph-unknown`).
        AccessDenied: the graph is reserved or someone else's.
        PreconditionFailed: the graph is not as the condition says.
    """
    require_free(application, [call.graph])
    author = author_of(caller, call.key)
    return application.store.written.delete(call.graph, author, condition=call.condition)


def new_graph(application: Application) -> str:
    """Give a name for a graph that nobody has named (Graph Store Protocol §5.5)."""
    return f"{graphs_iri(application)}{uuid.uuid4()}"


def versions_of(tags: Iterable[str]) -> frozenset[int]:
    """Give the versions that entity tags stand for; a tag of any representation counts."""
    found = (_TAG.fullmatch(tag) for tag in tags)
    return frozenset(int(match[1]) for match in found if match)
