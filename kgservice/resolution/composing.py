"""The composition query: joint conditions as filters, the total order as a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.rdf import Row, to_text
from kgservice.model.terms import KG
from kgservice.resolution.candidates import Candidate, Table, every_wishes, keys_of
from kgservice.resolution.joint_filters import index_of, joint_filter, variable
from kgservice.resolution.judgement import BoundOffering, Rules
from kgservice.resolution.preferences import orders_of
from kgservice.resolution.request import (
    Compatible,
    CompositionShape,
    Request,
    joint_components,
)
from kgservice.resolution.templates import render

_OFFSET = 5 * 10**17  # in the middle of the numbers with 18 digits: sums may be negative
_PREFERENCE_DIGITS = 19  # a flag for unknown, then 18 digits
_WISH_DIGITS, _RANK_OFFSET = 4, 1_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """One search: its rules, its candidates by component name, and the table they were read from.

    Attributes:
        rules: The active conditions.
        number: Distinguishes the rounds of one session.
        candidates: By component name.
        table: What joint conditions and the order read.
    """

    rules: Rules
    number: int
    candidates: Mapping[str, Sequence[Candidate]]
    table: Table

    def iri_of(self, component: str) -> str:
        """Give the node that marks a component's candidates in this round."""
        return f"{self.rules.request.iri_of(component)}/round/{self.number}"

    def combinations(self) -> int:
        """Count what the composition query has to go through."""
        product = 1
        for candidates in self.candidates.values():
            product *= len(candidates)
        return product


def compose(search: Round, answers: int) -> str:
    """Write the query for the best `answers` compositions."""
    request = search.rules.request
    numbers = range(len(request.components))
    by_name = [index_of(request, name) for name in sorted(c.name for c in request.components)]
    group = " ".join(f"?o{i}" for i in numbers)
    order = " ".join(f"STR(?o{i})" for i in by_name)
    text = render(
        "compose",
        slots={
            "offerings": group,
            "components": _patterns(search),
            "joint": _filters(search),
            "key": f"BIND({_key(request, by_name)} AS ?key)",
            "group": group,
            "order": f"SUBSTR(?best, 1, {_prefix_length(request)}) {order}",
        },
    )
    return f"{text}\nLIMIT {answers}"


def compose_any(search: Round) -> str:
    """Write the query that says whether there is any composition."""
    return render("compose-any", slots={"components": _patterns(search), "joint": _filters(search)})


def read_compositions(rows: Sequence[Row], search: Round) -> list[dict[str, BoundOffering]]:
    """Read the rows of the composition query: per component its binding, best first."""
    request = search.rules.request
    known = {
        (one.binding.component, one.binding.offering, one.binding.rank): one.binding
        for candidates in search.candidates.values()
        for one in candidates
    }
    names = [component.name for component in request.components]
    by_name = sorted(names)
    found = []
    for row in rows:
        ranks = row["best"][0][_prefix_length(request) :].split("|")
        rank = {name: int(ranks[i]) - _RANK_OFFSET for i, name in enumerate(by_name)}
        found.append(
            {name: known[name, row[f"o{i}"][0], rank[name]] for i, name in enumerate(names)}
        )
    return found


def _prefix_length(request: Request) -> int:
    return _WISH_DIGITS + 1 + (_PREFERENCE_DIGITS + 1) * len(orders_of(request))


def _patterns(search: Round) -> str:
    """Write, for each component, its candidates with the values that filters and order read."""
    request = search.rules.request
    lines = []
    for i, component in enumerate(request.components):
        lines.append(
            f"?b{i} {to_text(KG.candidateFor)} <{search.iri_of(component.name)}> ; "
            f"{to_text(KG.offering)} ?o{i} ; {to_text(KG.configurationRank)} ?r{i} ; "
            f"{to_text(KG.missedWishes)} ?w{i} ."
        )
        for k, wish in enumerate(every_wishes(request)):
            lines.append(f"?b{i} <{request.iri_of(f'{wish.id}.missed')}> ?e{k}_{i} .")
        for key in _keys(search, component.name):
            lines.append(_value_pattern(search, key, i, component.name))
    return "\n  ".join(lines)


def _keys(search: Round, component: str) -> list[str]:
    request = search.rules.request
    keys = [
        key
        for joint in (*search.rules.joint(), *search.rules.joint_wishes())
        if component in joint_components(joint)
        and not isinstance(joint, (Compatible, CompositionShape))
        for key in keys_of(joint, component)
    ]
    keys += [order.key for order in orders_of(request)]
    return list(dict.fromkeys(keys))


def _value_pattern(search: Round, key: str, index: int, component: str) -> str:
    """An OPTIONAL is written only when some candidate lacks the value: it hinders planning."""
    pattern = f"?b{index} <{search.rules.request.iri_of(key)}> {variable(key, index)} ."
    known = search.table[key]
    if all(one.binding.iri in known for one in search.candidates[component]):
        return pattern
    return f"OPTIONAL {{ {pattern} }}"


def _filters(search: Round) -> str:
    rules = search.rules
    return "\n  ".join(
        f"FILTER({joint_filter(joint, rules.request, rules.rejects_unknown(joint))})"
        for joint in rules.joint()
    )


def _key(request: Request, by_name: Sequence[int]) -> str:
    """Write the order as text of fixed width, so that MIN and ORDER BY follow it."""
    numbers = range(len(request.components))
    missed = [f"?w{i}" for i in numbers]
    for k in range(len(every_wishes(request))):
        any_missed = " || ".join(f"?e{k}_{i} = 1" for i in numbers)
        missed.append(f"IF({any_missed}, 1, 0)")
    for wish in (joint for joint in request.together if joint.is_wish):
        missed.append(f"IF(COALESCE({joint_filter(wish, request, strict=True)}, false), 0, 1)")
    first = 10 ** (_WISH_DIGITS - 1)
    parts = [f"STR({first} + {' + '.join(missed)})"]
    for order in orders_of(request):
        values = [variable(order.key, i) for i in numbers]
        sign = "-" if order.is_maximise else "+"
        known = " && ".join(f"BOUND({value})" for value in values)
        total = " + ".join(f"COALESCE({value}, 0)" for value in values)
        # what is not known ranks last; among those, what is known decides
        parts.append(f'IF({known}, "0", "1"), STR({_OFFSET} {sign} ({total}))')
    parts += [f"STR({_RANK_OFFSET} + ?r{i})" for i in by_name]
    return "CONCAT(" + ', "|", '.join(parts) + ")"
