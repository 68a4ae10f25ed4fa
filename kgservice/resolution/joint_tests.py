"""Joint conditions on some or all components: what can still hold, and what does.

A search needs to know nothing of the kinds of joint conditions. Of any of them it may ask whether
one option may stand at all (`allows`), whether two may stand together (`pair_allows`), whether a
whole composition holds (`holds`), what of an option decides all this (`reads`), and which amounts
bound it from below when they are added up (`totals`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, product

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.resolution.joint_columns import Sets
from kgservice.resolution.joint_totals import Total, reaches, scaled, totals_of
from kgservice.resolution.judgement import Rules
from kgservice.resolution.options import Option
from kgservice.resolution.projection import NOTHING
from kgservice.resolution.request import (
    AtMost,
    Capacity,
    Compatible,
    CompositionShape,
    Different,
    EachLimit,
    Joint,
    PairLimit,
    ProductLimit,
    Same,
    SumLimit,
)

Chosen = Mapping[str, Option]
Profiles = Mapping[int, frozenset[int]]
"""Profile to the profiles that it is compatible with."""
Measures = Mapping[Iri, Mapping[frozenset[int], Fraction]]
"""Measured property to what is measured between two ends; one end alone is measured within it."""


@dataclass(frozen=True, slots=True)
class JointTests:
    """Tests of the active joint conditions.

    Attributes:
        rules: Which are active, and whether unknown excludes.
        sets: What the numbers of sets mean.
        profiles: Which profiles the rules found compatible.
        measures: What is measured between two ends.
    """

    rules: Rules
    sets: Sets
    profiles: Profiles
    measures: Measures = field(default_factory=dict)

    def totals(self) -> tuple[Total, ...]:
        """Give what must not exceed a limit when it is added up, of all active conditions.

        Necessary for a composition to hold, and not always enough: `holds` decides.
        """
        return tuple(total for joint in self.rules.joint() for total in totals_of(joint))

    def is_pairwise(self, joint: Joint) -> bool:
        """Say whether `pair_allows` ever says no."""
        return isinstance(joint, (Same, Different, PairLimit, Capacity, Compatible))

    def reads(self, joint: Joint, name: str, option: Option) -> Hashable:
        """Give all that decides for a joint condition of an option of component `name`.

        Options of a component that read equal are exchangeable, as far as this condition goes.
        """
        if isinstance(joint, Compatible):
            prefix = f"{joint.id}."
            return tuple(number for key, number in option.sets.items() if key.startswith(prefix))
        if isinstance(joint, Capacity):
            return option.node, option.sums[joint.id]
        if isinstance(joint, (SumLimit, ProductLimit, EachLimit)):
            return option.sums[joint.id]
        return option.sets[joint.id] if not isinstance(joint, CompositionShape) else option.row

    def allows(self, joint: Joint, option: Option, name: str = "") -> bool:
        """Say whether an option of component `name` may stand in any composition."""
        if isinstance(joint, Capacity) and name:
            return self._fits(joint, {name: option}, self._is_strict(joint))
        if isinstance(joint, EachLimit):
            return joint.allows(option.sums[joint.id])
        if not self._is_strict(joint):
            return True
        if isinstance(joint, (Same, Different, PairLimit)):
            return option.sets[joint.id] != NOTHING
        return not isinstance(joint, (SumLimit, ProductLimit)) or option.sums[joint.id] is not None

    def pair_allows(
        self, joint: Joint, names: tuple[str, str], pair: tuple[Option, Option]
    ) -> bool:
        """Say whether two options may stand together; false only when they never may."""
        ends = dict(zip(names, pair, strict=True))
        if isinstance(joint, Compatible):
            if joint.giver not in ends or joint.taker not in ends:
                return True
            return self._is_compatible(joint, ends, self._is_strict(joint))
        if isinstance(joint, PairLimit):
            return self._is_near(joint, ends, self._is_strict(joint))
        if isinstance(joint, Capacity):
            return self._fits(joint, ends, is_strict=False)
        if isinstance(joint, (Same, Different)):
            a, b = (self.sets.of(one.sets[joint.id]) for one in pair)
            if not a or not b:
                return True
            return bool(a & b) if isinstance(joint, Same) else len(a | b) > 1
        return True

    def holds(self, joint: Joint, chosen: Chosen) -> bool:
        """Say whether a whole composition meets a joint condition as far as its policy asks."""
        return self._holds(joint, chosen, self._is_strict(joint))

    def missed(self, chosen: Chosen) -> int:
        """Count the joint wishes that a whole composition misses; an unknown one is missed."""
        wishes = self.rules.joint_wishes()
        return sum(not self._holds(wish, chosen, is_strict=True) for wish in wishes)

    def _is_strict(self, joint: Joint) -> bool:
        return self.rules.rejects_unknown(joint)

    def _holds(self, joint: Joint, chosen: Chosen, is_strict: bool) -> bool:
        if isinstance(joint, Compatible):
            return self._is_compatible(joint, chosen, is_strict)
        if isinstance(joint, PairLimit):
            return self._is_near(joint, chosen, is_strict)
        if isinstance(joint, Capacity):
            return self._fits(joint, chosen, is_strict)
        if isinstance(joint, (SumLimit, ProductLimit)):
            known = [chosen[name].sums[joint.id] for name in joint.over]
            return _number_test(joint, known, is_strict)
        if isinstance(joint, EachLimit):
            return all(joint.allows(chosen[name].sums[joint.id]) for name in joint.over)
        if isinstance(joint, CompositionShape):
            return True  # tested on the graph, once a composition is found
        found = [self.sets.of(chosen[name].sets[joint.id]) for name in joint.over]
        return any(_value_test(joint, values, is_strict) for values in _assignments(found))

    def _is_compatible(self, joint: Compatible, chosen: Chosen, is_strict: bool) -> bool:
        giver, taker = chosen[joint.giver], chosen[joint.taker]
        given = self.sets.of(giver.sets[f"{joint.id}.given"])
        taken = self.sets.of(taker.sets[f"{joint.id}.taken"])
        if given & taken or self._is_mediated(joint, giver, taker):
            return True
        if is_strict:
            return False
        ends = giver.sets[f"{joint.id}.given.closed"], taker.sets[f"{joint.id}.taken.closed"]
        return ends != (1, 1)

    def _is_mediated(self, joint: Compatible, giver: Option, taker: Option) -> bool:
        if (joint.given[0].iri, joint.taken[0].iri) != (KG.exportFormat, KG.importFormat):
            return False
        wanted = self.sets.of(taker.sets[f"{joint.id}.profile"])
        own = self.sets.of(giver.sets[f"{joint.id}.profile"])
        return any(self.profiles.get(profile, frozenset()) & wanted for profile in own)

    def _is_near(self, joint: PairLimit, chosen: Chosen, is_strict: bool) -> bool:
        """Say whether what is measured between the two ends is known and within the limit."""
        if any(name not in chosen for name in joint.over):
            return True
        ends = [self.sets.of(chosen[name].sets[joint.id]) for name in joint.over]
        measured = self.measures.get(joint.measure.iri, {})
        found = [measured.get(frozenset(pair)) for pair in product(*ends)] or [None]
        limit = Fraction(joint.limit.value)
        return any(not is_strict if value is None else value <= limit for value in found)

    def _fits(self, joint: Capacity, chosen: Chosen, is_strict: bool) -> bool:
        """Say whether no offering is bound for more instances than can be had of it."""
        asked: dict[int, int] = {}
        quantity = {one.name: one.quantity for one in self.rules.request.components}
        for name in joint.over:
            if name in chosen:
                node = chosen[name].node
                asked[node] = asked.get(node, 0) + quantity[name]
        for name in joint.over:
            if name in chosen:
                there = chosen[name].sums[joint.id]
                if is_strict if there is None else asked[chosen[name].node] > scaled_down(there):
                    return False
        return True


def scaled_down(number: int) -> Fraction:
    """Give a number that is kept in whole millionths."""
    return Fraction(number, scaled(1))


def _number_test(
    joint: SumLimit | ProductLimit, numbers: Sequence[int | None], is_strict: bool
) -> bool:
    known = [number for number in numbers if number is not None]
    is_whole = len(known) == len(numbers)
    if is_strict and not is_whole:
        return False
    if isinstance(joint, ProductLimit):
        return reaches(joint, known)
    if joint.limit is not None and sum(known) > scaled(Fraction(joint.limit.value)):
        return False
    # what is not known may still bring the sum up to its minimum
    return (
        joint.minimum is None
        or not is_whole
        or sum(known) >= Fraction(joint.minimum.value) * scaled(1)
    )


def _assignments(found: Sequence[frozenset[int]]) -> Iterator[tuple[int | None, ...]]:
    """Go through the ways to take one value of each set, None of an empty one."""
    return product(*(sorted(values) if values else (None,) for values in found))


def _value_test(joint: Joint, values: Sequence[int | None], is_strict: bool) -> bool:
    known = [value for value in values if value is not None]
    absent = len(values) - len(known)
    if isinstance(joint, AtMost):
        return len(set(known)) + (absent if is_strict else 0) <= joint.n
    if is_strict and absent:
        return False
    if isinstance(joint, Same):
        return len(set(known)) <= 1
    return all(a != b for a, b in combinations(known, 2))
