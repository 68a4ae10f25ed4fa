"""Read product offering prices; a price that is not understood in full is unknown, never zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from kgservice.model.errors import Severity
from kgservice.model.rdf import XSD, Iri, Literal
from kgservice.model.terms import KG, RDF
from kgservice.model.vocabulary import Unit
from kgservice_importers.tmf620.alterations import AlterationReader
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text, objects
from kgservice_importers.tmf620.linked import Leaf
from kgservice_importers.tmf620.mapping import spaced
from kgservice_importers.tmf620.moments import is_past
from kgservice_importers.tmf620.money import Money, read_money
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.periods import PeriodReader
from kgservice_importers.tmf620.records import Minter, Record
from kgservice_importers.tmf620.values import (
    Finding,
    ValueReader,
    number_text,
    parse_number,
)

_LONGEST_UNIT: Final = 64


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

    def __init__(self, names: Names, values: ValueReader, minter: Minter, now: datetime) -> None:
        """Bind to the mapping; `now` decides which prices have ended."""
        self._names = names
        self._values = values
        self._minter = minter
        self._now = now
        self._periods = PeriodReader(values.periods)
        self._alterations = AlterationReader(names, now)
        mapping = names.mapping
        self._types = mapping.inverse("price-types")
        self._lifecycle = mapping.inverse("lifecycle")

    def read(self, leaves: Sequence[Leaf], at: str, draft: Draft) -> None:
        """State the price components of an offering.

        One component that is missing, on request or not understood makes the whole price
        unknown: a sum without it would be too low. A price that has ended is left out.
        """
        found: list[_Component] = []
        failed = False
        for leaf in leaves:
            if leaf.record is None:
                shown = f"the price {leaf.name!r} is not in the source"
                outcome: _Component | Finding | None = Finding(code="link-missing", detail=shown)
            else:
                outcome = self._component(leaf.record, draft)
            if isinstance(outcome, Finding):
                failed = True
                draft.find(outcome, leaf.at, _UNKNOWN)
            elif outcome is not None:
                in_bundle = leaf.is_in_bundle
                found.append(replace(outcome, plan=leaf.plan, in_bundle=in_bundle))
        clash = _ambiguity(found)
        if clash is not None:
            draft.find(clash, at, _UNKNOWN)
        elif found and not failed:
            _state(found, draft)

    def _component(self, record: Record, draft: Draft) -> _Component | Finding | None:
        body = record.body
        if self._is_over(body, record.at, draft):
            return None
        written = spaced(member_text(body, "priceType"))
        named = self._types.get(written, "")
        money = read_money(body)
        if isinstance(money, Finding):
            return money
        if money is None or named == "OnRequest":
            return Finding(
                code="price-on-request", detail="no amount is given", severity=Severity.INFO
            )
        money = self._alterations.apply(money, body)
        if isinstance(money, Finding):
            return money
        period = self._periods.of(body)
        if isinstance(period, Finding):
            return period
        # A price without type recurs if it has a period; without one nobody can say.
        price_type = named if written else ("Recurring" if period else "")
        if not price_type or (price_type == "Recurring" and not period):
            return _unsupported(f"the price type {written[:40]!r} with period {period!r}")
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

    def _is_over(self, body: Object, at: str, draft: Draft) -> bool:
        status = self._lifecycle.get(spaced(member_text(body, "lifecycleStatus")))
        if status == "Retired":
            return True
        end = member_text(as_object(body.get("validFor")), "endDateTime")
        if not is_past(end, self._now):
            return False
        detail = f"the price ended on {end[:10]}"
        draft.find(Finding("price-ended", detail, Severity.INFO), at, "It was left out.")
        return True

    def _scale(self, body: Object, price_type: str) -> _Scale | Finding:
        uses = objects(body.get("prodSpecCharValueUse"))
        quantity, unit = _unit_of_measure(body.get("unitOfMeasure"))
        amount = parse_number(quantity or "1")
        if isinstance(amount, Finding) or amount == 0:
            return _unsupported(f"the quantity {quantity[:40]!r} is not a positive number")
        if not unit or self._values.is_flat_unit(unit):
            known, unit = None, ""
        else:
            known = self._values.unit_of(unit)
        if uses:
            return self._of_property(uses[0][1], number_text(amount), known, len(uses))
        if not unit:
            return _Scale()
        if price_type == "Usage":
            # Usage is in no total, so that its unit may be one that is not known here.
            return _Scale(None, number_text(amount), known.code if known else unit[:_LONGEST_UNIT])
        counted = self._names.property_of(unit)  # "per CPU" counts processors
        if counted is not None and counted.datatype == XSD + "integer":
            return _Scale(counted.iri, number_text(amount))
        return _unsupported(f"it is per {unit[:40]!r} and does not say of what")

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
        # The unit of a property that is counted is one, whatever it is called.
        code = known.code if known and stored is not None else ""
        return _Scale(info.iri, quantity, code, *tier)


_UNKNOWN: Final = "The offering is kept; its price is unknown."


def _unsupported(why: str) -> Finding:
    return Finding(code="price-unsupported", detail=f"this price is not understood: {why}")


def _unit_of_measure(written: Json) -> tuple[str, str]:
    if isinstance(written, dict):
        return member_text(written, "amount", "value"), member_text(written, "units", "unit")
    text = member_text({"unit": written}, "unit")
    number, _, unit = text.partition(" ")
    return (number, unit) if unit and number[:1].isdigit() else ("", text)


def _tier(use: Object) -> tuple[str, str] | Finding:
    written = use.get("productSpecCharacteristicValue", use.get("characteristicValueSpecification"))
    values = objects(written)
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
