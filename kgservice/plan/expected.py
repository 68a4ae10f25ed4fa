"""Ways and costs of a plan as statements, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from kgservice.model.money import rounded
from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.terms import KG, RDF
from kgservice.plan.costs import CostLine
from kgservice.plan.nodes import Node, step_iri
from kgservice.plan.values import Plan
from kgservice.plan.ways import Way, seconds_text


def expectations(plan: Plan) -> Iterator[Triple]:
    """Write what a plan expects of its ways and what leaving costs."""
    for number, way in enumerate(plan.ways, 1):
        node = step_iri(plan.iri, f"way-{number}")
        yield Triple(Iri(plan.iri), KG.way, node)
        yield from _way(node, number, way)
    for number, line in enumerate(plan.costs, 1):
        node = step_iri(plan.iri, f"cost-{number}")
        yield Triple(Iri(plan.iri), KG.costLine, node)
        yield from _cost(node, number, line)


def _way(node: Iri, number: int, way: Way) -> Iterator[Triple]:
    yield Triple(node, RDF.type, KG.Way)
    yield Triple(node, KG.sequence, typed(number))
    yield Triple(node, KG.forService, Iri(way.service))
    yield Triple(node, KG.takesPath, Iri(way.path))
    yield Triple(node, KG.fromFormat, typed(way.from_format))
    yield Triple(node, KG.toFormat, typed(way.to_format))
    for worker in way.workers:
        yield Triple(node, KG.via, Iri(worker))
    if way.conversion:
        yield Triple(node, KG.conversion, Iri(way.conversion))
    if way.carries is not None:
        yield Triple(node, KG.carries, typed(way.carries))
    for predicate, seconds in (
        (KG.expectedWriteGap, way.write_gap),
        (KG.expectedWork, way.work),
    ):
        if seconds:
            yield Triple(node, predicate, typed(seconds, "decimal"))


def _cost(node: Iri, number: int, line: CostLine) -> Iterator[Triple]:
    yield Triple(node, RDF.type, KG.CostLine)
    yield Triple(node, KG.sequence, typed(number))
    yield Triple(node, KG.costName, typed(line.name))
    yield Triple(node, KG.reason, typed(line.because))
    if line.amount is not None:
        yield Triple(node, KG.amount, typed(line.amount.amount, "decimal"))
        yield Triple(node, KG.currency, typed(line.amount.currency))
    if line.service:
        yield Triple(node, KG.forService, Iri(line.service))
    if line.rule:
        yield Triple(node, KG.underRule, Iri(line.rule))


def read_ways(nodes: Iterable[Node]) -> tuple[Way, ...]:
    """Read the ways of a plan back, in their order."""
    return tuple(_read_way(node) for node in _ordered(nodes))


def _read_way(node: Node) -> Way:
    carries = node.one(KG.carries)
    return Way(
        service=node.one(KG.forService),
        path=node.one(KG.takesPath),
        from_format=node.one(KG.fromFormat),
        to_format=node.one(KG.toFormat),
        conversion=node.one(KG.conversion),
        workers=tuple(node.all(KG.via)),
        carries=int(carries) if carries else None,
        write_gap=_seconds(node.one(KG.expectedWriteGap)),
        work=_seconds(node.one(KG.expectedWork)),
    )


def _seconds(text: str) -> str:
    # engines rewrite decimals (2687.100 to 2687.1); ours always have three digits
    return seconds_text(Fraction(text)) if text else ""


def read_costs(nodes: Iterable[Node]) -> tuple[CostLine, ...]:
    """Read the costs of a plan back, in their order."""
    return tuple(_read_cost(node) for node in _ordered(nodes))


def _read_cost(node: Node) -> CostLine:
    amount, currency = node.one(KG.amount), node.one(KG.currency)
    return CostLine(
        name=node.one(KG.costName),
        amount=rounded(Fraction(amount), currency) if amount else None,
        because=node.one(KG.reason),
        service=node.one(KG.forService),
        rule=node.one(KG.underRule),
    )


def _ordered(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: node.number(KG.sequence))
