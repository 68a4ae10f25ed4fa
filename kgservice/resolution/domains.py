"""Which signatures are left for each component, as bit masks, narrowed by joint conditions.

Of a joint condition nothing is known here but what `JointTests` says of it; of a few kinds the
masks are made without going through all pairs, since these decide about the time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from operator import or_

import numpy as np

from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.joint_totals import Direction, Total
from kgservice.resolution.joints import (
    NUMERIC,
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Different,
    Joint,
    Same,
    joint_components,
)
from kgservice.resolution.options import Option
from kgservice.resolution.projection import NOTHING
from kgservice.resolution.ranking import Choices

Masks = list["int | None"]
"""For each signature of one component, which of another's may stand with it; None: not asked."""


@dataclass(slots=True)
class Values:
    """What a joint condition reads of a component's signatures.

    Attributes:
        of: By signature.
        bits: By value.
        members: For sets: by member, those that have it.
        is_several: For sets: some have several members.
    """

    of: list[Hashable]
    bits: dict[Hashable, int] = field(default_factory=dict)
    members: dict[int, int] = field(default_factory=dict)
    is_several: bool = False


class Domains:
    """Narrows domains; what one signature leaves of another component's is worked out once."""

    def __init__(self, choices: Sequence[Choices], tests: JointTests) -> None:
        """Index nothing yet: values are read when they are asked for."""
        self.choices, self.tests = choices, tests
        self._place = {one.name: place for place, one in enumerate(choices)}
        self._options: dict[tuple[int, int], Option] = {}
        self._values: dict[tuple[str, int], Values] = {}
        self._by_value: dict[tuple[str, int, int, Hashable], int] = {}
        joints = tests.rules.joint()
        self.at_most = [joint for joint in joints if isinstance(joint, AtMost)]
        self.amounts = [Amounts(total, choices) for total in tests.totals()]
        self._between: dict[tuple[int, int], list[Joint]] = {}
        for joint in joints:
            if tests.is_pairwise(joint) and not isinstance(joint, NUMERIC):
                self._link(joint)
        self.masks: dict[tuple[int, int], Masks] = {
            pair: [None] * len(choices[pair[0]]) for pair in self._between
        }

    def _link(self, joint: Joint) -> None:
        over = self.over(joint)
        for one in over:
            for other in over:
                if one != other:
                    self._between.setdefault((one, other), []).append(joint)

    def over(self, joint: Joint) -> list[int]:
        """Give the places of the components that a joint condition reads."""
        return [self._place[name] for name in joint_components(joint)]

    def option(self, component: int, place: int) -> Option:
        """Give a binding of a component, by its place in the table, as a value."""
        found = self._options.get((component, place))
        if found is None:
            found = self.choices[component].table.option(place)
            self._options[component, place] = found
        return found

    def first(self, component: int, signature: int) -> Option:
        """Give the best binding of a signature."""
        return self.option(component, self.choices[component].firsts[signature])

    def values(self, joint: Joint, component: int) -> Values:
        """Give what a joint condition reads of a component's signatures."""
        found = self._values.get((joint.id, component))
        if found is None:
            found = self._values[joint.id, component] = self._read(joint, component)
        return found

    def _read(self, joint: Joint, component: int) -> Values:
        one = self.choices[component]
        if isinstance(joint, Compatible):
            prefix = f"{joint.id}."
            keys = [key for key in one.table.sets if key.startswith(prefix)]
            columns = [one.table.sets[key][one.firsts].tolist() for key in keys]
            found = Values(list(zip(*columns, strict=True)))
        else:
            found = Values(one.table.sets[joint.id][one.firsts].tolist())
        for place, value in enumerate(found.of):
            found.bits[value] = found.bits.get(value, 0) | 1 << place
        for value, bits in found.bits.items():
            if isinstance(value, int):
                members = self.tests.sets.of(value)
                found.is_several |= len(members) > 1
                for member in members:
                    found.members[member] = found.members.get(member, 0) | bits
        return found

    def allowed(self, component: int) -> int:
        """Give the signatures of a component that may stand in any composition."""
        one = self.choices[component]
        left = (1 << len(one)) - 1
        for joint in self.tests.rules.joint():
            if one.name not in joint_components(joint):
                continue
            for example, bits in self._alike(joint, component).items():
                if not self.tests.allows(joint, self.first(component, example), one.name):
                    left &= ~bits
        return left

    def _alike(self, joint: Joint, component: int) -> Mapping[int, int]:
        """Give signatures that `allows` treats alike, by one of them."""
        one = self.choices[component]
        if isinstance(joint, (Compatible, CompositionShape)):
            return {}
        if isinstance(joint, Capacity):
            return {place: 1 << place for place in range(len(one))}
        if isinstance(joint, NUMERIC):
            known = bits_of(one.table.sums[joint.id].known[one.firsts].tolist())
        else:
            known = ~self.values(joint, component).bits.get(NOTHING, 0)
        full = (1 << len(one)) - 1
        return {lowest(some): some for some in (known & full, ~known & full) if some}

    def partners(self, component: int, signature: int, other: int) -> int:
        """Give what may stand with a signature of another component; remembered in `masks`."""
        joints = self._between[component, other]
        found = (1 << len(self.choices[other])) - 1
        for joint in joints:
            found &= self._mask(joint, component, signature, other)
        self.masks[component, other][signature] = found
        return found

    def _mask(self, joint: Joint, component: int, signature: int, other: int) -> int:
        value = self.values(joint, component).of[signature]
        key = (joint.id, component, other, value)
        found = self._by_value.get(key)
        if found is None:
            if isinstance(joint, (Same, Different)) and isinstance(value, int):
                found = self._known_mask(joint, value, other)
            else:
                found = self._tested_mask(joint, (component, signature), other)
            self._by_value[key] = found
        return found

    def _known_mask(self, joint: Same | Different, value: int, other: int) -> int:
        full = (1 << len(self.choices[other])) - 1
        theirs = self.values(joint, other)
        members = self.tests.sets.of(value)
        if not members:
            return full
        if isinstance(joint, Different):
            return full & ~theirs.bits.get(value, 0) if len(members) == 1 else full
        shared = (theirs.members.get(member, 0) for member in members)
        return reduce(or_, shared, theirs.bits.get(NOTHING, 0))

    def _tested_mask(self, joint: Joint, one: tuple[int, int], other: int) -> int:
        names = self.choices[one[0]].name, self.choices[other].name
        option = self.first(*one)
        found = 0
        for bits in self.values(joint, other).bits.values():
            if self.tests.pair_allows(joint, names, (option, self.first(other, lowest(bits)))):
                found |= bits
        return found

    def within(self, joint: AtMost, chosen: Mapping[int, int], domains: list[int]) -> bool:
        """Once there are as many values as allowed, only those may come again; false: no way."""
        of, is_strict = self.tests.sets.of, self.tests.rules.rejects_unknown(joint)
        over = self.over(joint)
        found = [of(_number(self.values(joint, c).of[chosen[c]])) for c in over if c in chosen]
        if any(len(values) > 1 for values in found):
            return True  # which of them counts is open; the whole composition is tested at the end
        seen = frozenset().union(*found)
        used = len(seen) + (sum(not values for values in found) if is_strict else 0)
        if used < joint.n:
            return True
        for other in over:
            if other not in chosen:
                theirs = self.values(joint, other)
                free = 0 if is_strict else theirs.bits.get(NOTHING, 0)
                left = reduce(or_, (theirs.members.get(value, 0) for value in seen), free)
                domains[other] &= left if used == joint.n else 0
                if not domains[other]:
                    return False
        return True


