"""Random TMF620 catalogues that use every property, price shape and kind of place there is."""

from __future__ import annotations

import json
import random
from pathlib import Path

from kgservice.model.rdf import XSD
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary

Json = dict[str, object]

LEFT_OUT = {
    "label", "certificate", "price", "location", "provider", "codeOfConduct", "city", "region",
    "zone", "country", "votes", "share", "model", "count", "headquarters", "parent", "owner",
    "subjectToLaw", "roundTrip",
}  # fmt: skip
"""What is no fact of an offering itself, or is stated in another way."""

COUNTRIES = ("NL", "DE", "FR", "BE", "US", "IE")
STATUSES = ("Active", "Launched", "In design", "In test", "Retired", "Rejected")
PERIODS = ("hour", "day", "month", "year")


def write_catalog(folder: Path, vocabulary: Vocabulary, seed: int, count: int = 25) -> Path:
    """Write a catalogue as a folder of TMF620 lists."""
    rng = random.Random(seed)  # noqa: S311 - made-up data, the same for the same seed
    folder.mkdir(parents=True)
    offerings: list[Json] = []
    specifications: list[Json] = []
    prices: list[Json] = []
    for number in range(count):
        known = [str(one["id"]) for one in offerings]
        offering, specification, parts = _offering(vocabulary, rng, f"made-up-{seed}-{number}")
        offering["bundledProductOffering"] = [
            {"id": one} for one in known if rng.random() < 1 / (5 * len(known))
        ]
        offerings.append(offering)
        specifications.append(specification)
        prices += parts
    for name, items in (
        ("productOffering", offerings),
        ("productSpecification", specifications),
        ("productOfferingPrice", prices),
    ):
        (folder / f"{name}.json").write_text(json.dumps(items), encoding="utf-8")
    return folder


def _offering(
    vocabulary: Vocabulary, rng: random.Random, name: str
) -> tuple[Json, Json, list[Json]]:
    prices = _prices(vocabulary, rng, name)
    seller = rng.randrange(3)
    identity = f"urn:ngsi-ld:product-offering:{name}" if rng.random() < 0.6 else name
    offering: Json = {
        "id": identity,
        "name": f"Dienst {name}, größer",
        "description": "Made up; " * rng.randrange(3),
        "version": f"{rng.randrange(3)}.{rng.randrange(10)}",
        "lifecycleStatus": rng.choice(STATUSES),
        "lastUpdate": f"2026-0{rng.randrange(1, 10)}-1{rng.randrange(10)}T08:00:00Z",
        "productSpecification": {"id": f"urn:ngsi-ld:product-specification:{name}"},
        "productOfferingPrice": [{"id": prices[0]["id"]}] if prices else [],
        "category": [{"id": "c", "name": rng.choice(("PostgreSQL", "Container", "VM", "Other"))}],
        "place": [_place(rng) for _ in range(rng.randrange(3))],
        "productOfferingTerm": [
            {"name": term, "duration": {"amount": rng.randrange(1, 40), "units": unit}}
            for term, unit in (("notice period", "days"), ("minimum term", "months"))
            if rng.random() < 0.5
        ],
        "attachment": [{"name": "Terms", "url": f"https://made-up.example/{name}/terms"}],
    }
    specification: Json = {
        "id": f"urn:ngsi-ld:product-specification:{name}",
        "name": name,
        "relatedParty": [
            {"id": f"urn:made-up:seller-{seller}", "name": f"Seller {seller}", "role": "Seller"}
        ],
        "productSpecCharacteristic": [
            _characteristic(info, vocabulary, rng)
            for info in sorted(vocabulary.properties.values(), key=lambda one: one.name)
            if not info.is_derived and info.name not in LEFT_OUT and rng.random() < 0.4
        ]
        + [{"name": "headquarters", "value": COUNTRIES[seller]}]
        + [{"name": "parent company", "value": "did:web:group.example"}]
        + [{"name": "owner", "value": f"Holding {seller} (NL) {20 + seller}.5%"}],
    }
    return offering, specification, prices


def _characteristic(info: PropertyInfo, vocabulary: Vocabulary, rng: random.Random) -> Json:
    many = info.kind is not ValueKind.SINGLE
    values = [_value(info, vocabulary, rng) for _ in range(rng.randrange(1, 4) if many else 1)]
    listed = [{"value": one, "unitOfMeasure": info.unit} if info.unit else {"value": one}
              for one in values if one is not None]  # fmt: skip
    return {"name": info.name, "productSpecCharacteristicValue": listed}


