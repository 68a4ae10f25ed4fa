"""What-if: a request under assumptions. A provider that offers nothing is one more condition."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.request import Constraint, NoneOf, Policy, Request

ASSUMED = "assumed."
"""What the ids of conditions begin with that nobody asked for: they are never relaxed."""

_PERCENT = re.compile(
    r"^(?:(?P<whose>\S.*?)\s*[:=]\s*)?(?P<sign>[+-])\s*(?P<percent>\d{1,4}(?:\.\d{1,4})?)\s*%?$"
)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """Prices that are assumed to change.

    Attributes:
        whose: A provider or an offering, by IRI or title; empty means everybody's.
        percent: By how much, in percent of what they are.
        offerings: Those whose prices change; None means all.
    """

    whose: str
    percent: Fraction
    offerings: frozenset[str] | None = None

    @property
    def factor(self) -> Fraction:
        """What amounts are multiplied with."""
        return 1 + self.percent / 100


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed.

    Attributes:
        without: Providers that offer nothing, by IRI.
        prices: Prices that change, in this order.
        on: Another day than the request's.
    """

    without: tuple[Iri, ...] = ()
    prices: tuple[PriceChange, ...] = ()
    on: date | None = None

    def __bool__(self) -> bool:
        """Say whether anything is assumed."""
        return bool(self.without or self.prices or self.on)


def read_price_change(text: str) -> PriceChange:
    """Read `+10%`, `-2.5%` or `Waterlinie Cloud: +10%`.

    Raises:
        InputError: it is none of these, or nothing would be left of the price
            (`price-change-invalid`).
    """
    match = _PERCENT.match(text.strip()[:500])
    percent = Fraction(0)
    if match is not None:
        percent = Fraction(match.group("percent")) * (-1 if match.group("sign") == "-" else 1)
    if match is None or percent <= -100:
        raise InputError(
            f"{text[:80]!r} is not a change of prices.",
            code="price-change-invalid",
            at="?priceChange",
            hint="Write `+10%`, or `PROVIDER: -5%` with a provider or an offering before it.",
        )
    return PriceChange(match.group("whose") or "", percent)


def assuming(request: Request, assumptions: Assumptions, vocabulary: Vocabulary) -> Request:
    """Give the request on another day, and without some providers."""
    changed = replace(request, as_of=assumptions.on) if assumptions.on else request
    if not assumptions.without:
        return changed
    provider = vocabulary.properties[vocabulary.names_by_iri[KG.provider.value]]
    line = Constraint(f"{ASSUMED}without", (provider,), NoneOf(assumptions.without), Policy.ACCEPT)
    return replace(changed, every=(*changed.every, line))


def asked_ids(request: Request) -> Sequence[str]:
    """Give the ids of the conditions that were asked: what an explanation may leave out."""
    names = [c.id for c in request.all_constraints() if not c.is_wish]
    names += [joint.id for joint in request.together if not joint.is_wish]
    return [name for name in names if not name.startswith(ASSUMED)]


def assumed_ids(request: Request) -> frozenset[str]:
    """Give the ids of the conditions that are assumed: they always hold."""
    return frozenset(c.id for c in request.every if c.id.startswith(ASSUMED))
