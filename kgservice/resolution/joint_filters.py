"""Joint conditions as SPARQL expressions over the variables of the composition query."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Final

from kgservice.model.rdf import XSD, to_text
from kgservice.model.terms import KG
from kgservice.resolution.joint_totals import SCALE, SHARE_SCALE, Direction, totals_of
from kgservice.resolution.request import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    EachLimit,
    Joint,
    PairLimit,
    ProductLimit,
    Request,
    Same,
    SumLimit,
)
from kgservice.resolution.values import decimal_text

_DOUBLE: Final = XSD + "double"
_NEARLY: Final = 1 - Fraction(1, 10**14)
"""Engines multiply floating point numbers: what is nearly enough is multiplied again, exactly."""


def joint_filter(joint: Joint, request: Request, strict: bool) -> str:
    """Write what must be true of the bindings; `strict` when an unknown value excludes."""
    if isinstance(joint, Compatible):
        return _compatible(joint, request, strict)
    if isinstance(joint, (CompositionShape, EachLimit)):
        return "true"  # tested once a composition is found, or of each candidate before
    variables = [variable(joint.id, index_of(request, name)) for name in joint.over]
    if isinstance(joint, SumLimit):
        return _sum(joint, variables, strict)
    if isinstance(joint, ProductLimit):
        return _product(joint, variables, strict)
    if isinstance(joint, Capacity):
        return _capacity(joint, request, strict)
    if isinstance(joint, PairLimit):
        return _pair_limit(joint, request, variables, strict)
    return _compared(joint, variables, strict)


def variable(key: str, index: int) -> str:
    """Name the variable for a key of the table at the component with an index."""
    return "?" + key.replace(".", "_").replace("together", "j").replace("prefer", "p") + f"_{index}"


def index_of(request: Request, name: str) -> int:
    """Give a component's place in the request."""
    return next(i for i, component in enumerate(request.components) if component.name == name)


def _compared(joint: Joint, variables: Sequence[str], strict: bool) -> str:
    if isinstance(joint, AtMost):
        return _at_most(joint, variables, strict)
    is_same = isinstance(joint, Same)
    pairs = [_pair(a, b, is_same, strict) for a, b in combinations(variables, 2)]
    if strict:
        pairs = [f"BOUND({name})" for name in variables] + pairs
    return " && ".join(pairs) or "true"


def _pair(a: str, b: str, is_same: bool, strict: bool) -> str:
    test = f"sameTerm({a}, {b})" if is_same else f"!sameTerm({a}, {b})"
    return test if strict else f"(!BOUND({a}) || !BOUND({b}) || {test})"


def _at_most(joint: AtMost, variables: Sequence[str], strict: bool) -> str:
    """Count each known value once; an unknown one could be a further value."""
    counted = []
    for i, name in enumerate(variables):
        seen = "".join(f" && !COALESCE(sameTerm({v}, {name}), false)" for v in variables[:i])
        counted.append(f"IF(BOUND({name}){seen}, 1, 0)")
        if strict:
            counted.append(f"IF(BOUND({name}), 0, 1)")
    return f"{' + '.join(counted)} <= {joint.n}"


def _sum(joint: SumLimit, variables: Sequence[str], strict: bool) -> str:
    total = " + ".join(f"COALESCE({name}, 0)" for name in variables)
    known = " && ".join(f"BOUND({name})" for name in variables)
    parts = [known] if strict else []
    for limit in totals_of(joint):
        if limit.direction is Direction.MAXIMUM:
            parts.append(f"{total} <= {limit.limit}")
        elif strict:
            parts.append(f"{total} >= {-limit.limit}")
        else:  # what is not known may still bring the sum up to its minimum
            parts.append(f"(!({known}) || {total} >= {-limit.limit})")
    return " && ".join(parts)


def _product(joint: ProductLimit, variables: Sequence[str], strict: bool) -> str:
    whole = f"{SHARE_SCALE:.0e}"
    shares = " * ".join(f"COALESCE(<{_DOUBLE}>({name}) / {whole}, 1e0)" for name in variables)
    least = decimal_text(Fraction(joint.minimum.value) / 100 * _NEARLY)
    known = "".join(f"BOUND({name}) && " for name in variables) if strict else ""
    return f"{known}{shares} >= {least}"


def _capacity(joint: Capacity, request: Request, strict: bool) -> str:
    """Add up what is asked of the offering of each component, wherever it is bound."""
    quantity = {one.name: one.quantity for one in request.components}
    parts = []
    for name in joint.over:
        i = index_of(request, name)
        asked = " + ".join(
            f"IF(sameTerm(?o{i}, ?o{index_of(request, other)}), {quantity[other] * SCALE}, 0)"
            for other in joint.over
        )
        there = variable(joint.id, i)
        test = f"{asked} <= {there}"
        parts.append(test if strict else f"(!BOUND({there}) || {test})")
    return " && ".join(parts)


def _pair_limit(joint: PairLimit, request: Request, variables: Sequence[str], strict: bool) -> str:
    a, b = variables
    within, beyond = (f"<{iri}>" for iri in pair_predicates(joint, request))
    if strict:
        return f"BOUND({a}) && BOUND({b}) && EXISTS {{ {a} {within} {b} }}"
    return f"(!BOUND({a}) || !BOUND({b}) || !EXISTS {{ {a} {beyond} {b} }})"


def pair_predicates(joint: PairLimit, request: Request) -> tuple[str, str]:
    """Name what ends are to each other: within the limit, and beyond it."""
    key = f"{joint.id}.{joint.limit.value}"
    return request.iri_of(f"{key}.within"), request.iri_of(f"{key}.beyond")


def _compatible(joint: Compatible, request: Request, strict: bool) -> str:
    a, b = index_of(request, joint.giver), index_of(request, joint.taker)
    given, taken = (f"<{request.iri_of(f'{joint.id}.{end}')}>" for end in ("given", "taken"))
    shared = f"EXISTS {{ ?b{a} {given} ?x FILTER EXISTS {{ ?b{b} {taken} ?x }} }}"
    met = f"({shared} || {mediated(joint, f'?b{a}', f'?b{b}')})"
    if strict:
        return met
    closed = " && ".join(
        f"EXISTS {{ ?b{i} <{request.iri_of(f'{joint.id}.{end}.closed')}> true }}"
        for i, end in ((a, "given"), (b, "taken"))
    )
    return f"({met} || !({closed}))"


def mediated(joint: Compatible, giver: str, taker: str) -> str:
    """Say in SPARQL whether the rules found the two profiles compatible (conversion, worker).

    Profiles speak about export and import formats only.
    """
    if (joint.given[0].iri, joint.taken[0].iri) != (KG.exportFormat, KG.importFormat):
        return "false"
    profile, to = to_text(KG.profile), to_text(KG.compatibleWith)
    return (
        f"EXISTS {{ {giver} {profile} ?pa FILTER EXISTS {{ ?pa {to} ?pb "
        f"FILTER EXISTS {{ {taker} {profile} ?pb }} }} }}"
    )
