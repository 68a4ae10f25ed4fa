"""Property shapes read as a path and a condition, by the operator table of REQUESTS."""

from __future__ import annotations

from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, Iri
from kgservice.model.terms import KG, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import Conforms
from kgservice.resolution.names import check_path, refuse
from kgservice.resolution.rdf_facets import FACETS, UNDERSTOOD
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_parts import PartReader
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    Each,
    Has,
    InSet,
    NoneOf,
    NotIn,
    OneOf,
    Some,
)
from kgservice.resolution.values import local_name

_TYPE = Iri(RDF + "type")
Path = tuple[PropertyInfo, ...]


class ShapeReader(PartReader):
    """Reads the property shapes of one graph."""

    def goes_with(self, shape: Node) -> bool:
        """Say whether a shape only belongs to a condition beside it (completeness, currency)."""
        shape.check(UNDERSTOOD)
        if KG.GoesWith in shape.all(_TYPE):
            self.graph.see_all_below(shape.subject)
            return True
        return shape.one(SH.path) == KG.completeFor

    def read(self, shape: Node) -> tuple[Path, Condition]:
        """Read a property shape.

        Raises:
            InputError: its path or a value is wrong.
            NotSupported: it uses a term that is not understood.
        """
        shape.check(UNDERSTOOD)
        for holder in shape.all(KG.goesWith):
            self.graph.node(holder)
            self.graph.see_all_below(holder)
        path_term = shape.one(SH.path)
        if path_term is not None and self.graph.items(path_term):
            refuse(
                "a sequence as sh:path",
                shape.at,
                "Nest the steps with sh:node, so that a missing value between is not overlooked.",
            )
        step = self.step(path_term, shape)
        qualified = shape.one(SH.qualifiedValueShape)
        if qualified is not None:
            return self._qualified(shape, self.graph.node(qualified), step)
        self.check_counts(shape, step)
        rest, condition = self._content(shape, step)
        path = (step, *rest)
        check_path(path, shape.at)
        if step.kind is ValueKind.EXPOSURE and shape.all(SH.hasValue):
            condition = Some(condition)  # SHACL §4.8.1: one of the values is it
        is_each = step.kind is ValueKind.FEATURE and not isinstance(condition, AllOf)
        if is_each and rest:
            refuse(f"every value of `{step.name}` in the middle of a path", shape.at)
        return path, Each(condition) if is_each else condition

    def _qualified(self, shape: Node, target: Node, step: PropertyInfo) -> tuple[Path, Condition]:
        """Read "some value meets" (a minimum of 1) and "no value meets" (a maximum of 0)."""
        if step.kind not in (ValueKind.FEATURE, ValueKind.EXPOSURE):
            refuse(f"sh:qualifiedValueShape on `{step.name}`, which has one value", shape.at)
        target.check(UNDERSTOOD)
        least, most = shape.text(SH.qualifiedMinCount), shape.text(SH.qualifiedMaxCount)
        rest, condition = self._content(target, step)
        path = (step, *rest)
        check_path(path, shape.at)
        if most == "0" and not least and step.kind is ValueKind.FEATURE and not rest:
            return path, self._no_value(condition, shape)
        if least != "1" or most:
            refuse("another count than sh:qualifiedMinCount 1", shape.at)
        if step.kind is ValueKind.EXPOSURE and rest:
            refuse(f"some value of `{step.name}` in the middle of a path", shape.at)
        return path, Some(condition) if step.kind is ValueKind.EXPOSURE else condition

    def _no_value(self, condition: Condition, shape: Node) -> Condition:
        if isinstance(condition, AnyOf):
            return NoneOf(condition.values)
        if isinstance(condition, InSet):
            return NotIn(condition.name)
        refuse("sh:qualifiedMaxCount 0 of anything but sh:in", shape.at)

    def _content(self, target: Node, step: PropertyInfo) -> tuple[Path, Condition]:
        """Read the one condition of a shape, or the following step of a path."""
        datatype = target.one(SH.datatype)
        if datatype is not None and datatype[0] != step.datatype:
            refuse(f"another sh:datatype than that of `{step.name}`", target.at)
        facets = [facet for facet in FACETS if target.all(facet)]
        if not facets and target.all(SH.minCount):
            return (), Has(())
        if KG.ofScheme in facets:
            return (), self.label(target)
        if len(facets) != 1:
            names = ", ".join(f"sh:{local_name(facet)}" for facet in facets) or "no condition"
            refuse(
                f"a property shape with {names}", target.at, "Write one property shape for each."
            )
        facet = facets[0]
        if facet in (SH.node, SH.property):
            return self._nested(target, facet, step)
        if facet == SH.or_:
            return (), self._one_of(target, step)
        return (), self.leaf(target, facet, step)

    def _nested(self, target: Node, facet: Iri, step: PropertyInfo) -> tuple[Path, Condition]:
        named = target.one(SH.node) if facet == SH.node else None
        if isinstance(named, Iri) and named not in self.graph.index:
            return (), self.elsewhere(named, target)
        holder = (
            target if facet == SH.property else self.graph.node(target.one(SH.node) or _NOTHING)
        )
        if facet == SH.node:
            holder.check(UNDERSTOOD)
        inner = [self.graph.node(term) for term in holder.all(SH.property)]
        inner = [shape for shape in inner if not self.goes_with(shape)]
        if len(inner) == 1 and not inner[0].all(SH.order):
            return self.read(inner[0])
        if not inner:
            refuse("a node shape without conditions", target.at)
        return (), self._has(inner)

    def elsewhere(self, shape: Iri, target: Node) -> Conforms:
        """Read a node shape that the service knows.

        Raises:
            InputError: it knows none of that name (`shape-unknown`).
        """
        graph = RdfGraph(self.vocabulary.shapes)
        if SH.NodeShape not in graph.index.get(shape, {}).get(_TYPE, ()):
            raise InputError(
                f"<{shape}> is not a node shape that the service knows.",
                code="shape-unknown",
                at=target.at,
            )
        reader = ShapeReader(graph, self.vocabulary)
        reader.is_own = False
        return Conforms(shape, reader.meaning(graph.node(shape)))

    def meaning(self, node: Node) -> Has | OneOf:
        """Read a node shape that is defined somewhere else: properties, sh:and, or one sh:or.

        Raises:
            NotSupported: it uses what cannot be judged in three values.
        """
        node.check(frozenset({SH.property, SH.node, SH.and_, SH.or_}))
        ways = self.graph.items(node.one(SH.or_))
        parts = [self.graph.node(term) for term in node.all(SH.property)]
        others = [*node.all(SH.node), *self.graph.items(node.one(SH.and_))]
        if ways and not parts and not others:
            return OneOf(tuple(self.meaning(self.graph.node(way)) for way in ways))
        if ways:
            refuse("sh:or beside other conditions in a shape", node.at)
        found: list[Constraint] = []
        for term in others:
            other = self.meaning(self.graph.node(term))
            if isinstance(other, OneOf):
                refuse("sh:or inside sh:and or sh:node in a shape", node.at)
            found += other.constraints
        own = self._has([shape for shape in parts if not self.goes_with(shape)])
        return Has((*found, *own.constraints))

    def _has(self, inner: list[Node]) -> Has:
        inner.sort(key=lambda node: (node.order(), self.graph.content_key(node.subject)))
        parts = []
        for shape in inner:
            parts.append(_part(*self.read(shape)))
        return Has(tuple(parts))

    def _one_of(self, target: Node, step: PropertyInfo) -> Condition:
        """Read sh:or: each way is a shape of the value."""
        ways = [self.graph.node(term) for term in self.graph.items(target.one(SH.or_))]
        if len(ways) < 2:
            raise InputError(
                "sh:or needs a list of two or more.", code="value-invalid", at=target.at
            )
        if step.is_money:
            refuse("sh:or on an amount of money", target.at)
        found = []
        for way in ways:
            way.check(UNDERSTOOD)
            rest, condition = self._content(way, step)
            found.append(Has((_part(rest, condition),)) if rest else condition)
        return OneOf(tuple(AnyOf(c.values) if isinstance(c, AllOf) else c for c in found))


_NOTHING = Iri("urn:kgservice:nothing")


def _part(path: Path, condition: Condition) -> Constraint:
    return Constraint(f"has.{'.'.join(step.name for step in path)}", path, condition)
