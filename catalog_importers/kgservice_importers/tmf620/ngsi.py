"""Take TM Forum objects out of their NGSI-LD wrapping (ETSI GS CIM 009 §5.2)."""

from __future__ import annotations

from typing import Final

from kgservice_importers.tmf620.json_tree import Json, Object
from kgservice_importers.tmf620.mapping import MappingTable

_DEEPEST: Final = 30


def is_wrapped(body: Object, mapping: MappingTable) -> bool:
    """Say whether members of an object are wrapped as properties or relationships."""
    return any(_holder(value, mapping) for value in body.values())


def unwrapped(body: Object, mapping: MappingTable) -> Object:
    """Give an entity as a plain object: values for properties, references for relationships.

    What a relationship says beside its object (`role`, `name`) stays beside the reference's id.
    """
    return {name: _plain(value, mapping, _DEEPEST) for name, value in body.items()}


def _holder(value: Json, mapping: MappingTable) -> str:
    """Name the member that holds the value of a wrapper; empty when this is none."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return ""
    kind = first.get("type")
    held = mapping.texts.get("unwrap", {}).get(kind, "") if isinstance(kind, str) else ""
    return held if held in first else ""


def _plain(value: Json, mapping: MappingTable, depth: int) -> Json:
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_plain(item, mapping, depth - 1) for item in value]
    if not isinstance(value, dict):
        return value
    held = _holder(value, mapping)
    if not held:
        return {name: _plain(inner, mapping, depth - 1) for name, inner in value.items()}
    left_out = {held, *mapping.names("wrapper", "leave-out")}
    inner = _plain(value[held], mapping, depth - 1)
    if held == "object":
        beside = {k: _plain(v, mapping, depth - 1) for k, v in value.items() if k not in left_out}
        targets = inner if isinstance(inner, list) else [inner]
        found: list[Json] = [{"id": target, **beside} for target in targets]
        return found if isinstance(inner, list) else found[0]
    if held == "languageMap" and isinstance(inner, dict):
        return next((text for text in (inner.get("en"), *inner.values()) if text), None)
    return inner
