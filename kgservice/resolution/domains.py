"""Which options are left for each component, as bit masks, narrowed by joint conditions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import TypeAlias

from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.joint_totals import Total
from kgservice.resolution.options import Option
from kgservice.resolution.request import AtMost, Joint, joint_components

Picture: TypeAlias = Mapping[str, int]
"""For each component, the options that are left: bit n stands for its option n."""


class Domains:
    """Narrows pictures; masks are made once for each distinct value."""

    def __init__(self, options: Mapping[str, list[Option]], tests: JointTests) -> None:
        """Index the options by what joint conditions read of them."""
        self._options = options
        self._tests = tests
        joints = tests.rules.joint()
        self._pairwise = [j for j in joints if tests.is_pairwise(j)]
        self._at_most = [j for j in joints if isinstance(j, AtMost)]
        self._totals = tests.totals()
        self._by_value: dict[tuple[str, str], dict[Hashable, int]] = {}
        self._examples: dict[tuple[str, str, Hashable], Option] = {}
        for joint in (*self._pairwise, *self._at_most):
            for name in joint_components(joint):
                self._index(joint, name)
        self._masks: dict[tuple[str, str, str, Hashable], int] = {}
        self._by_amount = {
            (total, name): sorted(
                (total.amount(option.sums[total.joint.id]), place)
                for place, option in enumerate(options[name])
            )
            for total in self._totals
            for name in total.over
        }

    def _index(self, joint: Joint, name: str) -> None:
        masks = self._by_value.setdefault((joint.id, name), {})
        for place, option in enumerate(self._options[name]):
            value = self._tests.reads(joint, name, option)
            masks[value] = masks.get(value, 0) | 1 << place
            self._examples.setdefault((joint.id, name, value), option)

    def start(self) -> Picture | None:
        """Give the options that may stand in any composition; None when some component has none."""
        picture = {}
        for name, options in self._options.items():
            joints = [j for j in self._tests.rules.joint() if name in joint_components(j)]
            allowed = (
                all(self._tests.allows(joint, option, name) for joint in joints)
                for option in options
            )
            picture[name] = _bits(allowed)
        return self._checked(picture, {})

    def narrowed(self, chosen: Mapping[str, Option], name: str, picture: Picture) -> Picture | None:
        """Give what is left after `name` was chosen; None when nothing can be made of it."""
        left = {other: bits for other, bits in picture.items() if other not in chosen}
        for joint in self._pairwise:
            if name not in joint_components(joint):
                continue
            for other in joint_components(joint):
                if other in left:
                    left[other] &= self._mask(joint, name, chosen[name], other)
        for limit in self._at_most:
            self._within(limit, chosen, left)
        return self._checked(left, chosen)

    def _mask(self, joint: Joint, name: str, option: Option, other: str) -> int:
        value = self._tests.reads(joint, name, option)
        key = (joint.id, name, other, value)
        found = self._masks.get(key)
        if found is None:
            found = self._masks[key] = reduce(
                or_,
                (
                    bits
                    for its, bits in self._by_value[joint.id, other].items()
                    if self._tests.pair_allows(
                        joint,
                        (name, other),
                        (option, self._examples[joint.id, other, its]),
                    )
                ),
                0,
            )
        return found

    def _within(self, joint: AtMost, chosen: Mapping[str, Option], left: dict[str, int]) -> None:
        """Once there are as many values as allowed, only those may come again."""
        of = self._tests.sets.of
        strict = self._tests.rules.rejects_unknown(joint)
        found = [of(chosen[name].sets[joint.id]) for name in joint.over if name in chosen]
        if any(len(values) > 1 for values in found):
            return  # which of them counts is open; the whole composition is tested at the end
        seen = frozenset().union(*found)
        used = len(seen) + (sum(not values for values in found) if strict else 0)
        if used < joint.n:
            return
        for other in joint.over:
            if other not in left:
                continue
            if used > joint.n:
                left[other] = 0
                continue
            left[other] &= reduce(
                or_,
                (
                    bits
                    for value, bits in self._by_value[joint.id, other].items()
                    if isinstance(value, int) and (of(value) & seen or not (of(value) or strict))
                ),
                0,
            )

    def _checked(self, picture: dict[str, int], chosen: Mapping[str, Option]) -> Picture | None:
        if not all(picture.values()):
            return None
        for total in self._totals:
            amounts = (
                total.amount(chosen[name].sums[total.joint.id])
                if name in chosen
                else self._least_amount(total, name, picture[name])
                for name in total.over
            )
            if sum(amounts) > total.limit:
                return None
        return picture

    def _least_amount(self, total: Total, name: str, bits: int) -> int:
        found = (number for number, place in self._by_amount[total, name] if bits >> place & 1)
        return next(found, 0)


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << place for place, flag in enumerate(flags) if flag)
