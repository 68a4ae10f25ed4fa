"""A small vocabulary, and offerings written as plain records, turned into statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kgservice.model.rdf import RDF, XSD, Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import (
    Country,
    Membership,
    PropertyInfo,
    Unit,
    ValueKind,
    Vocabulary,
)

AUTHORITY = "http://publications.europa.eu/resource/authority/country/"
SCHEME = "https://w3id.org/kgservice/scheme/eu-cloud-basic"
BASE = "http://127.0.0.1:8080/"


def country(code: str) -> Iri:
    return Iri(AUTHORITY + code)


COUNTRIES = {
    "NLD": ("NL", "Netherlands"),
    "DEU": ("DE", "Germany"),
    "BEL": ("BE", "Belgium"),
    "FRA": ("FR", "France"),
    "USA": ("US", "United States"),
}


def _property(
    name: str, kind: str, datatype: str = "", range_class: str = "", **more: object
) -> PropertyInfo:
    return PropertyInfo(
        Iri(KG.NS + name),
        name,
        ValueKind(kind),
        XSD + datatype if datatype else "",
        KG.NS + range_class if range_class else "",
        **more,  # type: ignore[arg-type]
    )


PROPERTIES = {
    info.name: info
    for info in (
        _property("provider", "Single", range_class="Provider"),
        _property("headquarters", "Single", range_class="Country"),
        _property("location", "Choice", range_class="Place"),
        _property("country", "Single", range_class="Country"),
        _property("city", "Single", "string"),
        _property("parent", "Single", range_class="Provider"),
        _property("monthlyPrice", "Single", "decimal", is_money=True, is_derived=True),
        _property("oneTimePrice", "Single", "decimal", is_money=True, is_derived=True),
        _property("totalPrice", "Single", "decimal", is_money=True, is_derived=True),
        _property("switchingCharge", "Single", "decimal", is_money=True),
        _property("majorVersion", "Choice", "integer"),
        _property("storage", "Single", "decimal", unit="GiB"),
        _property("vcpu", "Single", "integer"),
        _property("renewableShare", "Single", "decimal", unit="%"),
        _property("availability", "Single", "decimal", unit="%"),
        _property("capacity", "Single", "integer"),
        _property("roundTrip", "Single", "decimal", unit="ms", ends=KG.location.value),
        _property("extension", "Feature", range_class="Extension"),
        _property("importFormat", "Feature", range_class="Format"),
        _property("exportFormat", "Feature", range_class="Format"),
        _property("noticePeriod", "Single", "duration"),
        _property("minimumTerm", "Single", "duration"),
        _property("support", "Single", range_class="SupportLevel"),
        _property("subprocessor", "Exposure", range_class="Provider"),
        _property("transferCountry", "Exposure", range_class="Country"),
        _property("label", "Feature", range_class="Label"),
        _property("certificate", "Feature", range_class="Certificate"),
        _property("standard", "Single", "string"),
        _property("currency", "Single", "string"),
        _property("processorAgreement", "Single", "boolean"),
    )
}


def _countries() -> dict[str, Country]:
    found = {}
    for alpha3, (alpha2, name) in COUNTRIES.items():
        one = Country(country(alpha3), alpha2, alpha3, (name,))
        for key in (alpha2.lower(), alpha3.lower(), name.lower(), one.iri.value):
            found[key] = one
    return found


def _units() -> dict[str, Unit]:
    listed = (
        Unit("GiB", "By", "1073741824", ("GiBy",)),
        Unit("GB", "By", "1000000000"),
        Unit("MiB", "By", "1048576"),
        Unit("%", "1", "0.01", ("percent",)),
        Unit("ms", "s", "0.001"),
    )
    return {key: unit for unit in listed for key in (unit.code, *unit.aliases)}


EEA = tuple(Membership(country(code), date(1994, 1, 1)) for code in ("NLD", "DEU", "BEL", "FRA"))
LEVELS = tuple(Iri(f"{SCHEME}/{name}") for name in ("basic", "high"))
INDIVIDUALS = (
    "vector",
    "postgis",
    "pg_dump-directory",
    "logical-replication",
    "OCI",
    "24x7",
    "8x5",
)

VOCABULARY = Vocabulary(
    properties=PROPERTIES,
    names_by_iri={info.iri.value: name for name, info in PROPERTIES.items()},
    classes={
        name: Iri(KG.NS + name)
        for name in ("Offering", "PostgreSQL", "Container", "VirtualMachine")
    },
    individuals={name: Iri(KG.NS + name) for name in INDIVIDUALS},
    units=_units(),
    countries=_countries(),
    named_sets={"EEA": EEA, "EU": EEA},
    level_order={SCHEME: LEVELS},
)


@dataclass(frozen=True, slots=True)
class Label:
    level: str
    valid_from: str = "2026-01-01T00:00:00Z"
    valid_until: str = "2028-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Charge:
    """A recurring or one-time price."""

    amount: str
    currency: str = "EUR"
    kind: str = "Recurring"
    per: str = ""
    per_quantity: int = 1
    is_taxed: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """An offering as a plain record; what is not listed is not known."""

    id: str
    kind: str = "PostgreSQL"
    provider: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    status: str = "Launched"
    signed: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def iri(self) -> str:
        return f"urn:offer:{self.id}"


@dataclass(frozen=True, slots=True)
class World:
    """Offerings; headquarters of providers and countries of places are given by name.

    What is measured is given as two places and milliseconds.
    """

    offers: list[Offer]
    headquarters: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    measured: list[tuple[str, str, str]] = field(default_factory=list)
    cities: dict[str, str] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)
    without_parent: list[str] = field(default_factory=list)
    signed_headquarters: list[str] = field(default_factory=list)

    def triples(self) -> list[Triple]:
        triples = []
        for offer in self.offers:
            triples += _offer_triples(offer)
        for name, code in self.headquarters.items():
            triples.append(Triple(provider(name), KG.headquarters, country(code)))
        for name, code in self.places.items():
            triples.append(Triple(place(name), KG.country, country(code)))
        for number, (start, end, text) in enumerate(self.measured):
            node = Iri(f"urn:measurement:{number}")
            triples.append(Triple(node, KG.measuredFrom, place(start)))
            triples.append(Triple(node, KG.measuredTo, place(end)))
            triples.append(Triple(node, KG.roundTrip, Literal(text, XSD + "decimal")))
        for name, city in self.cities.items():
            triples.append(Triple(place(name), KG.city, Literal(city)))
        for name, parents in self.parents.items():
            triples += [Triple(provider(name), KG.parent, provider(parent)) for parent in parents]
        for name in self.without_parent:
            triples.append(Triple(provider(name), KG.completeFor, KG.parent))
        return triples

    def signed_triples(self) -> list[Triple]:
        """What a signed document says too: facts, and that they are complete."""
        found = []
        for triple in self.triples():
            for offer in self.offers:
                names = {PROPERTIES[name].iri for name in offer.signed}
                is_declared = triple.predicate == KG.completeFor and triple.object in names
                if triple.subject == Iri(offer.iri) and (triple.predicate in names or is_declared):
                    found.append(triple)
            for name in self.signed_headquarters:
                if triple.predicate == KG.headquarters and triple.subject == provider(name):
                    found.append(triple)
        return found


def provider(name: str) -> Iri:
    return Iri(f"urn:provider:{name}")


def place(name: str) -> Iri:
    return Iri(f"urn:place:{name}")


def value_term(name: str, text: str) -> Iri | Literal:
    """Turn a record's text into the term that the graph holds."""
    info = PROPERTIES[name]
    if name == "location":
        return place(text)
    if name in ("provider", "subprocessor"):
        return provider(text)
    if info.range_class.endswith("#Country"):
        return country(text)
    return Literal(text, info.datatype) if info.datatype else Iri(KG.NS + text)


