"""The order of compositions as one whole number for each binding, which adds up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kgservice.resolution.options import Table
from kgservice.resolution.price_parts import Wholes
from kgservice.resolution.projection import Ids, Integers

MOST_FLAGS = 6
"""With more of them than this, the ways to have some are not gone through one by one."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What no composition that was not looked at comes before.

    Attributes:
        missed: Missed wishes.
        is_unknown: For each preference, whether a number that it reads is unknown.
        order: For each preference, the sum of the numbers, smaller first.
    """

    missed: int
    is_unknown: tuple[bool, ...]
    order: tuple[int, ...]


class Ranking:
    """Weighs missed wishes and preferences, so that sums compare as the whole order does.

    A composition misses a wish for every component once, however many components do, and a sum
    is unknown once. Such flags cannot be added up: they are apart, and what they weigh counts once.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        """Take the tables of all components."""
        parts = len(tables[0].order)
        self._lowest = [sum(int(t.order[n].min()) for t in tables) for n in range(parts)]
        self._weights, self._unknown = [1] * parts, [1] * parts
        weight = 1
        for n in reversed(range(parts)):
            span = sum(int(t.order[n].max()) - int(t.order[n].min()) for t in tables)
            self._weights[n], self._unknown[n] = weight, weight * (span + 1)
            weight *= (span + 1) * 2
        self._missed = weight
        self.flags = self._flags(tables)

    def _flags(self, tables: Sequence[Table]) -> list[int]:
        """Give what each flag weighs: wishes for every component first."""
        return [self._missed] * len(tables[0].missed_every) + self._unknown

    def costs(self, table: Table) -> Wholes:
        """Give what each binding adds, without its flags."""
        largest = self._missed * (int(table.missed.max(initial=0)) + 1)
        kind = np.int64 if largest < 2**56 else object
        found: Wholes = table.missed.astype(kind) * self._missed
        for numbers, weight in zip(table.order, self._weights, strict=True):
            found = found + (numbers - numbers.min()).astype(kind) * weight
        return found

    def flagged(self, table: Table) -> Integers:
        """Give the flags of each binding as bits."""
        found = np.zeros(len(table), np.int64)
        for place, flags in enumerate((*table.missed_every, *table.is_unknown)):
            found |= flags.astype(np.int64) << place
        return found

    def weight(self, flags: int) -> int:
        """Give what a composition's flags weigh."""
        return sum(weight for place, weight in enumerate(self.flags) if flags >> place & 1)

    def missed(self, number: int) -> int:
        """Give what missed joint wishes weigh."""
        return self._missed * number

    def ways(self, seen: int) -> Iterator[tuple[int, int]]:
        """Go through the sets of flags that a composition can have, as weight and bits, in order.

        With too many flags there is one way, all of them, that weighs nothing.
        """
        places = [place for place in range(len(self.flags)) if seen >> place & 1]
        if len(places) > MOST_FLAGS:
            yield 0, seen
            return
        sets = [
            sum(1 << place for place in some)
            for number in range(len(places) + 1)
            for some in combinations(places, number)
        ]
        yield from sorted((self.weight(flags), flags) for flags in sets)

    def highest(self, first: int, missed: int) -> int:
        """Give the highest cost of what the order reads first as `first` and misses `missed`."""
        weight = self._weights[0]
        return weight * (first - self._lowest[0] + 1) - 1 + self._missed * missed

    def bound(self, total: int) -> Bound:
        """Read a sum."""
        missed, rest = divmod(total, self._missed)
        unknown, order = [], []
        for flag, weight, lowest in zip(self._unknown, self._weights, self._lowest, strict=True):
            is_unknown, rest = divmod(rest, flag)
            number, rest = divmod(rest, weight)
            unknown.append(bool(is_unknown))
            order.append(number + lowest)
        return Bound(missed, tuple(unknown), tuple(order))


class Choices:
    """One component's signatures, best first; bit n of a domain stands for number n.

    Attributes:
        name: The component.
        table: Its bindings.
        costs: What the best binding of each adds.
        flags: The flags of each.
        firsts: The place of each one's best binding in the table.
        ends: Where the bindings of each end.
    """

    def __init__(self, name: str, table: Table, ranking: Ranking) -> None:
        """Order the signatures of a table."""
        self.name, self.table = name, table
        begins = np.flatnonzero(np.diff(table.signatures, prepend=-1))
        every = ranking.costs(table)
        first = every[begins]
        owners, ranks = table.offerings[begins], table.ranks[begins]
        if first.dtype == object:
            keys = list(zip(first.tolist(), owners.tolist(), ranks.tolist(), strict=True))
            self.order: Ids = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int32)
        else:
            self.order = np.lexsort((ranks, owners, first)).astype(np.int32)
        ends = np.append(begins[1:], len(table))
        self.begins = begins
        self.costs: list[int] = first[self.order].tolist()
        self.flags: list[int] = ranking.flagged(table)[begins][self.order].tolist()
        self.firsts: list[int] = begins[self.order].tolist()
        self.ends: list[int] = ends[self.order].tolist()
        self.every: list[int] = every.tolist()
        self.offerings: list[int] = table.offerings.tolist()
        self.ranks: list[int] = table.ranks.tolist()

    def __len__(self) -> int:
        """Count the signatures."""
        return len(self.costs)

    def seen(self) -> int:
        """Give the flags that some signature has."""
        found = 0
        for flags in set(self.flags):
            found |= flags
        return found

    def within(self, flags: int) -> int:
        """Give the signatures that have no flags but these."""
        if not self.seen() & ~flags:
            return (1 << len(self)) - 1
        return sum(1 << place for place, its in enumerate(self.flags) if not its & ~flags)


def choices_of(tables: Mapping[str, Table]) -> tuple[list[Choices], Ranking]:
    """Order the signatures of all components, these by name."""
    names = sorted(tables)
    ranking = Ranking([tables[name] for name in names])
    return [Choices(name, tables[name], ranking) for name in names], ranking
