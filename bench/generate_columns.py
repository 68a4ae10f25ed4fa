"""A catalogue of any size straight into columns: what importing generated offerings would make.

Providers have a headquarters and one to five places; the facts, prices and labels of an offering
vary as catalogues do: a fifth of them lacks a notice period, one in twelve has no price. The same
seed gives the same catalogue. A million offerings take about half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kgservice.model.rdf import XSD, Iri, Literal, Term, to_text
from kgservice.model.terms import KG, RDF
from kgservice.resolution.projection import Projection, Terms, column

AUTHORITY = "http://publications.europa.eu/resource/authority/country/"
SCHEME = Iri("https://w3id.org/kgservice/scheme/dome")
HEADQUARTERS = (
    *("NLD", "DEU", "FRA", "ITA", "ESP", "SWE", "FIN", "POL", "AUT"),
    *("USA", "USA", "GBR", "CHE", "CHN"),
)
CITIES = {
    "Amsterdam": "NLD",
    "Groningen": "NLD",
    "Eindhoven": "NLD",
    "Frankfurt": "DEU",
    "Berlin": "DEU",
    "Nuremberg": "DEU",
    "Paris": "FRA",
    "Strasbourg": "FRA",
    "Brussels": "BEL",
    "Milan": "ITA",
    "Madrid": "ESP",
    "Warsaw": "POL",
    "Vienna": "AUT",
    "Stockholm": "SWE",
    "Helsinki": "FIN",
    "Dublin": "IRL",
    "London": "GBR",
    "Zurich": "CHE",
    "Ashburn": "USA",
    "Oregon": "USA",
}
KINDS = (KG.VirtualMachine, KG.Container, KG.PostgreSQL)
SHARES = (0.45, 0.25, 0.3)
LEVELS = ("baseline", "professional", "professional-plus")
Numbers = npt.NDArray[np.int64]


@dataclass(slots=True)
class Writer:
    """Collects statements by property; terms get numbers as they come."""

    texts: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    subjects: dict[str, list[Numbers]] = field(default_factory=dict)
    values: dict[str, list[Numbers]] = field(default_factory=dict)

    def term(self, term: Term) -> int:
        """Give the number of a term."""
        text = to_text(term)
        if text not in self.numbers:
            self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return self.numbers[text]

    def terms(self, terms: Sequence[Term]) -> Numbers:
        """Give the numbers of terms."""
        return np.array([self.term(term) for term in terms], np.int64)

    def nodes(self, pattern: str, size: int) -> Numbers:
        """Make `size` new IRIs; `pattern` has a place for a number."""
        first = len(self.texts)
        self.texts += [f"<{pattern.format(number)}>" for number in range(size)]
        return np.arange(first, first + size)

    def say(self, subjects: Numbers, prop: Iri, values: Numbers | int) -> None:
        """State a property of each subject."""
        self.subjects.setdefault(prop.value, []).append(subjects)
        self.values.setdefault(prop.value, []).append(np.broadcast_to(values, subjects.shape))

    def projection(self) -> Projection:
        """Give all that was stated."""
        columns = {
            name: column(
                np.concatenate(subjects).astype(np.int32),
                np.concatenate(self.values[name]).astype(np.int32),
            )
            for name, subjects in self.subjects.items()
        }
        return Projection(Terms(self.texts), columns)


def decimal(value: object) -> Literal:
    """Give a decimal literal."""
    return Literal(str(value), XSD + "decimal")


def whole(value: int) -> Literal:
    """Give an integer literal."""
    return Literal(str(value), XSD + "integer")


def catalogue(count: int, seed: int = 1, out: Writer | None = None) -> Projection:
    """Make `count` offerings of three kinds, and their providers and places."""
    rng = np.random.default_rng(seed)
    out = out or Writer()
    providers, places, place_owner = _providers(out, rng, count)
    kind = rng.choice(3, size=count, p=SHARES)
    # IRIs in another order than the numbers, as when documents come in any order
    offerings = out.nodes("urn:ngsi-ld:product-offering:{:08d}", count)[rng.permutation(count)]
    home = rng.integers(len(places), size=count)
    provider = place_owner[home]
    out.say(offerings, RDF.type, out.term(KG.Offering))
    out.say(offerings, RDF.type, out.terms(KINDS)[kind])
    states = out.terms([KG.Launched, KG.Active, KG.Retired])
    out.say(offerings, KG.lifecycleStatus, rng.choice(states, count, p=(0.6, 0.35, 0.05)))
    out.say(offerings, KG.provider, providers[provider])
    _locations(out, rng, offerings, home, provider, (places, place_owner))
    size = _sizes(out, rng, offerings, kind)
    _formats(out, rng, offerings, kind)
    _terms(out, rng, offerings, provider)
    _labels(out, rng, offerings)
    _prices(out, rng, offerings, kind, size * rng.uniform(0.6, 1.6, len(providers))[provider])
    return out.projection()


def _providers(
    out: Writer, rng: np.random.Generator, count: int
) -> tuple[Numbers, Numbers, Numbers]:
    number = {1_000: 25, 10_000: 60, 100_000: 150}.get(count, max(10, int(count**0.5 / 2)))
    providers = out.nodes("urn:ngsi-ld:organization:{:05d}", number)
    countries = {
        code: out.term(Iri(AUTHORITY + code)) for code in {*HEADQUARTERS, *CITIES.values()}
    }
    out.say(
        providers,
        KG.headquarters,
        np.array([countries[code] for code in rng.choice(HEADQUARTERS, number)]),
    )
    names = list(CITIES)
    cities = [
        (owner, str(city))
        for owner in range(number)
        for city in rng.choice(names, rng.integers(1, 6), replace=False)
    ]
    places = out.nodes("urn:place:{:05d}", len(cities))
    out.say(places, KG.country, np.array([countries[CITIES[city]] for _, city in cities]))
    out.say(places, KG.city, out.terms([Literal(city) for _, city in cities]))
    return providers, places, np.array([owner for owner, _ in cities])


def _locations(
    out: Writer,
    rng: np.random.Generator,
    offerings: Numbers,
    home: Numbers,
    provider: Numbers,
    of: tuple[Numbers, Numbers],
) -> None:
    """One in eight can also run in the provider's next place."""
    places, owners = of
    out.say(offerings, KG.location, places[home])
    following = np.minimum(home + 1, len(places) - 1)
    also = (rng.random(len(offerings)) < 0.125) & (owners[following] == provider)
    out.say(offerings[also], KG.location, places[following[also]])


