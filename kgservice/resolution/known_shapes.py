"""Node shapes that the service knows, read as the conditions that they stand for."""

from __future__ import annotations

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri
from kgservice.model.terms import SH
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.conditions import Conforms
from kgservice.resolution.rdf_graph import RdfGraph
from kgservice.resolution.rdf_shapes import ShapeReader
from kgservice.resolution.values import local_name, suggestion


def known_shapes(vocabulary: Vocabulary) -> dict[str, Iri]:
    """Give the node shapes that a request may name, by local name."""
    named = RdfGraph(vocabulary.shapes).subjects_of_type(SH.NodeShape)
    return {local_name(shape): shape for shape in named if isinstance(shape, Iri)}


def read_shape(name: str, vocabulary: Vocabulary, at: str) -> Conforms:
    """Read a node shape by its IRI or local name.

    Raises:
        InputError: there is no such shape (`shape-unknown`).
        NotSupported: it uses what cannot be judged in three values.
    """
    known = known_shapes(vocabulary)
    shape = known.get(name) or next((one for one in known.values() if one.value == name), None)
    if shape is None:
        raise InputError(
            f"{name!r} is not a node shape that the service knows.",
            code="shape-unknown",
            at=at,
            hint=suggestion(name, known) or f"Known: {', '.join(sorted(known))}.",
        )
    graph = RdfGraph(vocabulary.shapes)
    return ShapeReader(graph, vocabulary).elsewhere(shape, graph.node(shape))
