"""Joint conditions judged over the compositions' graph: one query for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from kgservice.model.rdf import Iri, Literal, Row, Term, to_text
from kgservice.resolution import queries
from kgservice.resolution.joint_columns import share_number
from kgservice.resolution.joint_totals import reaches
from kgservice.resolution.judgement import Mark
from kgservice.resolution.request import Capacity, PairLimit, ProductLimit, Request
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.values import number_of
from kgservice.store.port import Session


def three(is_violated: bool, is_met: bool) -> Mark:
    """Make a verdict of two questions."""
    if is_violated:
        return Mark.VIOLATED
    return Mark.MET if is_met else Mark.UNKNOWN


def number_marks(
    session: Session, request: Request, joint: PairLimit | ProductLimit | Capacity
) -> dict[str, Mark]:
    """Judge a joint condition on every composition of the scratch store."""
    if isinstance(joint, Capacity):
        return _capacity_marks(session, request, joint)
    text = render(
        "composition-each",
        slots={
            "components": values_of("component", [request.iri_of(name) for name in joint.over]),
            "path": queries.one_by_one(joint.path),
        },
    )
    found: dict[str, dict[str, Term | None]] = {}
    for row in session.select(text):
        values = found.setdefault(row["composition"][0], {})
        values[row["component"][0]] = row.get("value")
    if isinstance(joint, ProductLimit):
        return {node: _product_mark(joint, values) for node, values in found.items()}
    return _pair_marks(session, joint, found)


def _product_mark(joint: ProductLimit, values: Mapping[str, Term | None]) -> Mark:
    shares = [share_number(value) for value in values.values() if value is not None]
    known = [share for share in shares if share is not None]
    return three(not reaches(joint, known), len(known) == len(values))


def _pair_marks(
    session: Session, joint: PairLimit, found: Mapping[str, Mapping[str, Term | None]]
) -> dict[str, Mark]:
    ends = {
        node: [value for value in values.values() if isinstance(value, Iri)]
        for node, values in found.items()
    }
    pairs = {tuple(two) for two in ends.values() if len(two) == 2}
    ways = sorted({(to_text(a), to_text(b)) for one in pairs for a, b in (one, one[::-1])})
    listed = " ".join(f"({a} {b})" for a, b in ways)
    slots = {"ends": f"VALUES (?from ?to) {{ {listed} }}"}
    text = render("measured", {"measure": joint.measure.iri}, slots)
    measured: dict[frozenset[str], set[Fraction]] = {}
    for row in session.select(text, where="snapshot") if ways else ():
        number = _number(row, "value")
        if number is not None:
            measured.setdefault(frozenset((row["from"][0], row["to"][0])), set()).add(number)
    marks = {}
    for node, two in ends.items():
        values = measured.get(frozenset(end.value for end in two), set()) if len(two) == 2 else ()
        is_known = len(values) == 1
        is_far = any(value > Fraction(joint.limit.value) for value in values)
        marks[node] = three(is_known and is_far, is_known)
    return marks


def _capacity_marks(session: Session, request: Request, joint: Capacity) -> dict[str, Mark]:
    listed = " ".join(
        f"(<{request.iri_of(one.name)}> {one.quantity})"
        for one in request.components
        if one.name in joint.over
    )
    slots = {
        "components": f"VALUES (?component ?quantity) {{ {listed} }}",
        "path": queries.one_by_one(joint.path),
    }
    broken: dict[str, bool] = {}
    known: dict[str, bool] = {}
    for row in session.select(render("composition-capacity", slots=slots)):
        node = row["composition"][0]
        asked, there = _number(row, "asked"), _number(row, "there")
        known[node] = known.get(node, True) and there is not None
        broken[node] = broken.get(node, False) or (there is not None and (asked or 0) > there)
    return {node: three(broken[node], known[node]) for node in known}


def _number(row: Row, name: str) -> Fraction | None:
    term = row.get(name)
    return number_of(term) if isinstance(term, Literal) else None
