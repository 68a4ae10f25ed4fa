"""The one evaluator of prices: components as data in, exact money out, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from kgservice.model.duration import Duration
from kgservice.model.money import Money, rounded


class PriceType(Enum):
    """When a price component is due."""

    RECURRING = "Recurring"
    ONE_TIME = "OneTime"
    USAGE = "Usage"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """One part of an offering's price (TMF620 ProductOfferingPrice, schema:UnitPriceSpecification).

    Attributes:
        kind: When it is due.
        amount: Exact amount per period and per `per_quantity`.
        currency: ISO 4217 code.
        period: How often a recurring amount is due; None means monthly.
        per_property: IRI of the property that it counts, or empty for a flat amount.
        per_quantity: How much of that property one amount buys, in the property's stored unit.
        from_quantity: The component counts from this much of the property on.
        to_quantity: … and below this much; None means without limit.
        tax_included: The amount contains tax, whose rate is not known.
    """

    kind: PriceType
    amount: Fraction
    currency: str
    period: Duration | None = None
    per_property: str = ""
    per_quantity: Fraction = Fraction(1)
    from_quantity: Fraction | None = None
    to_quantity: Fraction | None = None
    tax_included: bool = False


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """What is to be priced.

    Attributes:
        asked: Amount of each property that the request asks for, by property IRI.
        instances: Number of instances of the offering.
        term: How long the service is wanted; None when the request does not say.
        minimum_term: The offering's shortest term, when it has one.
        penalty: What ending before the shortest term costs, when known.
    """

    asked: Mapping[str, Fraction]
    instances: int = 1
    term: Duration | None = None
    minimum_term: Duration | None = None
    penalty: Money | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Prices without tax; None where unknown, with `unknown_because` saying why.

    Reasons: `no-price`, `mixed-currencies`, `tax-included`, `quantity-not-asked`,
    `quantity-out-of-range`, `no-term`, `penalty-unknown`.
    """

    monthly: Money | None
    one_time: Money | None
    total: Money | None
    unknown_because: str = ""


def evaluate(components: Iterable[PriceComponent], question: PriceQuestion) -> Price:
    """Price what is asked.

    A component per unit counts `amount * asked / per_quantity`; where the components of a
    property have bounds, the one whose bounds hold the asked quantity counts (volume tiers).
    Usage counts only when its quantity is asked. Rounding happens once, at the end.
    """
    parts = tuple(components)
    because = _refusal(parts)
    if because:
        return Price(None, None, None, because)
    currency = parts[0].currency
    sums = {PriceType.RECURRING: Fraction(0), PriceType.ONE_TIME: Fraction(0)}
    for part in parts:
        counted = times_counted(part, question.asked)
        if counted is None:
            return Price(None, None, None, "quantity-not-asked")
        due = PriceType.ONE_TIME if part.kind is PriceType.ONE_TIME else PriceType.RECURRING
        sums[due] += counted * part.amount / months_of(part) * question.instances
    if _outside_all_tiers(parts, question.asked):
        return Price(None, None, None, "quantity-out-of-range")
    monthly = rounded(sums[PriceType.RECURRING], currency)
    one_time = rounded(sums[PriceType.ONE_TIME], currency)
    return _with_total(Price(monthly, one_time, None), sums, question)


def _refusal(parts: tuple[PriceComponent, ...]) -> str:
    if not any(part.kind is not PriceType.USAGE for part in parts):
        return "no-price"
    if len({part.currency for part in parts}) > 1:
        return "mixed-currencies"
    return "tax-included" if any(part.tax_included for part in parts) else ""


def times_counted(part: PriceComponent, asked: Mapping[str, Fraction]) -> Fraction | None:
    """Give how often the amount counts; None when that quantity is needed and not asked."""
    if not part.per_property:
        return Fraction(0 if part.kind is PriceType.USAGE else 1)
    quantity = asked.get(part.per_property)
    if quantity is None:
        return Fraction(0) if part.kind is PriceType.USAGE else None
    return quantity / part.per_quantity if is_in_tier(part, quantity) else Fraction(0)


def is_in_tier(part: PriceComponent, quantity: Fraction) -> bool:
    """Say whether a quantity lies within the bounds of a component."""
    above = part.from_quantity is None or part.from_quantity <= quantity
    return above and (part.to_quantity is None or quantity < part.to_quantity)


def _outside_all_tiers(parts: tuple[PriceComponent, ...], asked: Mapping[str, Fraction]) -> bool:
    priced = {part.per_property for part in parts if part.per_property in asked}
    return any(
        not any(is_in_tier(part, asked[name]) for part in parts if part.per_property == name)
        for name in priced
    )


def months_of(part: PriceComponent) -> Fraction:
    """Give how many months one amount pays for; 1 for what is paid once."""
    if part.kind is PriceType.ONE_TIME or part.period is None:
        return Fraction(1)
    return part.period.in_months() or Fraction(1)


def _with_total(price: Price, sums: Mapping[PriceType, Fraction], question: PriceQuestion) -> Price:
    if question.term is None or price.monthly is None:
        return Price(price.monthly, price.one_time, None, "no-term")
    total = sums[PriceType.RECURRING] * question.term.in_months() + sums[PriceType.ONE_TIME]
    currency = price.monthly.currency
    money = rounded(total, currency)
    if question.minimum_term and question.minimum_term.in_months() > question.term.in_months():
        if question.penalty is None or question.penalty.currency != currency:
            return Price(price.monthly, price.one_time, None, "penalty-unknown")
        money = Money(currency, money.minor + question.penalty.minor)
    return Price(price.monthly, price.one_time, money)
