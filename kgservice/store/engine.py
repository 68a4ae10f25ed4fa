"""How a query is put to the engine: its dataset, and its answer as bytes."""

from __future__ import annotations

from collections.abc import Sequence

import pyoxigraph as ox

from kgservice.store.port import MERGED_GRAPH

Results = ox.QuerySolutions | ox.QueryTriples | ox.QueryBoolean


def run(
    store: ox.Store,
    text: str,
    default_graphs: Sequence[str] = (),
    named_graphs: Sequence[str] | None = None,
    base_iri: str = "",
) -> Results:
    """Run a query; both parts of the dataset are always given together.

    Relative IRIs in the text are resolved against `base_iri`; without one, they are a mistake.

    With `named_graphs` None, GRAPH reaches every named graph, and the text's own FROM counts when
    no default graph is given. Otherwise FROM and FROM NAMED in the text are overridden, so that
    the lists are what the query can see (measured: either list alone leaks the other half).
    """
    if named_graphs is None and not default_graphs:
        return store.query(text, base_iri=base_iri or None)
    return store.query(
        text,
        base_iri=base_iri or None,
        default_graph=[_default(graph) for graph in default_graphs] or [ox.DefaultGraph()],
        named_graphs=None if named_graphs is None else [ox.NamedNode(g) for g in named_graphs],
    )


def _default(graph: str) -> ox.NamedNode | ox.DefaultGraph:
    return ox.DefaultGraph() if graph == MERGED_GRAPH else ox.NamedNode(graph)


def select_json(
    store: ox.Store,
    text: str,
    default_graphs: Sequence[str],
    named_graphs: Sequence[str] | None,
) -> bytes:
    """Answer a SELECT or ASK as SPARQL results in JSON; SyntaxError for another form."""
    results = as_table(run(store, text, default_graphs, named_graphs))
    return results.serialize(format=ox.QueryResultsFormat.JSON) or b""


def as_table(results: Results) -> ox.QuerySolutions | ox.QueryBoolean:
    """Give the results of a SELECT or ASK; SyntaxError for another form."""
    if isinstance(results, ox.QueryTriples):
        raise SyntaxError("error at 1:1: expected SELECT or ASK")  # noqa: TRY004 - as the engine
    return results


def as_graph(results: Results) -> ox.QueryTriples:
    """Give the results of a CONSTRUCT or DESCRIBE; SyntaxError for another form."""
    if not isinstance(results, ox.QueryTriples):
        raise SyntaxError("error at 1:1: expected CONSTRUCT or DESCRIBE")  # noqa: TRY004
    return results
