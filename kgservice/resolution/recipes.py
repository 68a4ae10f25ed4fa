"""Recipes: how a component is made of others, read from statements (`shapes/recipes/*.ttl`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG, RDFS, SH
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.names import read_component_name
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_shapes import ShapeReader
from kgservice.resolution.request import Condition

MAX_QUANTITY = 1_000
_RECIPE_TERMS = frozenset({KG.yields, KG.needs, KG.completeFor})
_NEED_TERMS = frozenset({KG.kind, KG.quantity, KG.takes, SH.property, SH.order})


@dataclass(frozen=True, slots=True)
class Need:
    """A part that a recipe needs.

    Attributes:
        name: Such as `vm`; the part of `db` is called `db-vm`.
        kind: Class of its offering.
        quantity: How many, for one of what is made.
        takes: Properties whose conditions on what is made are conditions on this part.
        conditions: What the recipe itself asks of it.
    """

    name: str
    kind: Iri
    quantity: int = 1
    takes: frozenset[Iri] = frozenset()
    conditions: tuple[tuple[tuple[PropertyInfo, ...], Condition], ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a kind of component is made.

    Attributes:
        iri: The recipe.
        yields: Class of what it makes.
        needs: Its parts, in order.
        states: Properties of what is made that the recipe itself knows.
    """

    iri: str
    yields: Iri
    needs: tuple[Need, ...]
    states: frozenset[Iri] = frozenset()


def read_recipes(triples: Iterable[Triple], vocabulary: Vocabulary) -> tuple[Recipe, ...]:
    """Read all recipes, in IRI order.

    Raises:
        InputError: one yields no kind of service, needs nothing, or has a part without a kind or
            two of one name (`recipe-invalid`); a condition is wrong.
        NotSupported: a condition uses a term that is not understood.
    """
    graph = RdfGraph(triples)
    reader = ShapeReader(graph, vocabulary)
    return tuple(
        _recipe(graph.node(subject), reader)
        for subject in graph.subjects_of_type(KG.Recipe)
        if isinstance(subject, Iri)
    )


def _recipe(node: Node, reader: ShapeReader) -> Recipe:
    values = node.graph.index[node.subject]
    stated = {p for p in values if p.value in reader.vocabulary.names_by_iri} - _RECIPE_TERMS
    complete = {term for term in node.all(KG.completeFor) if isinstance(term, Iri)}
    parts = [node.graph.node(term) for term in node.all(KG.needs)]
    parts.sort(key=lambda part: (part.order(), part.text(RDFS.label)))
    needs = tuple(_need(part, reader) for part in parts)
    if not needs or len({need.name for need in needs}) < len(needs):
        raise _invalid(node, "it needs parts, each of a name of its own (rdfs:label)")
    return Recipe(node.at, _kind(node, KG.yields, reader), needs, frozenset(stated | complete))


def _need(node: Node, reader: ShapeReader) -> Need:
    node.check(_NEED_TERMS)
    shapes = [node.graph.node(term) for term in node.all(SH.property)]
    shapes = [shape for shape in shapes if not reader.goes_with(shape)]
    shapes.sort(key=lambda shape: (shape.order(), node.graph.content_key(shape.subject)))
    return Need(
        name=read_component_name(node.text(RDFS.label), node.at),
        kind=_kind(node, KG.kind, reader),
        quantity=node.count(KG.quantity, 1, MAX_QUANTITY),
        takes=frozenset(term for term in node.all(KG.takes) if isinstance(term, Iri)),
        conditions=tuple(reader.read(shape) for shape in shapes),
    )


def _kind(node: Node, prop: Iri, reader: ShapeReader) -> Iri:
    kind = node.one(prop)
    if not isinstance(kind, Iri) or kind not in reader.vocabulary.classes.values():
        raise _invalid(node, f"kg:{prop.value.removeprefix(KG.NS)} names no kind of service")
    return kind


def _invalid(node: Node, what: str) -> InputError:
    return InputError(
        f"A recipe cannot be used: {what}.",
        code="recipe-invalid",
        at=node.at,
        hint="`shapes/recipes/postgresql.ttl` is an example.",
    )
