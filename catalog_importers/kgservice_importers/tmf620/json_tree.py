"""Read a tree of unchecked JSON: every getter answers for every input, none raises."""

from __future__ import annotations

import math
import re
from typing import Final, TypeAlias

Json: TypeAlias = object
"""Whatever `json.loads` may return; nothing is known of it before it is looked at."""

Object: TypeAlias = dict[str, Json]

_UNSAFE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_INT_BITS: Final = 256


def as_object(value: Json) -> Object:
    """Give the value when it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """Give a list as it is, nothing as an empty list, anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: Json) -> list[tuple[int, Object]]:
    """Give the objects among the members of a list, each with its index."""
    return [(index, item) for index, item in enumerate(as_list(value)) if isinstance(item, dict)]


def scalar_text(value: Json) -> str:
    """Write a scalar as trimmed text that every RDF syntax can carry; anything else as nothing.

    Lone surrogates and control characters become U+FFFD.
    """
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value.strip()
        return _UNSAFE.sub("\ufffd", value).strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MAX_INT_BITS else "oversized"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "not a number"
    return ""


def member_text(node: Object, *names: str) -> str:
    """Give the first of the named members that has a text."""
    for name in names:
        text = scalar_text(node.get(name))
        if text:
            return text
    return ""
