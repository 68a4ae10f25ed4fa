"""The reference path: pySHACL validates a composition's bindings against the request's shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError, Refused
from kgservice.model.rdf import XSD, Blank, Iri, Literal, Term, Triple, to_ntriples
from kgservice.model.terms import KG, SH
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.resolution.answer import ResolvedComposition
from kgservice.resolution.compile import date_time
from kgservice.resolution.conditions import Value
from kgservice.resolution.pattern_values import Matching, patterns_of, with_values
from kgservice.resolution.queries import Only
from kgservice.resolution.request import Policy, Request
from kgservice.resolution.templates import render
from kgservice.resolution.to_rdf import request_triples
from kgservice.resolution.worked_steps import judged
from kgservice.store.port import QueryScope, Session, Store

if TYPE_CHECKING:
    from rdflib import Graph

_DURATION = XSD + "duration"


def check_with_reference(
    store: Store, vocabulary: Vocabulary, request: Request, chosen: ResolvedComposition
) -> None:
    """Validate each binding of a composition with pySHACL against its component's node shape.

    Conditions that may be unknown (policy `warn` or `accept`) are left out: SHACL has two values
    only, and the composition says which of them are unknown. Takes about 20 ms a binding.

    Raises:
        Refused: a binding does not conform (`reference-differs`): the facts have changed since,
            or the service has a defect.
    """
    dated = request if request.as_of else replace(request, as_of=datetime.now(UTC).date())
    with store.session(scope=QueryScope()) as session:
        engine = GraphEngine(session, vocabulary, dated)
        engine.prepare({name: Only(iri) for name, iri in chosen.offerings.items()})
        facts = session.triples(render("facts"))
        matching = matching_values(session, dated)
    as_of = dated.as_of or date.max
    for component in dated.components:
        shapes = node_shapes(dated, vocabulary, component.name, matching)
        report = violations(facts, shapes, chosen.bindings[component.name], as_of)
        if report:
            raise Refused(
                f"{component.name}: the reference check says no: {report}",
                code="reference-differs",
                hint="Resolve the request again.",
            )


def matching_values(session: Session, request: Request) -> Matching:
    """Give the values among a session's facts that match each pattern of a request.

    The engine matches in linear time, which pySHACL does not.
    """
    found: dict[str, tuple[Value, ...]] = {}
    for constraint in request.all_constraints():
        for pattern in patterns_of(constraint):
            text = render("matching-values", {"pattern": Literal(pattern)})
            values = (row["value"] for row in session.select(text))
            found[pattern] = tuple(v for v in values if isinstance(v, (Iri, Literal)))
    return found


def node_shapes(
    request: Request, vocabulary: Vocabulary, name: str, matching: Matching | None = None
) -> list[Triple]:
    """Give the shapes of one component with those for every component, as one node shape.

    Only conditions that may not be unknown are kept; wishes never are conditions. With
    `matching`, patterns are replaced by the values that match them.
    """
    component = next(part for part in request.components if part.name == name)
    strict = tuple(
        judged(constraint if matching is None else with_values(constraint, matching))
        for constraint in request.constraints_of(component)
        if not constraint.is_wish and request.policy_of(constraint) is Policy.REJECT
    )
    alone = replace(
        request,
        components=(replace(component, constraints=strict, needs=()),),
        every=(),
        together=(),
        prefer=(),
    )
    return _blank_paths(request_triples(alone, vocabulary))


def _blank_paths(triples: Iterable[Triple]) -> list[Triple]:
    """Make the nodes of chains blank, as SHACL §2.3.1 asks: an IRI there is a property.

    A request is stored without blank nodes.
    """
    kept = list(triples)
    paths = {s for s, p, _ in kept if p in (SH.oneOrMorePath, SH.zeroOrMorePath)}
    blank = {node: Blank(f"path{number}") for number, node in enumerate(sorted(paths, key=str))}
    return [
        Triple(blank.get(s, s), p, blank.get(o, o) if isinstance(o, (Iri, Blank)) else o)
        for s, p, o in kept
    ]


def violations(facts: list[Triple], shapes: list[Triple], binding: str, as_of: date) -> str:
    """Validate one binding; gives the report's text, empty when it conforms.

    Durations on both sides are replaced by the moments at which they end, counted from as-of,
    since SHACL cannot compare months with days.
    """
    data = _graph(_dated(facts, as_of))
    shape_graph = _graph(_dated(shapes, as_of))
    components = [t.subject for t in shapes if t.object == KG.Component]
    target = Triple(components[0], Iri(SH.NS + "targetNode"), Iri(binding))
    shape_graph += _graph([target])
    import pyshacl  # a third of a second, for a check that few ask for

    conforms, _, text = pyshacl.validate(data, shacl_graph=shape_graph)
    return "" if conforms else str(text)


def _graph(triples: list[Triple]) -> Graph:
    from rdflib import Graph  # a tenth of a second, which each start would pay

    return Graph().parse(data=to_ntriples(triples), format="nt")


def _dated(triples: list[Triple], as_of: date) -> list[Triple]:
    return [Triple(s, p, _ending(o, as_of)) for s, p, o in triples]


def _ending(term: Term, as_of: date) -> Term:
    if not isinstance(term, Literal) or term.datatype != _DURATION:
        return term
    try:
        return date_time(parse_duration(term.value).after(as_of))
    except InputError:
        return term
