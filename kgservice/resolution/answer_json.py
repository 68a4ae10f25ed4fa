"""Parts of answers as JSON: money, and what could be asked instead."""

from __future__ import annotations

from typing import TypeAlias, cast

from kgservice.model.money import Money
from kgservice.resolution.relaxations import Opened, Relaxation

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


def relaxation_json(relaxation: Relaxation) -> JsonValue:
    """Write what could be asked instead, and the best composition that this opens."""
    return {
        "change": [
            {
                "constraint": one.constraint,
                "from": cast("JsonValue", one.was),
                "to": cast("JsonValue", one.to),
                "kind": one.kind,
                "found": dict(one.found),
            }
            for one in relaxation.changes
        ],
        "best": _opened_json(relaxation.best),
        "leftOut": money_json(relaxation.left_out),
    }


def _opened_json(opened: Opened) -> JsonValue:
    return {
        "offerings": dict(opened.offerings),
        "titles": dict(opened.titles),
        "configuration": {name: dict(some) for name, some in opened.configuration.items()},
        "monthlyPrice": money_json(opened.monthly),
        "prices": {name: money_json(price) for name, price in opened.prices.items()},
        "unknown": list(opened.unknown),
    }


def money_json(money: Money | None) -> JsonValue:
    """Write money as REQUESTS does; null when it is unknown."""
    return None if money is None else {"amount": money.amount, "currency": money.currency}
