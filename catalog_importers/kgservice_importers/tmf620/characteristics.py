"""One form for the characteristics of TMF620, TMF632, TMF633 and TMF634, version 4 or 5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from kgservice_importers.tmf620.json_tree import (
    Json,
    Object,
    as_object,
    member_text,
    objects,
    scalar_text,
)
from kgservice_importers.tmf620.names import spaced, words

_YES: Final = "yes"


class Value(NamedTuple):
    """A written value with its unit; `upto` when it is the upper end of a range."""

    text: str
    unit: str
    at: str
    upto: bool = False
    is_structure: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A name with its values, and where it is."""

    name: str
    values: tuple[Value, ...]
    at: str


def read_characteristics(body: Object, at: str) -> Iterator[Characteristic]:
    """Give every characteristic of an object, whatever its list is called."""
    for list_name in words("characteristicLists"):
        if list_name not in body:
            continue
        for index, item in objects(body[list_name]):
            name = member_text(item, "name", "id")
            if name:
                here = f"{at}/{list_name}/{index}"
                yield Characteristic(name, tuple(_values(item, here)), here)


def read_terms(body: Object, at: str) -> Iterator[Characteristic]:
    """Give contract terms that last a time as characteristics, such as a notice period."""
    for index, item in objects(body.get("productOfferingTerm")):
        duration = as_object(item.get("duration"))
        text = member_text(duration, "value", "amount")
        name = member_text(item, "name")
        if text and name:
            here = f"{at}/productOfferingTerm/{index}"
            value = Value(text, member_text(duration, "units", "unit"), here + "/duration")
            yield Characteristic(name, (value,), here)


def merge(*layers: Iterator[Characteristic]) -> list[Characteristic]:
    """Put layers together; an earlier layer's characteristic replaces a later one's."""
    merged: dict[str, list[Characteristic]] = {}
    for layer in layers:
        fresh: dict[str, list[Characteristic]] = {}
        for item in layer:
            fresh.setdefault(spaced(item.name), []).append(item)
        for name, items in fresh.items():
            merged.setdefault(name, items)
    return [item for items in merged.values() for item in items]


def _values(item: Object, at: str) -> Iterator[Value]:
    for list_name in words("characteristicValues"):
        if list_name in item:
            found = item[list_name]
            members = found if isinstance(found, list) else [found]
            for index, member in enumerate(members):
                yield from _value(member, f"{at}/{list_name}/{index}")
            return
    if "value" in item:
        yield from _value(item, at)


def _value(member: Json, at: str) -> Iterator[Value]:
    if not isinstance(member, dict):
        yield from _plain(member, "", at)
        return
    unit = _unit(member.get("unitOfMeasure"))
    is_default = member.get("isDefault") is True
    if member.get("value") is not None:
        for value in _plain(member["value"], unit, f"{at}/value"):
            yield value._replace(is_default=True) if is_default else value
    elif member.get("valueTo") is not None:
        yield Value(scalar_text(member["valueTo"]), unit, f"{at}/valueTo", upto=True)
    elif scalar_text(member.get("isDefault")) == "true":
        yield Value(_YES, unit, at)


def _plain(value: Json, unit: str, at: str) -> Iterator[Value]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, list):
                yield from _plain(item, unit, f"{at}/{index}")
    elif isinstance(value, dict):
        amount = member_text(value, "value", "amount")
        own_unit = member_text(value, "unit", "units")
        yield Value(amount, own_unit or unit, at, is_structure=not amount)
    else:
        text = scalar_text(value)
        if text:
            yield Value(text, unit, at)


def _unit(written: Json) -> str:
    if isinstance(written, dict):
        return member_text(written, "units", "unit")
    return scalar_text(written)
