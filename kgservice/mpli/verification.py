"""Compositions judged a second time, over their own graph, before they are returned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files

from kgservice.model.errors import KgError
from kgservice.model.rdf import Iri, Literal, Row, to_text
from kgservice.model.terms import KG
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.joint_marks import number_marks, three
from kgservice.resolution import queries
from kgservice.resolution.answer_rdf import (
    composition_core,
    composition_iri,
    mark_triples,
    policy_facts,
)
from kgservice.resolution.joint_filters import mediated
from kgservice.resolution.judgement import BoundOffering, Mark
from kgservice.resolution.request import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Joint,
    PairLimit,
    ProductLimit,
    Same,
    SumLimit,
)
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.values import number_of

JointMarks = dict[str, dict[str, Mark]]


def verify(engine: GraphEngine, found: Sequence[Mapping[str, BoundOffering]]) -> JointMarks:
    """Judge compositions again and let the rule conclude that they are feasible.

    The conditions run over the composition graph, the joint ones by counting distinct values
    instead of the search's filters; the rule is `shapes/rules/feasible-composition.ttl`.

    Returns:
        The verdicts on joint conditions, by composition.

    Raises:
        KgError: a verdict differs from the search's, or the rule does not conclude that a
            composition is feasible (`verification-differs`): a defect of the service.
    """
    request = engine.request
    engine.session.load([*composition_core(request, found), *policy_facts(request)])
    _check_conditions(engine, found)
    marks: JointMarks = {composition_iri(request, n): {} for n in range(1, len(found) + 1)}
    for joint in request.together:
        for composition, mark in _joint_marks(engine, joint).items():
            marks[composition][joint.id] = mark
    for composition, verdicts in marks.items():
        engine.session.load(mark_triples(request, composition, verdicts))
    engine.concluded = engine.session.triples(feasibility_rule())
    concluded = {triple.subject[0] for triple in engine.concluded}
    for composition in marks:
        if composition not in concluded:
            raise _differs(f"{composition} is not concluded to be feasible.")
    return marks


def _check_conditions(engine: GraphEngine, found: Sequence[Mapping[str, BoundOffering]]) -> None:
    request = engine.request
    expected = {
        (composition_iri(request, rank), binding.iri)
        for rank, bindings in enumerate(found, start=1)
        for binding in bindings.values()
    }
    seen: dict[str, set[tuple[str, str]]] = {}
    compiler = engine.compiler()
    for constraint in request.all_constraints():
        text = queries.judgement_again(request, constraint, compiler)
        for row in engine.session.select(text):
            binding, mark = row["binding"][0], Mark(row["verdict"][0].removeprefix(KG.NS))
            if engine.marks[binding][constraint.id] is not mark:
                raise _differs(f"{constraint.id} on {binding} is {mark.value} the second time.")
            if mark is Mark.VIOLATED and not constraint.is_wish:
                raise _differs(f"{constraint.id} is violated on {binding}.")
            seen.setdefault(constraint.id, set()).add((row["composition"][0], binding))
    for name, pairs in seen.items():
        if not pairs <= expected:
            raise _differs(f"{name} was judged on bindings that are not returned.")


def _joint_marks(engine: GraphEngine, joint: Joint) -> dict[str, Mark]:
    if isinstance(joint, Compatible):
        return _compatible_marks(engine, joint)
    request = engine.request
    if isinstance(joint, (PairLimit, ProductLimit, Capacity)):
        return number_marks(engine.session, request, joint)
    if isinstance(joint, CompositionShape):
        return {}
    currency = joint.currency if isinstance(joint, SumLimit) else ""
    text = render(
        "composition-values",
        slots={
            "components": values_of("component", [request.iri_of(name) for name in joint.over]),
            "path": queries.one_by_one(joint.path, currency),
        },
    )
    return {row["composition"][0]: _mark_of(joint, row) for row in engine.session.select(text)}


def _mark_of(joint: Joint, row: Row) -> Mark:
    """Read the verdict off the numbers of all, known and distinct values and their sum."""
    total, known, distinct = (int(row[name][0]) for name in ("all", "known", "distinct"))
    if isinstance(joint, SumLimit):
        sum_term = row["sum"]
        number = number_of(sum_term) if isinstance(sum_term, Literal) else None
        is_broken = number is None or not _is_within(joint, number, is_whole=known == total)
        return three(is_broken, known == total)
    if isinstance(joint, AtMost):
        return three(distinct > joint.n, distinct + total - known <= joint.n)
    if isinstance(joint, Same):
        return three(distinct > 1, known == total)
    return three(distinct < known, known == total)


def _is_within(joint: SumLimit, number: Fraction, *, is_whole: bool) -> bool:
    if joint.limit is not None and number > Fraction(joint.limit.value):
        return False
    return joint.minimum is None or not is_whole or number >= Fraction(joint.minimum.value)


def _compatible_marks(engine: GraphEngine, joint: Compatible) -> dict[str, Mark]:
    request = engine.request
    text = render(
        "composition-compatible",
        {
            "giver": Iri(request.iri_of(joint.giver)),
            "taker": Iri(request.iri_of(joint.taker)),
            "given": joint.given[0].iri,
            "taken": joint.taken[0].iri,
        },
        {
            "isMediated": f"BIND({mediated(joint, '?from', '?to')} AS ?isMediated)",
            "isGivenClosed": _closed(engine, joint, "given", "?from"),
            "isTakenClosed": _closed(engine, joint, "taken", "?to"),
        },
    )
    marks = {}
    for row in engine.session.select(text):
        is_met, is_violated = (row[name][0] == "true" for name in ("isMet", "isViolated"))
        marks[row["composition"][0]] = three(is_violated, is_met)
    return marks


def _closed(engine: GraphEngine, joint: Compatible, end: str, node: str) -> str:
    key = Iri(engine.request.iri_of(f"{joint.id}.{end}.closed"))
    return f"BIND(EXISTS {{ {node} {to_text(key)} true }} AS ?is{end.capitalize()}Closed)"


@cache
def feasibility_rule() -> str:
    """Give the CONSTRUCT of the rule that concludes kg:FeasibleComposition."""
    text = files("kgservice_shapes").joinpath("rules/feasible-composition.ttl").read_text("utf-8")
    match = re.search(r'sh:construct\s+"""(.*?)"""', text, re.DOTALL)
    if match is None:
        raise _differs("shapes/rules/feasible-composition.ttl has no sh:construct.")
    return f"PREFIX kg: <{KG.NS}>\n" + match.group(1).replace("$this", "?this")


def _differs(detail: str) -> KgError:
    return KgError(
        f"The second check of an answer differs: {detail}",
        code="verification-differs",
        hint="This is a defect of the service; nothing was returned. Please report it.",
    )
