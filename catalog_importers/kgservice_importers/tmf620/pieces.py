"""Take JSON apart into the objects of a catalogue without reading what is inside them."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import msgspec

from kgservice.model.documents import SetAside
from kgservice.model.errors import Problem, Severity
from kgservice_importers.tmf620.json_tree import Json, Object
from kgservice_importers.tmf620.records import (
    Record,
    classify,
    identifier_of,
    index_of,
    recognise,
    resource_named,
)

Text: TypeAlias = bytes | msgspec.Raw
"""JSON in UTF-8; a `Raw` is a view into a larger text."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARRAY: Final = re.compile(rb"\s*\[")
_OBJECT: Final = re.compile(rb"\s*\{")
_STRING: Final = re.compile(rb'\s*"')
_DEEP: Final = "it is nested too deeply"


Found: TypeAlias = Problem | SetAside
"""The outcome of what is no object of a catalogue."""


class Piece(NamedTuple):
    """An object as it was found.

    `resource` and `identifier` as in `records`; `at` is `file#/pointer` or `address#/pointer`.
    """

    resource: str
    identifier: str
    text: Text
    at: str


class _Head(msgspec.Struct, gc=False):
    """What tells which object this is; everything else is skipped at a gigabyte a second."""

    id: str = ""
    href: str = ""
    at_type: str = msgspec.field(default="", name="@type")
    type: str = ""
    base_type: str = msgspec.field(default="", name="@baseType")


_HEAD: Final = msgspec.json.Decoder(_Head)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def plain_utf8(data: bytes) -> bytes:
    """Give UTF-8 without a byte order mark, of UTF-8 or UTF-16 with one.

    Raises:
        ValueError: the mark promises what the bytes do not hold.
    """
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    return data.decode(encoding).encode("utf-8", "surrogatepass") if encoding else data


def parse_json(data: Text) -> Json:
    """Read a text with all that is in it.

    Raises:
        ValueError: this is not JSON, or it is nested too deeply to be read.
    """
    try:
        tree: Json = json.loads(bytes(data).decode("utf-8"))
    except RecursionError:
        raise ValueError(_DEEP) from None
    return tree


def is_array(data: bytes) -> bool:
    """Whether the text begins as a list."""
    return _ARRAY.match(data) is not None


def items_of(data: bytes) -> list[Text]:
    """Give the members of a list, unread.

    Raises:
        ValueError: this is not JSON, or no list.
    """
    try:
        return list(_LIST.decode(data))
    except (msgspec.MsgspecError, RecursionError):
        tree = parse_json(data)  # takes a little more, such as NaN, and says where it is wrong
    if not isinstance(tree, list):
        raise ValueError("this is not a list")  # noqa: TRY004 - bad data, no bad call
    return [_written(item) for item in tree]


def take_apart(data: bytes, at: str, endpoint: str = "") -> Iterator[Piece | Found]:
    """Find the objects of a file or an answer: one object, a list, or an object of lists.

    Raises:
        ValueError: this is not JSON.
    """
    if is_array(data):
        for position, text in enumerate(items_of(data)):
            yield piece_of(text, f"{at}/{position}", endpoint)
        return
    members = _members(data) if _OBJECT.match(data) and not endpoint else {}
    lists = _lists_in(members)
    if not lists:
        yield piece_of(data, at, endpoint)
    for name, resource in lists:
        for position, text in enumerate(items_of(bytes(members[name]))):
            yield piece_of(text, f"{at}/{name}/{position}", resource)


def piece_of(text: Text, at: str, endpoint: str = "") -> Piece | Found:
    """Tell what an object is, by a look at its first members where that is enough."""
    try:
        head = _HEAD.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return _piece_read(text, at, endpoint)
    identifier = head.id
    if identifier.isascii() and identifier.isprintable() and identifier.strip() == identifier != "":
        resource = endpoint or _resource_of(head)
        if "/" in resource:
            return SetAside(at, resource)
        if resource:
            return Piece(resource, identifier, text, at)
    return _piece_read(text, at, endpoint)


def record_of(piece: Piece) -> Record | Problem:
    """Read an object with all that is in it."""
    try:
        body = parse_json(piece.text)
        found = recognise(body, piece.at, piece.resource) if isinstance(body, dict) else None
        if found is not None:
            return found
        raise ValueError("it is no object")  # noqa: TRY301
    except (ValueError, RecursionError) as error:
        return not_json(piece.at, str(error) or _DEEP)


def not_json(at: str, why: str) -> Problem:
    """Say that something cannot be read as JSON."""
    return Problem(
        "json-invalid",
        f"This cannot be read as JSON: {why[:200]}.",
        at.removesuffix("#"),
        "It was left out.",
        Severity.ERROR,
    )


def _piece_read(text: Text, at: str, endpoint: str) -> Piece | Found:
    try:
        body = parse_json(text)
        record = recognise(body, at, endpoint) if isinstance(body, dict) else None
        if record is not None and record.kind:
            return SetAside(at, record.kind)
        if record is not None:
            return Piece(index_of(record), identifier_of(record), text, at)
    except (ValueError, RecursionError) as error:
        return not_json(at, str(error) or _DEEP)
    return Problem(
        "resource-unknown",
        "This is no product offering, specification, price, category or organization.",
        at,
        "It was left out.",
        Severity.INFO,
    )


def _resource_of(head: _Head) -> str:
    if head.id.startswith("urn:"):
        found = _resource_of_urn(head.id.rpartition(":")[0])
        if found:
            return found
    return classify(
        {
            "id": head.id,
            "href": head.href,
            "@type": head.at_type,
            "type": head.type,
            "@baseType": head.base_type,
        }
    )


@lru_cache(maxsize=1024)
def _resource_of_urn(beginning: str) -> str:
    return classify({"id": beginning + ":"})


def _members(data: bytes) -> dict[str, Text]:
    try:
        return dict(_MEMBERS.decode(data))
    except (msgspec.MsgspecError, RecursionError):
        tree = parse_json(data)
    return {name: _written(value) for name, value in tree.items()} if isinstance(tree, dict) else {}


def _lists_in(members: Mapping[str, Text]) -> list[tuple[str, str]]:
    """Give the lists of objects that an object consists of; none when it is itself one."""
    named = [(name, resource_named(name)) for name, text in members.items() if _ARRAY.match(text)]
    named = [(name, resource) for name, resource in named if resource]
    if not named:
        return []
    body: Object = {
        name: parse_json(text) if _STRING.match(text) else None for name, text in members.items()
    }
    is_envelope = not classify(body) or ("id" not in members and "name" not in members)
    return named if is_envelope else []


def _written(tree: Json) -> bytes:
    try:
        return json.dumps(tree, separators=(",", ":")).encode("ascii")
    except RecursionError:
        raise ValueError(_DEEP) from None
