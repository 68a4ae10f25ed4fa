"""Generate TMF620 offerings for benchmarks: one JSON array, the same for the same seed.

python bench/generate_offerings.py 10000 offerings.json --seed 1
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

Json = dict[str, object]

COUNTRIES = ("NL", "DE", "BE", "FR", "IE", "US")
CITIES = {
    "NL": ("Amsterdam", "Utrecht", "Groningen"),
    "DE": ("Frankfurt", "Berlin"),
    "BE": ("Gent", "Antwerpen"),
    "FR": ("Paris", "Lyon"),
    "IE": ("Dublin",),
    "US": ("Ashburn",),
}
NOTICES = ("14 days", "30 days", "1 month", "2 months", "P3M", "")
PER_PROVIDER = 200


def generate(count: int, seed: int = 1) -> Iterator[Json]:
    """Give one organization for every 200 offerings, then `count` offerings of three kinds."""
    rng = random.Random(seed)
    providers = max(1, count // PER_PROVIDER)
    for number in range(providers):
        yield organization(number, rng)
    for number in range(count):
        yield offering(number, number % providers, rng)


def organization(number: int, rng: random.Random) -> Json:
    """Give a TMF632 organization."""
    identifier = f"urn:ngsi-ld:organization:generated-{number}"
    return {
        "id": identifier,
        "tradingName": f"Generated provider {number}",
        "partyCharacteristic": [
            {"name": "Headquarters country", "value": rng.choice(COUNTRIES)},
        ],
    }


def offering(number: int, provider: int, rng: random.Random) -> Json:
    """Give an offering with its specification and prices embedded."""
    kind = rng.choice(("PostgreSQL", "PostgreSQL", "Container", "Virtual machine"))
    identifier = f"urn:ngsi-ld:product-offering:generated-{number}"
    party = f"urn:ngsi-ld:organization:generated-{provider}"
    facts = {**common(rng), **OF_KIND[kind](rng)}
    return {
        "id": identifier,
        "href": identifier,
        "name": f"Generated {kind} {number}",
        "version": "1.0",
        "lastUpdate": "2026-10-02T08:00:00.123456789Z",
        "lifecycleStatus": rng.choice(("Launched", "Launched", "Active", "Retired")),
        "isBundle": False,
        "category": [{"id": "urn:ngsi-ld:category:paas", "name": "Platform as a Service (PaaS)"}],
        "productOfferingPrice": prices(number, rng),
        "productSpecification": {
            "id": f"urn:ngsi-ld:product-specification:generated-{number}",
            "name": f"Generated {kind} {number}",
            "productSpecCharacteristic": [
                characteristic(name, value)
                for name, value in {"Service type": kind, **facts}.items()
            ],
            "relatedParty": [{"id": party, "role": "Seller", "@referredType": "organization"}],
        },
    }


def common(rng: random.Random) -> dict[str, object]:
    """Give the facts that every kind has."""
    country = rng.choice(COUNTRIES)
    found: dict[str, object] = {
        "Location": f"{rng.choice(CITIES[country])}, {country}",
        "vCPU": str(rng.choice((2, 4, 8))),
        "RAM": (str(rng.choice((4, 8, 16, 32))), "GiB"),
        "Storage": (str(rng.choice((50, 100, 250, 500, 1000))), "GiB"),
        "Availability": rng.choice(("99.5 %", "99.9 %", "99.95 %")),
        "Governing law": country,
        "DPA": "yes",
    }
    notice = rng.choice(NOTICES)
    if notice:
        found["Notice period"] = notice
    if rng.random() < 0.5:
        found["Sub-processors"] = "none"
    return found


def postgresql(rng: random.Random) -> dict[str, object]:
    """Give the facts of a database."""
    versions = sorted(rng.sample(range(13, 19), rng.randint(1, 3)))
    return {
        "PostgreSQL version": ",".join(str(version) for version in versions),
        "Extensions": ", ".join(rng.sample(("vector", "postgis", "pg_trgm"), rng.randint(1, 3))),
        "Import format": "pg_dump-directory",
        "Export format": "pg_dump-directory",
        "Max connections": str(rng.choice((20, 100, 200))),
    }


def container(rng: random.Random) -> dict[str, object]:
    """Give the facts of a container service."""
    return {"Image format": "OCI", "Architecture": rng.choice(("amd64", "arm64", "amd64, arm64"))}


def machine(rng: random.Random) -> dict[str, object]:
    """Give the facts of a virtual machine."""
    return {"Image format": rng.choice(("qcow2", "raw", "qcow2, raw")), "Hypervisor": "KVM"}


OF_KIND = {"PostgreSQL": postgresql, "Container": container, "Virtual machine": machine}


def characteristic(name: str, value: object) -> Json:
    """Give a characteristic with one value; a pair is a number and its unit."""
    entry: Json = {"isDefault": True}
    if isinstance(value, tuple):
        entry |= {"value": value[0], "unitOfMeasure": value[1]}
    else:
        entry["value"] = value
    return {"name": name, "productSpecCharacteristicValue": [entry]}


def prices(number: int, rng: random.Random) -> list[Json]:
    """Give a base price a month and one for each GiB of storage; one in ten has none."""
    if rng.random() < 0.1:
        return []
    found: list[Json] = []
    for position, amount in enumerate((rng.randint(500, 9000) / 100, rng.randint(5, 30) / 100)):
        price: Json = {
            "id": f"urn:ngsi-ld:product-offering-price:generated-{number}-{position}",
            "priceType": "recurring",
            "recurringChargePeriodType": "monthly",
            "price": {"unit": "EUR", "value": amount},
        }
        if position:
            price["unitOfMeasure"] = {"amount": 1, "units": "GiB"}
            price["prodSpecCharValueUse"] = [{"name": "Storage"}]
        found.append(price)
    return found


def write(count: int, path: Path, seed: int = 1) -> None:
    """Write the offerings to a file."""
    with path.open("w", encoding="utf-8") as file:
        for number, offering in enumerate(generate(count, seed)):
            file.write(("," if number else "[") + json.dumps(offering, separators=(",", ":")))
        file.write("]" if count else "[]")


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.count, arguments.path, arguments.seed)


if __name__ == "__main__":
    main()