def _offer_triples(offer: Offer) -> list[Triple]:
    node = Iri(offer.iri)
    rdf_type = Iri(RDF + "type")
    triples = [
        Triple(node, rdf_type, Iri(KG.NS + offer.kind)),
        Triple(node, rdf_type, KG.Offering),
        Triple(node, DCTERMS.title, Literal(f"Offer {offer.id}")),
        Triple(node, KG.lifecycleStatus, Iri(KG.NS + offer.status)),
    ]
    if offer.provider:
        triples.append(Triple(node, KG.provider, provider(offer.provider)))
    for name, texts in offer.values.items():
        triples += [Triple(node, PROPERTIES[name].iri, value_term(name, text)) for text in texts]
    triples += [Triple(node, KG.completeFor, PROPERTIES[name].iri) for name in offer.complete]
    triples += [Triple(node, DCTERMS.hasPart, Iri(f"urn:offer:{part}")) for part in offer.parts]
    for number, charge in enumerate(offer.charges):
        triples += _charge_triples(node, Iri(f"{offer.iri}:price:{number}"), charge)
    for number, label in enumerate(offer.labels):
        triples += _label_triples(node, Iri(f"{offer.iri}:label:{number}"), label)
    return triples


def _charge_triples(offer: Iri, node: Iri, charge: Charge) -> list[Triple]:
    triples = [
        Triple(offer, KG.price, node),
        Triple(node, KG.priceType, Iri(KG.NS + charge.kind)),
        Triple(node, KG.amount, Literal(charge.amount, XSD + "decimal")),
        Triple(node, KG.currency, Literal(charge.currency)),
    ]
    if charge.kind == "Recurring":
        triples.append(Triple(node, KG.period, Literal("P1M", XSD + "duration")))
    if charge.per:
        triples.append(Triple(node, KG.perProperty, PROPERTIES[charge.per].iri))
        quantity = Literal(str(charge.per_quantity), XSD + "decimal")
        triples.append(Triple(node, KG.perQuantity, quantity))
    if charge.is_taxed:
        triples.append(Triple(node, KG.taxIncluded, Literal("true", XSD + "boolean")))
    return triples


def _label_triples(offer: Iri, node: Iri, label: Label) -> list[Triple]:
    moment = XSD + "dateTime"
    return [
        Triple(offer, KG.label, node),
        Triple(node, KG.scheme, Iri(SCHEME)),
        Triple(node, KG.level, Iri(f"{SCHEME}/{label.level}")),
        Triple(node, KG.validFrom, Literal(label.valid_from, moment)),
        Triple(node, KG.validUntil, Literal(label.valid_until, moment)),
    ]
