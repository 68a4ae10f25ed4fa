"""Which objects a caller of a TMF API asks for: paging, fields, filters and order.

TM Forum TMF630 REST API Design Guidelines 4.2, parts 1 and 2: `offset`, `limit`, `fields`,
`sort`, and any attribute as a filter, nested by dots; values separated by commas are alternatives;
a last part `eq`, `ne`, `gt`, `gte`, `lt` or `lte` compares. An attribute of a list holds when one
of its items does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from kgservice.model.errors import InputError

MOST_ITEMS: Final = 1000
"""Items of a page; a larger limit is taken as this."""

_USUAL: Final = 100
_MOST_CONDITIONS: Final = 20
_LONGEST: Final = 1000
_OPERATORS: Final = frozenset({"eq", "ne", "gt", "gte", "lt", "lte"})

Path: TypeAlias = tuple[str, ...]
Value: TypeAlias = str | Decimal | datetime | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """That an attribute compares with one of some values."""

    path: Path
    operator: str
    values: tuple[Value, ...]
    kind: str

    def holds(self, found: Sequence[object]) -> bool:
        """Say whether one of an object's values of the attribute meets the condition.

        `ne` holds when no value is equal, so for an absent attribute too; the others then fail.
        """
        known = [value for value in (_typed(one, self.kind) for one in found) if value is not None]
        if self.operator == "ne":
            return not any(value == wanted for value in known for wanted in self.values)
        return any(_compare(value, self.operator, one) for value in known for one in self.values)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a list.

    Attributes:
        offset: Matching objects to leave out at the beginning.
        limit: Most objects to answer.
        fields: Members to answer beside `id`, `href` and `@type`; None for all.
        conditions: What an object must meet, all of them.
        order: Attributes to order by, each with True for the descending order.
    """

    offset: int = 0
    limit: int = _USUAL
    fields: frozenset[str] | None = None
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[Path, bool], ...] = ()

    @property
    def paths(self) -> frozenset[Path]:
        """The attributes that must be read of every object to answer."""
        return frozenset(
            [condition.path for condition in self.conditions] + [path for path, _ in self.order]
        )


def read_selection(arguments: Sequence[tuple[str, str]], kinds: Mapping[str, object]) -> Selection:
    """Read the parameters of a list.

    Args:
        arguments: Names and values as they came.
        kinds: The members of the objects, as tables of types (see `publish_json`).

    Raises:
        InputError: a parameter is not known or its value not of its type (`filter-unknown`,
            `filter-invalid`).
    """
    given: dict[str, str] = {}
    conditions: list[Condition] = []
    for name, text in arguments:
        if len(text) > _LONGEST or len(conditions) >= _MOST_CONDITIONS:
            raise _invalid(name, "is too long, or there are too many conditions")
        if name in ("offset", "limit", "fields", "sort"):
            if name in given:
                raise _invalid(name, "comes twice")
            given[name] = text
        else:
            conditions.append(_condition(name, text, kinds))
    limit = _whole("limit", given.get("limit", str(_USUAL)))
    if limit == 0:
        raise _invalid("limit", "must be 1 or more")
    return Selection(
        offset=_whole("offset", given.get("offset", "0")),
        limit=min(limit, MOST_ITEMS),
        fields=read_fields(given.get("fields"), kinds),
        conditions=tuple(conditions),
        order=tuple(_order(given["sort"], kinds)) if "sort" in given else (),
    )


