"""Run a caller's SPARQL query over what the caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from kgservice.model.errors import AccessDenied, InputError
from kgservice.model.rdf import Literal, to_text
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.store.port import MERGED_GRAPH, QueryAnswer, QueryScope
from kgservice.store.results import choose_graph_format

MAX_GRAPHS = 20
"""Longer dataset lists make joins slow out of proportion (decision 0001)."""


@dataclass(frozen=True, slots=True)
class QueryCall:
    """A query as it came: its text, what may be answered, and its dataset (Protocol §2.1.4)."""

    text: str
    accept: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


def run(application: Application, caller: Caller, call: QueryCall) -> QueryAnswer:
    """Answer a query in a reader process, within the deadline and memory cap of the settings.

    With no dataset given, the default graph is the merged graph: every admitted, inferred and
    label statement once. A customer's own requests, plans and services are seen beside it.

    Raises:
        InputError: the query or its dataset is not acceptable.
        AccessDenied: the dataset names a graph that the caller may not read.
        DeadlineExceeded: it was stopped at the deadline.
        Unavailable: it needed more memory than allowed.
    """
    return application.store.query(
        call.text, scope=_scope(application, caller, call), accept=call.accept
    )


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


def _scope(application: Application, caller: Caller, call: QueryCall) -> QueryScope:
    asked = (*call.default_graphs, *call.named_graphs)
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
            default_graphs=call.default_graphs,
            named_graphs=call.named_graphs or (() if call.default_graphs else None),
        )
    if asked:
        return QueryScope("private", call.default_graphs, call.named_graphs)
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


def service_description(application: Application, accept: str) -> tuple[bytes, str]:
    """Describe the endpoint (SPARQL 1.1 Service Description §3)."""
    text = files("kgservice_vocab").joinpath("queries/service-description.ttl").read_text("utf-8")
    turtle = text.replace("{base}", application.base_iri)
    return choose_graph_format(turtle.encode(), accept)