class Amounts:
    """The least that the signatures add to a total.

    Attributes:
        limit: What the sum may be at most.
        least: By component, the least amount of each signature.
        rising: By component, the amount of each binding, if for all components worse bindings of
            a signature have no smaller ones; else empty.
    """

    def __init__(self, total: Total, choices: Sequence[Choices]) -> None:
        """Read the amounts."""
        self.limit = total.limit
        self.least: dict[int, list[int]] = {}
        self.rising = _rising(total, choices)
        self._sorted: dict[int, list[tuple[int, int]]] = {}
        for place, one in enumerate(choices):
            if one.name in total.over:
                least = self.least[place] = _least(total, one)
                if any(a > b for a, b in pairwise(least)):
                    self._sorted[place] = sorted((n, bit) for bit, n in enumerate(least))

    def is_passed(self, places: Sequence[int]) -> bool:
        """Say whether some bindings, and all worse ones of their signatures, exceed the limit."""
        amounts = (of[places[component]] for component, of in self.rising.items())
        return bool(self.rising) and sum(amounts) > self.limit

    def exceeds(self, chosen: Mapping[int, int], domains: Sequence[int]) -> bool:
        """Say whether nothing that is left keeps the limit."""
        total = 0
        for place, least in self.least.items():
            if place in chosen:
                total += least[chosen[place]]
            elif place in self._sorted:
                total += next(n for n, bit in self._sorted[place] if domains[place] >> bit & 1)
            else:
                total += least[lowest(domains[place])]
        return total > self.limit


def _rising(total: Total, choices: Sequence[Choices]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if total.direction is not Direction.MAXIMUM:
        return found
    for place, one in enumerate(choices):
        if one.name not in total.over:
            continue
        numbers = one.table.sums[total.joint.id]
        amounts = np.where(numbers.known, numbers.values, 0)
        within = one.table.signatures[1:] == one.table.signatures[:-1]
        if (within & (amounts[1:] < amounts[:-1])).any():
            return {}
        found[place] = amounts.tolist()
    return found


def _least(total: Total, one: Choices) -> list[int]:
    """The least amount is that of the smallest number, or of the largest one."""
    numbers = one.table.sums[total.joint.id]
    extreme = np.minimum if total.direction is Direction.MAXIMUM else np.maximum
    found = extreme.reduceat(numbers.values, one.begins)[one.order].tolist()
    known = numbers.known[one.firsts].tolist()  # all of a signature are known, or none
    return [total.amount(n if k else None) for n, k in zip(found, known, strict=True)]


def _number(value: Hashable) -> int:
    assert isinstance(value, int)  # noqa: S101 - for mypy
    return value


def lowest(bits: int) -> int:
    """Give the place of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def bits_of(flags: Iterable[bool]) -> int:
    """Set a bit for each flag that is."""
    return sum(1 << place for place, flag in enumerate(flags) if flag)
