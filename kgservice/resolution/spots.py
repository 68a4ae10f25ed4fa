"""The components of one way of having a request, with the parts that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kgservice.model.vocabulary import PropertyInfo
from kgservice.resolution.request import Component
from kgservice.resolution.ways import Made


@dataclass(frozen=True, slots=True)
class Way:
    """How one component of a composition is had.

    Attributes:
        kind: `managed`, `recipe` or `bundle`.
        by: Name of the component that is bound to the bundle; empty for the others.
        parts: Names of the components that a recipe needs.
    """

    kind: str = "managed"
    by: str = ""
    parts: tuple[str, ...] = ()


@dataclass(slots=True)
class Spot:
    """A component of the variant: with the parts that make it, or the bundle that it is part of."""

    component: Component
    made: Made | None = None
    parts: list[Spot] = field(default_factory=list)
    bundle: str = ""

    @property
    def name(self) -> str:
        """Its name in the variant."""
        return self.component.name

    def all(self) -> Iterator[Spot]:
        """Go through it and the parts below it."""
        yield self
        for part in self.parts:
            yield from part.all()

    def places(self, info: PropertyInfo) -> tuple[str, ...]:
        """Name the components that have a property of this one."""
        if self.made is None:
            return (self.bundle if info.is_derived and self.bundle else self.name,)
        if info.iri in self.made.recipe.states and not info.is_derived:
            return (self.name,)
        needs = zip(self.made.recipe.needs, self.parts, strict=True)
        taking = [part for need, part in needs if info.iri in need.takes]
        chosen = self.parts if info.is_derived else taking or self.parts
        return tuple(name for part in chosen for name in part.places(info))

    def way(self) -> Way:
        """Say how it is had."""
        if self.made is not None:
            return Way("recipe", parts=tuple(part.name for part in self.parts))
        return Way("bundle", by=self.bundle) if self.bundle else Way()


def ways_json(
    ways: Mapping[str, Way], offerings: Mapping[str, str]
) -> dict[str, dict[str, str | list[str]]]:
    """Say of each component how it is had, with the recipe and its parts, or the bundle."""
    found: dict[str, dict[str, str | list[str]]] = {}
    for name in offerings:
        way = ways.get(name, Way())
        found[name] = {"way": way.kind}
        if way.kind == "recipe":
            found[name] |= {"recipe": offerings[name], "parts": list(way.parts)}
        elif way.kind == "bundle":
            found[name] |= {"bundle": offerings[way.by], "price": way.by}
    return found
