"""The search: the best compositions, exactly, in the total order of REQUESTS.

Depth first, the component with the fewest options first. Each choice narrows the options of the
components that are left to those that may stand with it (`domains.py`), and what is left is
bounded from below: what options cost adds up, so the first ones that are left bound every
composition. A branch that cannot beat the worst answer kept so far is cut.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from kgservice.model.errors import Refused
from kgservice.resolution.domains import Domains, Picture
from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.options import Option

MAX_STEPS: Final = 3_000_000
"""Choices looked at before the search gives up, after some ten seconds."""

Key: TypeAlias = tuple[int, ...]
Composition: TypeAlias = dict[str, Option]


class Search:
    """One search over the options of all components."""

    def __init__(
        self, options: Mapping[str, list[Option]], tests: JointTests, answers: int
    ) -> None:
        """Take each component's options, best first, and how many compositions are wanted."""
        self._options = options
        self._tests = tests
        self._answers = answers
        self._domains = Domains(options, tests)
        self._best: list[tuple[Key, Composition]] = []
        self._by_offerings: dict[Key, Key] = {}
        self._steps = 0
        self._names = sorted(options)
        every = [option for some in options.values() for option in some]
        self._parts = len(every[0].order) if every else 0
        self._is_plain = not any(any(o.missed_every) or any(o.is_unknown) for o in every)
        self._least = {name: _least(some) for name, some in options.items() if some}

    def run(self) -> list[Composition]:
        """Give the best compositions, best first.

        Raises:
            Refused: there were too many ways to look at (`search-too-large`).
        """
        for _ in self._compositions():
            pass
        return [chosen for _, chosen in self._best]

    def is_feasible(self) -> bool:
        """Say whether there is any composition.

        Raises:
            Refused: there were too many ways to look at (`search-too-large`).
        """
        return next(self._compositions(), None) is not None

    def _compositions(self) -> Iterator[Composition]:
        start = self._domains.start()
        if start is None:
            return
        order = sorted(self._names, key=lambda name: (start[name].bit_count(), name))
        yield from self._descend({}, start, order)

    def _descend(
        self, chosen: Composition, picture: Picture, order: list[str]
    ) -> Iterator[Composition]:
        if len(chosen) == len(order):
            if all(self._tests.holds(joint, chosen) for joint in self._tests.rules.joint()):
                self._keep(chosen)
                yield chosen
            return
        name = order[len(chosen)]
        for place in places(picture[name]):
            self._count()
            grown = {**chosen, name: self._options[name][place]}
            if self._is_beaten(grown, picture):
                if self._is_plain:
                    return  # options come in the order of what they add: the rest is beaten too
                continue
            narrowed = self._domains.narrowed(grown, name, picture)
            if narrowed is not None and not self._is_beaten(grown, narrowed):
                yield from self._descend(grown, narrowed, order)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Refused(
                f"The search looked at {MAX_STEPS:,} choices and found no end.",
                code="search-too-large",
                hint="Ask for fewer components, or add conditions or an order.",
            )

    def _is_beaten(self, chosen: Composition, picture: Picture) -> bool:
        """Say whether no way to go on can come before the worst of enough answers."""
        if len(self._best) < self._answers:
            return False
        firsts = {
            name: chosen.get(name)
            or (
                self._options[name][(picture[name] & -picture[name]).bit_length() - 1]
                if self._is_plain
                else self._least[name]
            )
            for name in self._names
        }
        return (
            self._key(firsts, is_whole=False)[: self._bounded] > self._best[-1][0][: self._bounded]
        )

    @property
    def _bounded(self) -> int:
        """Length of the part of a key that a bound speaks about: all but the configurations."""
        return 1 + 2 * self._parts + len(self._names)

    def _key(self, chosen: Mapping[str, Option], *, is_whole: bool = True) -> Key:
        """Give what orders compositions: wishes, preferences, offerings and configurations.

        Of what is no composition yet it is a bound: joint wishes count as met.
        """
        options = [chosen[name] for name in self._names]
        missed = sum(option.missed for option in options)
        missed += sum(map(any, zip(*(option.missed_every for option in options), strict=True)))
        missed += self._tests.missed(chosen) if is_whole else 0
        parts = [missed]
        for index in range(self._parts):
            parts.append(int(any(option.is_unknown[index] for option in options)))
            parts.append(sum(option.order[index] for option in options))
        parts += [option.offering for option in options]
        return (*parts, *(option.rank for option in options))

    def _keep(self, chosen: Composition) -> None:
        """Keep a composition among the best; of the same offerings only the first configuration."""
        key = self._key(chosen)
        offerings = key[1 + 2 * self._parts : self._bounded]
        known = self._by_offerings.get(offerings)
        if known is not None:
            if key >= known:
                return
            self._best = [one for one in self._best if one[0] != known]
        self._by_offerings[offerings] = key
        insort(self._best, (key, chosen), key=lambda one: one[0])
        for dropped, _ in self._best[self._answers :]:
            del self._by_offerings[dropped[1 + 2 * self._parts : self._bounded]]
        del self._best[self._answers :]


def places(bits: int) -> Iterator[int]:
    """Give the positions of the bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _least(options: list[Option]) -> Option:
    """Make the option that is nowhere worse than any of some: a bound of all of them."""
    first = options[0]
    return Option(
        row=first.row,
        offering=min(option.offering for option in options),
        rank=0,
        missed=min(option.missed for option in options),
        missed_every=(False,) * len(first.missed_every),
        order=tuple(map(min, zip(*(option.order for option in options), strict=True))),
        is_unknown=(False,) * len(first.is_unknown),
        sets={},
        sums={},
    )
