"""In which ways the components of a request could be had: what there is to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from typing import Final, TypeAlias

from kgservice.model.rdf import Iri
from kgservice.resolution.recipes import Recipe
from kgservice.resolution.request import Component, Request, Ways

MAX_DEPTH: Final = 3
"""How often a part of a recipe may be made by a recipe again, the first one counted."""

MAX_WAYS: Final = 200
"""How many ways of having a request are looked at; the simplest come first."""

Bundles: TypeAlias = Mapping[str, Mapping[str, frozenset[Iri]]]
"""Bundle IRI to its parts, each with the kinds that it is of."""

Group: TypeAlias = tuple[str, ...]
"""Components that parts of one bundle are bound to, in the request's order."""


@dataclass(frozen=True, slots=True)
class Made:
    """A component made by a recipe; `parts` say how each of its needs is had (None: managed)."""

    recipe: Recipe
    parts: tuple[Made | None, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of having all components of a request.

    Attributes:
        made: Component name to how it is made; those that are not named are managed.
        groups: Components that are had in a bundle.
    """

    made: Mapping[str, Made] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """The ways that are looked at, beside the plain one; `is_all` when there are no more."""

    choices: tuple[Choice, ...]
    is_all: bool = True


def ways_of(request: Request, recipes: Sequence[Recipe], bundles: Bundles) -> Looked:
    """Give every way of having the request but the plain one, those with the fewest parts first.

    A bundle covers two or more managed components of one quantity, each by another of its parts.
    """
    found = list(islice(_choices(request, recipes, bundles), 1, MAX_WAYS + 2))
    kept = found[:MAX_WAYS]
    kept.sort(key=lambda one: sum(map(_size, one.made.values())) + len(one.groups))
    return Looked(tuple(kept), len(found) <= MAX_WAYS)


def _size(made: Made | None) -> int:
    return 0 if made is None else 1 + sum(map(_size, made.parts))


def _choices(request: Request, recipes: Sequence[Recipe], bundles: Bundles) -> Iterator[Choice]:
    """Go through all ways; the first is the plain one."""
    options = [
        list(_makings(component.kind, recipes, MAX_DEPTH))
        if request.ways_of(component) is Ways.ANY
        else [None]
        for component in request.components
    ]
    for chosen in product(*options):
        pairs = list(zip(request.components, chosen, strict=True))
        made = {component.name: making for component, making in pairs if making is not None}
        managed = [component for component, making in pairs if making is None]
        for groups in _groupings(managed, bundles):
            yield Choice(made, groups)


def _makings(kind: Iri, recipes: Sequence[Recipe], depth: int) -> Iterator[Made | None]:
    """Go through the ways of having one kind, managed first."""
    yield None
    if depth == 0:
        return
    for recipe in recipes:
        if recipe.yields == kind:
            parts = [list(_makings(need.kind, recipes, depth - 1)) for need in recipe.needs]
            for chosen in product(*parts):
                yield Made(recipe, chosen)


def _groupings(components: Sequence[Component], bundles: Bundles) -> Iterator[tuple[Group, ...]]:
    """Go through the ways of putting components into bundles; none first."""
    if not components or not bundles:
        yield ()
        return
    first, rest = components[0], components[1:]
    for others in _groupings(rest, bundles):
        yield others
    for size in range(1, len(components)):
        for partners in combinations(rest, size):
            group = (first, *partners)
            if not any(covers(parts, group) for parts in bundles.values()):
                continue
            left = [component for component in rest if component not in partners]
            for others in _groupings(left, bundles):
                yield (tuple(component.name for component in group), *others)


def covers(parts: Mapping[str, frozenset[Iri]], group: Sequence[Component]) -> bool:
    """Say whether a bundle has a part of its own for each of some components of one quantity."""
    if len({component.quantity for component in group}) != 1:
        return False

    def fits(number: int, used: frozenset[str]) -> bool:
        if number == len(group):
            return True
        kind = group[number].kind
        return any(
            kind in kinds and part not in used and fits(number + 1, used | {part})
            for part, kinds in parts.items()
        )

    return fits(0, frozenset())
