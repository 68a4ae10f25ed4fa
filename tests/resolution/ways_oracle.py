# ruff: noqa: ANN001, ANN201, ANN202, C901 - to be read at a glance, not to be typed
"""Brute force over every way of having a request: the meaning of recipes and bundles, once more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from math import prod

from kgservice.model.rdf import XSD, Iri, Literal
from kgservice.model.terms import KG
from kgservice.resolution.request import (
    Capacity,
    Compare,
    Compatible,
    Component,
    Constraint,
    Different,
    Operator,
    PairLimit,
    Policy,
    ProductLimit,
    Request,
    SumLimit,
    Ways,
)
from tests.resolution.oracle import MET, UNKNOWN, VIOLATED, Oracle, Pick, all_met
from tests.resolution.ways_worlds import Recipe
from tests.resolution.worlds import PROPERTIES, Offer, World

PRICES = ("monthlyPrice", "oneTimePrice", "totalPrice")


@dataclass
class Item:
    """Something that is bound: an offering of a kind, or a recipe with the items of its parts."""

    name: str
    kind: str
    quantity: int
    recipe: Recipe | None = None
    parts: list[tuple[object, Item]] = field(default_factory=list)
    conditions: list[Constraint] = field(default_factory=list)

    def all(self):
        yield self
        for _, part in self.parts:
            yield from part.all()

    def where(self, name):
        """The items at which a property of this one is found."""
        if self.recipe is None:
            return [self]
        if name in PRICES:
            chosen = [item for _, item in self.parts]
        elif name in self.recipe.values or name in self.recipe.complete:
            return [self]
        else:
            takers = [item for part, item in self.parts if name in part.takes]
            chosen = takers or [item for _, item in self.parts]
        return [found for item in chosen for found in item.where(name)]


@dataclass
class Whole:
    """A composition: what each item is bound to, and which are bought as a bundle."""

    offerings: dict[str, str]
    missed: set[str]
    unknown: set[str]
    order: tuple
    configuration: tuple


class WaysOracle:
    def __init__(self, world: World, recipes: list[Recipe], request: Request) -> None:
        self.world, self.recipes, self.request = world, recipes, request
        offers = [*world.offers, *(self.as_offer(recipe) for recipe in recipes)]
        self.plain = _Plain(replace(world, offers=offers), replace(request, every=()))
        self.currency = Oracle(world, request).rank_currency()
        self.bundles = [offer for offer in world.offers if self.is_sound(offer)]

    def as_offer(self, recipe):
        """What a recipe states, as if it were an offering."""
        return _RecipeOffer(recipe.id, "Recipe", "", recipe.values, complete=recipe.complete)

    def is_sound(self, offer):
        """A bundle on offer whose parts are all its own provider's."""
        by_id = {one.id: one for one in self.world.offers}
        return (
            bool(offer.parts)
            and offer.status != "Retired"
            and all(by_id[part].provider == offer.provider for part in offer.parts)
        )

    # -- the ways --------------------------------------------------------------------------------
    def items(self, name, kind, quantity, depth):
        """Every way of having one component, as an item with its parts."""
        yield Item(name, kind, quantity)
        for recipe in self.recipes if depth else []:
            if recipe.makes != kind:
                continue
            options = [
                list(self.items(f"{name}-{p.name}", p.kind, quantity * p.quantity, depth - 1))
                for p in recipe.parts
            ]
            for parts in product(*options):
                yield Item(
                    name, kind, quantity, recipe, list(zip(recipe.parts, parts, strict=True))
                )

    def situations(self):
        """Every way of having all components: items, and groups that are bought as bundles."""
        options = []
        for component in self.request.components:
            is_any = (component.ways or self.request.ways) is Ways.ANY
            kind = component.kind.value.rpartition("#")[2]
            options.append(
                list(self.items(component.name, kind, component.quantity, 3 if is_any else 0))
            )
        for tops in product(*options):
            yield tops, []
            if len(tops) == 2 and not any(top.recipe for top in tops):
                yield tops, [top.name for top in tops]  # two components: one bundle or none

    def rank_currency(self, tops, group):
        """The plain way's; where nothing has a price there, the commonest in this way."""
        if self.currency:
            return self.currency
        bound = [
            (item, offer)
            for top in tops
            for item in top.all()
            for offer in {pick.offer.id: pick.offer for pick in self.picks(item)}.values()
        ]
        codes = [
            self.plain.currency(offer)
            for item, offer in bound
            if item.recipe is None and self.plain.price(self.component(item), offer) is not None
        ]
        codes += [self.plain.currency(b) for b in self.bundles if group and self.covers(b, tops)]
        codes = [code for code in codes if code]
        return max(sorted(set(codes)), key=codes.count, default="")

    def covers(self, bundle, tops):
        kinds = {offer.id: offer.kind for offer in self.world.offers}
        pairs = [(p, q) for p in bundle.parts for q in bundle.parts if p != q]
        return any((kinds[p], kinds[q]) == (tops[0].kind, tops[1].kind) for p, q in pairs)

    # -- one way ---------------------------------------------------------------------------------
    def placed(self, tops):
        """Put every condition where it belongs; what limits the price of parts comes apart."""
        totals = []
        for top in tops:
            for item in top.all():
                item.conditions = []
            for item in top.all():
                for part, made in item.parts:
                    for name, least in part.at_least.items():
                        datatype = PROPERTIES[name].datatype or XSD + "decimal"
                        limit = Compare(Operator.GE, Literal(least, datatype))
                        condition = Constraint(f"{made.name}.{name}", (PROPERTIES[name],), limit)
                        self.put(made, condition, totals)
        for top, component in zip(tops, self.request.components, strict=True):
            for condition in (*component.constraints, *self.request.every):
                self.put(top, condition, totals)
        return totals

    def put(self, item, condition, totals):
        name = condition.path[0].name
        if name in PRICES and item.recipe is not None:
            operator = getattr(condition.condition, "operator", None)
            if operator is Operator.LE and not condition.is_wish:
                totals.append((condition, item.where(name)))
            else:
                item.conditions.append(condition)
            return
        for found in item.where(name):
            found.conditions.append(condition)

    def component(self, item):
        kind = "Recipe" if item.recipe else item.kind
        return Component(
            item.name, Iri(KG.NS + kind), tuple(item.conditions), quantity=item.quantity
        )

    def picks(self, item):
        """Every configuration of every offering; all choices are split."""
        found = []
        for offer in self.plain.world.offers:
            if item.recipe is not None:
                if not (isinstance(offer, _RecipeOffer) and offer.id == item.recipe.id):
                    continue
            elif offer.kind != item.kind or offer.status == "Retired":
                continue
            choices = ("location", "majorVersion")
            options = [[(name, v) for v in offer.values.get(name) or [None]] for name in choices]
            found += [Pick(offer, combination) for combination in product(*options)]
        return found

    def verdict(self, item, pick, condition):
        if item.recipe is not None and condition.path[0].name in PRICES:
            return UNKNOWN
        return self.plain.verdict(self.component(item), pick, condition)

    def fits(self, item, pick, lenient):
        return not any(
            self.plain.excludes(c, self.verdict(item, pick, c), lenient)
            for c in item.conditions
            if not c.is_wish
        )

    def size(self):
        """How many compositions there are to look at, before any condition."""
        total = 0
        for tops, _ in self.situations():
            numbers = [len(self.picks(item)) for top in tops for item in top.all()]
            total += prod(numbers)
        return total

    def compositions(self, lenient=False):
        best = {}
        for tops, group in self.situations():
            totals = self.placed(tops)
            if group and any(c.path[0].name in PRICES for top in tops for c in top.conditions):
                continue
            if group and any(self.takes_some(joint, group) for joint in self.request.together):
                continue
            items = [item for top in tops for item in top.all()]
            currency = self.rank_currency(tops, group)
            options = [[p for p in self.picks(i) if self.fits(i, p, lenient)] for i in items]
            for picks in product(*options):
                chosen = {item.name: pick for item, pick in zip(items, picks, strict=True)}
                for bundle in self.bundles_of(tops, group, chosen):
                    whole = self.whole((tops, items, totals, bundle, currency), chosen, lenient)
                    if whole is None:
                        continue
                    key = tuple(sorted(whole.offerings.items()))
                    rank = (whole.order, whole.configuration)
                    if key not in best or rank < (best[key].order, best[key].configuration):
                        best[key] = whole
        return [best[key] for key in sorted(best, key=lambda key: (best[key].order, key))]

    def takes_some(self, joint, group):
        if not isinstance(joint, SumLimit) or joint.path[0].name not in PRICES:
            return False
        return 0 < len(set(joint.over) & set(group)) < len(group)

    def bundles_of(self, tops, group, chosen):
        if not group:
            return [None]
        offers = [chosen[top.name].offer.id for top in tops]
        if len(set(offers)) < len(offers) or len({top.quantity for top in tops}) > 1:
            return []
        return [bundle for bundle in self.bundles if set(offers) <= set(bundle.parts)]

    def whole(self, situation, chosen, lenient):
        """Judge one composition; None when something excludes it."""
        tops, items, totals, bundle, ranked_in = situation
        missed, unknown = set(), set()

        def judge(part, verdict):
            if getattr(part, "is_wish", False):
                missed.update([part.id] if verdict != MET else [])
                return True
            policy = part.policy or self.request.unknown
            if verdict == UNKNOWN and policy is Policy.WARN:
                unknown.add(part.id)
            return not self.plain.excludes(part, verdict, lenient)

        for item in items:
            for condition in item.conditions:
                if not judge(condition, self.verdict(item, chosen[item.name], condition)):
                    return None
        for condition, leaves in totals:
            limit, currency = condition.condition.value, condition.condition.currency
            found = self.amounts(leaves, chosen, None, condition.path[0].name, currency)
            if not judge(condition, self.limited(found, limit)):
                return None
        by_name = {top.name: top for top in tops}
        for joint in self.request.together:
            verdict = self.joint(joint, by_name, chosen, bundle)
            if verdict is None or not judge(joint, verdict):
                return None
        offerings = {
            item.name: item.recipe.iri if item.recipe else chosen[item.name].offer.iri
            for item in items
        }
        if bundle:
            offerings["bundle-" + "-".join(top.name for top in tops)] = bundle.iri
        order = (len(missed), *self.order(tops, chosen, bundle, ranked_in))
        configuration = self.plain.configuration(chosen)
        return Whole(offerings, missed, unknown, order, configuration)

    # -- numbers ---------------------------------------------------------------------------------
    def amount(self, item, chosen, name, currency):
        """A number of one item, or None."""
        pick = chosen[item.name]
        if PROPERTIES[name].is_money and self.plain.currency(pick.offer) != currency:
            return None
        info = PROPERTIES[name]
        value = self.plain.joint_value(self.component(item), pick, (info,))
        if value is None:
            return None
        if name == "noticePeriod":
            return Fraction(self.plain.measure(name, value).timestamp())
        return Fraction(value)

    def amounts(self, leaves, chosen, bundle, name, currency):
        """The numbers to add; a bundle has one price for everything in it."""
        if bundle is None or name not in PRICES:
            return [self.amount(item, chosen, name, currency) for item in leaves]
        alone = Component("bundle", Iri(KG.NS + "Bundle"), quantity=leaves[0].quantity)
        price = self.plain.price(alone, bundle)
        return [price if self.plain.currency(bundle) == currency else None]

    def limited(self, found, limit, least=None):
        known = [one for one in found if one is not None]
        if limit is not None and sum(known) > Fraction(limit.value):
            return VIOLATED
        if len(known) < len(found):
            return UNKNOWN
        return VIOLATED if least and sum(known) < Fraction(least.value) else MET

    def order(self, tops, chosen, bundle, currency):
        key = []
        for preference in self.request.prefer:
            name = preference.property.name
            leaves = [item for top in tops for item in top.where(name)]
            found = self.amounts(leaves, chosen, bundle, name, currency)
            total = sum(one for one in found if one is not None)
            key.append((1 if None in found else 0, -total if preference.is_maximise else total))
        return key

    # -- together --------------------------------------------------------------------------------
    def joint(self, joint, tops, chosen, bundle):
        if isinstance(joint, Compatible):
            givers = tops[joint.giver].where(joint.given[0].name)
            takers = tops[joint.taker].where(joint.taken[0].name)
            if len(givers) != 1 or len(takers) != 1:
                return None
            ends = {joint.giver: chosen[givers[0].name], joint.taker: chosen[takers[0].name]}
            return self.plain.compatible_verdict(joint, ends)
        places = [tops[name].where(joint.path[0].name) for name in joint.over]
        flat = [item for some in places for item in some]
        if isinstance(joint, SumLimit):
            used = bundle if set(joint.over) == set(tops) else None
            found = self.amounts(flat, chosen, used, joint.path[0].name, joint.currency)
            return self.limited(found, joint.limit, joint.minimum)
        if isinstance(joint, Capacity):
            return all_met(self.room(joint, item, flat, chosen) for item in flat)

        def value(item):
            return self.plain.joint_value(self.component(item), chosen[item.name], joint.path)

        pairs = [
            (value(one), value(other))
            for number, some in enumerate(places)
            for others in places[number + 1 :]
            for one in some
            for other in others
        ]
        if isinstance(joint, (Different, PairLimit)):
            if joint.is_wish and any(len(some) > 1 for some in places):
                return None
            if isinstance(joint, PairLimit):
                return all_met(self.plain.pair_verdict(joint, pair) for pair in pairs)
            return all_met(
                UNKNOWN if None in (a, b) else VIOLATED if a == b else MET for a, b in pairs
            )
        if isinstance(joint, ProductLimit):
            return self.plain.product_verdict(joint, [value(item) for item in flat])
        values = [value(item) for item in flat]
        known, most = {v for v in values if v is not None}, getattr(joint, "n", 1)
        if len(known) > most:
            return VIOLATED
        absent = values.count(None)
        if hasattr(joint, "n"):
            return MET if len(known) + absent <= most else UNKNOWN
        return UNKNOWN if absent else MET

    def room(self, joint, item, items, chosen):
        """Whether an offering has room for all that is bound to it."""
        offer = chosen[item.name].offer
        there = self.plain.joint_value(self.component(item), chosen[item.name], joint.path)
        asked = sum(one.quantity for one in items if chosen[one.name].offer is offer)
        return UNKNOWN if there is None else MET if asked <= int(there) else VIOLATED


class _Plain(Oracle):
    """The same facts, where a component has all its conditions itself."""

    def asked_storage(self, component):
        asked = [
            Fraction(c.condition.value.value)
            for c in component.constraints
            if c.name == "storage"
            and not c.is_wish
            and isinstance(c.condition, Compare)
            and c.condition.operator.value in (">=", ">", "=")
        ]
        return max(asked, default=None)


class _RecipeOffer(Offer):
    """What a recipe states, for the same questions."""

    @property
    def iri(self):
        return f"urn:recipe:{self.id}"
