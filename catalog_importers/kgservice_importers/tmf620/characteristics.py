"""One form for the characteristics of TMF620, TMF632, TMF633 and TMF634, version 4 or 5."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
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
from kgservice_importers.tmf620.mapping import MappingTable

_YES: Final = "yes"
_LONGEST_STRUCTURE: Final = 20_000


class Value(NamedTuple):
    """A written value with its unit.

    Attributes:
        text: The value; of a structure, its JSON.
        unit: Its unit of measure, or empty.
        at: Where it is.
        is_range: It is the upper end of a range that begins at `start`.
        start: The lower end of the range, or empty.
        is_structure: It is an object that is no amount with a unit.
        is_default: The source says that this one of several values holds by default.
        is_implied: No value is given; that it is the default means yes.
    """

    text: str
    unit: str
    at: str
    is_range: bool = False
    start: str = ""
    is_structure: bool = False
    is_default: bool = False
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A name with its values.

    Attributes:
        name: As written.
        values: In the order found.
        at: Where it is.
        path: Its field path without the name, for coverage.
        value_type: `valueType` as written, or empty.
    """

    name: str
    values: tuple[Value, ...]
    at: str
    path: str = ""
    value_type: str = ""


class CharacteristicReader:
    """Reads the characteristics of objects, whatever their lists are called."""

    def __init__(self, mapping: MappingTable) -> None:
        """Bind to the names of lists."""
        self._lists = tuple(dict.fromkeys(mapping.names("characteristics", "lists")))
        self._values = tuple(dict.fromkeys(mapping.names("characteristics", "values")))

    def read(self, body: Object, at: str, path: str = "") -> Iterator[Characteristic]:
        """Give every characteristic of an object; `path` is the object's own field path."""
        for list_name in self._lists:
            if list_name not in body:
                continue
            below = f"{path}/{list_name}" if path else list_name
            for index, item in objects(body[list_name]):
                name = member_text(item, "name", "id")
                if name:
                    here = f"{at}/{list_name}/{index}"
                    value_type = item.get("valueType")
                    value_type = value_type if isinstance(value_type, str) else ""
                    values = tuple(self._values_of(item, here))
                    yield Characteristic(name, values, here, below, value_type)

    def _values_of(self, item: Object, at: str) -> Iterator[Value]:
        for list_name in self._values:
            if list_name in item:
                found = item[list_name]
                members = found if isinstance(found, list) else [found]
                for index, member in enumerate(members):
                    yield from _value(member, f"{at}/{list_name}/{index}")
                return
        if "value" in item:
            yield from _value(item, at)


def read_terms(body: Object, at: str) -> Iterator[Characteristic]:
    """Give contract terms that last a time as characteristics, such as a notice period."""
    for index, item in objects(body.get("productOfferingTerm")):
        duration = as_object(item.get("duration"))
        text = member_text(duration, "value", "amount")
        name = member_text(item, "name")
        if text and name:
            here = f"{at}/productOfferingTerm/{index}"
            value = Value(text, member_text(duration, "units", "unit"), here + "/duration")
            yield Characteristic(name, (value,), here, "productOfferingTerm")


def merge(
    key: Callable[[str], str], *layers: Iterable[Characteristic]
) -> list[list[Characteristic]]:
    """Put layers together: those of one key, each with the values of the first layer that has any.

    Two names with one key (`RAM`, `Memory`) are the same characteristic.
    """
    merged: dict[str, list[Characteristic]] = {}
    for layer in layers:
        fresh: dict[str, list[Characteristic]] = {}
        for item in layer:
            fresh.setdefault(key(item.name), []).append(item)
        for name, items in fresh.items():
            known = merged.get(name)
            if known is None or not any(item.values for item in known):
                merged[name] = items
    return list(merged.values())


def _value(member: Json, at: str) -> Iterator[Value]:
    if not isinstance(member, dict):
        yield from _plain(member, "", at)
        return
    written = member.get("unitOfMeasure")
    unit = _unit(written) if written is not None else ""
    default = member.get("isDefault")
    is_default = default is True or (isinstance(default, str) and default.strip() == "true")
    plain = member.get("value")
    if isinstance(plain, str | int):
        text = scalar_text(plain)
        if text:
            yield Value(text, unit, f"{at}/value", is_default=is_default)
    elif plain is not None:
        for value in _plain(plain, unit, f"{at}/value"):
            yield value._replace(is_default=True) if is_default else value
    elif member.get("valueTo") is not None or member.get("valueFrom") is not None:
        end, start = scalar_text(member.get("valueTo")), scalar_text(member.get("valueFrom"))
        yield Value(end, unit, f"{at}/valueTo", is_range=True, start=start, is_default=is_default)
    elif is_default:
        yield Value(_YES, unit, at, is_default=True, is_implied=True)


def _plain(value: Json, unit: str, at: str) -> Iterator[Value]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, list):
                yield from _plain(item, unit, f"{at}/{index}")
    elif isinstance(value, dict):
        amount = member_text(value, "value", "amount")
        own_unit = member_text(value, "unit", "units")
        text = amount or structure_text(value)
        yield Value(text, own_unit or unit, at, is_structure=not amount)
    else:
        text = scalar_text(value)
        if text:
            yield Value(text, unit, at)


def is_token(text: str) -> bool:
    """Say whether a text has the form of a compact JWS (RFC 7515 §7.1), as a JWT has."""
    return text.startswith("eyJ") and text.count(".") == 2


def structure_text(value: Json) -> str:
    """Write a structure as JSON of bounded length that every RDF syntax can carry."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except (RecursionError, ValueError):
        return ""
    return text if len(text) <= _LONGEST_STRUCTURE else ""


def _unit(written: Json) -> str:
    if isinstance(written, dict):
        return member_text(written, "units", "unit")
    return scalar_text(written)
