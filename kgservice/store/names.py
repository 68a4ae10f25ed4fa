"""Names of the graphs that the product knows by name; `port` gives the shared ones too."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from kgservice.model.errors import InputError

MERGED_GRAPH = "urn:kgservice:merged"
META_GRAPH = "urn:kgservice:meta"
VOCABULARY_GRAPH = "urn:kgservice:vocabulary"
LABEL_GRAPH = "urn:kgservice:labels"
WORKER_GRAPH = "urn:kgservice:workers"
RULES_GRAPH = "urn:kgservice:rules"
INPUTS = "urn:kgservice:inputs"
"""Its version is the number of the last commit that changed what conclusions are drawn from."""
DERIVED_GRAPHS = frozenset({RULES_GRAPH})
"""What is concluded from all other graphs together, and so changes no conclusion itself."""

EMPTY_GRAPH = "urn:kgservice:empty"
"""One that does not exist: named graphs alone leave the default graph empty (SPARQL 1.1 §13.2)."""
EVERYONES_GRAPH = "urn:kgservice:own"
"""What the private graphs of all customers say, each statement once; kept by the store."""
QUARANTINE = "/quarantine"
"""How the names of graphs end that hold what was not admitted; not everybody may read them."""

MAX_GRAPHS = 20
"""Longer dataset lists make joins slow out of proportion (decision 0001)."""


def require_short(graphs: Collection[str]) -> None:
    """Refuse a dataset that lists more than `MAX_GRAPHS` graphs.

    Raises:
        InputError: it does (`dataset-too-long`).
    """
    if len(graphs) > MAX_GRAPHS:
        raise InputError(
            f"A dataset of {len(graphs)} graphs is too long; {MAX_GRAPHS} are allowed.",
            code="dataset-too-long",
            hint="Leave the dataset away: the default is the merged graph of everything.",
        )


def own_graph(customer: str) -> str:
    """Name the graph of what a customer's private graphs say, each statement once.

    The store keeps it: a private graph is whose it says it is (`GRAPH kg:customer NAME`).
    """
    return f"{EVERYONES_GRAPH}:{hashlib.sha256(customer.encode()).hexdigest()[:32]}"


def is_quarantine(graph: str) -> bool:
    """Say whether a graph holds what was not admitted."""
    return graph.endswith(QUARANTINE)
