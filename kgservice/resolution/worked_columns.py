"""Columns of what is worked out of others: chains, and what is stated with some evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import Constraint, Evidence, inner_constraints
from kgservice.resolution.frames import Frame
from kgservice.resolution.projection import EMPTY, NOTHING, Column, Ids, Projection, column
from kgservice.resolution.worked_steps import base_of, is_worked

AskStatements: TypeAlias = Callable[[Iri, Evidence], Iterable[Sequence[str]]]
"""Give the evident statements of a property: subject and value as N-Triples terms."""


def complete_name(prop: Iri) -> str:
    """Name the column that holds the nodes for which a worked-out property is complete."""
    return f"{prop.value} complete"


def worked_steps(constraint: Constraint) -> list[PropertyInfo]:
    """Give the steps of a condition, and of those inside it, that are worked out."""
    found = [step for step in constraint.path if is_worked(step)]
    for inner in inner_constraints(constraint.condition):
        found += worked_steps(inner)
    return found


def with_worked(
    projection: Projection, steps: Iterable[PropertyInfo], ask: AskStatements
) -> Projection:
    """Give the same state with columns for some worked-out steps; they are remembered."""
    added: dict[str, Column] = {}
    for step in steps:
        for name, one in _columns(projection, step, ask).items():
            added[name] = one
    return replace(projection, columns={**projection.columns, **added})


def with_picks(frame: Frame, steps: Iterable[PropertyInfo], projection: Projection) -> Frame:
    """Give the same bindings with what they pick, where that is stated on enough evidence."""
    picks = dict(frame.picks)
    for step in steps:
        picked = picks.get(step.states) if step.states is not None else None
        if picked is None:
            continue
        known = projection.column(step.iri)
        pairs = (known.subjects.astype(np.int64) << 32) | known.values.astype(np.int64)
        mine = (frame.nodes.astype(np.int64) << 32) | picked.astype(np.int64)
        kept = np.isin(mine, pairs) & (picked != NOTHING)
        picks[step.iri] = np.where(kept, picked, NOTHING).astype(np.int32)
    return replace(frame, projection=projection, picks=picks)


def _columns(projection: Projection, step: PropertyInfo, ask: AskStatements) -> dict[str, Column]:
    key = ("worked", step.iri)
    found = projection.remembered.get(key)
    if found is None:
        values, complete = _base(projection, base_of(step), ask)
        if step.follows is not None:
            values, complete = _chain(values, complete, step.follows.kind)
        found = {step.iri.value: values, complete_name(step.iri): complete}
        projection.remembered[key] = found
    assert isinstance(found, dict)  # noqa: S101 - for mypy
    return found


def _base(projection: Projection, step: PropertyInfo, ask: AskStatements) -> tuple[Column, Column]:
    """Give what is stated with a property, and the nodes for which that is complete."""
    declared = projection.column(KG.completeFor)
    if step.states is None:
        is_it = declared.values == projection.terms.number(step.iri)
        return projection.column(step.iri), _nodes(declared.subjects[is_it])
    evidence, number = Evidence(step.evidence), projection.terms.text_number
    pairs = [(number(s), number(v)) for s, v in ask(step.states, evidence)]
    said = [number(s) for s, v in ask(KG.completeFor, evidence) if v == f"<{step.states.value}>"]
    known = np.array([pair for pair in pairs if NOTHING not in pair], np.int32).reshape(-1, 2)
    nodes = np.array([node for node in said if node != NOTHING], np.int32)
    return column(known[:, 0], known[:, 1]), _nodes(nodes)


def _nodes(nodes: Ids) -> Column:
    return column(nodes, nodes) if len(nodes) else EMPTY


def _chain(values: Column, complete: Column, kind: ValueKind) -> tuple[Column, Column]:
    """Follow links; a chain is complete at a node when every node that it reaches is closed."""
    stated: dict[int, list[int]] = {}
    for node, value in zip(values.subjects.tolist(), values.values.tolist(), strict=True):
        stated.setdefault(node, []).append(value)
    said = set(complete.subjects.tolist())
    links, closed = stated, said
    if kind in (ValueKind.SINGLE, ValueKind.CHOICE):
        links = {node: found for node, found in stated.items() if len(found) == 1}
        closed = links.keys() | {node for node in said if node not in stated}
    reached: list[tuple[int, int]] = []
    whole: list[int] = []
    for node in links.keys() | said:
        found = _reach(node, links)
        reached += [(node, end) for end in found]
        if node in closed and found <= closed:
            whole.append(node)
    pairs = np.array(reached, np.int32).reshape(-1, 2)
    return column(pairs[:, 0], pairs[:, 1]), _nodes(np.array(whole, np.int32))


def _reach(node: int, links: dict[int, list[int]]) -> set[int]:
    found: set[int] = set()
    waiting = list(links.get(node, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += links.get(one, ())
    return found
