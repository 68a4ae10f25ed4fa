"""The smallest change: which services must go elsewhere so that a request holds again.

A service that stays keeps its offering and what was picked there. Sets of services that go are
tried by their size, so the first that is feasible is the smallest; among those of one size the
order of answers decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Protocol, TypeVar

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.request import AnyOf, Constraint, Policy, Request

MOST_TRIED = 4096
"""Sets that are tried; all subsets of twelve components."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A component that runs already.

    Attributes:
        offering: IRI of the offering that it is bound to.
        picked: What was picked there, by dotted name.
        is_adjusted: Its settings change when it stays.
    """

    offering: str
    picked: Mapping[str, Term] = field(default_factory=dict)
    is_adjusted: bool = False


class Ranked(Protocol):
    """What is compared of an answer: smaller comes first."""

    @property
    def order(self) -> tuple[tuple[int, int, str], ...]:
        """What it is ranked by."""
        ...

    @property
    def offerings(self) -> Mapping[str, str]:
        """Component name to offering."""
        ...


RankedT = TypeVar("RankedT", bound=Ranked)
Attempt = Callable[[frozenset[str]], "RankedT | None"]
"""Gives the best composition in which these standing components go and all others stay."""

CanStay = Callable[[str], bool]
"""Says whether there is any composition in which this standing component stays."""


def with_picks(
    request: Request,
    standing: Mapping[str, Standing],
    staying: Collection[str],
    vocabulary: Vocabulary,
) -> Request:
    """Give the request in which components that stay keep what was picked."""
    components = tuple(
        replace(part, constraints=(*part.constraints, *_kept(part.name, standing, vocabulary)))
        if part.name in staying
        else part
        for part in request.components
    )
    return replace(request, components=components)


def _kept(
    name: str, standing: Mapping[str, Standing], vocabulary: Vocabulary
) -> Iterator[Constraint]:
    for number, (dotted, value) in enumerate(sorted(standing[name].picked.items()), 1):
        path = _path(dotted, vocabulary)
        if path and isinstance(value, Iri | Literal):
            yield Constraint(
                id=f"{name}.kept-{number}",
                path=path,
                condition=AnyOf((value,)),
                policy=Policy.REJECT,
            )


def _path(dotted: str, vocabulary: Vocabulary) -> tuple[PropertyInfo, ...]:
    found = [vocabulary.properties.get(step) for step in dotted.split(".")]
    known = tuple(info for info in found if info is not None)
    return known if len(known) == len(found) else ()


def smallest_change(
    standing: Mapping[str, Standing],
    attempt: Attempt[RankedT],
    can_stay: CanStay,
    ruled_out: frozenset[str] = frozenset(),
) -> tuple[frozenset[str], RankedT] | None:
    """Find the fewest standing components that must go, then the fewest touched, then the best.

    `ruled_out` are components that violate a condition of their own where they are; no set without
    them is tried. Where those are not enough, the others are asked one by one whether they can
    stay at all. None when it is not possible even if all of them go.

    Raises:
        Refused: too many sets would have to be tried (`search-too-large`).
    """
    budget = iter(range(MOST_TRIED))

    def tried(moved: frozenset[str]) -> RankedT | None:
        if next(budget, None) is None:
            raise Refused(
                f"More than {MOST_TRIED} sets of services would have to be tried.",
                code="search-too-large",
                hint="Move some of the services by `kg service move` first.",
            )
        return attempt(moved)

    must = ruled_out.intersection(standing)
    known = len(must)
    first = tried(must)
    if first is not None:
        return must, first
    must |= frozenset(name for name in sorted(standing.keys() - must) if not can_stay(name))
    for size in range(max(len(must), known + 1), len(standing) + 1):
        best = _best_of_size(must, size, standing, tried)
        if best is not None:
            return best
    return None


def _best_of_size(
    must: frozenset[str],
    size: int,
    standing: Mapping[str, Standing],
    attempt: Attempt[RankedT],
) -> tuple[frozenset[str], RankedT] | None:
    found = []
    free = sorted(standing.keys() - must)
    for more in combinations(free, size - len(must)):
        moved = must | frozenset(more)
        answer = attempt(moved)
        if answer is not None:
            found.append((_key(moved, standing, answer), moved, answer))
    if not found:
        return None
    _, moved, answer = min(found, key=lambda one: one[0])
    return moved, answer


def _key(
    moved: frozenset[str], standing: Mapping[str, Standing], answer: Ranked
) -> tuple[int, tuple[tuple[int, int, str], ...], tuple[tuple[str, str], ...]]:
    touched = sum(name in moved or one.is_adjusted for name, one in standing.items())
    return touched, answer.order, tuple(sorted(answer.offerings.items()))
