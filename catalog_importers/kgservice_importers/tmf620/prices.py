"""Read product offering prices; a price that is not understood in full is unknown, never zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal
from kgservice.model.terms import KG, RDF
from kgservice.model.vocabulary import Unit
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text, objects
from kgservice_importers.tmf620.money import Money, read_money
from kgservice_importers.tmf620.names import Names, spaced, table, words
from kgservice_importers.tmf620.records import Index, Minter, Record
from kgservice_importers.tmf620.values import (
    Finding,
    ValueReader,
    number_text,
    parse_duration,
    parse_number,
    period_of,
)

_DEEPEST_BUNDLE: Final = 4
_MOST_COMPONENTS: Final = 200


@dataclass(frozen=True, slots=True)
class _Scale:
    """What an amount is counted per, and from which quantity to which it holds."""

    property: Iri | None = None
    quantity: str = ""
    unit: str = ""
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class _Component:
    iri: Iri
    plan: int
    in_bundle: bool
    price_type: str
    money: Money
    period: str
    scale: _Scale
    at: str


class PriceReader:
    """Reads all prices of an offering."""

    def __init__(self, names: Names, values: ValueReader, index: Index, minter: Minter) -> None:
        """Bind to the mapping and to the objects that prices may link to."""
        self._names = names
        self._values = values
        self._index = index
        self._minter = minter

    def read(self, offering: Record, draft: Draft) -> list[Record]:
        """State the price components of an offering; give the price objects that were read.

        One component that is missing, on request or not understood makes the whole price
        unknown: a sum without it would be too low.
        """
        found: list[_Component] = []
        joined: list[Record] = []
        failed = False
        listed = objects(offering.body.get("productOfferingPrice"))[:_MOST_COMPONENTS]
        for plan, reference in listed:
            at = f"{offering.at}/productOfferingPrice/{plan}"
            for leaf, in_bundle in self._leaves(reference, at, _DEEPEST_BUNDLE):
                outcome = leaf if isinstance(leaf, Finding) else self._component(leaf, draft)
                if isinstance(leaf, Record):
                    joined.append(leaf)
                if isinstance(outcome, Finding):
                    failed = True
                    draft.find(outcome, leaf.at if isinstance(leaf, Record) else at, _UNKNOWN)
                elif outcome is not None:
                    found.append(replace(outcome, plan=plan, in_bundle=in_bundle))
        clash = _ambiguity(found)
        if clash is not None:
            draft.find(clash, f"{offering.at}/productOfferingPrice", _UNKNOWN)
        elif found and not failed:
            _state(found, draft)
        return joined

    def _leaves(
        self, reference: Json, at: str, depth: int, in_bundle: bool = False
    ) -> Iterator[tuple[Record | Finding, bool]]:
        record = self._index.follow("productOfferingPrice", reference, at)
        if record is None or depth == 0:
            name = member_text(as_object(reference), "id", "name")[:80]
            yield (
                Finding(code="link-missing", detail=f"the price {name!r} is not in the source"),
                False,
            )
            return
        parts = objects(record.body.get("bundledPopRelationship"))
        if not parts:
            yield record, in_bundle
            return
        for position, part in parts[:_MOST_COMPONENTS]:
            inner = f"{record.at}/bundledPopRelationship/{position}"
            yield from self._leaves(part, inner, depth - 1, in_bundle=True)

    def _component(self, record: Record, draft: Draft) -> _Component | Finding | None:
        body = record.body
        if table("lifecycle").get(spaced(member_text(body, "lifecycleStatus"))) == "Retired":
            return None
        kind = spaced(member_text(body, "priceType"))
        money = read_money(body)
        if isinstance(money, Finding):
            return money
        if money is None or kind in words("onRequest"):
            return Finding(
                code="price-on-request", detail="no amount is given", severity=Severity.INFO
            )
        period = _period(body)
        if isinstance(period, Finding):
            return period
        price_type = table("priceTypes").get(kind, "" if kind else _guess(period))
        if not price_type or (price_type == "Recurring" and not period):
            return Finding(
                code="price-unsupported",
                detail=f"the price type {kind[:40]!r} with period {period!r} is not understood",
            )
        scale = self._scale(body, price_type)
        if isinstance(scale, Finding):
            return scale
        identifier = member_text(body, "id")
        iri = (
            self._minter.iri("productOfferingPrice", identifier)
            if identifier
            else self._minter.node(draft.subject.value, "price", record.at.partition("#")[2])
        )
        return _Component(iri, 0, False, price_type, money, period, scale, record.at)

    def _scale(self, body: Object, price_type: str) -> _Scale | Finding:
        uses = objects(body.get("prodSpecCharValueUse"))
        quantity, unit = _unit_of_measure(body.get("unitOfMeasure"))
        amount = parse_number(quantity or "1")
        if isinstance(amount, Finding) or amount == 0:
            return _unsupported(f"the quantity {quantity[:40]!r} is not a positive number")
        known = self._values.unit_of(unit) if unit else None
        if known is None and unit and not self._values.is_flat_unit(unit):
            return _unsupported(f"the unit {unit[:40]!r} is not known")
        if uses:
            return self._of_property(uses[0][1], number_text(amount), known, len(uses))
        if known is not None and price_type != "Usage":
            return _unsupported(f"it is per {unit[:40]!r} and does not say of what")
        return _Scale(None, number_text(amount), known.code) if known else _Scale()

    def _of_property(
        self, use: Object, quantity: str, known: Unit | None, uses: int
    ) -> _Scale | Finding:
        info = self._names.property_of(member_text(use, "name"))
        if info is None or uses > 1:
            return _unsupported("it depends on an unknown characteristic, or on several at once")
        stored = self._values.unit_of(info.unit) if info.unit else None
        if stored is not None and (known is None or known.dimension != stored.dimension):
            return _unsupported(f"it does not say per which unit of {info.name}")
        tier = _tier(use)
        if isinstance(tier, Finding):
            return tier
        return _Scale(info.iri, quantity, known.code if known else "", *tier)


_UNKNOWN: Final = "The offering is kept; its price is unknown."


def _unsupported(why: str) -> Finding:
    return Finding(code="price-unsupported", detail=f"this price is not understood: {why}")


def _guess(period: str) -> str:
    """A price without type recurs if it has a period; without one nobody can say."""
    return "Recurring" if period else ""


def _period(body: Object) -> str | Finding:
    named = member_text(body, "recurringChargePeriodType")
    if named:
        length = member_text(body, "recurringChargePeriodLength") or "1"
        count = parse_number(length)
        if isinstance(count, Finding) or count != count.to_integral_value() or count == 0:
            return Finding(
                code="period-unmapped", detail=f"{length[:40]!r} is no number of periods"
            )
        found = period_of(named, int(count)) if count < Decimal(1000) else ""
        return found or _no_period(named)
    written = member_text(body, "recurringChargePeriod", "recurringChargeDuration")
    if not written:
        return ""
    found_text = period_of(written) or parse_duration(written)
    return found_text if isinstance(found_text, str) else _no_period(written)


def _no_period(written: str) -> Finding:
    return Finding(code="period-unmapped", detail=f"{written[:40]!r} is not read as a period")


def _unit_of_measure(written: Json) -> tuple[str, str]:
    if isinstance(written, dict):
        return member_text(written, "amount", "value"), member_text(written, "units", "unit")
    text = member_text({"unit": written}, "unit")
    number, _, unit = text.partition(" ")
    return (number, unit) if unit and number[:1].isdigit() else ("", text)


def _tier(use: Object) -> tuple[str, str] | Finding:
    values = objects(use.get("productSpecCharacteristicValue"))
    if not values:
        return "", ""
    ends = []
    for name in ("valueFrom", "valueTo"):
        text = member_text(values[0][1], name)
        number = parse_number(text) if text else None
        if isinstance(number, Finding):
            return number
        ends.append("" if number is None else number_text(number))
    if len(values) > 1 or (not any(ends) and member_text(values[0][1], "value")):
        return _unsupported("it holds for some values of a characteristic only")
    return ends[0], ends[1]


def _ambiguity(found: list[_Component]) -> Finding | None:
    """Find two amounts for the same thing; only the parts of one bundle are meant to add up."""
    seen: dict[tuple[object, ...], _Component] = {}
    bundles = {component.plan for component in found if component.in_bundle}
    if len(bundles) > 1:
        return Finding(
            code="price-ambiguous", detail="several price plans and no rule to choose one"
        )
    for component in found:
        key = (component.price_type, component.period, component.scale)
        other = seen.setdefault(key, component)
        apart = not (other.in_bundle and component.in_bundle and other.plan == component.plan)
        if apart and other.money != component.money:
            amounts = f"{other.money} and {component.money}"
            return Finding(
                code="price-ambiguous", detail=f"two amounts ({amounts}) for the same thing"
            )
    return None


def _state(found: list[_Component], draft: Draft) -> None:
    stated: set[tuple[object, ...]] = set()
    for component in found:
        same = (component.price_type, component.period, component.scale, component.money)
        if same in stated and not component.in_bundle:
            continue
        stated.add(same)
        _state_one(component, draft)
    currencies = {component.money.currency for component in found}
    if len(currencies) == 1:
        draft.add(KG.currency, Literal(currencies.pop()))


def _state_one(component: _Component, draft: Draft) -> None:
    iri, scale = component.iri, component.scale
    draft.add(KG.price, iri)
    draft.state(iri, RDF.type, KG.PriceComponent)
    draft.state(iri, KG.priceType, Iri(KG.NS + component.price_type))
    draft.state(iri, KG.amount, Literal(component.money.amount, XSD + "decimal"))
    draft.state(iri, KG.currency, Literal(component.money.currency))
    tax = "true" if component.money.tax_included else "false"
    draft.state(iri, KG.taxIncluded, Literal(tax, XSD + "boolean"))
    if component.period:
        draft.state(iri, KG.period, Literal(component.period, XSD + "duration"))
    if scale.property is not None:
        draft.state(iri, KG.perProperty, scale.property)
    if scale.unit:
        draft.state(iri, KG.perUnit, Literal(scale.unit))
    for predicate, number in (
        (KG.perQuantity, scale.quantity),
        (KG.fromQuantity, scale.start),
        (KG.toQuantity, scale.end),
    ):
        if number:
            draft.state(iri, predicate, Literal(number, XSD + "decimal"))
