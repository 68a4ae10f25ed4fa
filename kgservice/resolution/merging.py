"""One ranking of the compositions that were found in several ways of having a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from kgservice.model.rdf import Iri, Triple, to_text, typed
from kgservice.model.terms import KG
from kgservice.resolution.answer import Resolution, ResolvedComposition
from kgservice.resolution.answer_rdf import composition_iri
from kgservice.resolution.request import Request
from kgservice.resolution.variants import Variant

Order: TypeAlias = tuple[tuple[tuple[int, int, str], ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """The compositions of one way, best first, and what makes their statements."""

    variant: Variant | None
    compositions: tuple[ResolvedComposition, ...]
    statements: Callable[[], tuple[Triple, ...]]


def merged(plain: Resolution, request: Request, others: Sequence[Found]) -> Resolution:
    """Give one answer with the best compositions of all ways, by the total order of REQUESTS.

    Ties are ordered by component name and offering, one pair after the other, recipes, parts and
    bundles included.
    """
    every = [Found(None, plain.compositions, plain.statements), *others]
    ranked = sorted(
        ((one, found) for found in every for one in found.compositions),
        key=lambda pair: _order(pair[0]),
    )[: request.answers]
    numbers: dict[int, dict[str, int]] = {}
    compositions = []
    for rank, (one, found) in enumerate(ranked, start=1):
        numbers.setdefault(id(found), {})[one.iri] = rank
        compositions.append(_placed(one, rank, request, found.variant))
    return replace(
        plain,
        status="feasible" if compositions else plain.status,
        graphs={graph: v for one in compositions for graph, v in one.uses.items()},
        compositions=tuple(compositions),
        conflicts=() if compositions else plain.conflicts,
        relaxations=() if compositions else plain.relaxations,
        statements=partial(_statements, every, request, numbers),
    )


def _statements(
    every: Sequence[Found], request: Request, numbers: Mapping[int, Mapping[str, int]]
) -> tuple[Triple, ...]:
    triples = {
        triple for found in every for triple in _renamed(found, request, numbers.get(id(found), {}))
    }
    return tuple(sorted(triples, key=lambda triple: tuple(map(to_text, triple))))


def _order(one: ResolvedComposition) -> Order:
    ranking = one.order[: len(one.order) - len(one.offerings)]
    return ranking, tuple(sorted(one.offerings.items()))


def _placed(
    one: ResolvedComposition, rank: int, request: Request, variant: Variant | None
) -> ResolvedComposition:
    placed = replace(one, iri=composition_iri(request, rank), rank=rank)
    if variant is None:
        return placed
    names = dict.fromkeys(variant.originals.get(name, name) for name in one.unknown)
    return replace(placed, unknown=tuple(names), ways=variant.ways, situation=variant.request)


def _renamed(found: Found, request: Request, ranks: Mapping[str, int]) -> Iterator[Triple]:
    """Give the statements about the compositions that are kept, under their places in the answer.

    What is said below a composition goes with it; of bindings and facts, those that are used.
    """
    by_subject: dict[str, list[Triple]] = {}
    for triple in found.statements() if ranks else ():
        by_subject.setdefault(triple.subject[0], []).append(triple)
    waiting = list(ranks)
    seen = set(waiting)
    while waiting:
        for triple in by_subject.get(waiting.pop(), ()):
            value = triple.object[0]
            if value.startswith(f"{request.iri}/") and value not in seen:
                seen.add(value)
                waiting.append(value)
            yield _moved(triple, ranks, request)


def _moved(triple: Triple, ranks: Mapping[str, int], request: Request) -> Triple:
    subject, prop, value = triple
    if prop == KG.rank and subject[0] in ranks:
        return Triple(
            Iri(composition_iri(request, ranks[subject[0]])), prop, typed(ranks[subject[0]])
        )
    ends = (_name(end, ranks, request) for end in (subject, value))
    return Triple(next(ends), prop, next(ends))  # type: ignore[arg-type]


def _name(term: object, ranks: Mapping[str, int], request: Request) -> object:
    if not isinstance(term, Iri) or not term.value.startswith(f"{request.iri}/c"):
        return term
    tail = term.value.removeprefix(f"{request.iri}/")
    name, slash, rest = tail.partition("/")
    rank = ranks.get(f"{request.iri}/{name}")
    return term if rank is None else Iri(f"{composition_iri(request, rank)}{slash}{rest}")
