"""Missing facts: which offerings would do if something were known, and who could say it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeAlias

from kgservice.model.price import Price
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.answer import Missing
from kgservice.resolution.conditions import labels_in
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.request import Constraint

MAX_MISSING = 200

Unknown: TypeAlias = tuple[BoundOffering, Constraint]
"""A binding that would do but for a condition of which nobody knows whether it holds."""

_ASKER_SAYS = ("quantity-not-asked", "no-term")


def first_unknown(found: Iterable[Unknown]) -> list[Unknown]:
    """Take the first conditions that are unknown, each fact of an offering once."""
    seen: dict[tuple[str, str], Unknown] = {}
    distinct = (
        seen.setdefault((binding.offering, constraint.name), (binding, constraint))
        for binding, constraint in found
        if (binding.offering, constraint.name) not in seen
    )
    return list(islice(distinct, MAX_MISSING))


def why_unknown(step: PropertyInfo, price: Price, *, is_reached: bool, stated: int) -> str:
    """Say why a condition that begins with `step` cannot be judged, as a slug.

    `is_reached`: its path reaches a value; `stated`: how many values the property itself has.
    """
    if step.is_derived:
        known = {KG.monthlyPrice: price.monthly, KG.oneTimePrice: price.one_time}
        is_known = known.get(step.iri, price.total) is not None
        return "other-currency" if is_known else price.unknown_because
    if step.is_money and is_reached:
        return "other-currency"
    if step.kind in (ValueKind.FEATURE, ValueKind.EXPOSURE):
        return "not-complete"
    return "two-values" if stated > 1 else "absent"


def missing_fact(unknown: Unknown, title: str, provider: str, why: str) -> Missing:
    """Say what is not known of an offering; `why` is the reason as a slug."""
    binding, constraint = unknown
    if constraint.evidence is not None:
        why = "weak-evidence"
    return Missing(
        offering=binding.offering,
        title=title,
        fact=constraint.name,
        who_could_say=_who(constraint, provider, why),
        why=why,
    )


def _who(constraint: Constraint, provider: str, why: str) -> str:
    """A label is granted by its scheme's rules; most else the provider can state."""
    if why in _ASKER_SAYS:
        return "the request"
    for label in labels_in(constraint.condition):
        return label.scheme.value
    return provider or "the provider"
