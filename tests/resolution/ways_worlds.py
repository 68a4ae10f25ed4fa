"""Recipes as plain records, and random catalogues in which there are several ways."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from kgservice.model.rdf import RDF, Iri, Literal, Triple, typed
from kgservice.model.terms import DCTERMS, KG, RDFS, SH
from kgservice.resolution.request import Constraint, Request, Ways
from tests.resolution.random_requests import random_request, random_world
from tests.resolution.worlds import PROPERTIES, Charge, Offer, World, value_term


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a recipe; `at_least` are numbers that the recipe itself asks for."""

    name: str
    kind: str
    quantity: int = 1
    takes: list[str] = field(default_factory=list)
    at_least: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe as a plain record."""

    id: str
    makes: str
    parts: list[Part]
    values: dict[str, list[str]] = field(default_factory=dict)
    complete: list[str] = field(default_factory=list)

    @property
    def iri(self) -> str:
        return f"urn:recipe:{self.id}"

    def triples(self) -> list[Triple]:
        node = Iri(self.iri)
        triples = [
            Triple(node, Iri(RDF + "type"), KG.Recipe),
            Triple(node, DCTERMS.title, Literal(f"Recipe {self.id}")),
            Triple(node, KG.yields, Iri(KG.NS + self.makes)),
        ]
        for name, texts in self.values.items():
            info = PROPERTIES[name]
            triples += [Triple(node, info.iri, value_term(name, text)) for text in texts]
        triples += [Triple(node, KG.completeFor, PROPERTIES[name].iri) for name in self.complete]
        for number, part in enumerate(self.parts):
            triples += _part_triples(node, Iri(f"{self.iri}:{part.name}"), part, number)
        return triples


def _part_triples(recipe: Iri, node: Iri, part: Part, number: int) -> list[Triple]:
    triples = [
        Triple(recipe, KG.needs, node),
        Triple(node, RDFS.label, Literal(part.name)),
        Triple(node, SH.order, typed(number)),
        Triple(node, KG.kind, Iri(KG.NS + part.kind)),
        Triple(node, KG.quantity, typed(part.quantity)),
    ]
    triples += [Triple(node, KG.takes, PROPERTIES[name].iri) for name in part.takes]
    for name, least in part.at_least.items():
        shape = Iri(f"{node.value}:{name}")
        triples += [
            Triple(node, SH.property, shape),
            Triple(shape, SH.path, PROPERTIES[name].iri),
            Triple(shape, SH.minCount, typed(1)),
            Triple(shape, SH.maxCount, typed(1)),
            Triple(shape, SH.minInclusive, value_term(name, least)),
        ]
    return triples


def random_ways_world(random: Random) -> tuple[World, list[Recipe]]:
    """Give a small catalogue with machines and bundles, and a few recipes."""
    world = random_world(random)
    while len(world.offers) < 6:
        world = random_world(random)
    offers = [_kinds(random, offer) for offer in world.offers]
    if random.random() < 0.5:  # two that one provider may bundle
        kinds = ("PostgreSQL", "Container")
        offers[:2] = [
            replace(offer, kind=kind, status="Launched", provider="p0")
            for offer, kind in zip(offers, kinds, strict=False)
        ]
    bundles = [_bundle(random, number, offers) for number in range(random.randint(0, 3))]
    return replace(world, offers=offers + [one for one in bundles if one]), _recipes(random)


def _kinds(random: Random, offer: Offer) -> Offer:
    kind = random.choice(("PostgreSQL", "Container", "VirtualMachine"))
    status = "Launched" if random.random() < 0.6 else offer.status
    provider = "p0" if random.random() < 0.5 else offer.provider
    return replace(offer, kind=kind, status=status, provider=provider)


def _bundle(random: Random, number: int, offers: list[Offer]) -> Offer | None:
    sellers = [offer.provider for offer in offers]
    seller = max(sorted(set(sellers)), key=sellers.count)
    own = [o.id for o in offers if o.provider == seller and o.kind != "VirtualMachine"]
    parts = random.sample(own, min(len(own), random.choice((2, 3, 4))))
    if random.random() < 0.2:
        parts.append(random.choice(offers).id)  # perhaps another provider's
    if len(set(parts)) < 2 or not seller:
        return None
    charges = [Charge(f"{random.randint(5, 40)}.00")]
    if random.random() < 0.1:
        charges = []
    return Offer(
        id=f"b{number}",
        kind="Bundle",
        provider=seller,
        charges=charges,
        status=random.choice(("Launched", "Launched", "Retired")),
        parts=sorted(set(parts)),
    )


def _recipes(random: Random) -> list[Recipe]:
    stated = {
        "majorVersion": random.sample(("15", "16", "17"), 2),
        "extension": ["vector"],
        "exportFormat": ["pg_dump-directory"],
    }
    complete = [name for name in stated if random.random() < 0.5]
    if random.random() < 0.3:
        del stated["exportFormat"]
    machine = Part("vm", "VirtualMachine", at_least={"vcpu": random.choice(("2", "4"))})
    disk = Part("disk", "VirtualMachine", random.choice((1, 2)), takes=["storage"])
    box = Part("box", "Container", takes=["vcpu", "majorVersion"] if random.random() < 0.5 else [])
    known = [
        Recipe("pg-on-vm", "PostgreSQL", [machine], stated, complete),
        Recipe("pg-in-box", "PostgreSQL", [box, disk], {"extension": ["postgis"]}),
        Recipe("box-on-vm", "Container", [Part("vm", "VirtualMachine")], {"storage": ["100"]}),
    ]
    return [one for one in known if random.random() < 0.6]


def random_ways_request(random: Random) -> Request:
    """Give a request of one or two components, most of which may be had in any way."""
    request = random_request(random)
    while len(request.components) != random.choice((1, 2, 2)):
        request = random_request(random)
    components = tuple(
        replace(
            one,
            ways=random.choice((None, Ways.ANY, Ways.MANAGED)),
            quantity=random.choice((1, 1, 1, 2)),
            constraints=_some(random, one.constraints),
        )
        for one in request.components
    )
    if len(components) == 2 and random.random() < 0.5:
        kinds = ("PostgreSQL", "Container")
        components = tuple(
            replace(one, kind=Iri(KG.NS + kind), quantity=1)
            for one, kind in zip(components, kinds, strict=True)
        )
    return replace(
        request,
        components=components,
        every=_some(random, request.every),
        together=tuple(joint for joint in request.together if random.random() < 0.7),
        ways=random.choice((Ways.ANY, Ways.ANY, Ways.MANAGED)),
    )


def _some(random: Random, constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    return tuple(one for one in constraints if random.random() < 0.4)
