"""Strict YAML: every scalar is text, nothing is shared or tagged, every node knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import yaml

from kgservice.model.errors import InputError

MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text, as written."""

    text: str
    at: str
    line: int


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: tuple[Node, ...]
    at: str
    line: int


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping with text keys, in document order; `keys` gives each key's own node."""

    entries: dict[str, Node]
    keys: dict[str, Scalar]
    at: str
    line: int


Node: TypeAlias = Scalar | ListNode | MapNode

_QUOTE_HINT = 'Put quotes around it, such as `">= 16"`: without them YAML reads `>` as block text.'
_BARE_GREATER = re.compile(r"(?:[:,\[{-]\s*)>")


def read_yaml(text: str, name: str) -> Node:
    """Read one YAML document (JSON is YAML too) as nodes with `name:line`.

    Raises:
        InputError: the text is not YAML (`yaml-invalid`), or uses duplicate keys
            (`duplicate-key`), anchors, tags, block text or several documents (`yaml-refused`).
    """
    events = _events(text, name)
    next(events)  # the stream's start
    if isinstance(next(events), yaml.StreamEndEvent):
        raise InputError("The document is empty.", code="yaml-invalid", at=f"{name}:1")
    first = next(events)
    node = _Builder(name, events).node(first, 0)
    next(events)
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise InputError("One document is expected.", code="yaml-refused", at=name)
    return node


def _events(text: str, name: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        raise _syntax_error(text, name, line, error.problem or "not YAML") from None
    except yaml.YAMLError as error:
        raise InputError(f"This is not YAML: {error}.", code="yaml-invalid", at=name) from None
    except RecursionError:
        raise InputError("Nested too deeply.", code="yaml-refused", at=name) from None


def _syntax_error(text: str, name: str, line: int, problem: str) -> InputError:
    lines = text.splitlines()
    near = [number for number in (line, line - 1) if 0 <= number < len(lines)]
    for number in near:
        if _BARE_GREATER.search(lines[number]):
            return InputError(
                "A comparison is not quoted.",
                code="yaml-invalid",
                at=f"{name}:{number + 1}",
                hint=_QUOTE_HINT,
            )
    return InputError(f"This is not YAML: {problem}.", code="yaml-invalid", at=f"{name}:{line + 1}")


class _Builder:
    """Builds nodes from events."""

    def __init__(self, name: str, events: Iterator[yaml.Event]) -> None:
        self.name = name
        self.events = events

    def node(self, event: yaml.Event, depth: int) -> Node:
        line = event.start_mark.line + 1 if event.start_mark else 0
        at = f"{self.name}:{line}"
        self.refuse_sharing(event, at)
        if depth > MAX_DEPTH:
            raise InputError("Nested too deeply.", code="yaml-refused", at=at)
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):
                raise InputError(
                    "Block text is not used in requests.",
                    code="yaml-refused",
                    at=at,
                    hint=_QUOTE_HINT,
                )
            return Scalar(event.value.strip(), at, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return ListNode(tuple(self.items(depth)), at, line)
        return self.mapping(at, line, depth)

    def refuse_sharing(self, event: yaml.Event, at: str) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse("Anchors and aliases", at)
        if getattr(event, "tag", None):
            _refuse("Tags", at)

    def items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, depth + 1)

    def mapping(self, at: str, line: int, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Scalar] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise InputError("A key must be text.", code="yaml-refused", at=key.at)
            if key.text in entries:
                raise InputError(
                    f"`{key.text}` is written twice.",
                    code="duplicate-key",
                    at=key.at,
                    hint=f"The first is on line {keys[key.text].line}; keep one.",
                )
            keys[key.text] = key
            entries[key.text] = self.node(next(self.events), depth + 1)
        return MapNode(entries, keys, at, line)


def _refuse(what: str, at: str) -> NoReturn:
    raise InputError(
        f"{what} are not allowed in requests.",
        code="yaml-refused",
        at=at,
        hint="Write the value out where it is used.",
    )
