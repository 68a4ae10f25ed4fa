"""From signatures that may stand together to compositions of offerings, the best first."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

from kgservice.resolution.domains import Domains
from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.joints import NUMERIC
from kgservice.resolution.options import Option
from kgservice.resolution.ranking import Choices, Ranking

Composition: TypeAlias = dict[str, Option]
Key: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
"""What a composition costs, its offerings and its configurations, components by name."""

NO_LIMIT = 1 << 200


class Best:
    """The best compositions so far; of the same offerings only the first configuration.

    Attributes:
        worst: What the last of enough compositions costs.
        is_full: There are enough.
    """

    def __init__(
        self, choices: Sequence[Choices], ranking: Ranking, tests: JointTests, answers: int
    ) -> None:
        """Keep up to `answers` compositions."""
        self.tests = tests
        self.wishes = bool(tests.rules.joint_wishes())
        self.ranking = ranking
        self.worst, self.is_full = NO_LIMIT, False
        self._choices, self._answers = choices, answers
        self._kept: list[tuple[Key, Composition]] = []
        self._by_offerings: dict[tuple[int, ...], Key] = {}

    @property
    def is_any(self) -> bool:
        """Say whether there is a composition."""
        return bool(self._kept)

    def compositions(self) -> list[Composition]:
        """Give them, best first."""
        return [composition for _, composition in self._kept]

    def is_beaten(self, firsts: Sequence[int], weight: int) -> bool:
        """Say whether the best bindings of some signatures come after enough compositions."""
        cost = weight + sum(
            one.costs[signature] for one, signature in zip(self._choices, firsts, strict=True)
        )
        if cost != self.worst:
            return cost > self.worst
        offerings = tuple(
            one.offerings[one.firsts[signature]]
            for one, signature in zip(self._choices, firsts, strict=True)
        )
        return offerings > self._kept[-1][0][1]

    def comes_too_late(self, key: Key) -> bool:
        """Say whether no composition with this key or a later one is wanted."""
        return self.is_full and key[:2] > self._kept[-1][0][:2]

    def keep(self, key: Key, composition: Composition) -> None:
        """Put a composition in its place."""
        known = self._by_offerings.get(key[1])
        if known is not None:
            if key >= known:
                return
            self._kept = [one for one in self._kept if one[0] != known]
        self._by_offerings[key[1]] = key
        insort(self._kept, (key, composition), key=lambda one: one[0])
        for dropped, _ in self._kept[self._answers :]:
            del self._by_offerings[dropped[1]]
        del self._kept[self._answers :]
        if len(self._kept) == self._answers:
            self.is_full, self.worst = True, self._kept[-1][0][0]


def expanded(domains: Domains, signatures: Sequence[int], best: Best) -> Iterator[None]:
    """Go through the bindings of some signatures in order and keep what holds.

    One step is one composition. Each is made of an earlier one by going on in one component, that
    of the last step or one behind it, so that none comes twice.
    """
    choices = domains.choices
    flags = 0
    for one, signature in zip(choices, signatures, strict=True):
        flags |= one.flags[signature]
    weight = best.ranking.weight(flags)
    numeric = [j for j in domains.tests.rules.joint() if isinstance(j, NUMERIC)]
    ends = [one.ends[signature] for one, signature in zip(choices, signatures, strict=True)]
    begin = tuple(one.firsts[signature] for one, signature in zip(choices, signatures, strict=True))
    waiting = [(*_key(choices, begin, weight), begin, 0)]
    while waiting:
        cost, offerings, ranks, places, last = heappop(waiting)
        if best.comes_too_late((cost, offerings, ranks)):
            return
        chosen = _chosen(domains, places)
        if all(best.tests.holds(joint, chosen) for joint in numeric):
            missed = best.tests.missed(chosen) if best.wishes else 0
            key = (cost + best.ranking.missed(missed), offerings, ranks)
            if not best.comes_too_late(key):
                best.keep(key, chosen)
        for place, grown in _following(domains, places, last, ends):
            heappush(waiting, (*_key(choices, grown, weight), grown, place))
        yield


def _following(
    domains: Domains, places: tuple[int, ...], last: int, ends: Sequence[int]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Give what is made of some bindings; nothing if all of that exceeds a total, as they do."""
    if any(amounts.is_passed(places) for amounts in domains.amounts):
        return
    for place in range(last, len(places)):
        following = places[place] + 1
        if following < ends[place]:
            yield place, (*places[:place], following, *places[place + 1 :])


def _key(choices: Sequence[Choices], places: Sequence[int], weight: int) -> Key:
    return (
        weight + sum(one.every[place] for one, place in zip(choices, places, strict=True)),
        tuple(one.offerings[place] for one, place in zip(choices, places, strict=True)),
        tuple(one.ranks[place] for one, place in zip(choices, places, strict=True)),
    )


def _chosen(domains: Domains, places: Sequence[int]) -> Composition:
    return {
        one.name: domains.option(component, place)
        for component, (one, place) in enumerate(zip(domains.choices, places, strict=True))
    }