def _sizes(
    out: Writer, rng: np.random.Generator, offerings: Numbers, kind: Numbers
) -> npt.NDArray[np.float64]:
    """State processors, memory and storage; give what such a size costs a month."""
    count = len(offerings)
    vcpu = rng.choice([1, 2, 2, 4, 4, 8, 8, 16, 32], count)
    memory = vcpu * rng.choice([2, 4, 4, 8], count)
    storage = rng.choice([20, 50, 100, 200, 500, 1000], count)
    for prop, numbers, make in (
        (KG.vcpu, vcpu, whole),
        (KG.memory, memory, decimal),
        (KG.storage, storage, decimal),
    ):
        distinct, places = np.unique(numbers, return_inverse=True)
        out.say(offerings, prop, out.terms([make(int(one)) for one in distinct])[places])
    databases = offerings[kind == 2]
    versions = out.terms([whole(number) for number in range(13, 19)])
    newest = rng.integers(0, 6, len(databases))
    out.say(databases, KG.majorVersion, versions[newest])
    older = (newest > 0) & (rng.random(len(databases)) < 0.5)
    out.say(databases[older], KG.majorVersion, versions[newest[older] - 1])
    found: npt.NDArray[np.float64] = vcpu * 8.0 + memory * 2.0 + 5.0
    return found


def _formats(out: Writer, rng: np.random.Generator, offerings: Numbers, kind: Numbers) -> None:
    def some(nodes: Numbers, prop: Iri, values: Sequence[Term], chance: float) -> None:
        for number in out.terms(values):
            out.say(nodes[rng.random(len(nodes)) < chance], prop, int(number))

    databases = offerings[kind == 2]
    local = Iri
    some(databases, KG.extension, [local(KG.NS + n) for n in ("vector", "postgis", "pg_trgm")], 0.5)
    dumps = [local(KG.NS + name) for name in ("pg_dump-directory", "logical-replication")]
    some(databases, KG.exportFormat, dumps, 0.7)
    some(databases, KG.importFormat, dumps, 0.8)
    some(offerings[kind == 1], KG.imageFormat, [local(KG.NS + "OCI")], 0.8)
    images = [local(KG.NS + name) for name in ("qcow2", "raw")]
    some(offerings[kind == 0], KG.imageFormat, images, 0.6)


