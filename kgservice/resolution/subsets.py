"""The ways to take at most n values, those with the lowest bound first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kgservice.resolution.domains import Domains, lowest
from kgservice.resolution.joints import AtMost
from kgservice.resolution.projection import NOTHING, Integers

MOST = 3
"""Of larger numbers of values there are too many subsets; the search counts instead."""
_CHUNK = 256
_NEVER = 2**25
"""More than any sum of bounds: a subset with it leaves some component without a signature."""
Bounds: TypeAlias = npt.NDArray[np.signedinteger[Any]]
Limit = Callable[[], int]
"""Gives the bound beyond which nothing is wanted; it falls as answers are found."""


def enumerated(domains: Domains, left: Sequence[int]) -> AtMost | None:
    """Give the limit on distinct values whose ways are worth going through, if there is one.

    Each signature must have one value, or none that counts.
    """
    found = [
        joint
        for joint in domains.at_most
        if joint.n <= MOST and joint.n < len(joint.over) and _is_plain(domains, joint, left)
    ]
    return min(found, key=lambda joint: (joint.n - len(joint.over), joint.id), default=None)


def _is_plain(domains: Domains, joint: AtMost, left: Sequence[int]) -> bool:
    is_strict = domains.tests.rules.rejects_unknown(joint)
    for component in domains.over(joint):
        values = domains.values(joint, component)
        if values.is_several or (is_strict and values.bits.get(NOTHING, 0) & left[component]):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Start:
    """Where a search begins.

    Attributes:
        bound: No composition of these domains costs less.
        domains: What is left for each component.
        is_rising: No later start has a lower bound.
    """

    bound: int
    domains: list[int]
    is_rising: bool = True


class Subsets:
    """The subsets of values that a limit on distinct values allows."""

    def __init__(self, domains: Domains, joint: AtMost, left: Sequence[int]) -> None:
        """Read what the signatures that are left cost with each value."""
        self._joint, self._left = joint, left
        self._over = domains.over(joint)
        self._costs = [domains.choices[component].costs for component in self._over]
        self._bits = [domains.values(joint, component).bits for component in self._over]
        self._free = [
            its.get(NOTHING, 0) & left[component]
            for its, component in zip(self._bits, self._over, strict=True)
        ]
        self._firsts = [self._first_of_each(row) for row in range(len(self._over))]
        self._values = sorted({value for firsts in self._firsts for value in firsts})
        self._rest = sum(
            domains.choices[component].costs[lowest(bits)]
            for component, bits in enumerate(left)
            if component not in self._over
        )
        # bounds are numbers of 32 bits: what is cut off makes them lower, never higher
        highest = max(costs[-1] for costs in self._costs)
        self._unit = highest * len(self._over) // (_NEVER - 1) + 1

    def starts(self, limit: Limit) -> Iterator[Start]:
        """Go through the domains within each subset, those with the lowest bound first."""
        unit, rest = self._unit, self._rest
        values = self._values or [NOTHING]
        found = _subsets(self._least(), self._joint.n, lambda: (limit() - rest) // unit)
        for bound, subset, is_rising in found:
            narrowed = list(self._left)
            for place, component in enumerate(self._over):
                some = self._free[place]
                for number in subset:
                    some |= self._bits[place].get(values[number], 0)
                narrowed[component] &= some
            if all(narrowed):
                yield Start(bound * unit + rest, narrowed, is_rising)

    def _first_of_each(self, row: int) -> dict[int, int]:
        """Give the first signature that is left of each value of a component."""
        left = self._left[self._over[row]]
        found = {
            value: lowest(bits & left)
            for value, bits in self._bits[row].items()
            if isinstance(value, int) and bits & left
        }
        found.pop(NOTHING, None)
        return found

    def _least(self) -> Bounds:
        """Give the least cost of each component (row) with each value (column)."""
        shape = (len(self._over), max(1, len(self._values)))
        found = np.full(shape, _NEVER, np.int32)
        columns = {value: column for column, value in enumerate(self._values)}
        for row, (firsts, free) in enumerate(zip(self._firsts, self._free, strict=True)):
            costs = self._costs[row]
            for value, first in firsts.items():
                found[row, columns[value]] = costs[first] // self._unit
            if free:
                np.minimum(found[row], costs[lowest(free)] // self._unit, out=found[row])
        return found


Found = Iterator[tuple[int, tuple[int, ...], bool]]


def _subsets(least: Bounds, most: int, limit: Limit) -> Found:
    size = least.shape[1]
    if size <= most:
        yield int(least.min(axis=1).sum()), tuple(range(size)), True
        return
    if most == 1:
        yield from _ascending(least.sum(axis=0), np.arange(size)[:, None], limit)
        return
    pairs, of_two = _pairs(least)
    # good answers with two values make most subsets of three needless
    for bound, subset, _ in _ascending(pairs.sum(axis=0), of_two, limit):
        yield bound, subset, most == 2
    if most > 2:
        yield from _ascending(*_triples(least, limit()), limit)


def _pairs(least: Bounds) -> tuple[Bounds, Integers]:
    """Give the least costs with each two values, and which those are, by the second of them."""
    second, first = np.tril_indices(least.shape[1], -1)
    return np.minimum(least[:, first], least[:, second]), np.stack((first, second), axis=1)


def _triples(every: Bounds, highest: int) -> tuple[Bounds, Integers]:
    """Give the bounds of three values, and which those are; those with a bound that is wanted.

    What needs no third value was found with two. So each of the three is had for some component,
    and one that is too dear for each of them, whatever the others cost, is left out.
    """
    highest = min(highest, _NEVER - 1)
    cheapest = every.min(axis=1)
    dearer = (every - cheapest[:, None]).min(axis=0)
    used = np.flatnonzero(dearer + int(cheapest.sum()) <= highest)
    least = every[:, used]
    pairs, of_two = _pairs(least)
    bounds, subsets = [np.empty(0, np.int32)], [np.empty((0, 3), np.int64)]
    room = np.empty(pairs.shape[1], np.int32)
    for third in range(2, len(used)):
        before = third * (third - 1) // 2  # the pairs of those before it
        found = np.minimum(pairs[0, :before], least[0, third])
        for row in range(1, len(least)):
            found += np.minimum(pairs[row, :before], least[row, third], out=room[:before])
        good = np.flatnonzero(found <= highest)
        if len(good):
            bounds.append(found[good])
            subsets.append(np.column_stack((of_two[good], np.full(len(good), third))))
    return np.concatenate(bounds), used[np.concatenate(subsets)]


def _ascending(bounds: Bounds, subsets: Integers, limit: Limit) -> Found:
    """Sort only as many as are looked at."""
    while len(bounds):
        keep = bounds <= min(limit(), _NEVER - 1)
        bounds, subsets = bounds[keep], subsets[keep]
        some = np.arange(len(bounds))
        if len(bounds) > _CHUNK:
            some = np.argpartition(bounds, _CHUNK - 1)[:_CHUNK]
        some = some[np.argsort(bounds[some], kind="stable")]
        for bound, subset in zip(bounds[some].tolist(), subsets[some].tolist(), strict=True):
            if bound > limit():
                return
            yield bound, tuple(subset), True
        rest = np.ones(len(bounds), np.bool_)
        rest[some] = False
        bounds, subsets = bounds[rest], subsets[rest]