def _value(info: PropertyInfo, vocabulary: Vocabulary, rng: random.Random) -> object:
    if info.range_class:
        return _node(info, vocabulary, rng)
    kinds = {
        XSD + "integer": lambda: rng.randrange(1, 5),
        XSD + "decimal": lambda: round(rng.uniform(1, 100), rng.randrange(4)),
        XSD + "boolean": lambda: rng.random() < 0.5,
        XSD + "duration": lambda: f"P{rng.randrange(1, 29)}D" if rng.random() < 0.7 else "PT4H30M",
    }
    if info.name == "currency":
        return "EUR"
    if info.name.endswith("Url"):
        return f"https://made-up.example/{info.name}"
    make = kinds.get(info.datatype, lambda: f"{info.name} {rng.choice('ABÇ')}")
    return make()


def _node(info: PropertyInfo, vocabulary: Vocabulary, rng: random.Random) -> object:
    if info.range_class == KG.Country.value:
        return rng.choice(COUNTRIES)
    if info.range_class == KG.Provider.value:
        return rng.choice(("did:web:made-up.example", "Beheer BV (NL)", "Support LLC (US)"))
    if info.range_class == KG.Offering.value:
        return "urn:ngsi-ld:product-offering:somewhere-else"
    if info.range_class == KG.Gpu.value:
        return f"{rng.randrange(1, 5)} x H100"
    names = [
        name
        for name, iri in sorted(vocabulary.individuals.items())
        if iri.value.endswith("#" + name) and _fits(info, name)
    ]
    return rng.choice(names) if names else None


def _fits(info: PropertyInfo, name: str) -> bool:
    known = {
        KG.NS + "Format": ("qcow2", "raw", "OCI", "pg_dump-directory", "CSV"),
        KG.NS + "Extension": ("postgis", "vector", "uuid-ossp"),
        KG.NS + "SupportLevel": ("24x7", "BusinessHours"),
    }
    return name in known.get(info.range_class, ())


def _place(rng: random.Random) -> Json:
    place: Json = {"country": rng.choice(COUNTRIES)}
    if rng.random() < 0.6:
        place["city"] = rng.choice(("Amsterdam", "Köln", "Gent"))
    if rng.random() < 0.3:
        place["stateOrProvince"] = rng.choice(("DE-BY", "west"))
    return {"id": f"p{rng.randrange(10**9)}", **place}


def _prices(vocabulary: Vocabulary, rng: random.Random, name: str) -> list[Json]:
    """Give nothing, one price, or a bundle with its parts."""
    parts = [_price(vocabulary, rng, f"{name}-{n}") for n in range(rng.randrange(4))]
    if len(parts) < 2:
        return parts
    bundle: Json = {
        "id": f"urn:ngsi-ld:product-offering-price:{name}-bundle",
        "isBundle": True,
        "bundledPopRelationship": [{"id": part["id"]} for part in parts],
    }
    return [bundle, *parts]


def _price(vocabulary: Vocabulary, rng: random.Random, name: str) -> Json:
    amount = {"unit": "EUR", "value": round(rng.uniform(0, 500), rng.randrange(5))}
    price: Json = {
        "id": f"urn:ngsi-ld:product-offering-price:{name}",
        "priceType": rng.choice(("recurring", "one time", "usage")),
        "price": amount if rng.random() < 0.7 else {"taxIncludedAmount": amount},
    }
    if price["priceType"] == "recurring":
        price["recurringChargePeriodType"] = rng.choice(PERIODS)
        price["recurringChargePeriodLength"] = rng.randrange(1, 7)
    if rng.random() < 0.5:
        used = vocabulary.properties[rng.choice(("vcpu", "memory", "storage"))]
        price["unitOfMeasure"] = {"amount": rng.randrange(1, 9), "units": used.unit or "1"}
        use: Json = {"name": used.name}
        if rng.random() < 0.3:
            use["productSpecCharacteristicValue"] = [{"valueFrom": 10, "valueTo": 100}]
        price["prodSpecCharValueUse"] = [use]
    return price
