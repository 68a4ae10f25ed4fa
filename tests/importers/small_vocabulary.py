"""A small vocabulary for importer tests: the properties of `vocab/`, a few units and countries."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox

from kgservice.model.documents import ImportContext
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Country, PropertyInfo, Unit, ValueKind, Vocabulary

ROOT = Path(__file__).resolve().parents[2]
BASE = "http://127.0.0.1:8080/"
AUTHORITY = "http://publications.europa.eu/resource/authority/country/"
COUNTRIES = {
    "NL": ("NLD", "Netherlands"),
    "DE": ("DEU", "Germany"),
    "BE": ("BEL", "Belgium"),
    "FR": ("FRA", "France"),
    "IE": ("IRL", "Ireland"),
    "US": ("USA", "United States"),
}
INDIVIDUALS = (
    "vector", "postgis", "pg_trgm", "hstore", "pgcrypto",
    "pg_dump-directory", "pg_dump-custom", "pg_dump-plain", "logical-replication",
    "OCI", "qcow2", "raw", "vmdk", "BusinessHours", "24x7",
    "Active", "Launched", "Retired",
)  # fmt: skip


def vocabulary() -> Vocabulary:
    """Read the properties of `vocab/core.ttl` and add fixed units, countries and individuals."""
    properties = _properties()
    countries = {}
    for alpha2, (alpha3, name) in COUNTRIES.items():
        country = Country(Iri(AUTHORITY + alpha3), alpha2, alpha3, (name,))
        for key in (alpha2, alpha3, name):
            countries[key.lower()] = country
        countries[country.iri.value] = country
    units = {}
    for code, factor in (
        ("By", 1),
        ("MB", 10**6),
        ("GB", 10**9),
        ("MiB", 2**20),
        ("GiB", 2**30),
        ("TiB", 2**40),
    ):
        units[code] = Unit(code, "information", str(factor))
    units["%"] = Unit("%", "ratio", "1")
    units["ms"] = Unit("ms", "time", "0.001")
    kinds = ("PostgreSQL", "Container", "VirtualMachine", "Offering", "Provider", "Place")
    return Vocabulary(
        properties=properties,
        names_by_iri={info.iri.value: name for name, info in properties.items()},
        classes={name: Iri(KG.NS + name) for name in kinds},
        individuals={name: Iri(KG.NS + name) for name in INDIVIDUALS},
        units=units,
        countries=countries,
        named_sets={},
        level_order={},
    )


def context(catalog: str = "polder-market", **options: object) -> ImportContext:
    """Give an import context on the small vocabulary."""
    hosts = options.pop("allowed_hosts", frozenset())
    assert isinstance(hosts, frozenset)
    texts = {name: str(value) for name, value in options.items()}
    return ImportContext(catalog, BASE, vocabulary(), hosts, texts)


def _properties() -> dict[str, PropertyInfo]:
    graph = ox.Store()
    for path in (ROOT / "vocab" / "core.ttl", ROOT / "vocab" / "trust.ttl"):
        graph.load(path=str(path), format=ox.RdfFormat.TURTLE)
    rows = graph.query(
        "PREFIX kg: <https://w3id.org/kgservice/ns#> SELECT ?p ?k ?t ?u ?m ?d WHERE { "
        "?p kg:valueKind ?k OPTIONAL { ?p kg:valueType ?t } OPTIONAL { ?p kg:storedUnit ?u } "
        "OPTIONAL { ?p kg:isMoney ?m } OPTIONAL { ?p kg:isDerived ?d } }"
    )
    found = {}
    assert isinstance(rows, ox.QuerySolutions)
    for row in rows:
        iri = row["p"].value
        name = iri.rpartition("#")[2]
        kind = ValueKind(row["k"].value.rpartition("#")[2])
        type_iri = row["t"].value if row["t"] else ""
        is_data = type_iri.startswith("http://www.w3.org/2001/XMLSchema#")
        found[name] = PropertyInfo(
            Iri(iri),
            name,
            kind,
            datatype=type_iri if is_data else "",
            range_class="" if is_data else type_iri,
            unit=row["u"].value if row["u"] else "",
            is_money=row["m"] is not None,
            is_derived=row["d"] is not None,
        )
    return found
