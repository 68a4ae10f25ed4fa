"""Joint conditions read from statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Iri, Literal, Term
from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.joint_parts import (
    Part,
    check_capacity,
    check_ends,
    check_pair,
    check_product,
    check_sum_limits,
)
from kgservice.resolution.joints import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Different,
    Joint,
    PairLimit,
    ProductLimit,
    Same,
    SumLimit,
)
from kgservice.resolution.names import check_one_value, check_sum, refuse
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_shapes import ShapeReader
from kgservice.resolution.rdf_values import coerced

JOINT_TERMS = frozenset(
    {
        SH.order,
        KG.path,
        KG.of,
        KG.over,
        KG.between,
        KG.n,
        KG.max,
        KG.min,
        KG.from_,
        KG.to,
        KG.compositionShape,
        KG.unknownPolicy,
        SCHEMA.priceCurrency,
    }
)


class Reading(Protocol):
    """What reads a request."""

    @property
    def graph(self) -> RdfGraph:
        """The statements."""
        ...

    @property
    def shapes(self) -> ShapeReader:
        """What reads paths."""
        ...

    @property
    def names(self) -> Mapping[Term, str]:
        """The components, in document order."""
        ...

    def component_of(self, term: Term | None, node: Node) -> str:
        """Name the component that a term stands for."""
        ...


@dataclass(frozen=True, slots=True)
class _Source:
    """One joint condition's node, with what every kind of it is read from."""

    reader: Reading
    node: Node
    part: Part

    def over(self) -> tuple[str, ...]:
        named = self.node.one(KG.over)
        if named is None:
            return tuple(self.reader.names.values())
        chosen = {
            self.reader.component_of(term, self.node) for term in self.reader.graph.items(named)
        }
        return tuple(name for name in self.reader.names.values() if name in chosen)

    def path(self, prop: Iri) -> tuple[PropertyInfo, ...]:
        term = self.node.one(prop)
        terms = self.reader.graph.items(term) or ([term] if term is not None else [])
        return self.reader.shapes.path_of(terms, self.node)

    def end(self, prop: Iri) -> tuple[str, tuple[PropertyInfo, ...]]:
        terms = self.reader.graph.items(self.node.one(prop))
        component = self.reader.component_of(terms[0] if terms else None, self.node)
        return component, self.reader.shapes.path_of(terms[1:], self.node)

    def limit(self, prop: Iri, info: PropertyInfo) -> Literal | None:
        term = self.node.one(prop)
        if term is None:
            return None
        return Literal(coerced(term, info, self.node)[0], XSD + "decimal")


def read_rdf_joint(reader: Reading, node: Node, part: Part) -> Joint:
    """Read one joint condition.

    Raises:
        InputError: its path, components or limit is wrong.
        NotSupported: it is of no known kind.
    """
    node.check(JOINT_TERMS)
    types = [t for t in node.all(_TYPE) if isinstance(t, Iri) and t in _READERS]
    if len(types) != 1:
        names = ", ".join(str(t[0]).rpartition("#")[2] for t in node.all(_TYPE))
        refuse(f"the joint condition `{names or 'without a type'}`", node.at)
    return _READERS[types[0]](_Source(reader, node, part))


def _compared(source: _Source) -> tuple[tuple[PropertyInfo, ...], tuple[str, ...]]:
    path = source.path(KG.path)
    check_one_value(path, source.node.at)
    return path, source.over()


def _same(source: _Source) -> Joint:
    part, (path, over) = source.part, _compared(source)
    return Same(part.id, path, over, part.policy, part.is_wish)


def _different(source: _Source) -> Joint:
    part, (path, over) = source.part, _compared(source)
    return Different(part.id, path, over, part.policy, part.is_wish)


def _at_most(source: _Source) -> Joint:
    part, (path, over) = source.part, _compared(source)
    n = source.node.count(KG.n, 0, 1000)
    return AtMost(part.id, path, over, n, part.policy, part.is_wish)


def _sum(source: _Source) -> Joint:
    node, part = source.node, source.part
    path = source.path(KG.of)
    check_sum(path, node.at)
    limit, minimum = source.limit(KG.max, path[0]), source.limit(KG.min, path[0])
    check_sum_limits(limit, minimum, node.at)
    currency = node.text(SCHEMA.priceCurrency)
    if path[0].is_money and not currency:
        raise InputError("The limit has no currency.", code="money-invalid", at=node.at)
    over = source.over()
    return SumLimit(part.id, path, over, limit, currency, part.policy, minimum, part.is_wish)


def _product(source: _Source) -> Joint:
    part, path = source.part, source.path(KG.of)
    minimum = source.limit(KG.min, path[0])
    checked = check_product(path, minimum, source.node.at)
    return ProductLimit(part.id, path, source.over(), checked, part.policy, part.is_wish)


def _pair(source: _Source) -> Joint:
    node, part = source.node, source.part
    (measure,) = source.path(KG.of)
    terms = source.reader.graph.items(node.one(KG.between))
    between = tuple(source.reader.component_of(term, node) for term in terms)
    limit = source.limit(KG.max, measure)
    path = check_ends(measure, source.reader.shapes.vocabulary, node.at)
    checked = check_pair(between, limit, node.at)
    return PairLimit(part.id, measure, path, between, checked, part.policy, part.is_wish)


def _capacity(source: _Source) -> Joint:
    part, path = source.part, source.path(KG.of)
    check_capacity(path, source.node.at)
    return Capacity(part.id, path, source.over(), part.policy, part.is_wish)


def _compatible(source: _Source) -> Joint:
    part = source.part
    giver, given = source.end(KG.from_)
    taker, taken = source.end(KG.to)
    if len(given) != 1 or len(taken) != 1:
        refuse("a longer path in kg:Compatible", source.node.at)
    return Compatible(part.id, giver, given, taker, taken, part.policy, part.is_wish)


def _shape(source: _Source) -> Joint:
    part, shape = source.part, source.node.one(KG.compositionShape)
    if not isinstance(shape, Iri):
        refuse("the joint condition `JointConstraint` without kg:compositionShape", source.node.at)
    refuse("kg:compositionShape", source.node.at)
    names = tuple(source.reader.names.values())
    return CompositionShape(part.id, shape, names, (), part.policy, part.is_wish)


_TYPE = Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_READERS: Mapping[Iri, Callable[[_Source], Joint]] = {
    KG.Same: _same,
    KG.AllDifferent: _different,
    KG.DistinctLimit: _at_most,
    KG.SumLimit: _sum,
    KG.ProductLimit: _product,
    KG.PairLimit: _pair,
    KG.CapacityLimit: _capacity,
    KG.Compatible: _compatible,
    KG.JointConstraint: _shape,
}
