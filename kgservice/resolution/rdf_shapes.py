"""Property shapes read as a path and a condition, by the operator table of REQUESTS."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, XSD, Iri, Literal, Term
from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.names import check_path, refuse
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Has,
    InSet,
    LabelAtLeast,
    NoneOf,
    Operator,
    Value,
)
from kgservice.resolution.values import decimal_text, is_numeric, is_ordered, local_name, number_of

_TYPE = Iri(RDF + "type")
_BOUNDS = {
    SH.minInclusive: Operator.GE,
    SH.maxInclusive: Operator.LE,
    SH.minExclusive: Operator.GT,
    SH.maxExclusive: Operator.LT,
}
_FACETS = (*_BOUNDS, SH.hasValue, SH.in_, SH.not_, SH.node, SH.property, KG.ofScheme)
_UNDERSTOOD = frozenset(
    {
        *_FACETS,
        SH.path,
        SH.order,
        SH.minCount,
        SH.maxCount,
        SH.qualifiedValueShape,
        SH.qualifiedMinCount,
        SH.qualifiedMaxCount,
        KG.inSet,
        KG.atLeast,
        KG.validFor,
        KG.ofSchemeVersion,
        KG.unknownPolicy,
        KG.goesWith,
        SCHEMA.priceCurrency,
    }
)
Path = tuple[PropertyInfo, ...]


class ShapeReader:
    """Reads the property shapes of one graph."""

    def __init__(self, graph: RdfGraph, vocabulary: Vocabulary) -> None:
        """Read shapes of `graph` in the terms of `vocabulary`."""
        self.graph = graph
        self.vocabulary = vocabulary

    def goes_with(self, shape: Node) -> bool:
        """Say whether a shape only belongs to a condition beside it (completeness, currency)."""
        shape.check(_UNDERSTOOD)
        return KG.GoesWith in shape.all(_TYPE) or shape.one(SH.path) == KG.completeFor

    def path_of(self, terms: Sequence[Term], node: Node) -> Path:
        """Read properties.

        Raises:
            InputError: one is not in the vocabulary (`property-unknown`).
        """
        steps = []
        for term in terms:
            name = self.vocabulary.names_by_iri.get(term[0]) if isinstance(term, Iri) else None
            if name is None:
                raise InputError(
                    f"{term[0]!r} is not a property of the vocabulary.",
                    code="property-unknown",
                    at=node.at,
                )
            steps.append(self.vocabulary.properties[name])
        if not steps:
            raise InputError("A path is missing.", code="key-missing", at=node.at)
        check_path(tuple(steps), node.at)
        return tuple(steps)

    def read(self, shape: Node) -> tuple[Path, Condition]:
        """Read a property shape.

        Raises:
            InputError: its path or a value is wrong.
            NotSupported: it uses a term that is not understood.
        """
        shape.check(_UNDERSTOOD)
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
        (step,) = self.path_of([path_term] if path_term else [], shape)
        target, is_none = self._target(shape, step)
        rest, condition = self._content(target, step, is_none)
        path = (step, *rest)
        check_path(path, shape.at)
        return path, condition

    def _target(self, shape: Node, step: PropertyInfo) -> tuple[Node, bool]:
        """Find where the condition stands, and whether it says that no value may meet it."""
        qualified = shape.one(SH.qualifiedValueShape)
        if qualified is None:
            self._check_counts(shape, step)
            return shape, False
        if step.kind is not ValueKind.FEATURE:
            refuse(f"sh:qualifiedValueShape on `{step.name}`, which is no feature", shape.at)
        target = self.graph.node(qualified)
        target.check(_UNDERSTOOD)
        if shape.text(SH.qualifiedMaxCount) == "0" and not shape.text(SH.qualifiedMinCount):
            return target, True
        if shape.text(SH.qualifiedMinCount) != "1" or shape.text(SH.qualifiedMaxCount):
            refuse("another count than sh:qualifiedMinCount 1", shape.at)
        return target, False

    def _check_counts(self, shape: Node, step: PropertyInfo) -> None:
        for prop in (SH.minCount, SH.maxCount):
            text = shape.text(prop)
            is_single = step.kind in (ValueKind.SINGLE, ValueKind.CHOICE)
            if text and (text != "1" or not is_single):
                refuse(f"sh:{local_name(prop)} {text} on `{step.name}`", shape.at)

    def _content(self, target: Node, step: PropertyInfo, is_none: bool) -> tuple[Path, Condition]:
        facets = [facet for facet in _FACETS if target.all(facet)]
        if KG.ofScheme in facets:
            return (), self._label(target)
        if len(facets) != 1:
            names = ", ".join(f"sh:{local_name(facet)}" for facet in facets) or "no condition"
            refuse(
                f"a property shape with {names}", target.at, "Write one property shape for each."
            )
        facet = facets[0]
        if facet in (SH.node, SH.property):
            return self._nested(target, facet, step)
        return (), self._leaf(target, facet, step, is_none)

    def _nested(self, target: Node, facet: Iri, step: PropertyInfo) -> tuple[Path, Condition]:
        holder = (
            target if facet == SH.property else self.graph.node(target.one(SH.node) or _NOTHING)
        )
        if facet == SH.node:
            holder.check(_UNDERSTOOD)
        inner = [self.graph.node(term) for term in holder.all(SH.property)]
        inner = [shape for shape in inner if not self.goes_with(shape)]
        if len(inner) == 1 and not inner[0].all(SH.order):
            return self.read(inner[0])
        if step.kind is ValueKind.EXPOSURE or not inner:
            refuse("several conditions on one value of an exposure", target.at)
        inner.sort(key=lambda node: (node.order(), self.graph.content_key(node.subject)))
        parts = []
        for shape in inner:
            path, condition = self.read(shape)
            parts.append(Constraint(f"has.{'.'.join(step.name for step in path)}", path, condition))
        return (), Has(tuple(parts))

    def _label(self, target: Node) -> Condition:
        self.graph.see_all_below(target.subject)
        scheme, level = target.one(KG.ofScheme), target.one(KG.atLeast)
        levels = self.vocabulary.level_order.get(scheme[0] if scheme else "", ())
        if not isinstance(scheme, Iri) or not levels:
            raise InputError("That is not a label scheme.", code="scheme-unknown", at=target.at)
        if level is not None and level not in levels:
            raise InputError(
                "That is not a level of the scheme.", code="level-unknown", at=target.at
            )
        valid_for = target.text(KG.validFor)
        return LabelAtLeast(
            scheme,
            level if isinstance(level, Iri) else None,
            iso_duration(valid_for) if valid_for else "",
            target.text(KG.ofSchemeVersion),
        )

    def _leaf(self, target: Node, facet: Iri, step: PropertyInfo, is_none: bool) -> Condition:
        if facet in _BOUNDS:
            return self._bound(target, facet, step)
        if facet == SH.hasValue:
            return self._has_value(target, step)
        if facet == SH.not_:
            inner = self.graph.node(target.one(SH.not_) or _NOTHING)
            inner.check(frozenset({SH.in_}))
            return NoneOf(self._list(inner, step))
        named = target.one(KG.inSet)
        if named is not None:
            return self._named_set(named, target)
        values = self._list(target, step)
        return NoneOf(values) if is_none else AnyOf(values)

    def _named_set(self, term: Term, target: Node) -> Condition:
        name = term[0].removeprefix(KG.NS)
        if name not in self.vocabulary.named_sets:
            raise InputError(f"{name!r} is not a named set.", code="set-unknown", at=target.at)
        return InSet(name)

    def _list(self, target: Node, step: PropertyInfo) -> tuple[Value, ...]:
        items = self.graph.items(target.one(SH.in_))
        if not items:
            raise InputError("sh:in needs a list.", code="value-invalid", at=target.at)
        return tuple(dict.fromkeys(coerced(item, step, target) for item in items))

    def _bound(self, target: Node, facet: Iri, step: PropertyInfo) -> Condition:
        if not is_ordered(step):
            raise InputError(f"`{step.name}` has no order.", code="operator-invalid", at=target.at)
        return Compare(
            _BOUNDS[facet], coerced(target.one(facet), step, target), self._currency(target, step)
        )

    def _has_value(self, target: Node, step: PropertyInfo) -> Condition:
        values = tuple(coerced(term, step, target) for term in target.all(SH.hasValue))
        if step.kind is ValueKind.FEATURE:
            return AllOf(values)
        if len(values) > 1:
            refuse("several sh:hasValue on one value", target.at)
        return Compare(Operator.EQ, values[0], self._currency(target, step))

    def _currency(self, target: Node, step: PropertyInfo) -> str:
        currency = target.text(SCHEMA.priceCurrency)
        if step.is_money and not currency:
            raise InputError(
                f"`{step.name}` needs schema:priceCurrency.", code="money-invalid", at=target.at
            )
        return currency


_NOTHING = Iri("urn:kgservice:nothing")


def coerced(term: Term | None, info: PropertyInfo, node: Node) -> Value:
    """Give a value in the property's own type (`16` for a decimal is `16.0` for us).

    Raises:
        InputError: it is not of the property's type (`value-invalid`).
    """
    if isinstance(term, Iri) and not info.datatype:
        return term
    if isinstance(term, Literal) and info.datatype:
        number = number_of(term) if is_numeric(info) else None
        if number is not None:
            is_whole = number.denominator == 1
            if info.datatype == XSD + "integer" and is_whole:
                return Literal(str(number.numerator), info.datatype)
            if info.datatype != XSD + "integer":
                return Literal(decimal_text(number), XSD + "decimal")
        elif not is_numeric(info):
            return _typed(term, info, node)
    shown = term[0] if term is not None else "nothing"
    raise InputError(
        f"{info.name}: {shown!r} is not of its type.", code="value-invalid", at=node.at
    )


def _typed(term: Literal, info: PropertyInfo, node: Node) -> Literal:
    if info.datatype == XSD + "duration":
        return Literal(iso_duration(term.value), info.datatype)
    if info.datatype == XSD + "boolean" and term.value not in ("true", "false"):
        raise InputError(
            f"{info.name}: {term.value!r} is not of its type.", code="value-invalid", at=node.at
        )
    is_date = info.datatype == XSD + "dateTime" and term.datatype == XSD + "date"
    return Literal(term.value, term.datatype if is_date else info.datatype)
