"""What a caller's query may see: the merged graph, and the private graphs that are the caller's."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.errors import AccessDenied, InputError
from kgservice.model.rdf import Literal, to_text
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.store.port import MERGED_GRAPH, QueryScope

MAX_GRAPHS = 20
"""Longer dataset lists make joins slow out of proportion (decision 0001)."""


def own_graphs(application: Application, caller: Caller) -> tuple[str, ...]:
    """List the private graphs that a caller may read, newest last."""
    if not caller.may("use-services"):
        return ()
    store = application.store
    graphs = tuple(info.graph for info in store.graphs(application.base_iri, dataset="private"))
    if caller.may("see-all"):
        return graphs
    owned = {
        str(row["graph"])
        for row in store.read(_OWNED.format(name=to_text(Literal(caller.name))), dataset="private")
    }
    return tuple(graph for graph in graphs if graph in owned)


_OWNED = """PREFIX kg: <https://w3id.org/kgservice/ns#>
SELECT ?graph WHERE {{ GRAPH ?graph {{ ?graph kg:customer {name} }} }}"""


def scope_of(
    application: Application,
    caller: Caller,
    default_graphs: tuple[str, ...] = (),
    named_graphs: tuple[str, ...] = (),
) -> QueryScope:
    """Give what a query of a caller may see, with the dataset that it names (Protocol §2.1.4).

    Raises:
        InputError: the dataset is too long (`dataset-too-long`).
        AccessDenied: it names a graph that the caller may not read.
    """
    asked = (*default_graphs, *named_graphs)
    if len(set(asked)) > MAX_GRAPHS:
        raise InputError(
            f"A dataset of {len(set(asked))} graphs is too long; {MAX_GRAPHS} are allowed.",
            code="dataset-too-long",
            hint="Leave the dataset away: the default is the merged graph of everything.",
        )
    own = own_graphs(application, caller)
    private = [graph for graph in asked if graph in own]
    _refuse_private(application, [graph for graph in asked if graph not in own])
    if not own or (asked and not private):
        return QueryScope(
            "shared",
            default_graphs=default_graphs,
            named_graphs=named_graphs or (() if default_graphs else None),
        )
    if asked:
        return QueryScope("private", default_graphs, named_graphs)
    recent = own[-(MAX_GRAPHS - 1) :]
    return QueryScope("private", (MERGED_GRAPH, *recent), (MERGED_GRAPH, *recent))


def _refuse_private(application: Application, graphs: Sequence[str]) -> None:
    """Refuse graphs that are private, of those that the caller does not own."""
    if not graphs:
        return
    kept = {
        info.graph for info in application.store.graphs(application.base_iri, dataset="private")
    }
    kinds = ("request/", "plan/", "service/", "job/")
    for graph in graphs:
        if graph in kept or graph.removeprefix(application.base_iri).startswith(kinds):
            raise AccessDenied(f"The graph {graph} is not yours, or does not exist.")