def read_fields(text: str | None, kinds: Mapping[str, object]) -> frozenset[str] | None:
    """Read the members to answer; `none` is none beside those that are always there.

    Raises:
        InputError: a member is not known (`filter-unknown`).
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["none"]:
        return frozenset()
    for name in names:
        _kind_of(tuple(name.split(".")), kinds, "fields")
    return frozenset(name.partition(".")[0] for name in names)


def values_at(item: object, path: Path) -> Iterator[object]:
    """Give the values of an attribute of an object, through lists."""
    if isinstance(item, list):
        for one in item:
            yield from values_at(one, path)
    elif not path:
        if not isinstance(item, dict):
            yield item
    elif isinstance(item, dict) and path[0] in item:
        yield from values_at(item[path[0]], path[1:])


def ordered(
    ids: Sequence[str], columns: Mapping[Path, Mapping[str, Sequence[object]]], asked: Selection
) -> list[str]:
    """Give the ids of the objects that meet all conditions, in the order that is asked.

    `columns` holds each object's values of each attribute. What has no value comes last; equals
    stay in the order of the ids.
    """
    found = [
        one for one in ids if all(c.holds(columns[c.path].get(one, ())) for c in asked.conditions)
    ]
    for path, descending in reversed(asked.order):
        column = columns[path]
        with_value = [one for one in found if column.get(one)]
        without = [one for one in found if not column.get(one)]
        with_value.sort(key=lambda one: _rank(column[one][0]), reverse=descending)
        found = with_value + without
    return found


def _rank(value: object) -> tuple[int, Decimal, str]:
    if isinstance(value, bool | int | float):
        return 0, Decimal(str(int(value) if isinstance(value, bool) else value)), ""
    return 1, Decimal(0), str(value)


def _condition(name: str, text: str, kinds: Mapping[str, object]) -> Condition:
    path = tuple(name.split("."))
    operator = "eq"
    if len(path) > 1 and path[-1] in _OPERATORS:
        path, operator = path[:-1], path[-1]
    kind = _kind_of(path, kinds, name)
    texts = [text] if operator not in ("eq", "ne") else [text, *text.split(",")]
    if kind not in ("string", "any") and operator in ("eq", "ne"):
        texts = text.split(",")
    values = dict.fromkeys(_typed(one.strip(), kind) for one in texts)
    if None in values:
        raise _invalid(name, f"is not of the type {kind}: {text[:60]!r}")
    known = tuple(value for value in values if value is not None)
    return Condition(path, operator, known, kind)


def _kind_of(path: Path, kinds: Mapping[str, object], parameter: str) -> str:
    kind: object = kinds
    for depth, name in enumerate(path):
        if isinstance(kind, list):
            kind = kind[0]
        members = kind if isinstance(kind, dict | Mapping) else {}
        if depth:
            members = {
                ("href" if key == "@of" else key): "string" if key[0] == "@" else value
                for key, value in members.items()
            }
        if name not in members:
            raise _unknown(parameter, ".".join(path), members if depth else kinds)
        kind = members[name]
    if isinstance(kind, list):
        kind = kind[0]
    return kind if isinstance(kind, str) else "any"


def _order(text: str, kinds: Mapping[str, object]) -> Iterator[tuple[Path, bool]]:
    for name in text.split(","):
        descending = name.strip().startswith("-")
        path = tuple(name.strip().lstrip("+-").split("."))
        _kind_of(path, kinds, "sort")
        yield path, descending


def _typed(value: object, kind: str) -> Value | None:
    """Read a value as a type; nothing when it is not of it."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if kind in ("number", "any"):
        number = _number(text)
        return text if number is None and kind == "any" else number
    if kind == "dateTime":
        return _moment(text)
    if kind == "boolean":
        return text == "true" if text in ("true", "false") else None
    return text


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 100 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _compare(value: Value, operator: str, wanted: Value) -> bool:
    if operator == "eq":
        return value == wanted
    if isinstance(value, Decimal) != isinstance(wanted, Decimal):
        return False  # a text is neither more nor less than a number
    left, right = _sizes(value, wanted)
    if operator in ("gt", "gte"):
        return left > right or (operator == "gte" and left == right)  # type: ignore[operator]
    return left < right or (operator == "lte" and left == right)  # type: ignore[operator]


def _sizes(value: Value, wanted: Value) -> tuple[Value, Value]:
    """Compare texts that both read as numbers by their size, anything else as it is."""
    if isinstance(value, str) and isinstance(wanted, str):
        left, right = _number(value), _number(wanted)
        if left is not None and right is not None:
            return left, right
    return value, wanted


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise _invalid(name, f"is no whole number: {text[:40]!r}")
    return int(text)


def _invalid(name: str, why: str) -> InputError:
    return InputError(f"{name[:60]} {why}.", code="filter-invalid", at=f"?{name[:60]}")


def _unknown(parameter: str, name: str, members: object) -> InputError:
    known = sorted(members) if isinstance(members, Mapping) else []
    return InputError(
        f"There is no attribute {name[:60]!r}.",
        code="filter-unknown",
        at=f"?{parameter[:60]}",
        hint=f"Known: {', '.join(known)}; also offset, limit, fields and sort.",
    )
