"""Generate a million statements of offerings, as the merged graph holds them, for query benchmarks.

python -m bench.sparql_data 1000000 offerings.nq
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

KG = "https://w3id.org/kgservice/ns#"
COUNTRY = "http://publications.europa.eu/resource/authority/country/"
PER_PROVIDER = 1000
COUNTRIES = ("NLD", "DEU", "BEL", "FRA", "IRL", "USA")
KINDS = ("PostgreSQL", "PostgreSQL", "Container", "VirtualMachine")
_TITLE = "<http://purl.org/dc/terms/title>"
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_XSD = "http://www.w3.org/2001/XMLSchema#"


def graphs(statements: int, seed: int = 1) -> Iterator[tuple[str, list[str]]]:
    """Give graphs, one a provider, each with its lines of N-Triples without the dot."""
    rng = random.Random(seed)
    made = number = 0
    while made < statements:
        lines = list(islice(_provider(number, rng), statements - made))
        yield f"urn:x:graph:{number}", lines
        made += len(lines)
        number += 1


def _provider(number: int, rng: random.Random) -> Iterator[str]:
    provider = f"<urn:x:provider:{number}>"
    yield f"{provider} {_TYPE} <{KG}Provider> "
    yield f'{provider} {_TITLE} "Provider {number}" '
    yield f"{provider} <{KG}headquarters> <{COUNTRY}{rng.choice(COUNTRIES)}> "
    for index in range(PER_PROVIDER):
        yield from _offering(number * PER_PROVIDER + index, provider, rng)


def _offering(number: int, provider: str, rng: random.Random) -> Iterator[str]:
    offering, place = f"<urn:x:offering:{number}>", f"<urn:x:place:{number}>"
    price, proof = f"<urn:x:price:{number}>", f"<urn:x:certificate:{number}>"
    kind, day = rng.choice(KINDS), f"2027-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    for name in ("Offering", kind):
        yield f"{offering} {_TYPE} <{KG}{name}> "
    yield f'{offering} {_TITLE} "Generated {kind} {number}" '
    yield f"{offering} <{KG}provider> {provider} "
    yield f"{offering} <{KG}location> {place} "
    yield f"{place} <{KG}country> <{COUNTRY}{rng.choice(COUNTRIES)}> "
    for name, value, datatype in (
        ("majorVersion", str(rng.randint(14, 18)), "integer"),
        ("vcpu", str(rng.choice((2, 4, 8))), "integer"),
        ("memory", str(rng.choice((4, 8, 16, 32))), "decimal"),
        ("storage", str(rng.choice((50, 100, 250, 500))), "decimal"),
        ("availability", rng.choice(("99.5", "99.9", "99.95")), "decimal"),
    ):
        yield f'{offering} <{KG}{name}> "{value}"^^<{_XSD}{datatype}> '
    yield f"{offering} <{KG}price> {price} "
    yield f'{price} <{KG}amount> "{rng.randint(500, 20000) / 100}"^^<{_XSD}decimal> '
    yield f'{price} <{KG}currency> "EUR" '
    yield f'{price} <{KG}period> "P1M"^^<{_XSD}duration> '
    if rng.random() < 0.6:
        yield f"{offering} <{KG}certificate> {proof} "
        yield f'{proof} <{KG}standard> "ISO/IEC 27001" '
        yield f'{proof} <{KG}validUntil> "{day}T00:00:00Z"^^<{_XSD}dateTime> '
        yield f"{offering} <{KG}label> <urn:x:label:{number}> "
        yield f"<urn:x:label:{number}> <{KG}level> <urn:x:level:{rng.randint(1, 3)}> "


def write(statements: int, file: Path, *, with_default: bool) -> None:
    """Write them as N-Quads: each in its graph, and once more in the default graph if so wished."""
    with file.open("w", encoding="ascii") as output:
        for graph, lines in graphs(statements):
            output.writelines(f"{line}<{graph}> .\n" for line in lines)
            if with_default:
                output.writelines(f"{line}.\n" for line in lines)


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]), with_default=True)
