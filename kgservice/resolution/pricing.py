"""Prices of bindings: rows of price components in, facts about bindings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from kgservice.model.duration import Duration, parse_duration
from kgservice.model.errors import InputError
from kgservice.model.money import Money, rounded
from kgservice.model.price import Price, PriceComponent, PriceQuestion, PriceType, evaluate
from kgservice.model.rdf import XSD, Iri, Literal, Row, Term, Triple
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.request import Compare, Component, Operator, Request, SumLimit
from kgservice.resolution.values import decimal_text, is_numeric, number_of

_TYPES = {KG.Recurring.value: "Recurring", KG.OneTime.value: "OneTime", KG.Usage.value: "Usage"}
_ASKING = (Operator.GE, Operator.GT, Operator.EQ)


@dataclass(frozen=True, slots=True)
class PriceList:
    """Price components and terms of offerings, by offering IRI.

    Attributes:
        components: What the catalogue says of the price.
        unreadable: Offerings with a component that makes no sense (no amount, no currency, an
            unknown unit); their price is unknown.
        terms: Other facts that totals read: property IRI to values.
    """

    components: Mapping[str, Sequence[PriceComponent]]
    unreadable: frozenset[str] = frozenset()
    terms: Mapping[str, Mapping[str, Sequence[Term]]] = field(default_factory=dict)


def read_prices(rows: Iterable[Row], terms: Iterable[Row], vocabulary: Vocabulary) -> PriceList:
    """Read the rows of `prices.rq`, and the offerings' terms (offering, property, value)."""
    found: dict[str, dict[str, PriceComponent]] = {}
    unreadable = set()
    for row in rows:
        offering = row["offering"][0]
        part = component_of(row, vocabulary)
        known = found.setdefault(offering, {})
        # two rows for one component: it says two things about itself
        if part is None or row["component"][0] in known:
            unreadable.add(offering)
        else:
            known[row["component"][0]] = part
    by_offering: dict[str, dict[str, list[Term]]] = {}
    for row in terms:
        values = by_offering.setdefault(row["offering"][0], {})
        values.setdefault(row["property"][0], []).append(row["value"])
    components = {iri: [parts[key] for key in sorted(parts)] for iri, parts in found.items()}
    return PriceList(components, frozenset(unreadable), by_offering)


def component_of(row: Row, vocabulary: Vocabulary) -> PriceComponent | None:
    """Read one row of `prices.rq`; None when it makes no sense."""
    amount, currency = _number(row, "amount"), row.get("currency")
    kind = _TYPES.get(row["type"][0]) if "type" in row else None
    if amount is None or currency is None or kind is None:
        return None
    name = row["perProperty"][0] if "perProperty" in row else ""
    per = _number(row, "perQuantity") or Fraction(1)
    factor = _unit_factor(name, row["perUnit"][0] if "perUnit" in row else "", vocabulary)
    try:
        period = parse_duration(row["period"][0]) if "period" in row else None
    except InputError:
        return None
    if factor is None:
        return None
    return PriceComponent(
        kind=PriceType(kind),
        amount=amount,
        currency=currency[0],
        period=period,
        per_property=name,
        per_quantity=per * factor,
        from_quantity=_number(row, "fromQuantity"),
        to_quantity=_number(row, "toQuantity"),
        tax_included="taxIncluded" in row and row["taxIncluded"][0] in ("true", "1"),
    )


def _number(row: Row, name: str) -> Fraction | None:
    term = row.get(name)
    return number_of(term) if isinstance(term, Literal) else None


def _unit_factor(name: str, unit: str, vocabulary: Vocabulary) -> Fraction | None:
    """Give what the component's unit is in the property's stored unit; None when it is unknown."""
    local = vocabulary.names_by_iri.get(name, "")
    info = vocabulary.properties.get(local)
    if not unit or info is None or not info.unit or unit == info.unit:
        return Fraction(1)
    written, stored = vocabulary.units.get(unit), vocabulary.units.get(info.unit)
    if written is None or stored is None or written.dimension != stored.dimension:
        return None
    return Fraction(written.factor) / Fraction(stored.factor)


def asked_quantities(request: Request, component: Component) -> dict[str, Fraction]:
    """Give how much of each property is asked for: the largest lower bound, in stored units."""
    asked: dict[str, Fraction] = {}
    for constraint in request.constraints_of(component):
        condition = constraint.condition
        if constraint.is_wish or len(constraint.path) != 1 or not is_numeric(constraint.path[0]):
            continue
        if isinstance(condition, Compare) and condition.operator in _ASKING:
            number = Fraction(condition.value.value)
            name = constraint.path[0].iri.value
            asked[name] = max(number, asked.get(name, number))
    return asked


def price_of(request: Request, component: Component, offering: str, prices: PriceList) -> Price:
    """Price an offering for what a component asks."""
    if offering in prices.unreadable:
        return Price(None, None, None, "price-unreadable")
    terms = prices.terms.get(offering, {})
    minimum = _single(terms, KG.minimumTerm)
    question = PriceQuestion(
        asked=asked_quantities(request, component),
        instances=component.quantity,
        term=parse_duration(request.term) if request.term else None,
        minimum_term=_duration(minimum),
        penalty=_penalty(terms),
    )
    return evaluate(prices.components.get(offering, ()), question)


def _single(terms: Mapping[str, Sequence[Term]], prop: Iri) -> str:
    values = terms.get(prop.value, ())
    return values[0][0] if len(values) == 1 else ""


def _duration(text: str) -> Duration | None:
    try:
        return parse_duration(text) if text else None
    except InputError:
        return None


def _penalty(terms: Mapping[str, Sequence[Term]]) -> Money | None:
    amount, currency = _single(terms, KG.earlyTerminationPenalty), _single(terms, KG.currency)
    return rounded(Decimal(amount), currency) if amount and currency else None


def ranking_currency(request: Request, priced: Iterable[str]) -> str:
    """Give the currency in which money is ranked: the request's first, else the commonest one.

    `priced` are the currencies of the known monthly prices, one for each candidate.
    """
    return named_currency(request) or commonest_currency(Counter(priced))


def named_currency(request: Request) -> str:
    """Give the first currency that a request names, or an empty string."""
    for joint in request.together:
        if isinstance(joint, SumLimit) and joint.currency:
            return joint.currency
    for constraint in request.all_constraints():
        currency = getattr(constraint.condition, "currency", "")
        if currency:
            return str(currency)
    return ""


def commonest_currency(numbers: Mapping[str, int]) -> str:
    """Give the currency of the most prices, of equal ones the first; empty when there is none."""
    return min(numbers, key=lambda code: (-numbers[code], code), default="")


def price_facts(bindings: Iterable[BoundOffering], prices: Mapping[str, Price]) -> list[Triple]:
    """Write derived prices (by offering IRI) as facts of bindings."""
    facts = []
    for binding in bindings:
        price = prices[binding.offering]
        node = Iri(binding.iri)
        for prop, money in (
            (KG.monthlyPrice, price.monthly),
            (KG.oneTimePrice, price.one_time),
            (KG.totalPrice, price.total),
        ):
            if money is not None:
                amount = Literal(decimal_text(Decimal(money.amount)), XSD + "decimal")
                facts.append(Triple(node, prop, amount))
                facts.append(Triple(node, KG.currency, Literal(money.currency)))
    return facts
