"""Search the ways of having a request beside the plain one: bundles and recipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kgservice.model.errors import DeadlineExceeded, Refused
from kgservice.model.rdf import Iri
from kgservice.model.terms import DCTERMS
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.answering import Answering
from kgservice.mpli.engines import SearchEngine
from kgservice.resolution.answer import Resolution
from kgservice.resolution.judgement import Rules, all_rules
from kgservice.resolution.merging import Found, merged
from kgservice.resolution.projection import Projection
from kgservice.resolution.recipes import Recipe, read_recipes
from kgservice.resolution.request import Ranking, Request, Ways
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.variants import Variant, variant_of
from kgservice.resolution.ways import Bundles, Looked, ways_of
from kgservice.store.port import QueryScope, Session, Store

EngineOf = Callable[[Session, Request], SearchEngine]
"""Makes the engine for a request in a session."""


@dataclass(frozen=True, slots=True)
class OtherWays:
    """What there is to look at beside the plain way, as the snapshot of a session has it.

    Attributes:
        request: The request, with its IRI and its day.
        bundles: Bundles with their parts.
        looked: The ways.
    """

    request: Request
    bundles: Bundles
    looked: Looked

    def answer(
        self, store: Store, engine_of: EngineOf, plain: Resolution, until: float
    ) -> Resolution:
        """Search every way and merge what is found with the plain answer, in one ranking.

        A way that is too large to search, and those that are left when `until` (of the monotonic
        clock) has passed, are left out; the answer is not complete then.
        """
        found: list[Found] = []
        is_open, is_complete = plain.status == "unknown", self.looked.is_all
        for variant in self._variants():
            left = until - time.monotonic()
            if left <= 0:
                is_complete = False
                break
            with store.session(scope=QueryScope(), deadline_s=left) as session:
                engine = engine_of(session, variant.request)
                try:
                    engine.prepare(variant.only)
                    found += _found(engine, variant)
                    is_complete = is_complete and engine.bound is None
                    if not (found or plain.compositions or is_open):
                        is_open = _is_open(engine)
                except (Refused, DeadlineExceeded):
                    is_complete = False
        answer = merged(plain, self.request, found)
        return answer.judged(is_open=is_open, is_complete=is_complete)

    def _variants(self) -> Iterator[Variant]:
        for choice in self.looked.choices:
            variant = variant_of(self.request, choice, self.bundles)
            if variant is not None:
                yield variant


def other_ways(
    session: Session,
    vocabulary: Vocabulary,
    request: Request,
    projection: Projection | None,
) -> OtherWays | None:
    """Find out in which other ways a request could be had; None when there are none.

    Raises:
        InputError: a recipe cannot be used (`recipe-invalid`).
    """
    if request.ranking is Ranking.PARETO:  # a front of single offerings only, as its page says
        return None
    is_any = any(request.ways_of(component) is Ways.ANY for component in request.components)
    recipes: tuple[Recipe, ...] = read_recipes(vocabulary.recipes, vocabulary) if is_any else ()
    bundles = _bundles(session, request, projection)
    if not (recipes or bundles):
        return None
    looked = ways_of(request, recipes, bundles)
    return OtherWays(request, bundles, looked) if looked.choices else None


def _bundles(session: Session, request: Request, projection: Projection | None) -> Bundles:
    """Give the bundles with parts of the request's kinds; read once for each state."""
    if len(request.components) < 2:
        return {}
    kinds = sorted({component.kind.value for component in request.components})
    if projection is None:
        return _read_bundles(session, kinds)
    if not len(projection.column(DCTERMS.hasPart).subjects):
        return {}
    key = ("bundles", *kinds)
    found = projection.remembered.get(key)
    if found is None:
        found = projection.remembered[key] = _read_bundles(session, kinds)
    assert isinstance(found, dict)  # noqa: S101 - for mypy
    return found


def _read_bundles(session: Session, kinds: list[str]) -> dict[str, dict[str, frozenset[Iri]]]:
    text = render("bundles", slots={"kinds": values_of("kind", kinds)})
    found: dict[str, dict[str, set[Iri]]] = {}
    for row in session.select(text, where="snapshot"):
        parts = found.setdefault(row["bundle"][0], {})
        parts.setdefault(row["part"][0], set()).add(Iri(row["kind"][0]))
    return {
        bundle: {part: frozenset(of) for part, of in sorted(parts.items())}
        for bundle, parts in sorted(found.items())
    }


def _found(engine: SearchEngine, variant: Variant) -> list[Found]:
    found = engine.search(all_rules(variant.request), variant.request.answers)
    return [Found(variant, *Answering(engine).proved(found))] if found else []


def _is_open(engine: SearchEngine) -> bool:
    """Say whether the way would be possible if unknown facts turned out well."""
    rules = all_rules(engine.request)
    return engine.is_feasible(Rules(rules.request, rules.active, is_lenient=True))
