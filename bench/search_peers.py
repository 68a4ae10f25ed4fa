"""What else could answer a request: a constraint solver, queries for candidates, one large join."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import combinations

import pyoxigraph as ox

from kgservice.model.rdf import to_text
from kgservice.model.terms import KG, RDF
from kgservice.resolution.joint_totals import scaled
from kgservice.resolution.joints import AtMost, Different, Same, SumLimit
from kgservice.resolution.options import Table
from kgservice.resolution.projection import Projection
from kgservice.resolution.request import Request

JOIN_LIMIT_S = 20
GRAPH = "urn:bench"


def cp_sat(request: Request, tables: Mapping[str, Table], limit_s: float = 20) -> int | None:
    """Give the lowest price by OR-Tools CP-SAT, in whole millionths; None when there is none.

    It gets what the search gets, offerings already reduced to the best of each signature, and one
    thread; what has no known price is left out. The price is added up from what it chose, since its
    objective is a floating point number.
    """
    from ortools.sat.python import cp_model  # an extra, and slow to load

    model = cp_model.CpModel()
    chosen = {
        name: [model.new_bool_var(f"{name}{n}") for n in range(len(table))]
        for name, table in tables.items()
    }
    for name, variables in chosen.items():
        model.add_exactly_one(variables)
        for variable, is_unknown in zip(variables, tables[name].is_unknown[0], strict=True):
            if is_unknown:
                model.add(variable == 0)
    prices = {name: table.order[0].tolist() for name, table in tables.items()}
    for joint in request.together:
        if isinstance(joint, SumLimit) and joint.limit is not None:
            parts = [x * p for n in joint.over for x, p in zip(chosen[n], prices[n], strict=True)]
            model.add(sum(parts) <= scaled(int(joint.limit.value.partition(".")[0])))
        elif isinstance(joint, (Same, Different, AtMost)):
            _on_values(model, joint, chosen, tables)
    model.minimize(sum(x * p for n, v in chosen.items() for x, p in zip(v, prices[n], strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit_s
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return sum(
        p for n, v in chosen.items() for x, p in zip(v, prices[n], strict=True) if solver.value(x)
    )


def _on_values(model, joint, chosen, tables) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Tie a variable for each component and value to the choices, and state the condition."""
    has = {}
    for name in joint.over:
        by_value: dict[int, list[object]] = {}
        numbers = tables[name].sets[joint.id].tolist()
        for variable, value in zip(chosen[name], numbers, strict=True):
            by_value.setdefault(value, []).append(variable)
        has[name] = by_value
    values = sorted({value for some in has.values() for value in some})
    if isinstance(joint, AtMost):
        used = {value: model.new_bool_var(f"used{value}") for value in values}
        for some in has.values():
            for value, variables in some.items():
                model.add(sum(variables) <= used[value])
        model.add(sum(used.values()) <= joint.n)
        return
    for one, other in combinations(joint.over, 2):
        for value in values:
            a, b = sum(has[one].get(value, [])), sum(has[other].get(value, []))
            model.add(a + b <= 1 if isinstance(joint, Different) else a == b)


def store_of(projection: Projection) -> ox.Store:
    """Load a projection's statements into a store in memory."""
    store = ox.Store()
    text = projection.terms.text
    for prop, column in projection.columns.items():
        pairs = zip(column.subjects.tolist(), column.values.tolist(), strict=True)
        lines = "\n".join(f"{text(s)} <{prop}> {text(v)} ." for s, v in pairs)
        store.bulk_load(lines.encode(), format=ox.RdfFormat.N_TRIPLES)
    return store


def candidate_query(request: Request, name: str, variable: str = "") -> str:
    """Write a query for the offerings of one component that a few common conditions allow."""
    component = next(one for one in request.components if one.name == name)
    v = variable
    return (
        f"?o{v} {to_text(RDF.type)} {to_text(component.kind)} ; {to_text(KG.provider)} ?p{v} ; "
        f"{to_text(KG.location)} ?l{v} ; {to_text(KG.noticePeriod)} ?n{v} ; "
        f"{to_text(KG.vcpu)} ?c{v} ; {to_text(KG.price)} ?price{v} . "
        f"?price{v} {to_text(KG.amount)} ?a{v} . ?l{v} {to_text(KG.country)} ?country{v} . "
        f"?p{v} {to_text(KG.headquarters)} ?hq{v} . "
        f"FILTER(?c{v} >= 4 && STRENDS(STR(?country{v}), 'NLD') && STRENDS(STR(?hq{v}), 'DEU')) "
    )


def seconds_for_candidates(store: ox.Store, request: Request) -> float:
    """Give the processor time for the candidates of every component by SPARQL."""
    start = time.process_time()
    for component in request.components:
        pattern = candidate_query(request, component.name)
        for _ in store.query(f"SELECT ?o ?p ?l ?a WHERE {{ {pattern} }}"):  # type: ignore[union-attr]
            pass
    return time.process_time() - start


def join_query(request: Request) -> str:
    """Write the naive join of all components: different providers, the cheapest first."""
    numbers = range(len(request.components))
    patterns = " ".join(
        candidate_query(request, component.name, str(number))
        for number, component in zip(numbers, request.components, strict=True)
    )
    total = " + ".join(f"?a{number}" for number in numbers)
    names = " ".join(f"?o{number}" for number in numbers)
    return f"SELECT {names} WHERE {{ {patterns} FILTER(?p0 != ?p1) }} ORDER BY ({total}) LIMIT 10"
