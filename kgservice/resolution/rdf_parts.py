"""The parts of property shapes: paths, evidence, labels, values."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.duration import iso_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, Blank, Iri, Term
from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.conditions import EVIDENCE_BY_IRI, OFFERING, Evidence
from kgservice.resolution.names import check_evidence, check_path, read_chain, refuse
from kgservice.resolution.notes import Note
from kgservice.resolution.patterns import check_pattern
from kgservice.resolution.rdf_facets import BOUNDS
from kgservice.resolution.rdf_graph import Node, RdfGraph
from kgservice.resolution.rdf_values import coerced
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    Operator,
    Value,
)
from kgservice.resolution.values import is_ordered, local_name, suggestion

_TYPE = Iri(RDF + "type")
Path = tuple[PropertyInfo, ...]


class PartReader:
    """Reads the parts of the property shapes of one graph."""

    def __init__(self, graph: RdfGraph, vocabulary: Vocabulary) -> None:
        """Read shapes of `graph` in the terms of `vocabulary`."""
        self.graph = graph
        self.vocabulary = vocabulary
        self.notes: list[Note] = []
        self.is_own = True

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
                    hint=suggestion(local_name(term), self.vocabulary.properties)
                    if isinstance(term, Iri)
                    else "",
                )
            steps.append(info)
        if not steps:
            raise InputError("A path is missing.", code="key-missing", at=node.at)
        check_path(tuple(steps), node.at)
        return tuple(steps)

    def step(self, term: Term | None, shape: Node) -> PropertyInfo:
        """Read sh:path: a property, or one that is followed once or more."""
        followed = None
        if term == KG.offering:
            return OFFERING
        if isinstance(term, (Iri, Blank)) and term in self.graph.index:
            followed = self.graph.node(term).one(SH.oneOrMorePath)
        if followed is None:
            (step,) = self.path_of([term] if term else [], shape)
            return step
        (step,) = self.path_of([followed], shape)
        return read_chain(step, shape.at)

    def check_counts(self, shape: Node, step: PropertyInfo) -> None:
        """Refuse other counts than one, and counts of what is had together."""
        if step.kind in (ValueKind.SINGLE, ValueKind.CHOICE) and not shape.text(SH.minCount):
            self.notes.append(_uncounted(shape, step))
        for prop in (SH.minCount, SH.maxCount):
            text = shape.text(prop)
            is_single = step.kind in (ValueKind.SINGLE, ValueKind.CHOICE)
            if text and (text != "1" or not is_single):
                refuse(f"sh:{local_name(prop)} {text} on `{step.name}`", shape.at)

    def label(self, target: Node) -> Condition:
        """Read what a label must be."""
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

    def leaf(self, target: Node, facet: Iri, step: PropertyInfo) -> Condition:
        """Read a bound, a value, values or a pattern."""
        if facet in BOUNDS:
            return self._bound(target, facet, step)
        if facet == SH.hasValue:
            return self._has_value(target, step)
        if facet == SH.pattern:
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
        if step.kind is ValueKind.EXPOSURE:
            return AnyOf(values)
        return Compare(Operator.EQ, values[0], self._currency(target, step))

    def _currency(self, target: Node, step: PropertyInfo) -> str:
        currency = target.text(SCHEMA.priceCurrency)
        # nothing is nothing in every currency; a request itself always names one
        is_nothing = target.text(SH.maxInclusive) in ("0", "0.0") and not self.is_own
        if step.is_money and not currency and not is_nothing:
            raise InputError(
                f"`{step.name}` needs schema:priceCurrency.", code="money-invalid", at=target.at
            )
        return currency


_NOTHING = Iri("urn:kgservice:nothing")


def _uncounted(shape: Node, step: PropertyInfo) -> Note:
    return Note(
        "count-missing",
        shape.at,
        f"By this shape SHACL accepts an offering that says nothing of `{step.name}`; here that is "
        "unknown.",
        "Write sh:minCount 1 ; sh:maxCount 1 too, so that both agree.",
    )
