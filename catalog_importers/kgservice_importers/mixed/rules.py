"""Tell what a JSON object is, by the rules of `signs.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `signs.toml` says what its parts mean."""

    kind: str
    reader: str
    has_all: frozenset[str]
    has_any: frozenset[str]
    has_none: frozenset[str]
    only: frozenset[str]
    context: re.Pattern[str] | None
    type: re.Pattern[str] | None
    id: re.Pattern[str] | None

    def fits(self, item: Mapping[str, Json]) -> bool:
        """Say whether an object is what the rule tells of."""
        names = item.keys()
        return (
            self.has_all <= names
            and (not self.has_any or bool(self.has_any & names))
            and not self.has_none & names
            and (not self.only or names <= self.only)
            and self._fits_values(item)
        )

    def _fits_values(self, item: Mapping[str, Json]) -> bool:
        return (
            (self.context is None or any(map(self.context.search, contexts(item))))
            and (self.type is None or any(map(self.type.fullmatch, types(item))))
            and (self.id is None or any(map(self.id.match, names(item))))
        )


@cache
def rules() -> tuple[Rule, ...]:
    """Read the rules once."""
    text = resources.files(__package__).joinpath("signs.toml").read_text(encoding="utf-8")
    return tuple(_rule(line) for line in tomllib.loads(text)["rule"])


def _rule(line: Mapping[str, Json]) -> Rule:
    def pattern(name: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str] | None:
        return re.compile(line[name], flags) if name in line else None

    return Rule(
        kind=line["kind"],
        reader=line.get("reader", ""),
        has_all=frozenset(line.get("all", ())),
        has_any=frozenset(line.get("any", ())),
        has_none=frozenset(line.get("none", ())),
        only=frozenset(line.get("only", ())),
        context=pattern("context"),
        type=pattern("type"),
        id=pattern("id", re.IGNORECASE),
    )


def rule_for(item: Mapping[str, Json]) -> Rule | None:
    """Give the first rule that fits an object."""
    return next((rule for rule in rules() if rule.fits(item)), None)


def contexts(item: Mapping[str, Json]) -> Iterator[str]:
    """Give addresses of contexts, and the namespaces that are written into them."""
    found = item.get("@context")
    for context in found if isinstance(found, list) else [found]:
        if isinstance(context, str):
            yield context
        elif isinstance(context, dict):
            yield from (value for value in context.values() if isinstance(value, str))


def types(item: Mapping[str, Json]) -> Iterator[str]:
    """Give the values of `@type` and `type` that are texts."""
    for name in ("@type", "type"):
        value = item.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield one


def names(item: Mapping[str, Json]) -> Iterator[str]:
    """Give the object's ids."""
    for name in ("id", "@id", "href"):
        value = item.get(name)
        if isinstance(value, str):
            yield value
