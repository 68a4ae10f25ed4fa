"""Which notices a registration wants (TMF630 part 1: `query` of an event subscription)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from kgservice.model.errors import InputError
from kgservice.mpli.hub_values import DELETE, TYPES
from kgservice.mpli.publish_filters import Condition, read_selection, values_at
from kgservice.mpli.publish_json import Json
from kgservice.mpli.publish_tmf620 import attribute_kinds, resources

_PREFIXES: Final = ("event.productOffering.", "productOffering.")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class HubQuery:
    """Types of events, and conditions on the offering that they are about."""

    types: frozenset[str]
    conditions: tuple[Condition, ...]

    def wants(self, kind: str, offering: Mapping[str, Json]) -> bool:
        """Say whether an event is wanted; of an offering that is gone nothing can be asked."""
        if kind not in self.types:
            return False
        if kind == DELETE:
            return True
        return all(
            condition.holds(list(values_at(offering, condition.path)))
            for condition in self.conditions
        )


def read_query(text: str) -> HubQuery:
    """Read a query such as `eventType=ProductOfferingCreateEvent&lifecycleStatus=Active`.

    An attribute may be written with `event.productOffering.` before it.

    Raises:
        InputError: an attribute or type is not known (`filter-unknown`, `filter-invalid`).
    """
    if len(text) > _LONGEST:
        raise InputError("The query is too long.", code="filter-invalid", at="/query")
    types: set[str] = set()
    attributes: list[tuple[str, str]] = []
    for name, value in parse_qsl(text.removeprefix("?"), keep_blank_values=True):
        if name == "eventType":
            types.update(one.strip() for one in value.split(","))
        else:
            found = next((one for one in _PREFIXES if name.startswith(one)), "")
            attributes.append((name.removeprefix(found), value))
    if types - TYPES:
        raise InputError(
            f"There is no event {min(types - TYPES)[:60]!r}.",
            code="filter-invalid",
            at="/query",
            hint=f"Known: {', '.join(sorted(TYPES))}.",
        )
    kinds = attribute_kinds(resources()["productOffering"].members)
    return HubQuery(frozenset(types) or TYPES, _conditions(attributes, kinds))


def _conditions(
    attributes: list[tuple[str, str]], kinds: Mapping[str, object]
) -> tuple[Condition, ...]:
    reserved = {"offset", "limit", "fields", "sort"}
    for name, _ in attributes:
        if name in reserved:
            raise InputError(f"{name} selects no events.", code="filter-unknown", at="/query")
    return read_selection(attributes, kinds).conditions
