"""Compositions judged a second time, over their own graph, before they are returned."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise

from kgservice.model.errors import KgError
from kgservice.model.rdf import RDF, Iri, Literal, Row, Triple, to_text
from kgservice.model.terms import KG
from kgservice.model.vocabulary import ValueKind
from kgservice.mpli.joint_marks import number_marks, three
from kgservice.mpli.winners import Winners
from kgservice.resolution import queries
from kgservice.resolution.answer import ResolvedComposition
from kgservice.resolution.answer_rdf import composition_iri, mark_triples
from kgservice.resolution.joint_filters import mediated
from kgservice.resolution.judgement import Mark
from kgservice.resolution.reads import Path
from kgservice.resolution.request import (
    AtMost,
    Capacity,
    Compatible,
    Different,
    Joint,
    PairLimit,
    ProductLimit,
    Request,
    Same,
    SumLimit,
)
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.values import number_of
from kgservice.store.port import Step

Counted = Same | Different | AtMost | SumLimit | Compatible
JointMarks = dict[str, dict[str, Mark]]


Claims = Mapping[str, Mapping[str, Mark]]
"""What a search says of the bindings that it returns: binding IRI to short id to verdict."""


def verify(winners: Winners, claims: Claims) -> JointMarks:
    """Judge compositions again and let the rule conclude that they are feasible.

    The conditions run over the composition graph, the joint ones by counting distinct values
    instead of the search's filters; the rule is `shapes/rules/feasible-composition.ttl`.

    Returns:
        The verdicts on joint conditions, by composition.

    Raises:
        KgError: a verdict differs from the search's, or the rule does not conclude that a
            composition is feasible (`verification-differs`): a defect of the service.
    """
    request = winners.request
    counted = _counted(request)
    questions = [joint_question(request, joint) for joint in counted]
    answers = winners.judge([Step("select", text, "scratch") for text, _ in questions])
    _compare(winners, claims)
    marks: JointMarks = {composition_iri(request, n + 1): {} for n in range(len(winners.found))}
    for joint, (_, mark_of), rows in zip(counted, questions, answers, strict=True):
        for row in rows:
            marks[row["composition"][0]][joint.id] = mark_of(row)
    for other in request.together:
        if isinstance(other, (PairLimit, ProductLimit, Capacity)):
            for node, mark in number_marks(winners.session, request, other).items():
                marks[node][other.id] = mark
    _conclude(winners, marks)
    return marks


def _compare(winners: Winners, claims: Claims) -> None:
    """Compare what search and graph say of each binding."""
    request = winners.request
    if winners.marks.keys() != claims.keys():
        raise _differs("the graph does not make the same bindings.")
    for iri, verdicts in claims.items():
        if winners.marks[iri] != verdicts:
            names = [name for name in verdicts if winners.marks[iri].get(name) != verdicts[name]]
            raise _differs(f"{', '.join(names) or 'a condition'} on {iri}.")
    for constraint in request.all_constraints():
        if not constraint.is_wish and any(
            verdicts.get(constraint.id) is Mark.VIOLATED for verdicts in winners.marks.values()
        ):
            raise _differs(f"{constraint.id} is violated.")


def _conclude(winners: Winners, marks: JointMarks) -> None:
    """Load what is not met and let the rule conclude; what is met hinders nothing."""
    request = winners.request
    open_marks = [
        triple
        for node, verdicts in {**winners.marks, **marks}.items()
        for triple in mark_triples(
            request, node, {name: m for name, m in verdicts.items() if m is not Mark.MET}
        )
    ]
    *_, rows = winners.session.run(
        [
            Step("load", triples=tuple(open_marks)),
            Step("construct", feasibility_rule(), "scratch"),
            Step("select", render("feasible-compositions"), "scratch"),
        ]
    )
    concluded = {row["composition"][0] for row in rows}
    if concluded != marks.keys():
        raise _differs("the rule does not conclude that all compositions are feasible.")
    winners.concluded += [
        Triple(Iri(node), Iri(RDF + "type"), KG.FeasibleComposition) for node in marks
    ]


def require_order(compositions: Sequence[ResolvedComposition]) -> None:
    """Make sure that compositions come in the order of what the graph says of them.

    Raises:
        KgError: they do not (`verification-differs`): a defect of the service.
    """
    for one, following in pairwise(compositions):
        if not one.order < following.order:
            raise _differs(f"{following.iri} ranks before {one.iri}.")


def _counted(request: Request) -> list[Counted]:
    """Give the joint conditions that are judged by counting values."""
    kinds = (Same, Different, AtMost, SumLimit, Compatible)
    return [joint for joint in request.together if isinstance(joint, kinds)]


def joint_question(request: Request, joint: Counted) -> tuple[str, Callable[[Row], Mark]]:
    """Write the query that judges a joint condition over compositions, and how a row is read."""
    if isinstance(joint, Compatible):
        return _compatible_query(request, joint), _compatible_mark
    currency = joint.currency if isinstance(joint, SumLimit) else ""
    text = render(
        "composition-values",
        slots={
            "components": values_of("component", [request.iri_of(name) for name in joint.over]),
            "path": queries.one_by_one(joint.path, currency),
        },
    )
    return text, partial(_mark_of, joint)


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


def _compatible_query(request: Request, joint: Compatible) -> str:
    return render(
        "composition-compatible",
        {
            "giver": Iri(request.iri_of(joint.giver)),
            "taker": Iri(request.iri_of(joint.taker)),
            "given": joint.given[0].iri,
            "taken": joint.taken[0].iri,
        },
        {
            "isMediated": f"BIND({mediated(joint, '?from', '?to')} AS ?isMediated)",
            "isGivenClosed": f"BIND({_closed(joint.given, '?from')} AS ?isGivenClosed)",
            "isTakenClosed": f"BIND({_closed(joint.taken, '?to')} AS ?isTakenClosed)",
        },
    )


def _compatible_mark(row: Row) -> Mark:
    is_met, is_violated = (row[name][0] == "true" for name in ("isMet", "isViolated"))
    return three(is_violated, is_met)


def _closed(path: Path, node: str) -> str:
    """Say in SPARQL that all values of a property are known: declared so, or its only one is."""
    prop = to_text(path[0].iri)
    declared = f"EXISTS {{ {node} {to_text(KG.completeFor)} {prop} }}"
    if path[0].kind not in (ValueKind.SINGLE, ValueKind.CHOICE):
        return declared
    several = f"EXISTS {{ {node} {prop} ?one, ?two FILTER(!sameTerm(?one, ?two)) }}"
    return f"({declared} || (EXISTS {{ {node} {prop} ?any }} && !{several}))"


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
