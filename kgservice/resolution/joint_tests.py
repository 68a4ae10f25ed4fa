"""Joint conditions on some or all components: what can still hold, and what does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from kgservice.model.terms import KG
from kgservice.resolution.composing import scaled_limit
from kgservice.resolution.joint_columns import Sets
from kgservice.resolution.judgement import Rules
from kgservice.resolution.options import Option
from kgservice.resolution.projection import NOTHING
from kgservice.resolution.request import AtMost, Compatible, Different, Joint, Same, SumLimit

Chosen = Mapping[str, Option]
Profiles = Mapping[int, frozenset[int]]
"""Profile to the profiles that it is compatible with."""


@dataclass(frozen=True, slots=True)
class JointTests:
    """Tests of the active joint conditions.

    Attributes:
        rules: Which are active, and whether unknown excludes.
        sets: What the numbers of sets mean.
        profiles: Which profiles the rules found compatible.
    """

    rules: Rules
    sets: Sets
    profiles: Profiles

    def allows(self, joint: Joint, option: Option) -> bool:
        """Say whether an option may stand in any composition."""
        if not self.rules.rejects_unknown(joint):
            return True
        if isinstance(joint, (Same, Different)):
            return option.sets[joint.id] != NOTHING
        return not isinstance(joint, SumLimit) or option.sums[joint.id] is not None

    def pair_allows(
        self, joint: Joint, names: tuple[str, str], pair: tuple[Option, Option]
    ) -> bool:
        """Say whether two options may stand together; false only when they never may."""
        if isinstance(joint, Compatible):
            ends = dict(zip(names, pair, strict=True))
            if joint.giver not in ends or joint.taker not in ends:
                return True
            return self._is_compatible(joint, ends[joint.giver], ends[joint.taker])
        if isinstance(joint, (Same, Different)):
            a, b = (self.sets.of(one.sets[joint.id]) for one in pair)
            if not a or not b:
                return True
            return bool(a & b) if isinstance(joint, Same) else len(a | b) > 1
        return True

    def holds(self, joint: Joint, chosen: Chosen) -> bool:
        """Say whether a whole composition meets a joint condition as far as its policy asks."""
        if isinstance(joint, Compatible):
            return self._is_compatible(joint, chosen[joint.giver], chosen[joint.taker])
        if isinstance(joint, SumLimit):
            known = [chosen[name].sums[joint.id] for name in joint.over]
            return sum(number or 0 for number in known) <= scaled_limit(joint)
        found = [self.sets.of(chosen[name].sets[joint.id]) for name in joint.over]
        strict = self.rules.rejects_unknown(joint)
        return any(_value_test(joint, values, strict) for values in _assignments(found))

    def _is_compatible(self, joint: Compatible, giver: Option, taker: Option) -> bool:
        given = self.sets.of(giver.sets[f"{joint.id}.given"])
        taken = self.sets.of(taker.sets[f"{joint.id}.taken"])
        if given & taken or self._is_mediated(joint, giver, taker):
            return True
        if self.rules.rejects_unknown(joint):
            return False
        ends = giver.sets[f"{joint.id}.given.closed"], taker.sets[f"{joint.id}.taken.closed"]
        return ends != (1, 1)

    def _is_mediated(self, joint: Compatible, giver: Option, taker: Option) -> bool:
        if (joint.given[0].iri, joint.taken[0].iri) != (KG.exportFormat, KG.importFormat):
            return False
        wanted = self.sets.of(taker.sets[f"{joint.id}.profile"])
        own = self.sets.of(giver.sets[f"{joint.id}.profile"])
        return any(self.profiles.get(profile, frozenset()) & wanted for profile in own)


def _assignments(found: Sequence[frozenset[int]]) -> Iterator[tuple[int | None, ...]]:
    """Go through the ways to take one value of each set, None of an empty one."""
    return product(*(sorted(values) if values else (None,) for values in found))


def _value_test(joint: Joint, values: Sequence[int | None], strict: bool) -> bool:
    known = [value for value in values if value is not None]
    if isinstance(joint, AtMost):
        unknown = len(values) - len(known) if strict else 0
        return len(set(known)) + unknown <= joint.n
    if isinstance(joint, Same):
        return len(set(known)) <= 1
    return all(a != b for a, b in combinations(known, 2))
