"""Describe the SPARQL endpoint: languages, formats, and the graphs that the caller may name."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from kgservice.model.rdf import Iri, to_text
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.scopes import own_graphs

MOST_GRAPHS: Final = 1000
"""Graphs that are named one by one; a query with GRAPH ?g finds the others."""


def service_description(application: Application, caller: Caller, root: str) -> bytes:
    """Give the description in Turtle (SPARQL 1.1 Service Description §3).

    `root` is the address that the service was called by, ending in a slash.
    """
    text = files("kgservice_vocab").joinpath("queries/service-description.ttl").read_text("utf-8")
    return (text.replace("{base}", root) + _named_graphs(application, caller, root)).encode()


def _named_graphs(application: Application, caller: Caller, root: str) -> str:
    shared = [info.graph for info in application.store.graphs() if info.merge]
    graphs = [*own_graphs(application, caller)[-MOST_GRAPHS:], *shared][:MOST_GRAPHS]
    return "".join(
        f"\n<{root}sparql#dataset> sd:namedGraph"
        f" [ a sd:NamedGraph ; sd:name {to_text(Iri(graph))} ] ."
        for graph in graphs
    )
