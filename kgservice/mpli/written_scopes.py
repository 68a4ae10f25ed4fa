"""What queries see of the written graphs (KG_DEFAULT_GRAPH)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from kgservice.mpli.application import Application
from kgservice.mpli.updating import is_reserved
from kgservice.store.names import EMPTY_GRAPH, MAX_GRAPHS
from kgservice.store.port import MERGED_GRAPH, QueryScope
from kgservice.store.written import WRITTEN_DEFAULT

MOST_BESIDE = MAX_GRAPHS - 1
"""Written graphs that are part of the default graph beside the merged one (decision 0001)."""


def is_isolated(application: Application) -> bool:
    """Say whether queries see the written dataset alone, as the protocol's tests expect."""
    return application.settings.default_graph == "isolated"


def isolated_scope(default_graphs: Sequence[str], named_graphs: Sequence[str]) -> QueryScope:
    """Give the scope of a query on the written dataset alone; names are absolute IRIs."""
    if not default_graphs and not named_graphs:
        return QueryScope("written")
    default = [MERGED_GRAPH if graph == WRITTEN_DEFAULT else graph for graph in default_graphs]
    return QueryScope("written", tuple(default) or (EMPTY_GRAPH,), tuple(named_graphs))


def show_written(application: Application) -> None:
    """Let queries of the shared dataset see every write that was answered."""
    application.store.written.show(lambda graph: not is_reserved(application, graph))


def merged_scope(application: Application) -> QueryScope:
    """Give what a query with no dataset sees: the merged graph, and the newest written graphs."""
    written = (found.graph for found in reversed(application.store.written.graphs()))
    beside = islice((g for g in written if not is_reserved(application, g)), MOST_BESIDE)
    graphs = tuple(beside)
    return QueryScope("shared", (MERGED_GRAPH, *graphs) if graphs else ())
