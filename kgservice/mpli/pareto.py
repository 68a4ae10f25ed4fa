"""The Pareto front of a request: compositions than which none is better in everything asked.

The front is walked along with the search itself: the first sum that is preferred is made as small
as possible, the other preferences become limits, and each limit is drawn in to just below what was
found, until nothing is left (the epsilon-constraint method). Every point is searched for once
more, so that of equal compositions the first in the order of answers stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, TypeAlias

from kgservice.model.errors import DeadlineExceeded, Refused
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.objectives import Objectives
from kgservice.resolution.judgement import BoundOffering, Rules
from kgservice.resolution.preferences import key_of, objective_limit

MAX_SEARCHES: Final = 400
"""Searches after which a front is given up; with three preferences about 3 for each point."""

Found: TypeAlias = Mapping[str, BoundOffering]
Point: TypeAlias = tuple[Fraction, ...]
"""What a composition reaches in each preference; smaller is better."""


@dataclass(slots=True)
class Front:
    """Walks along the front of one request.

    Attributes:
        engine: The prepared search.
        rules: The active conditions.
        objectives: Reads what a composition reaches.
        searches: Number of searches made.
    """

    engine: SearchEngine
    rules: Rules
    objectives: Objectives
    searches: int = 0
    _limited: list[int] = field(default_factory=list)

    def compositions(self) -> list[Found]:
        """Give one composition for each point of the front, in the order of the preferences.

        A composition of which a preference is unknown is no point; when there is no other, the
        answer is empty.

        Raises:
            Refused: the front has too many points (`search-too-large`).
            DeadlineExceeded: a part of a front is none, so nothing is given.
        """
        prefer = self.rules.request.prefer
        first = next((n for n, one in enumerate(prefer) if one.is_sum()), None)
        self._limited = [n for n in range(len(prefer)) if n != first]
        points = {point for point, _ in self._walk(len(self._limited), {})}
        best = [point for point in points if not any(_is_better(other, point) for other in points)]
        found = []
        for point in sorted(best):
            chosen = self._search({n: point[n] for n in range(len(prefer))})
            if chosen is not None:
                found.append(chosen)
        return found

    def _walk(self, depth: int, bounds: Mapping[int, Fraction]) -> list[tuple[Point, Found]]:
        """Give the points under some bounds, with the first `depth` limits drawn in by turns."""
        if depth == 0:
            chosen = self._search(bounds)
            point = None if chosen is None else self.objectives.point(chosen)
            return [(point, chosen)] if point is not None and chosen is not None else []
        number = self._limited[depth - 1]
        found: list[tuple[Point, Found]] = []
        within = dict(bounds)
        while inner := self._walk(depth - 1, within):
            found += inner
            worst = max(point[number] for point, _ in inner)
            within[number] = worst - self.objectives.step(number)
        return found

    def _search(self, bounds: Mapping[int, Fraction]) -> Found | None:
        self.searches += 1
        if self.searches > MAX_SEARCHES:
            raise Refused(
                f"The front was not whole after {MAX_SEARCHES} searches.",
                code="search-too-large",
                hint="Ask for fewer preferences under `pareto`, or add conditions.",
            )
        found = self.engine.search(self._rules(bounds), 1)
        if self.engine.bound is not None:
            raise DeadlineExceeded(
                "The deadline came before the front was whole.",
                hint="Ask for fewer preferences under `pareto`, or allow more time.",
            )
        return found[0] if found else None

    def _rules(self, bounds: Mapping[int, Fraction]) -> Rules:
        """Add the condition that each preference is known, and no worse than its bound."""
        request = self.rules.request
        limits = [
            objective_limit(
                request, n, self.objectives.signed(n, bounds[n]) if n in bounds else None, currency
            )
            for n in range(len(request.prefer))
            for currency in [self.objectives.currency]
        ]
        return replace(
            self.rules,
            request=replace(request, together=(*request.together, *limits)),
            active=self.rules.active | {key_of(n) for n in range(len(request.prefer))},
        )


def _is_better(one: Sequence[Fraction], other: Sequence[Fraction]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
