"""What leaving an offering costs, beside the price of the new one; what is unknown is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from kgservice.model.duration import parse_duration
from kgservice.model.money import Money, rounded
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG

GIB = 2**30


@dataclass(frozen=True, slots=True)
class ChargeRule:
    """What law allows to be charged (`kg:ChargeRule`).

    Attributes:
        charge: IRI of the charge that is bounded.
        applies_from: The first day on which it applies.
        at_most: The highest amount.
        iri: The rule.
    """

    charge: str
    applies_from: date
    at_most: Fraction
    iri: str


@dataclass(frozen=True, slots=True)
class LeavingTerms:
    """What leaving an offering costs, as far as its catalogue says.

    Attributes:
        amounts: IRI of a charge to its amount; what is absent is not known.
        currency: Of the amounts; empty when the catalogue names none, or two.
        minimum_term: xsd:duration, or empty.
        monthly: What the service costs there in a month, as agreed; None when unknown.
        since: The day of the agreement; None when unknown.
    """

    amounts: Mapping[str, Fraction] = field(default_factory=dict)
    currency: str = ""
    minimum_term: str = ""
    monthly: Money | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class CostLine:
    """One part of what a plan costs.

    Attributes:
        name: `switching`, `egress`, `overlap` or `penalty`.
        amount: None when it is not known.
        because: How it was worked out, or what is missing; for people.
        service: IRI of the service concerned, or empty.
        rule: IRI of the rule of law that decided, or empty.
    """

    name: str
    amount: Money | None
    because: str
    service: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """One service that leaves its offering.

    Attributes:
        service: Its IRI.
        terms: What leaving costs there.
        amount: Bytes to carry; None when unknown.
        start: When the move begins.
        paid_until: Until when the source is still paid.
        is_parallel: The source stays in use beside the target, so that egress is not switching.
    """

    service: str
    terms: LeavingTerms
    amount: int | None
    start: datetime
    paid_until: datetime
    is_parallel: bool = False


def leaving_costs(leaving: Leaving, rules: Iterable[ChargeRule]) -> tuple[CostLine, ...]:
    """Work out what leaving costs, line by line, in the order switching, egress, overlap, penalty.

    Regulation (EU) 2023/2854 Art. 29 bounds the first two by day; the rules carry those days.
    """
    rules = tuple(rules)
    found = [] if leaving.is_parallel else [_switching(leaving, rules)]
    return (*found, _egress(leaving, rules), _overlap(leaving), *_penalty(leaving))


def _switching(leaving: Leaving, rules: Sequence[ChargeRule]) -> CostLine:
    price, because, rule = _charge(leaving, KG.switchingCharge, rules)
    return CostLine("switching", price, because, leaving.service, rule)


def _egress(leaving: Leaving, rules: Sequence[ChargeRule]) -> CostLine:
    charge = KG.parallelEgressPrice if leaving.is_parallel else KG.switchingEgressPrice
    each, because, rule = _charge(leaving, charge, rules, rounds=False)
    if each is None:
        return CostLine("egress", None, because, leaving.service)
    price = leaving.terms.amounts.get(charge.value, Fraction(0))
    bound = _bound(charge, leaving.start.date(), rules)
    price = min(price, bound.at_most) if bound else price
    if price == 0:
        return CostLine("egress", Money(each.currency, 0), because, leaving.service, rule)
    if leaving.amount is None:
        return CostLine("egress", None, "the amount of data is not known", leaving.service)
    gib = Fraction(leaving.amount, GIB)
    said = f"at most {_number(gib)} GiB at {_number(price)} {each.currency} each"
    return CostLine("egress", rounded(price * gib, each.currency), said, leaving.service, rule)


def _charge(
    leaving: Leaving, charge: Iri, rules: Sequence[ChargeRule], *, rounds: bool = True
) -> tuple[Money | None, str, str]:
    """Give an amount, why, and the rule that decided; a bound of nothing needs no catalogue."""
    terms = leaving.terms
    stated = terms.amounts.get(charge.value)
    bound = _bound(charge, leaving.start.date(), rules)
    currency = terms.currency or (terms.monthly.currency if terms.monthly else "")
    if bound is not None and (bound.at_most == 0 or (stated or Fraction(0)) > bound.at_most):
        said = f"law bounds it from {bound.applies_from.isoformat()} on"
        return rounded(bound.at_most, currency or "EUR"), said, bound.iri
    name = charge.value.removeprefix(KG.NS)
    if stated is None or not currency:
        missing = name if stated is None else "the currency"
        return None, f"the catalogue does not say {missing}", ""
    return rounded(stated, currency), f"{name} of the catalogue", ""


def _bound(charge: Iri, day: date, rules: Sequence[ChargeRule]) -> ChargeRule | None:
    """Give the strictest rule that applies to a charge on a day."""
    holding = [r for r in rules if r.charge == charge.value and r.applies_from <= day]
    return min(holding, key=lambda rule: (rule.at_most, rule.iri), default=None)


def _overlap(leaving: Leaving) -> CostLine:
    """Both are paid until the source's notice and retrieval periods are over."""
    until = leaving.paid_until.date().isoformat()
    if leaving.terms.monthly is None:
        return CostLine("overlap", None, "the agreed price is not known", leaving.service)
    monthly = leaving.terms.monthly
    days = max((leaving.paid_until - leaving.start).days, 0)
    months = Fraction(days * 12, 365)
    amount = rounded(Fraction(monthly.amount) * months, monthly.currency)
    said = f"both are paid until {until}: {days} days at {monthly} a month"
    return CostLine("overlap", amount, said, leaving.service)


def _penalty(leaving: Leaving) -> tuple[CostLine, ...]:
    """Ending before the shortest term may cost; of what is not stated nothing is said."""
    terms = leaving.terms
    stated = terms.amounts.get(KG.earlyTerminationPenalty.value)
    if leaving.is_parallel or (stated is None and not terms.minimum_term):
        return ()
    over = _term_is_over(leaving)
    if over:
        money = Money(terms.currency or "EUR", 0)
        return (CostLine("penalty", money, "the minimum term is over", leaving.service),)
    if stated is None or over is None or not terms.currency:
        missing = "its penalty" if stated is None else "when the minimum term ends"
        return (CostLine("penalty", None, f"it is not known {missing}", leaving.service),)
    said = f"the minimum term of {terms.minimum_term} is not over"
    return (CostLine("penalty", rounded(stated, terms.currency), said, leaving.service),)


def _term_is_over(leaving: Leaving) -> bool | None:
    terms = leaving.terms
    if not terms.minimum_term or terms.since is None:
        return None
    return parse_duration(terms.minimum_term).after(terms.since) <= leaving.paid_until


def _number(value: Fraction) -> str:
    text = f"{float(value):.4f}".rstrip("0").rstrip(".")
    return text or "0"


def total(lines: Iterable[CostLine]) -> tuple[Money | None, int]:
    """Add up what is known, in the first line's currency, and count what is not."""
    known = [line.amount for line in lines if line.amount is not None]
    currencies = {money.currency for money in known if money.minor}
    unknown = sum(line.amount is None for line in lines)
    if not known or len(currencies) > 1:
        return None, unknown
    currency = next(iter(currencies), known[0].currency)
    return Money(currency, sum(money.minor for money in known)), unknown