def _terms(out: Writer, rng: np.random.Generator, offerings: Numbers, provider: Numbers) -> None:
    """State notice, availability and sub-processors, most of them as the provider has them."""
    count = len(offerings)
    durations = out.terms(
        [Literal(text, XSD + "duration") for text in ("P14D", "P30D", "P1M", "P2M", "P3M", "P6M")]
    )
    usual = rng.integers(0, 6, int(provider.max()) + 1)[provider]
    notice = np.where(rng.random(count) < 0.8, usual, rng.integers(0, 6, count))
    has = rng.random(count) < 0.8
    out.say(offerings[has], KG.noticePeriod, durations[notice[has]])
    shares = out.terms([decimal(text) for text in ("99.5", "99.9", "99.95", "99.99")])
    out.say(offerings, KG.availability, shares[rng.integers(0, 4, count)])
    others = out.nodes("urn:ngsi-ld:organization:other:{:03d}", 40)
    codes = out.terms([Iri(AUTHORITY + code) for code in HEADQUARTERS])
    out.say(others, KG.headquarters, rng.choice(codes, 40))
    for _ in range(2):
        uses = rng.random(count) < 0.25
        out.say(offerings[uses], KG.subprocessor, rng.choice(others, int(uses.sum())))
    complete = rng.random(count) < 0.7
    out.say(offerings[complete], KG.completeFor, out.term(KG.subprocessor))


def _labels(out: Writer, rng: np.random.Generator, offerings: Numbers) -> None:
    """Seven in ten have a label; most are valid for two years."""
    some = offerings[rng.random(len(offerings)) < 0.7]
    labels = out.nodes("urn:kgservice:label:{:08d}", len(some))
    out.say(some, KG.label, labels)
    out.say(labels, KG.scheme, out.term(SCHEME))
    levels = out.terms([Iri(f"{SCHEME.value}/{name}") for name in LEVELS])
    out.say(labels, KG.level, levels[rng.integers(0, 3, len(some))])
    out.say(labels, KG.schemeVersion, out.term(Literal("1")))
    moment = XSD + "dateTime"
    out.say(labels, KG.validFrom, out.term(Literal("2026-01-01T00:00:00Z", moment)))
    ends = [Literal(f"{year}-06-30T00:00:00Z", moment) for year in (2027, 2028, 2029)]
    out.say(labels, KG.validUntil, out.terms(ends)[rng.integers(0, 3, len(some))])


def _prices(
    out: Writer,
    rng: np.random.Generator,
    offerings: Numbers,
    kind: Numbers,
    size: npt.NDArray[np.float64],
) -> None:
    """A monthly amount, and for databases one for each GiB; one offering in twelve has no price."""
    has = rng.random(len(offerings)) >= 1 / 12
    cents = np.round(size[has] * rng.uniform(0.85, 1.25, int(has.sum())) * 100).astype(np.int64)
    _price(out, offerings[has], cents, "base")
    per = has & (kind == 2)
    nodes = _price(out, offerings[per], rng.integers(2, 25, int(per.sum())), "storage")
    out.say(nodes, KG.perProperty, out.term(KG.storage))
    out.say(nodes, KG.perQuantity, out.term(decimal(1)))


def _price(out: Writer, offerings: Numbers, cents: Numbers, name: str) -> Numbers:
    nodes = out.nodes(f"urn:ngsi-ld:product-offering-price:{name}:{{:08d}}", len(offerings))
    distinct, places = np.unique(cents, return_inverse=True)
    amounts = out.terms([decimal(f"{one // 100}.{one % 100:02d}") for one in distinct.tolist()])
    out.say(offerings, KG.price, nodes)
    out.say(nodes, KG.priceType, out.term(KG.Recurring))
    out.say(nodes, KG.amount, amounts[places])
    out.say(nodes, KG.currency, out.term(Literal("EUR")))
    out.say(nodes, KG.period, out.term(Literal("P1M", XSD + "duration")))
    return nodes
