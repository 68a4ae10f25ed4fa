"""Tell which members of a document became statements: JSON-LD drops the others silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kgservice_importers.gaiax.expansion import PYLD_ERRORS
from kgservice_importers.gaiax.forms import ignored_members
from kgservice_importers.gaiax.repair import is_placeholder, is_secret
from kgservice_importers.jsonld.contexts import Json

_MARK: Final = "urn:kgservice:mark:"
_NAMES: Final = frozenset({"@type", "type", "@language", "@direction", "@index", "@version"})
_ALWAYS_IGNORED: Final = frozenset({"@context", "proof"})
_VALUES: Final = frozenset({"@value", "@list", "@set", "@graph", "@id"})


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which members became statements.

    Attributes:
        mapped: Paths of members that did.
        unmapped: Paths of members that hold something and did not.
        examples: Values that are a form's examples, such as `E.g., IaaS`.
        secrets: Paths of members that are named like secrets and were left out on purpose.
    """

    mapped: frozenset[str]
    unmapped: frozenset[str]
    examples: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: tuple[str, ...]
    value: Json


def coverage_of(
    payload: dict[str, Json],
    statements_of: Callable[[dict[str, Json]], str],
    dropped: frozenset[str],
    *,
    is_whole: bool,
) -> Coverage:
    """Compare a document with its statements.

    Args:
        payload: The document as it was read.
        statements_of: Expands a document into statements, as one text.
        dropped: Members that no context defines, and names that are no IRIs.
        is_whole: Nothing was left out, so that there is nothing to look for; otherwise every
            value is replaced by a mark, which is sought in the statements.
    """
    found = list(_leaves(payload, ()))
    leaves = [leaf for leaf in found if not is_secret(leaf.path[-1])]
    every = {_text(leaf.path) for leaf in leaves}
    shown = [leaf for leaf in leaves if isinstance(leaf.value, str) and is_placeholder(leaf.value)]
    unmapped = {_text(leaf.path) for leaf in shown}
    if not is_whole:
        unmapped |= _lost(payload, statements_of)
        unmapped |= {_text(leaf.path) for leaf in leaves if _is_dropped(leaf, dropped)}
    return Coverage(
        frozenset(every - unmapped),
        frozenset(unmapped & every),
        tuple(sorted({leaf.value for leaf in shown})),
        tuple(sorted({_text(leaf.path) for leaf in found if is_secret(leaf.path[-1])})),
    )


def _is_dropped(leaf: _Leaf, dropped: frozenset[str]) -> bool:
    """Say whether a member on the way is undefined, or the value is a name that is no IRI."""
    is_name = isinstance(leaf.value, str) and leaf.value in dropped
    return is_name or bool(dropped.intersection(leaf.path))


def _text(path: tuple[str, ...]) -> str:
    """Write a path; what only says how a value is written is no step of it."""
    steps = [step for step in path if step not in _VALUES]
    return "/".join(steps) or "/".join(path)


def _leaves(value: Json, path: tuple[str, ...]) -> Iterator[_Leaf]:
    """Walk to every member that holds a value; empty ones and those ignored are left out."""
    if isinstance(value, dict):
        if path and "credentialSubject" in value:
            return  # a credential of its own, which is read as another document
        for key, item in value.items():
            if not (key in _ALWAYS_IGNORED or (not path and key in ignored_members())):
                yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    elif value not in (None, "") and path:
        yield _Leaf(path, value)


def _lost(payload: dict[str, Json], statements_of: Callable[[dict[str, Json]], str]) -> set[str]:
    marks: dict[str, tuple[str, ...]] = {}
    marked = _marked(payload, (), marks)
    try:
        text = statements_of(marked)
    except PYLD_ERRORS:
        return set()
    return {_text(path) for mark, path in marks.items() if f"{mark}." not in text}


def _marked(value: Json, path: tuple[str, ...], marks: dict[str, tuple[str, ...]]) -> Json:
    if isinstance(value, dict):
        return {key: _marked_member(key, item, path, marks) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, path, marks) for item in value]
    if value in (None, "") or not path:
        return value
    mark = f"{_MARK}{len(marks)}"
    marks[mark] = path
    return f"{mark}."


def _marked_member(
    key: str, item: Json, path: tuple[str, ...], marks: dict[str, tuple[str, ...]]
) -> Json:
    """Mark a member; types and the like steer the expansion and stay, contexts are no values."""
    if key == "@context" or key in _NAMES or (not path and key in ignored_members()):
        return item
    return _marked(item, (*path, key), marks)
