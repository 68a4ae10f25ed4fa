# ruff: noqa: ANN001, ANN201, C901 - to be read at a glance, not to be typed
"""Brute force over plain records: the meaning of a request, written a second time and obviously.

Nothing here uses the graph, SPARQL or the engine; only the request's own value types are shared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import product

from kgservice.model.duration import parse_duration
from kgservice.resolution.conditions import Evidence
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    AtMost,
    Capacity,
    Compare,
    Compatible,
    Different,
    Each,
    Has,
    InSet,
    LabelAtLeast,
    Matches,
    NoneOf,
    NotIn,
    OneOf,
    PairLimit,
    Policy,
    ProductLimit,
    Ranking,
    Request,
    Same,
    Some,
    SumLimit,
)
from tests.resolution.worlds import EEA, SCHEME, Offer, World, value_term

MET, VIOLATED, UNKNOWN = "met", "violated", "unknown"
LEVELS = ["basic", "high"]


@dataclass(frozen=True)
class Pick:
    """An offering with one version and one place."""

    offer: Offer
    chosen: tuple[tuple[str, str], ...]  # choice name, text


def negate(verdict):
    return {MET: VIOLATED, VIOLATED: MET, UNKNOWN: UNKNOWN}[verdict]


def all_met(verdicts):
    verdicts = list(verdicts)
    if VIOLATED in verdicts:
        return VIOLATED
    return UNKNOWN if UNKNOWN in verdicts else MET


def some_met(verdicts):
    verdicts = list(verdicts)
    if MET in verdicts:
        return MET
    return UNKNOWN if UNKNOWN in verdicts else VIOLATED


def quantified(kind, verdicts, complete):
    """One value, some value, or every value must meet; what is not complete may have more."""
    if kind == "Feature":
        verdict = some_met(verdicts)
        return UNKNOWN if verdict == VIOLATED and not complete else verdict
    if kind == "Exposure":
        verdict = all_met(verdicts)
        return UNKNOWN if verdict == MET and not complete else verdict
    if len(verdicts) == 1:
        return verdicts[0]
    return VIOLATED if not verdicts and complete else UNKNOWN


@dataclass(frozen=True)
class Node:
    """An offering with its picks, or the name of a place or provider."""

    kind: str
    component: object
    pick: object
    evidence: object = None


class Oracle:
    def __init__(self, world: World, request: Request, asked: Request | None = None) -> None:
        """`asked` says which amounts are priced, where that is another request."""
        self.world = world
        self.request = request
        self.asked = asked or request

    # -- facts -----------------------------------------------------------------------------------
    def values(self, component, pick: Pick, name: str) -> list[str]:
        offer = pick.offer
        if name in ("majorVersion", "location") and dict(pick.chosen).get(name) is not None:
            return [dict(pick.chosen)[name]]
        if name == "monthlyPrice":
            price = self.price(component, offer)
            return [] if price is None else [str(price)]
        if name == "provider":
            return [offer.provider] if offer.provider else []
        return sorted(set(offer.values.get(name, [])))

    def price(self, component, offer: Offer):
        """Monthly price in euros, or None."""
        storage = self.asked_storage(component)
        if not offer.charges or len({c.currency for c in offer.charges}) > 1:
            return None
        if any(c.is_taxed for c in offer.charges):
            return None
        total = Fraction(0)
        for charge in offer.charges:
            if charge.kind == "OneTime":
                continue
            times = Fraction(1)
            if charge.per == "storage":
                if storage is None:
                    return None
                times = storage / charge.per_quantity
            total += Fraction(charge.amount) * times * component.quantity
        return Fraction(round(total * 100), 100)

    def asked_storage(self, component):
        by_name = {one.name: one for one in self.asked.components}
        asked = [
            Fraction(c.condition.value.value)
            for c in by_name[component.name].constraints + self.asked.every
            if c.name == "storage"
            and not c.is_wish
            and isinstance(c.condition, Compare)
            and c.condition.operator.value in (">=", ">", "=")
        ]
        return max(asked, default=None)

    def currency(self, offer: Offer):
        found = {c.currency for c in offer.charges}
        return found.pop() if len(found) == 1 else None

    # -- one condition ---------------------------------------------------------------------------
    def verdict(self, component, pick: Pick, constraint):
        node = Node("offer", component, pick, constraint.evidence)
        return self.walk(node, constraint.path, constraint.condition)

    def counts_as_stated(self, node: Node, name: str):
        """Whether what is stated of a node rests on enough evidence."""
        if node.evidence in (None, Evidence.SELF) or name == "label":
            return True
        if node.evidence is not Evidence.SIGNED:
            return False
        if node.kind == "offer":
            return name in node.pick.offer.signed
        return name == "headquarters" and node.pick in self.world.signed_headquarters

    def values_of(self, node: Node, name: str):
        if not self.counts_as_stated(node, name):
            return []
        if node.kind == "offer":
            if name == "label":
                return node.pick.offer.labels
            return self.values(node.component, node.pick, name)
        if name == "parent":
            return self.world.parents.get(node.pick, [])
        tables = {
            "headquarters": self.world.headquarters,
            "country": self.world.places,
            "city": self.world.cities,
        }
        found = tables[name].get(node.pick)
        return [found] if found else []

    def is_complete(self, node: Node, name: str):
        if not self.counts_as_stated(node, name):
            return False
        if node.kind == "offer":
            return name in node.pick.offer.complete
        return name == "parent" and node.pick in self.world.without_parent

    def below(self, node: Node, name: str, value):
        """The thing that a value is, for the next step."""
        kind = "place" if name == "location" else "provider"
        return Node(kind, None, value, node.evidence)

    def ancestors(self, node: Node):
        """All parents of parents, and whether that is all: every one says its one parent or none.

        Two parents contradict each other: nothing follows from them.
        """
        found, here = [], node
        while True:
            parents = self.values_of(here, "parent")
            if len(parents) != 1:
                return found, not parents and self.is_complete(here, "parent")
            if parents[0] in found:
                return found, True
            found.append(parents[0])
            here = self.below(here, "parent", parents[0])

    def walk(self, node, path, condition):
        name, kind = path[0].name, path[0].kind.value
        if path[0].follows:
            values, complete = self.ancestors(node)
        else:
            values, complete = self.values_of(node, name), self.is_complete(node, name)
        if len(path) > 1:
            found = [self.walk(self.below(node, name, v), path[1:], condition) for v in values]
            return quantified(kind, found, complete)
        if isinstance(condition, AllOf):
            wanted = [AnyOf((one,)) for one in condition.values]
            return all_met(self.walk(node, path, one) for one in wanted)
        if kind == "Feature" and isinstance(condition, NoneOf):
            return negate(self.walk(node, path, AnyOf(condition.values)))
        if kind == "Feature" and isinstance(condition, NotIn):
            return negate(self.walk(node, path, InSet(condition.name)))
        if isinstance(condition, Each):
            kind, condition = "Exposure", condition.condition
        if isinstance(condition, Some):
            kind, condition = "Feature", condition.condition
        found = [self.on_value(node, name, value, condition) for value in values]
        return quantified(kind, found, complete)

    def on_value(self, node, name, value, condition):
        if isinstance(condition, OneOf):
            return some_met(self.on_value(node, name, value, c) for c in condition.conditions)
        if isinstance(condition, Has):
            below = self.below(node, name, value)
            return all_met(self.walk(below, c.path, c.condition) for c in condition.constraints)
        if isinstance(condition, LabelAtLeast):
            return MET if self.label_holds(value, condition) else VIOLATED
        if name == "monthlyPrice" and self.currency(node.pick.offer) != condition.currency:
            return UNKNOWN
        return MET if self.holds(name, value, condition) else VIOLATED

    def holds(self, name, text, condition):
        term = value_term(name, text)
        if isinstance(condition, AnyOf):
            return term in condition.values
        if isinstance(condition, NoneOf):
            return term not in condition.values
        if isinstance(condition, InSet):
            return term in [member.country for member in EEA]
        if isinstance(condition, NotIn):
            return term not in [member.country for member in EEA]
        if isinstance(condition, Matches):
            return re.search(condition.pattern, term[0]) is not None
        left, right = self.measure(name, text), self.measure(name, condition.value.value)
        if left is None:
            return term == condition.value
        return {
            ">=": left >= right,
            "<=": left <= right,
            ">": left > right,
            "<": left < right,
            "=": left == right,
        }[condition.operator.value]

    def measure(self, name, text):
        if name in ("noticePeriod", "minimumTerm"):
            return parse_duration(text).after(self.request.as_of)
        if name not in ("majorVersion", "storage", "vcpu", "monthlyPrice"):
            return None
        return Fraction(text)

    def label_holds(self, label, condition):
        assert condition.scheme.value == SCHEME
        start = datetime.combine(self.request.as_of, datetime.min.time(), UTC)
        end = parse_duration(condition.valid_for or "P0D").after(self.request.as_of)
        lowest = condition.level.value.rpartition("/")[2] if condition.level else "basic"
        return (
            LEVELS.index(label.level) >= LEVELS.index(lowest)
            and datetime.fromisoformat(label.valid_from) <= start
            and datetime.fromisoformat(label.valid_until) >= end
        )

    # -- one component ---------------------------------------------------------------------------
    def picks(self, component) -> list[Pick]:
        """Every configuration of every offering of the kind; a choice nobody reads is not split."""
        read = self.choices(component)
        found = []
        for offer in self.world.offers:
            if offer.kind != component.kind.value.rpartition("#")[2] or offer.status == "Retired":
                continue
            if component.use not in ("", offer.iri):
                continue
            options = [[(name, v) for v in offer.values.get(name) or [None]] for name in read]
            for combination in product(*options):
                found.append(Pick(offer, combination))
        return found

    def choices(self, component):
        paths = [c.path for c in component.constraints + self.request.every]
        for joint in self.request.together:
            if not isinstance(joint, Compatible) and component.name in joint.over:
                paths.append(joint.path)
        for preference in self.request.prefer:
            if not preference.between:
                paths.append((preference.property,))
            elif component.name in preference.between:
                paths.append(preference.path)
        return sorted({p[0].name for p in paths if p[0].kind.value == "Choice"})

    def excludes(self, part, verdict, lenient=False):
        policy = part.policy or self.request.unknown
        if verdict == VIOLATED:
            return True
        return verdict == UNKNOWN and policy is Policy.REJECT and not lenient

    def survivors(self, component, active=None, lenient=False):
        hard = [c for c in component.constraints + self.request.every if not c.is_wish]
        hard = [c for c in hard if active is None or c.id in active]
        return [
            pick
            for pick in self.picks(component)
            if not any(self.excludes(c, self.verdict(component, pick, c), lenient) for c in hard)
        ]

    def counts(self, component):
        hard = [c for c in component.constraints + self.request.every if not c.is_wish]
        by_offer = {}
        for pick in self.picks(component):
            verdicts = [self.verdict(component, pick, c) for c in hard]
            by_offer.setdefault(pick.offer.id, []).append(verdicts)
        satisfied = unknown = 0
        reasons = {}
        for verdict_lists in by_offer.values():
            if any(set(one) <= {MET} for one in verdict_lists):
                satisfied += 1
            elif any(VIOLATED not in one for one in verdict_lists):
                unknown += 1
            else:
                fell = hard[max(one.index(VIOLATED) for one in verdict_lists)].id
                reasons[fell] = reasons.get(fell, 0) + 1
        return len(by_offer), satisfied, unknown, reasons

    # -- together --------------------------------------------------------------------------------
    def joint_value(self, component, pick, path):
        """The one value that a path reaches, or None."""
        values = self.values(component, pick, path[0].name)
        if len(values) != 1:
            return None
        if len(path) == 1:
            return values[0]
        table = self.world.places if path[0].name == "location" else self.world.headquarters
        return table.get(values[0])

    def joint_verdict(self, joint, chosen):
        by_name = {component.name: component for component in self.request.components}
        if isinstance(joint, Compatible):
            return self.compatible_verdict(joint, chosen)
        values = [self.joint_value(by_name[n], chosen[n], joint.path) for n in joint.over]
        if isinstance(joint, PairLimit):
            return self.pair_verdict(joint, values)
        if isinstance(joint, ProductLimit):
            return self.product_verdict(joint, values)
        if isinstance(joint, Capacity):
            return self.capacity_verdict(joint, chosen, values)
        if isinstance(joint, SumLimit):
            for index, name in enumerate(joint.over):
                money = joint.path[0].is_money
                if money and self.currency(chosen[name].offer) != joint.currency:
                    values[index] = None
            known = [Fraction(value) for value in values if value is not None]
            if joint.limit is not None and sum(known) > Fraction(joint.limit.value):
                return VIOLATED
            if len(known) < len(values):
                return UNKNOWN
            least = joint.minimum
            return VIOLATED if least and sum(known) < Fraction(least.value) else MET
        known = [value for value in values if value is not None]
        absent = len(values) - len(known)
        distinct = len(set(known))
        if isinstance(joint, Same):
            return VIOLATED if distinct > 1 else UNKNOWN if absent else MET
        if isinstance(joint, Different):
            return VIOLATED if distinct < len(known) else UNKNOWN if absent else MET
        assert isinstance(joint, AtMost)
        if distinct > joint.n:
            return VIOLATED
        return MET if distinct + absent <= joint.n else UNKNOWN

    def pair_verdict(self, joint, places):
        found = {
            Fraction(text) for a, b, text in self.world.measured if {a, b} == set(places) - {None}
        }
        if None in places or len(found) != 1:
            return UNKNOWN
        return MET if found.pop() <= Fraction(joint.limit.value) else VIOLATED

    def product_verdict(self, joint, values):
        product = Fraction(1)
        known = [Fraction(v) / 100 for v in values if v is not None and 0 <= Fraction(v) <= 100]
        for share in known:
            product *= share
        if product < Fraction(joint.minimum.value) / 100:
            return VIOLATED
        return MET if len(known) == len(values) else UNKNOWN

    def capacity_verdict(self, joint, chosen, values):
        verdicts = []
        for name, there in zip(joint.over, values, strict=True):
            offer = chosen[name].offer
            asked = sum(
                component.quantity
                for component in self.request.components
                if component.name in joint.over and chosen[component.name].offer is offer
            )
            fits = UNKNOWN if there is None else MET if asked <= int(there) else VIOLATED
            verdicts.append(fits)
        return all_met(verdicts)

    def compatible_verdict(self, joint, chosen):
        giver, taker = chosen[joint.giver].offer, chosen[joint.taker].offer
        given, taken = joint.given[0].name, joint.taken[0].name
        if set(giver.values.get(given, [])) & set(taker.values.get(taken, [])):
            return MET
        return VIOLATED if given in giver.complete and taken in taker.complete else UNKNOWN

    def all_compositions(self, active=None, lenient=False):
        """Every one, with every configuration."""
        components = self.request.components
        for picks in product(*(self.survivors(c, active, lenient) for c in components)):
            chosen = {c.name: pick for c, pick in zip(components, picks, strict=True)}
            hard = [j for j in self.request.together if not j.is_wish]
            joints = [j for j in hard if active is None or j.id in active]
            if any(self.excludes(j, self.joint_verdict(j, chosen), lenient) for j in joints):
                continue
            yield chosen

    def compositions(self, active=None, lenient=False):
        """The best configuration of each choice of offerings, best first."""
        found = {}
        for chosen in self.all_compositions(active, lenient):
            offers = tuple(chosen[name].offer.iri for name in sorted(chosen))
            key = (self.order(chosen), offers, self.configuration(chosen))
            if offers not in found or key < found[offers][0]:
                found[offers] = (key, chosen)
        return [chosen for _, chosen in sorted(found.values(), key=lambda one: one[0])]

    def missed(self, chosen):
        missed = set()
        for component in self.request.components:
            for wish in component.constraints + self.request.every:
                if wish.is_wish and self.verdict(component, chosen[component.name], wish) != MET:
                    missed.add(wish.id)
        for joint in self.request.together:
            if joint.is_wish and self.joint_verdict(joint, chosen) != MET:
                missed.add(joint.id)
        return missed

    def order(self, chosen):
        key = [len(self.missed(chosen))]
        if self.request.ranking is Ranking.WEIGHTS:
            return (*key, self.score(chosen))
        prefer = self.request.prefer
        if self.request.ranking is Ranking.PARETO:  # nothing on a front is known
            prefer = [one for one in prefer if one.extent.value == "sum" and not one.between][:1]
        for preference in prefer:
            total, known = Fraction(0), True
            for component in self.request.components:
                pick = chosen[component.name]
                value = self.joint_value(component, pick, (preference.property,))
                if (
                    preference.property.is_money
                    and self.currency(pick.offer) != self.rank_currency()
                ):
                    value = None
                if value is None:
                    known = False
                elif preference.property.name == "noticePeriod":
                    total += Fraction(self.measure("noticePeriod", value).timestamp())
                else:
                    total += Fraction(value)
            sign = -1 if preference.is_maximise else 1
            key.append((0 if known else 1, sign * total))
        return tuple(key)

    def preferred(self, component, pick, preference):
        """The number that a preference reads of one component, or None."""
        value = self.joint_value(component, pick, (preference.property,))
        if preference.property.is_money and self.currency(pick.offer) != self.rank_currency():
            return None
        if value is None:
            return None
        if preference.property.name == "noticePeriod":
            return Fraction(self.measure("noticePeriod", value).timestamp())
        return Fraction(value)

    def score(self, chosen):
        """The weighted sum: of each component in whole millionths, half to even."""
        total, is_unknown = 0, 0
        for component in self.request.components:
            pick = chosen[component.name]
            found = [self.preferred(component, pick, one) for one in self.request.prefer]
            if None in found:
                is_unknown = 1
                continue
            signed = (
                Fraction(one.weight) * value * (-1 if one.is_maximise else 1)
                for one, value in zip(self.request.prefer, found, strict=True)
            )
            total += round(sum(signed) * 1_000_000)
        return is_unknown, total

    def reached(self, chosen, preference):
        """What a composition reaches in a preference, smaller is better; None when unknown."""
        sign = -1 if preference.is_maximise else 1
        by_name = {component.name: component for component in self.request.components}
        if preference.between:
            places = [
                self.joint_value(by_name[name], chosen[name], preference.path)
                for name in preference.between
            ]
            found = {Fraction(t) for a, b, t in self.world.measured if {a, b} == set(places)}
            return sign * found.pop() if len(found) == 1 else None
        found = [self.preferred(by_name[name], pick, preference) for name, pick in chosen.items()]
        if None in found:
            return None
        return sign * {"sum": sum, "lowest": min, "highest": max}[preference.extent.value](found)

    def front(self, compositions):
        """Of each point that no other beats the first composition, in the order of the points."""
        points = {}
        for chosen in compositions:
            point = tuple(self.reached(chosen, one) for one in self.request.prefer)
            if None not in point:
                offers = tuple(chosen[name].offer.iri for name in sorted(chosen))
                key = (offers, self.configuration(chosen))
                if point not in points or key < points[point][0]:
                    points[point] = (key, chosen)

        return [
            points[point][1]
            for point in sorted(points)
            if not any(
                other != point and all(a <= b for a, b in zip(other, point, strict=True))
                for other in points
            )
        ]

    def answers(self):
        """What is to be answered, best first."""
        found = self.compositions()
        if self.request.ranking is not Ranking.PARETO:
            return found
        return self.front(self.all_compositions()) or found

    def rank_currency(self):
        """The request's first currency (sums before lines), else the commonest one."""
        parts = [j for j in self.request.together if isinstance(j, SumLimit)]
        parts += [c.condition for c in self.request.all_constraints()]
        named = [part.currency for part in parts if getattr(part, "currency", "")]
        if named:
            return named[0]
        priced = [
            self.currency(offer)
            for component in self.request.components
            for offer in {pick.offer.id: pick.offer for pick in self.picks(component)}.values()
            if self.price(component, offer) is not None
        ]
        return max(sorted(set(priced)), key=priced.count, default="")

    def configuration(self, chosen):
        """Ties by value order: components by name, choices by name, numbers by size."""
        return tuple(
            (Fraction(text), "") if name == "majorVersion" and text else (Fraction(0), text or "")
            for component in sorted(chosen)
            for name, text in chosen[component].chosen
        )
