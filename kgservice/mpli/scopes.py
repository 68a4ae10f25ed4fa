"""What a caller's query may see: shared graphs, or the caller's own beside the merged graph.

There are two datasets that no query can join but by the merged graph, which both have (decision
0023). What a query says of graphs decides which one it gets; what that one shows is decided by its
lists alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.errors import AccessDenied, InputError
from kgservice.model.rdf import Iri, Literal, is_valid_iri, to_text
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.query_graphs import QueryGraphs, graphs_of
from kgservice.mpli.updating import require_iri
from kgservice.mpli.written_scopes import (
    is_isolated,
    isolated_scope,
    merged_scope,
    show_written,
)
from kgservice.store.names import (
    EMPTY_GRAPH,
    EVERYONES_GRAPH,
    MAX_GRAPHS,
    is_quarantine,
    own_graph,
    require_short,
)
from kgservice.store.port import MERGED_GRAPH, DatasetName, QueryScope

MOST_OWN = MAX_GRAPHS - 2
"""Own graphs that GRAPH can range over, beside the merged graph and the own graph."""
_PRIVATE = ("request/", "plan/", "service/", "job/")


def scope_of(
    application: Application,
    caller: Caller,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] = (),
    *,
    text: str = "",
) -> QueryScope:
    """Give what a query of a caller may see, with the dataset that it names (Protocol §2.1.4).

    A dataset in the call counts before that of the text (FROM, FROM NAMED). Without one, the
    default graph is the merged graph, and beside it what the caller's own graphs say, or what was
    written when there are none; GRAPH then reaches own graphs when the text names one, or when a
    customer's GRAPH takes a variable.

    Raises:
        InputError: a name is no absolute IRI (`graph-name-invalid`); the dataset is too long
            (`dataset-too-long`), of two kinds that cannot be joined (`dataset-mixed`), or GRAPH
            would have to range over too many own graphs (`own-graphs-too-many`).
        AccessDenied: it names a graph that the caller may not read.
    """
    if caller.role != "anonymous":
        application.answer_writer.flush()  # an answer that was given is seen
    for graph in (*default_graphs, *named_graphs):
        require_iri(graph, "?default-graph-uri, ?named-graph-uri")
    if is_isolated(application):
        return isolated_scope(default_graphs, named_graphs)
    show_written(application)
    said = graphs_of(text)
    if not (default_graphs or named_graphs):
        default_graphs, named_graphs = said.default_graphs, said.named_graphs
    if default_graphs or named_graphs:
        return _named_scope(application, caller, tuple(default_graphs), tuple(named_graphs))
    if not caller.may("use-services"):
        return merged_scope(application)
    everything = EVERYONES_GRAPH if caller.may("see-all") else own_graph(caller.name)
    named = _own_named(application, caller, said) if said.uses_graph else ()
    if named is None or not (named or _says_anything(application, everything)):
        return merged_scope(application)
    return QueryScope("private", (MERGED_GRAPH, everything), named)


def dataset_of(application: Application, caller: Caller, graph: str) -> DatasetName:
    """Say in which dataset a graph is that a caller names.

    Raises:
        AccessDenied: the caller may not read it; whether there is one is not told.
    """
    is_private = graph.removeprefix(application.base_iri).startswith(_PRIVATE)
    if is_quarantine(graph):
        is_allowed = caller.may("read-quarantine")
    elif graph.startswith(EVERYONES_GRAPH):
        is_allowed = caller.may("see-all") or (
            caller.may("use-services") and graph == own_graph(caller.name)
        )
    elif is_private:
        is_allowed = bool(_own_among(application, caller, [graph]))
    else:
        return "shared"
    if not is_allowed:
        raise AccessDenied(f"The graph {graph} is not yours, or does not exist.")
    return "private"


def _named_scope(
    application: Application, caller: Caller, default: tuple[str, ...], named: tuple[str, ...]
) -> QueryScope:
    asked = list(dict.fromkeys((*default, *named)))
    require_short(asked)
    where = {
        graph: dataset_of(application, caller, graph) for graph in asked if graph != MERGED_GRAPH
    }
    if len(set(where.values())) > 1:
        raise _mixed()
    default = default or (EMPTY_GRAPH,)
    if "private" not in where.values():
        return QueryScope("shared", default, named)
    return QueryScope("private", default, named)


def _mixed() -> InputError:
    return InputError(
        "One query cannot read private and shared named graphs together.",
        code="dataset-mixed",
        hint=f"Name the private ones, and <{MERGED_GRAPH}> for what all shared graphs say.",
    )


def own_graphs(application: Application, caller: Caller, at_most: int = 1000) -> tuple[str, ...]:
    """List the private graphs that a caller may read, in no order."""
    return _own(application, caller, "", at_most)


def _own_named(
    application: Application, caller: Caller, said: QueryGraphs
) -> tuple[str, ...] | None:
    """List the own graphs that GRAPH reaches; None when the query is about shared graphs."""
    if said.has_open_graph and not caller.may("see-all"):
        own = own_graphs(application, caller, MOST_OWN + 1)
        if len(own) > MOST_OWN:
            raise InputError(
                f"GRAPH with a variable would look into more than {MOST_OWN} graphs of yours.",
                code="own-graphs-too-many",
                hint="Leave GRAPH away: the default graph has what all of them say. Or name"
                " those you mean with FROM NAMED.",
            )
    else:
        own = _own_among(application, caller, sorted(said.mentioned))
    if own and any(graph not in own for graph in said.reached):
        raise _mixed()
    return own or None


def _own_among(application: Application, caller: Caller, graphs: Sequence[str]) -> tuple[str, ...]:
    """Choose those graphs that are private ones of the caller's."""
    start = application.base_iri
    names = [
        to_text(Iri(graph))
        for graph in graphs
        if graph.removeprefix(start).startswith(_PRIVATE) and is_valid_iri(graph)
    ]
    return _own(application, caller, f"VALUES ?graph {{ {' '.join(names)} }}") if names else ()


def _own(
    application: Application, caller: Caller, which: str, at_most: int = 1000
) -> tuple[str, ...]:
    if not caller.may("use-services"):
        return ()
    owner = "?customer" if caller.may("see-all") else to_text(Literal(caller.name))
    rows = application.store.read(
        "PREFIX kg: <https://w3id.org/kgservice/ns#>"
        f" SELECT DISTINCT ?graph {{ {which} GRAPH ?graph {{ ?graph kg:customer {owner} }} }}"
        f" LIMIT {at_most}",
        dataset="private",
    )
    return tuple(row["graph"].value for row in rows if isinstance(row["graph"], Iri))


def _says_anything(application: Application, graph: str) -> bool:
    rows = application.store.read(
        f"SELECT ?s {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} LIMIT 1", dataset="private"
    )
    return bool(rows)
