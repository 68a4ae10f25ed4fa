"""Property shapes read as a path and a condition, by the operator table of REQUESTS."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, XSD, Blank, Iri, Term
from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import EVIDENCE_BY_IRI, Evidence
from kgservice.resolution.names import check_evidence, check_path, read_chain, refuse
from kgservice.resolution.patterns import check_pattern
from kgservice.resolution.rdf_facets import BOUNDS, FACETS, UNDERSTOOD
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_values import coerced
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Constraint,
    Each,
    Has,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    Operator,
    Some,
    Value,
)
from kgservice.resolution.values import is_ordered, local_name

_TYPE = Iri(RDF + "type")
Path = tuple[PropertyInfo, ...]


class ShapeReader:
    """Reads the property shapes of one graph."""

    def __init__(self, graph: RdfGraph, vocabulary: Vocabulary) -> None:
        """Read shapes of `graph` in the terms of `vocabulary`."""
        self.graph = graph
        self.vocabulary = vocabulary

    def goes_with(self, shape: Node) -> bool:
        """Say whether a shape only belongs to a condition beside it (completeness, currency)."""
        shape.check(UNDERSTOOD)
        if KG.GoesWith in shape.all(_TYPE):
            self.graph.see_all_below(shape.subject)
            return True
        return shape.one(SH.path) == KG.completeFor

    def evidence(self, shape: Node, path: Path) -> Evidence | None:
        """Read how strong the evidence must be.

        Raises:
            InputError: it is no level (`value-invalid`), or nobody states the fact.
        """
        term = shape.one(KG.minEvidence)
        if term is None:
            return None
        if not isinstance(term, Iri) or term not in EVIDENCE_BY_IRI:
            raise InputError("That is no level of evidence.", code="value-invalid", at=shape.at)
        check_evidence(path, shape.at)
        return EVIDENCE_BY_IRI[term]

    def path_of(self, terms: Sequence[Term], node: Node) -> Path:
        """Read properties.

        Raises:
            InputError: one is not in the vocabulary (`property-unknown`).
        """
        steps = []
        for term in terms:
            info = self.vocabulary.asked_iri(term[0]) if isinstance(term, Iri) else None
            if info is None:
                raise InputError(
                    f"{term[0]!r} is not a property of the vocabulary.",
                    code="property-unknown",
                    at=node.at,
                )
            steps.append(info)
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
        step = self._step(path_term, shape)
        qualified = shape.one(SH.qualifiedValueShape)
        if qualified is not None:
            return self._qualified(shape, self.graph.node(qualified), step)
        self._check_counts(shape, step)
        rest, condition = self._content(shape, step)
        path = (step, *rest)
        check_path(path, shape.at)
        is_each = step.kind is ValueKind.FEATURE and not isinstance(condition, AllOf)
        if is_each and rest:
            refuse(f"every value of `{step.name}` in the middle of a path", shape.at)
        return path, Each(condition) if is_each else condition

    def _step(self, term: Term | None, shape: Node) -> PropertyInfo:
        """Read sh:path: a property, or one that is followed once or more."""
        followed = None
        if isinstance(term, (Iri, Blank)) and term in self.graph.index:
            followed = self.graph.node(term).one(SH.oneOrMorePath)
        if followed is None:
            (step,) = self.path_of([term] if term else [], shape)
            return step
        (step,) = self.path_of([followed], shape)
        return read_chain(step, shape.at)

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

    def _check_counts(self, shape: Node, step: PropertyInfo) -> None:
        for prop in (SH.minCount, SH.maxCount):
            text = shape.text(prop)
            is_single = step.kind in (ValueKind.SINGLE, ValueKind.CHOICE)
            if text and (text != "1" or not is_single):
                refuse(f"sh:{local_name(prop)} {text} on `{step.name}`", shape.at)

    def _content(self, target: Node, step: PropertyInfo) -> tuple[Path, Condition]:
        """Read the one condition of a shape, or the following step of a path."""
        facets = [facet for facet in FACETS if target.all(facet)]
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
        if facet == SH.or_:
            return (), self._one_of(target, step)
        return (), self._leaf(target, facet, step)

    def _nested(self, target: Node, facet: Iri, step: PropertyInfo) -> tuple[Path, Condition]:
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

    def _leaf(self, target: Node, facet: Iri, step: PropertyInfo) -> Condition:
        if facet in BOUNDS:
            return self._bound(target, facet, step)
        if facet == SH.hasValue:
            return self._has_value(target, step)
        if facet == SH.pattern:
            if step.datatype not in ("", XSD + "string"):
                raise InputError(
                    f"`{step.name}` is no text.", code="operator-invalid", at=target.at
                )
            return Matches(check_pattern(target.text(SH.pattern), target.at))
        if facet == SH.not_:
            inner = self.graph.node(target.one(SH.not_) or _NOTHING)
            inner.check(frozenset({SH.in_, KG.inSet}))
            return self._named_set(inner, NotIn) or NoneOf(self._list(inner, step))
        return self._named_set(target, InSet) or AnyOf(self._list(target, step))

    def _named_set(self, target: Node, kind: type[InSet] | type[NotIn]) -> InSet | NotIn | None:
        term = target.one(KG.inSet)
        if term is None:
            return None
        name = term[0].removeprefix(KG.NS)
        if name not in self.vocabulary.named_sets:
            raise InputError(f"{name!r} is not a named set.", code="set-unknown", at=target.at)
        self.graph.see_all_below(target.subject)
        return kind(name)

    def _list(self, target: Node, step: PropertyInfo) -> tuple[Value, ...]:
        items = self.graph.items(target.one(SH.in_))
        if not items:
            raise InputError("sh:in needs a list.", code="value-invalid", at=target.at)
        return tuple(dict.fromkeys(coerced(item, step, target) for item in items))

    def _bound(self, target: Node, facet: Iri, step: PropertyInfo) -> Condition:
        if not is_ordered(step):
            raise InputError(f"`{step.name}` has no order.", code="operator-invalid", at=target.at)
        return Compare(
            BOUNDS[facet], coerced(target.one(facet), step, target), self._currency(target, step)
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


def _part(path: Path, condition: Condition) -> Constraint:
    return Constraint(f"has.{'.'.join(step.name for step in path)}", path, condition)
