"""Find all objects that an offering's facts come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from kgservice_importers.tmf620.json_tree import Json, as_object, member_text, objects
from kgservice_importers.tmf620.mapping import MappingTable
from kgservice_importers.tmf620.records import Index, Record

_MOST_SPECIFICATIONS: Final = 50
_MOST_PRICES: Final = 200
_DEEPEST_BUNDLE: Final = 4
_DEEPEST_CATEGORY: Final = 10


class Leaf(NamedTuple):
    """A price of an offering that is not a bundle of others.

    Attributes:
        plan: Position of the listed price that it is, or is within.
        is_in_bundle: It is part of a bundle, whose parts add up.
        record: The price; nothing when it is not in the source.
        at: Where it, or what refers to it, is.
        name: Id or name by which it is referred to.
    """

    plan: int
    is_in_bundle: bool
    record: Record | None
    at: str
    name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """An offering with the objects that its facts come from."""

    offering: Record
    specification: Record | None
    parts: tuple[Record, ...]
    prices: tuple[Leaf, ...]
    categories: tuple[tuple[Record, ...], ...]
    """Each category with its ancestors, itself first."""
    catalogs: tuple[Record, ...]

    def content(self) -> bytes:
        """Write the offering with all that its statements come from, so that a hash covers it."""
        specification = (self.specification,) if self.specification is not None else ()
        members: tuple[tuple[str, tuple[Record, ...]], ...] = (
            ("catalog", self.catalogs),
            ("category", tuple(one for chain in self.categories for one in chain)),
            ("productOffering", (self.offering,)),
            ("productOfferingPrice", tuple(p.record for p in self.prices if p.record is not None)),
            ("productSpecification", specification),
            ("specification", self.parts),
        )
        written = (
            b'"%s":[%s]' % (name.encode(), b",".join(dict.fromkeys(contents)))
            for name, records in members
            if (contents := [one.content for one in records if one.content])
        )
        return b"{" + b",".join(written) + b"}"


class Joiner:
    """Follows the links of offerings."""

    def __init__(self, index: Index, mapping: MappingTable) -> None:
        """Bind to the objects of the source."""
        self._index = index
        self._parts = mapping.names("characteristics", "specifications")
        # The catalogue of the source when there is one only: its owner provides by default.
        catalogs = index.all("catalog")
        self._catalogs = tuple(record for _, record in catalogs) if len(catalogs) == 1 else ()

    def join(self, offering: Record) -> Joined:
        """Follow the links of an offering; what is not in the source is left out."""
        specification = self._specification(offering)
        parts: tuple[Record, ...] = ()
        if specification is not None:
            names = dict.fromkeys(self._parts)
            parts = tuple(one for name in names for one in self._all(specification, name))
        categories = tuple(self._with_ancestors(one) for one in self._all(offering, "category"))
        prices = tuple(islice(self._prices(offering), _MOST_PRICES))
        return Joined(offering, specification, parts, prices, categories, self._catalogs)

    def _specification(self, offering: Record) -> Record | None:
        reference = offering.body.get("productSpecification")
        if reference is None:
            return None
        at = f"{offering.at}/productSpecification"
        return self._index.follow("productSpecification", reference, at)

    def _all(self, record: Record, name: str) -> list[Record]:
        listed = objects(record.body.get(name))[:_MOST_SPECIFICATIONS]
        found = (
            self._index.follow(name, item, f"{record.at}/{name}/{position}")
            for position, item in listed
        )
        return [one for one in found if one is not None]

    def _with_ancestors(self, category: Record) -> tuple[Record, ...]:
        chain = [category]
        while len(chain) < _DEEPEST_CATEGORY:
            parent = parent_of(chain[-1])
            found = self._index.follow("category", {"id": parent}, "") if parent else None
            if found is None or any(found is one for one in chain):
                break
            chain.append(found)
        return tuple(chain)

    def _prices(self, offering: Record) -> Iterator[Leaf]:
        listed = objects(offering.body.get("productOfferingPrice"))[:_MOST_PRICES]
        if len(listed) == _MOST_PRICES:
            yield Leaf(0, False, None, offering.at, f"number {_MOST_PRICES}")
        for plan, reference in listed:
            at = f"{offering.at}/productOfferingPrice/{plan}"
            yield from self._leaves(reference, at, _DEEPEST_BUNDLE, plan)

    def _leaves(
        self, reference: Json, at: str, depth: int, plan: int, is_in_bundle: bool = False
    ) -> Iterator[Leaf]:
        record = self._index.follow("productOfferingPrice", reference, at)
        name = member_text(as_object(reference), "id", "name")[:80]
        if record is None or depth == 0:
            yield Leaf(plan, is_in_bundle, None, at, name)
            return
        parts = objects(record.body.get("bundledPopRelationship"))
        if not parts:
            yield Leaf(plan, is_in_bundle, record, record.at, name)
        for position, part in parts[:_MOST_PRICES]:
            inner = f"{record.at}/bundledPopRelationship/{position}"
            yield from self._leaves(part, inner, depth - 1, plan, is_in_bundle=True)


def parent_of(category: Record) -> str:
    """Give the id of the category above one, or nothing."""
    return member_text(category.body, "parentId") or member_text(
        as_object(category.body.get("parent")), "id"
    )
