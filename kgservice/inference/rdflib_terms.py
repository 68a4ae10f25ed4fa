"""Our terms as rdflib's, for the tools that work on its graphs, and back.

Whoever may not need them imports this where it does: rdflib takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import rdflib

from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple


def to_rdflib(term: Term) -> rdflib.term.Node:
    """Give a term as rdflib's, with its lexical form kept."""
    if isinstance(term, Iri):
        return rdflib.URIRef(term.value)
    if isinstance(term, Blank):
        return rdflib.BNode(term.label)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype), normalize=False)


def from_rdflib(term: rdflib.term.Node) -> Term:
    """Give one of rdflib's terms as ours."""
    if isinstance(term, rdflib.BNode):
        return Blank(str(term))
    if isinstance(term, rdflib.Literal):
        datatype = str(term.datatype) if term.datatype else ""
        return Literal(str(term), datatype or Literal("").datatype, term.language or "")
    return Iri(str(term))


def graph_of(
    triples: Iterable[Triple], classes: Mapping[Term, Iterable[Term]] | None = None
) -> rdflib.Graph:
    """Give statements as a graph of rdflib's, with the classes of further nodes."""
    graph = rdflib.Graph()
    for triple in triples:
        graph.add(tuple(to_rdflib(term) for term in triple))  # type: ignore[arg-type]
    for node, kinds in (classes or {}).items():
        for kind in kinds:
            graph.add((to_rdflib(node), rdflib.RDF.type, to_rdflib(kind)))
    return graph
